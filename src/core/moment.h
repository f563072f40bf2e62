#ifndef CORE_MOMENT_H
#define CORE_MOMENT_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

struct team;

/*
 * A least-squares problem in information form, for features that are a product: those of all pairs
 * j <= k of some coordinates of the tokens with all l of some coordinates of the query token,
 *
 *     phi = s (x) z,     s = svec(S), q = d (d + 1) / 2 of them,     z: e,      p = q e.
 *
 * G = sum w phi phi' = sum w (s s') (x) (z z') is symmetric in either pair of indices, so that
 *
 *     M = sum w svec(s s') svec(z z')',       q (q + 1) / 2 x e (e + 1) / 2
 *
 * holds all of it (README.md, section 2). The cubic features inherit their condition from the
 * tokens, so sums are kept in even coordinates,
 *
 *     s~ = S2(A) s  (S~ = A S A'),      z~ = B z,
 *
 * with A and B lower triangular: then S2(A) and K = S2(A) (x) B are lower triangular too. Rows of
 * features are turned by K', phi~' = phi' K', so that a triangle R~ in those coordinates gives one
 * in the plain coordinates of section 1, R = R~ K^-T.
 *
 * Pair (j, k) has number feature_pair(d, j, k), feature (jk, l) number pair * e + l. svec is packed
 * entries as they are, without factors of sqrt(2).
 *
 * M        khatri_rows(q) x e (e + 1) / 2, ldm, in even coordinates; row (a, b) of pairs a <= b is
 *          khatri_row(q, a, b), column (l, l') is feature_pair(e, l, l')
 * C        q x (m e): sum w s~ (y (x) z~)', entry a * e + l
 * energy   m: sum w y^2
 * A, B     d x d and e x e, lower, zeros above
 * AA, BB   S2(A)' and S2(B)', q x q and e (e + 1) / 2 squared, UPPER triangular, zeros below:
 *          s~ = s AA for rows s
 * only_scales  A and B are diagonal, as they are for tokens that need no more
 * noise    relative error of G, with columns scaled by their a-priori scales, in units of u: what
 *          changes of coordinates have made of rounding, as far as rows since then have not made
 *          little of it
 * fade     what is still to be multiplied to M, C and energy
 * rows     absorbed since ever
 *
 * The labels y of C and energy are errors: what is left of a label after the weights at hand have
 * predicted it. Whenever those are made anew, all that C tells goes into them (moment_rebase). So
 * neither the residual nor the solution loses digits to the size of the labels.
 *
 * Waiting rows, at most MOMENT_ROWS, unfaded. One has one label, or stands for several of one
 * sequence, which share S:
 *
 * s         MOMENT_ROWS x lds, plain, zeros behind q
 * zz        MOMENT_ROWS x ldz: sum w svec(z~ z~'), zeros behind e (e + 1) / 2
 * zy        MOMENT_ROWS x (m e): sum w y (x) z~, entry a * e + l; both are plain before the first
 *           fold, which chooses coordinates
 * question  MOMENT_ROWS x (e + m): z and label of a row with one
 * errors    MOMENT_ROWS x m: what is left of that label
 * work      scratch of a fold and of predictions
 */
enum { MOMENT_ROWS = 256 };

struct moment {
    int32_t d;
    int32_t e;
    int32_t q;
    int32_t m;
    size_t ldm;
    size_t lds;
    size_t ldz;
    double *M;
    double *C;
    double *energy;
    double *A;
    double *B;
    double *AA;
    double *BB;
    int32_t only_scales;
    double noise;
    double fade;
    uint64_t rows;
    double *s;
    double *zz;
    double *zy;
    double *question;
    double *errors;
    double *work;
    int32_t waiting;
};

/* Columns of M, pairs l <= l' of the query's coordinates. */
static inline int32_t moment_columns(const struct moment *moment)
{
    return moment->e * (moment->e + 1) / 2;
}

/* p of such features. */
static inline int64_t moment_features(const struct moment *moment)
{
    return (int64_t)moment->q * moment->e;
}

/* Make one without rows, in plain coordinates. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status moment_open(struct moment **ret_moment, int32_t d, int32_t e, int32_t m);
void moment_close(struct moment **moment);

/* Bytes of one. */
size_t moment_bytes(int32_t d, int32_t e, int32_t m);

/*
 * An independent copy; no rows may be waiting.
 *
 * earlier  in, lost  an earlier copy, or NULL: where it has the same sizes its M is used again, and
 *                    it can only be closed
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status moment_copy(const struct moment *moment, struct moment *earlier,
                              struct moment **ret_copy);

/* Let there be m outputs, at least as many as before. Returns as moment_open, nothing changed. */
enum lattn_status moment_widen(struct moment *moment, int32_t m);

/*
 * Let a row with one label wait; there must be room.
 *
 * s  q;   z  e;   y  m <= moment->m of them, the others are 0
 */
void moment_take(struct moment *moment, const double *s, const double *z, const double *y,
                 int32_t m);

/*
 * Write a row with one label into a place among those that wait, for who then counts them as
 * waiting: several threads may do so at once, each with places of its own.
 */
void moment_put(struct moment *moment, int32_t place, const double *s, const double *z,
                const double *y, int32_t m);

/* Let a row without labels wait, and give the row taken last another one, whose error is known. */
void moment_take_sequence(struct moment *moment, const double *s);
void moment_take_label(struct moment *moment, const double *z, const double *error, double weight);

/*
 * Find the errors y - W'phi of waiting rows with one label.
 *
 * weights  in   p x m row-major, in plain coordinates
 * team     in   as moment_absorb
 */
void moment_predict(struct moment *moment, const double *weights, struct team *team);

/* What weights make of S alone, so that their answer at z is P'z: ret_P is e x m. */
void moment_look(const struct moment *moment, const double *s, const double *weights,
                 double *ret_P);

/*
 * Fold the waiting rows into M and C: one product of matrices. The first fold chooses coordinates.
 *
 * weights  in   waiting: of each row with one label, whose errors must be known; 0: it has others
 * fades    in   waiting: factor by which each weight has faded, or NULL
 * team     in   shares the work, which is the same to the bit without; NULL: nobody does
 */
void moment_absorb(struct moment *moment, const double *weights, const double *fades,
                   struct team *team);

/*
 * A part of moment_absorb: make zz and zy of the labels that waited for their errors, which energy
 * takes in, and turn s into even coordinates. The first rows choose these.
 */
void moment_rows_turn(struct moment *moment, const double *weights, const double *fades,
                      struct team *team);

/* The weights have become those of least squares: nothing is left to fit but the residual, m. */
void moment_rebase(struct moment *moment, const double *residual);

/* Make AA and BB of A and B. */
void moment_turned(struct moment *moment);

/* Add the sums of another one in the same coordinates, times fade; no rows may be waiting. */
void moment_add(struct moment *moment, const struct moment *other, double fade);

/* Multiply all sums by fade; done by the next fold, which touches them anyway. */
void moment_fade(struct moment *moment, double fade);

#endif
