/*
 * A share is a range of panels of M. Each brings s and x into its own scratch, which is little
 * beside the products; so shares are few, but more than threads where there is enough to do, for
 * threads that are held up.
 */
#include "core/khatri_shares.h"

#include "base/team.h"
#include "core/khatri.h"
#include "core/khatri_scratch.h"

enum {
    SHARES_PER_THREAD = 4,
    PANELS_ENOUGH = 64 /* in a share: more shares than threads are not worth it below */
};

/* The arguments of khatri_shares_absorb; shares of so many rows of M each. */
struct sharing {
    struct team *team;
    int32_t q, n, k;
    const double *s;
    size_t lds;
    const double *x;
    size_t ldx;
    double keep;
    double *M;
    size_t ldm;
    double *work;
    size_t rows;
};

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows of a share, in whole panels. */
static size_t share_rows(size_t rows, size_t threads)
{
    size_t panels = (rows + KHATRI_PANEL - 1) / KHATRI_PANEL;
    size_t shares = lesser(panels / PANELS_ENOUGH, SHARES_PER_THREAD * threads);

    if (shares < threads)
        shares = threads;
    return (panels + shares - 1) / shares * KHATRI_PANEL;
}

static void share_absorb(void *arg, int32_t share, int32_t thread)
{
    const struct sharing *by = arg;
    size_t first = (size_t)share * by->rows;
    double *work = thread == 0 ? by->work : team_scratch(by->team, thread);

    khatri_absorb(by->q, by->n, by->k, by->s, by->lds, by->x, by->ldx, by->keep, by->M, by->ldm,
                  first, lesser(first + by->rows, khatri_rows(by->q)), work);
}

void khatri_shares_absorb(struct team *team, int32_t q, int32_t n, int32_t k, const double *s,
                          size_t lds, const double *x, size_t ldx, double keep, double *M,
                          size_t ldm, double *work)
{
    struct sharing sharing = {team, q, n, k, s, lds, x, ldx, keep, M, ldm, work, khatri_rows(q)};

    if (team_threads(team) > 1 &&
        team_reserve(team, khatri_workspace(q, n, k) * sizeof *work) == LATTN_OK)
        sharing.rows = share_rows(sharing.rows, (size_t)team_threads(team));
    team_run(team, share_absorb, &sharing,
             (int32_t)((khatri_rows(q) + sharing.rows - 1) / sharing.rows));
}
