/* Questions of rank 0, and how the others answer them. */
#include "solve/system.h"

#include "base/memory.h"
#include "solve/ranks.h"

#include <string.h>

enum question { QUESTION_TRIANGLE, QUESTION_CONDITION, QUESTION_NONE };

/* What rank 0 sends before anything else. */
struct order {
    enum question question;
    enum grid_use use;
    int is_transposed;
    int32_t columns;
    double norm;
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
        if (order.question == QUESTION_NONE)
            return;
        if (order.question == QUESTION_CONDITION)
            (void)grid_condition(system->grid, order.norm); /* rank 0 uses the answer */
        else
            grid_triangle(system->grid, order.use, order.is_transposed, order.columns,
                          system->room);
    }
}

void system_release(const struct system *system)
{
    (void)system;
    order_send((struct order){.question = QUESTION_NONE});
}

void system_triangle(const struct system *system, enum grid_use use, int is_transposed,
                     int32_t columns, double *x)
{
    order_send((struct order){QUESTION_TRIANGLE, use, is_transposed, columns, 0});
    grid_triangle(system->grid, use, is_transposed, columns, x);
}

double system_condition(const struct system *system, double norm)
{
    order_send((struct order){.question = QUESTION_CONDITION, .norm = norm});
    return grid_condition(system->grid, norm);
}

static void scale(const struct system *system, int is_divided, double *x)
{
    const double *D = system->assembly->scale;

    for (int32_t c = 0; c < system->grid->p; c++)
        x[c] = is_divided ? x[c] / D[c] : x[c] * D[c];
}

/* Before L comes on, or after it. */
static void outer_apply(const struct system *system, enum frame_turn turn, int is_divided,
                        int is_before, int32_t columns, double *x)
{
    for (int32_t j = 0; j < columns; j++, x += system->grid->p) {
        if (is_before)
            frame_apply(system->frame, turn, x);
        scale(system, is_divided, x);
        if (!is_before)
            frame_apply(system->frame, turn, x);
    }
}

void system_apply(const struct system *system, enum system_root root, int32_t columns, double *x)
{
    switch (root) {
    case SYSTEM_ROOT: /* L' D K^-T */
        outer_apply(system, FRAME_OUT_TRANSPOSED, 0, 1, columns, x);
        system_triangle(system, GRID_MULTIPLY, 1, columns, x);
        break;
    case SYSTEM_ROOT_TRANSPOSED: /* K^-1 D L */
        system_triangle(system, GRID_MULTIPLY, 0, columns, x);
        outer_apply(system, FRAME_OUT, 0, 0, columns, x);
        break;
    case SYSTEM_INVERSE: /* K' D^-1 L^-T */
        system_triangle(system, GRID_SOLVE, 1, columns, x);
        outer_apply(system, FRAME_IN_TRANSPOSED, 1, 0, columns, x);
        break;
    case SYSTEM_INVERSE_TRANSPOSED: /* L^-1 D^-1 K */
        outer_apply(system, FRAME_IN, 1, 1, columns, x);
        system_triangle(system, GRID_SOLVE, 0, columns, x);
        break;
    }
}
