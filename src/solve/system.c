/* Questions of rank 0, and how the others answer them. */
#include "solve/system.h"

#include "base/memory.h"
#include "solve/ranks.h"

#include <string.h>

/* What rank 0 sends before anything else. */
struct order {
    int is_last; /* and none at all */
    enum grid_use use;
    int is_transposed;
    int32_t columns;
};

enum lattn_status system_open(struct system *system, struct grid *grid, const struct frame *frame,
                              const struct assembly *assembly, int32_t columns)
{
    *system = (struct system){
        .grid = grid,
        .frame = frame,
        .assembly = assembly,
        .room = memory_raw((size_t)grid->p * (size_t)columns, sizeof(double)),
    };
    return system->room != NULL ? LATTN_OK : LATTN_NO_MEMORY;
}

void system_close(struct system *system)
{
    memory_release(system->room);
    *system = (struct system){0};
}

static void order_send(struct order order)
{
    ranks_share(0, &order, sizeof order);
}

void system_serve(const struct system *system)
{
    for (;;) {
        struct order order;

        ranks_share(0, &order, sizeof order);
        if (order.is_last)
            return;
        grid_triangle(system->grid, order.use, order.is_transposed, order.columns, system->room);
    }
}

void system_release(const struct system *system)
{
    (void)system;
    order_send((struct order){.is_last = 1});
}

void system_triangle(const struct system *system, enum grid_use use, int is_transposed,
                     int32_t columns, double *x)
{
    order_send((struct order){0, use, is_transposed, columns});
    grid_triangle(system->grid, use, is_transposed, columns, x);
}

static void scale(const struct system *system, int is_divided, double *x)
{
    const double *D = system->assembly->scale;

    for (int32_t c = 0; c < system->grid->p; c++)
        x[c] = is_divided ? x[c] / D[c] : x[c] * D[c];
}

void system_outer(const struct system *system, enum system_root root, double *x)
{
    switch (root) {
    case SYSTEM_ROOT: /* D K^-T */
        frame_apply(system->frame, FRAME_OUT_TRANSPOSED, x);
        scale(system, 0, x);
        break;
    case SYSTEM_ROOT_TRANSPOSED: /* K^-1 D */
        scale(system, 0, x);
        frame_apply(system->frame, FRAME_OUT, x);
        break;
    case SYSTEM_INVERSE: /* K' D^-1 */
        scale(system, 1, x);
        frame_apply(system->frame, FRAME_IN_TRANSPOSED, x);
        break;
    case SYSTEM_INVERSE_TRANSPOSED: /* D^-1 K */
        frame_apply(system->frame, FRAME_IN, x);
        scale(system, 1, x);
        break;
    }
}

static void outer_all(const struct system *system, enum system_root root, int32_t columns,
                      double *x)
{
    for (int32_t j = 0; j < columns; j++, x += system->grid->p)
        system_outer(system, root, x);
}

void system_apply(const struct system *system, enum system_root root, int32_t columns, double *x)
{
    int is_before = root == SYSTEM_ROOT || root == SYSTEM_INVERSE_TRANSPOSED;
    int is_root = root == SYSTEM_ROOT || root == SYSTEM_ROOT_TRANSPOSED;
    int is_transposed = root == SYSTEM_ROOT || root == SYSTEM_INVERSE;

    if (is_before)
        outer_all(system, root, columns, x);
    system_triangle(system, is_root ? GRID_MULTIPLY : GRID_SOLVE, is_transposed, columns, x);
    if (!is_before)
        outer_all(system, root, columns, x);
}
