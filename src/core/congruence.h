#ifndef CORE_CONGRUENCE_H
#define CORE_CONGRUENCE_H

#include <lattn/status.h>

#include <stdint.h>

/*
 * What leads a moment (moment.h) from even coordinates to others,  A+ = L A,  B+ = N B:  each of
 * its rows times S2(N)', each of its columns, seen as a symmetric matrix X, to S2(L) X S2(L)'. For
 * who has all of a moment, and for who has some rows or columns at a time.
 *
 * L, N    d x d and e x e, lower, zeros above
 * LL, NN  S2(L)' and S2(N)', q x q and columns x columns, UPPER triangular, zeros below; q and
 *         columns are d (d + 1) / 2 and e (e + 1) / 2
 */
struct congruence {
    int32_t d;
    int32_t e;
    int32_t q;
    int32_t columns;
    double *L;
    double *N;
    double *LL;
    double *NN;
};

/* Returns LATTN_OK; LATTN_NO_MEMORY, and congruence_close may follow. Nothing is in it yet. */
enum lattn_status congruence_open(struct congruence *congruence, int32_t d, int32_t e);
void congruence_close(struct congruence *congruence);

/* Numbers that congruence_open asks memory for. */
int64_t congruence_numbers(int32_t d, int32_t e);

/* From A and B to A+ and B+, all lower triangles: L A = A+ by substitution, with no inverse. */
void congruence_find(struct congruence *congruence, const double *A, const double *B,
                     const double *A_aim, const double *B_aim);

/* Make LL and NN of L and N. */
void congruence_lift(struct congruence *congruence);

/* X = S2(L) X S2(L)' for so many full symmetric matrices, q x q, one behind the other. */
void congruence_turn(const struct congruence *congruence, int32_t count, double *X);

/* C = S2(L) C N',  q x (m e), entry a * e + l. */
void congruence_turn_labels(const struct congruence *congruence, int32_t m, double *C);

/*
 * What becomes of errors in the entries of G~, as if drawn independently: those of noise u D_c D_c'
 * become noise u g_a g_b D+_a D+_b  with  g_a^2 = sum_c K_ac^2 D_c^2 / D+_a^2,  K = S2(L) (x) N.
 *
 * noise   in   before, in units of u
 * before  in   q x e: squared a-priori scales D_c^2;   after: D+_a^2
 * mixed   out  q x e: scratch
 */
double congruence_noise(const struct congruence *congruence, double noise, const double *before,
                        const double *after, double *mixed);

#endif
