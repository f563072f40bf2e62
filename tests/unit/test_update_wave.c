/*
 * Waves against blocks one by one: the same bits, whoever does them.
 */

#include "core/update_wave.h"

#include "base/memory.h"
#include "base/random.h"
#include "base/team.h"
#include "core/update.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

/* Two copies of a factor and of rows: one for the wave, one for blocks in turn. */
struct pair {
    int32_t p, q, k, rows_max;
    size_t ld, factor_bytes, rows_bytes;
    double *factor, *rows, *factor_kept, *rows_kept, *factor_turn, *rows_turn, *work;
};

static double *array(size_t bytes)
{
    double *made = memory_zeroed(bytes, 1);

    cr_assert_not_null(made);
    return made;
}

static void pair_init(struct pair *pair, const int32_t size[4])
{
    struct random random = {17};

    *pair = (struct pair){.p = size[0], .q = size[1], .k = size[2], .rows_max = size[3]};
    pair->ld = (size_t)pair->p + (size_t)pair->q + 3;
    pair->factor_bytes = (size_t)pair->p * pair->ld * sizeof(double);
    pair->rows_bytes = (size_t)pair->k * pair->ld * sizeof(double);
    pair->factor = array(pair->factor_bytes);
    pair->factor_kept = array(pair->factor_bytes);
    pair->factor_turn = array(pair->factor_bytes);
    pair->rows = array(pair->rows_bytes);
    pair->rows_kept = array(pair->rows_bytes);
    pair->rows_turn = array(pair->rows_bytes);
    pair->work = array(update_workspace(pair->rows_max) * sizeof(double));
    random_normals(&random, pair->factor_kept, pair->p * (int64_t)pair->ld);
    random_normals(&random, pair->rows_kept, pair->k * (int64_t)pair->ld);
}

static void pair_done(struct pair *pair)
{
    double *arrays[] = {pair->factor,      pair->rows,      pair->factor_kept, pair->rows_kept,
                        pair->factor_turn, pair->rows_turn, pair->work};

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        memory_release(arrays[i]);
}

/* The blocks that the header promises: as even as can be, each a multiple of four rows but one. */
static void fold_in_turn(struct pair *pair)
{
    int32_t blocks = update_wave_blocks(pair->k, pair->rows_max);
    int32_t each = ((pair->k + blocks - 1) / blocks + 3) / 4 * 4;

    memcpy(pair->factor_turn, pair->factor_kept, pair->factor_bytes);
    memcpy(pair->rows_turn, pair->rows_kept, pair->rows_bytes);
    for (int32_t first = 0; first < pair->k; first += each)
        update_block(pair->p, pair->q, pair->k - first < each ? pair->k - first : each,
                     pair->factor_turn, pair->ld, pair->rows_turn + (size_t)first * pair->ld,
                     pair->ld, pair->work);
}

static void check_size(const int32_t size[4], int32_t threads, int32_t repetitions)
{
    struct team *team = NULL;
    struct pair pair;

    cr_assert_eq(team_open(&team, threads), LATTN_OK);
    pair_init(&pair, size);
    fold_in_turn(&pair);
    for (int32_t i = 0; i < repetitions; i++) {
        memcpy(pair.factor, pair.factor_kept, pair.factor_bytes);
        memcpy(pair.rows, pair.rows_kept, pair.rows_bytes);
        update_wave(team, pair.p, pair.q, pair.k, pair.rows_max, pair.factor, pair.ld, pair.rows,
                    pair.ld, pair.work);
        cr_assert_eq(memcmp(pair.factor, pair.factor_turn, pair.factor_bytes), 0,
                     "p=%d k=%d threads=%d: factor", pair.p, pair.k, threads);
        cr_assert_eq(memcmp(pair.rows, pair.rows_turn, pair.rows_bytes), 0,
                     "p=%d k=%d threads=%d: rows", pair.p, pair.k, threads);
    }
    pair_done(&pair);
    team_close(&team);
}

Test(update_wave, does_what_blocks_do_in_turn)
{
    static const int32_t sizes[][4] = {{1, 1, 16, 1},    {7, 0, 9, 4},     {40, 2, 64, 16},
                                       {40, 1, 67, 8},   {93, 3, 31, 31},  {141, 1, 97, 32},
                                       {288, 1, 64, 16}, {300, 2, 129, 64}};

    for (int32_t threads = 1; threads <= 4; threads++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            check_size(sizes[i], threads, 10);
}

Test(update_wave, does_so_at_large_sizes)
{
    static const int32_t size[4] = {1100, 1, 90, 32};

    check_size(size, 2, 2);
}

/* Without memory for the others the caller does it alone, whether there is a team or not. */
Test(update_wave, needs_no_memory)
{
    static const int32_t size[4] = {40, 1, 64, 16};
    struct team *team = NULL;
    struct pair pair;

    cr_assert_eq(team_open(&team, 3), LATTN_OK);
    pair_init(&pair, size);
    fold_in_turn(&pair);
    memcpy(pair.factor, pair.factor_kept, pair.factor_bytes);
    memcpy(pair.rows, pair.rows_kept, pair.rows_bytes);
    memory_fail(2, 1);
    update_wave(team, pair.p, pair.q, pair.k, pair.rows_max, pair.factor, pair.ld, pair.rows,
                pair.ld, pair.work);
    cr_assert(memory_failed());
    memory_fail(0, 0);
    cr_assert_eq(memcmp(pair.factor, pair.factor_turn, pair.factor_bytes), 0);
    pair_done(&pair);
    team_close(&team);
}

Test(update_wave, makes_no_more_blocks_than_needed)
{
    cr_assert_eq(update_wave_blocks(1, 128), 1);
    cr_assert_eq(update_wave_blocks(128, 128), 1);
    cr_assert_eq(update_wave_blocks(129, 128), 2);
    cr_assert_eq(update_wave_blocks(512, 128), 4);
}
