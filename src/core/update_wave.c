/*
 * Blocks are the shares of a team, which begins them in order: so a block waits only for one that
 * somebody is already at.
 */
#include "core/update_wave.h"

#include "base/memory.h"
#include "base/team.h"
#include "core/update.h"
#include "core/update_scratch.h"

#include <assert.h>
#include <stdatomic.h>

/* A number of its own cache line: one thread writes it, one looks at it again and again. */
struct mark {
    _Alignas(MEMORY_ALIGNMENT) _Atomic int32_t columns;
};

/*
 * The arguments of update_wave.
 *
 * block   rows of every block but perhaps the last
 * passed  columns that each block has eliminated
 */
struct wave {
    struct team *team;
    int32_t p;
    int32_t q;
    int32_t k;
    int32_t block;
    double *factor;
    size_t ldf;
    double *rows;
    size_t ldr;
    double *work;
    struct mark passed[UPDATE_WAVE_MAX];
};

void update_front_follow(const struct update_front *front, int32_t columns)
{
    if (front != NULL && front->ahead != NULL)
        team_await(front->ahead, columns);
}

void update_front_pass(const struct update_front *front, int32_t columns)
{
    if (front != NULL)
        atomic_store_explicit(front->passed, columns, memory_order_release);
}

int32_t update_wave_blocks(int32_t k, int32_t rows_max)
{
    return (k + rows_max - 1) / rows_max;
}

static void wave_block(void *arg, int32_t share, int32_t thread)
{
    struct wave *wave = arg;
    int32_t first = share * wave->block;
    int32_t k = wave->k - first < wave->block ? wave->k - first : wave->block;
    struct update_front front = {
        .ahead = share > 0 ? &wave->passed[share - 1].columns : NULL,
        .passed = &wave->passed[share].columns,
    };

    update_block_front(wave->p, wave->q, k, wave->factor, wave->ldf,
                       wave->rows + (size_t)first * wave->ldr, wave->ldr,
                       thread == 0 ? wave->work : team_scratch(wave->team, thread), &front);
}

void update_wave(struct team *team, int32_t p, int32_t q, int32_t k, int32_t rows_max,
                 double *factor, size_t ldf, double *rows, size_t ldr, double *work)
{
    int32_t blocks = update_wave_blocks(k, rows_max);
    struct wave wave = {.team = team,
                        .p = p,
                        .q = q,
                        .k = k,
                        .factor = factor,
                        .ldf = ldf,
                        .rows = rows,
                        .ldr = ldr,
                        .work = work};

    assert(k >= 1 && blocks <= UPDATE_WAVE_MAX);
    /* As even as whole tiles allow. */
    wave.block = update_scratch_rows((k + blocks - 1) / blocks);
    if (team_reserve(team, update_workspace(rows_max) * sizeof *work) != LATTN_OK)
        team = NULL;
    team_run(team, wave_block, &wave, (k + wave.block - 1) / wave.block);
}
