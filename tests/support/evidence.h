#ifndef SUPPORT_EVIDENCE_H
#define SUPPORT_EVIDENCE_H

#include "base/random.h"
#include "core/moment.h"

#include <stdint.h>

/*
 * Rows of product features kept one by one, and the sums of the information form over them by the
 * plainest formulas in long double.
 *
 * S, z, y, w  per row: q packed, e, m, 1
 */
struct evidence {
    int32_t d;
    int32_t e;
    int32_t m;
    int32_t q;
    int32_t p;
    int32_t count;
    int32_t room;
    long double *S;
    long double *z;
    long double *y;
    long double *w;
};

void evidence_init(struct evidence *evidence, int32_t d, int32_t e, int32_t m, int32_t room);
void evidence_done(struct evidence *evidence);

/* Add the row of n tokens, n x d row-major, with a query of e numbers, m labels and a weight. */
void evidence_add(struct evidence *evidence, int32_t n, const double *tokens, const double *query,
                  const double *y, double w);

/*
 * Add sequences of n tokens x = mix g, g standard normals: mix is d x d row-major, NULL for the
 * unit matrix. The query is e numbers of the last token, and of normals where e > d; labels are
 * normals.
 */
void evidence_sample(struct evidence *evidence, int32_t count, int32_t n, const double *mix,
                     struct random *random);

/* Labels that weights explain, p x m, and noise of that size. */
void evidence_label(struct evidence *evidence, const long double *weights, double noise,
                    struct random *random);

/* M, C and energy of a moment in the coordinates that it has; its fading is taken out of them. */
void evidence_fill(const struct evidence *evidence, struct moment *moment);

/* Let s and zz of the rows wait in a moment, at most MOMENT_ROWS of them. */
void evidence_wait(const struct evidence *evidence, struct moment *moment);

/* phi of a row in plain coordinates, p. */
void evidence_features(const struct evidence *evidence, int32_t row, long double *ret_phi);

/*
 * G (p x p), c (p x m) and energy (m) in plain coordinates, and the a-priori scales (p). Any may be
 * NULL.
 */
void evidence_gram(const struct evidence *evidence, long double *ret_G, long double *ret_c,
                   long double *ret_energy, long double *ret_scales);

/* Least squares by Cholesky, p x m. Returns 0 where G is not positive definite. */
int evidence_solve(const struct evidence *evidence, long double *ret_weights);

/*
 * Largest error of R'R against G, of R'C against c (scaled by scales and sqrt(energy)), and of the
 * residual plus |C|^2 against the energy (relative to it); rows from `rank` on count as well.
 *
 * triangle  in  p x (p + m), ld
 * share     in  what G, c and energy are multiplied by
 */
double evidence_distance(const struct evidence *evidence, const double *triangle, size_t ld,
                         const double *residual, double share);

#endif
