#ifndef CORE_KHATRI_SHARES_H
#define CORE_KHATRI_SHARES_H

#include <stddef.h>
#include <stdint.h>

struct team;

/*
 * khatri_absorb of all rows of M, shared out to a team. A row's sums do not depend on the rows
 * beside it, so the bits are the same for any number of threads.
 *
 * team  NULL: the caller alone; without memory for the scratch of the others as well
 * work  scratch  khatri_workspace(q, n, k) doubles, aligned to 64 bytes
 */
void khatri_shares_absorb(struct team *team, int32_t q, int32_t n, int32_t k, const double *s,
                          size_t lds, const double *x, size_t ldx, double keep, double *M,
                          size_t ldm, double *work);

#endif
