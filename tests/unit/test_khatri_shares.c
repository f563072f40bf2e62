/*
 * Shares of a moment against the whole of it by one thread: the same bits.
 */

#include "core/khatri_shares.h"

#include "base/memory.h"
#include "base/random.h"
#include "base/team.h"
#include "core/khatri.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

struct moments {
    int32_t q, n, k;
    size_t ld, bytes;
    double *s, *x, *M, *whole, *work;
};

static double *normals(struct random *random, size_t count)
{
    double *made = memory_raw(count, sizeof *made);

    cr_assert_not_null(made);
    random_normals(random, made, (int64_t)count);
    return made;
}

/* q = n, so that both arrays have one leading dimension; what stands behind the columns is 0. */
static void moments_init(struct moments *moments, int32_t q, int32_t k)
{
    struct random random = {23};

    *moments = (struct moments){.q = q, .n = q, .k = k, .ld = ((size_t)q + 7) / 8 * 8};
    moments->bytes = khatri_rows(q) * moments->ld * sizeof(double);
    moments->s = normals(&random, (size_t)k * moments->ld);
    moments->x = normals(&random, (size_t)k * moments->ld);
    for (size_t i = 0; i < (size_t)k; i++)
        for (size_t c = (size_t)q; c < moments->ld; c++)
            moments->s[i * moments->ld + c] = moments->x[i * moments->ld + c] = 0;
    moments->M = memory_zeroed(moments->bytes, 1);
    moments->whole = memory_zeroed(moments->bytes, 1);
    moments->work = memory_raw(khatri_workspace(q, q, k), sizeof(double));
}

static void moments_done(struct moments *moments)
{
    double *arrays[] = {moments->s, moments->x, moments->M, moments->whole, moments->work};

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        memory_release(arrays[i]);
}

static void check_fold(struct moments *moments, struct team *team, double keep)
{
    khatri_absorb(moments->q, moments->n, moments->k, moments->s, moments->ld, moments->x,
                  moments->ld, keep, moments->whole, moments->ld, 0, khatri_rows(moments->q),
                  moments->work);
    khatri_shares_absorb(team, moments->q, moments->n, moments->k, moments->s, moments->ld,
                         moments->x, moments->ld, keep, moments->M, moments->ld, moments->work);
    cr_assert_eq(memcmp(moments->M, moments->whole, moments->bytes), 0, "q=%d k=%d threads=%d",
                 moments->q, moments->k, team_threads(team));
}

Test(khatri_shares, add_up_to_the_whole)
{
    static const int32_t sizes[][2] = {{1, 3}, {3, 17}, {36, 40}, {78, 9}, {136, 130}};

    for (int32_t threads = 1; threads <= 4; threads++) {
        struct team *team = NULL;

        cr_assert_eq(team_open(&team, threads), LATTN_OK);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct moments moments;

            moments_init(&moments, sizes[i][0], sizes[i][1]);
            check_fold(&moments, team, 1);
            check_fold(&moments, team, 0.75);
            check_fold(&moments, NULL, 0.5);
            moments_done(&moments);
        }
        team_close(&team);
    }
}

/* Without memory for the others the caller does it alone. */
Test(khatri_shares, need_no_memory)
{
    struct team *team = NULL;
    struct moments moments;

    cr_assert_eq(team_open(&team, 3), LATTN_OK);
    moments_init(&moments, 36, 20);
    memory_fail(2, 1);
    check_fold(&moments, team, 1);
    cr_assert(memory_failed());
    memory_fail(0, 0);
    moments_done(&moments);
    team_close(&team);
}
