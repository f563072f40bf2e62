#ifndef CORE_MOMENT_TURN_H
#define CORE_MOMENT_TURN_H

#include "core/moment.h"

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The even coordinates of a moment: in them the second moments of the tokens and of the queries,
 * each row weighted by the other and by its own size,
 *
 *     T = sum w tr(S) |z|^2 S,      U = sum w tr(S)^2 z z',
 *
 * are even (even.h): T = C C', A = C^-1, all lower triangular, or diagonal where they are even but
 * for their sizes. What is dependent to rounding is only scaled: it would be blown up to something
 * independent (measured).
 */

/* Choose A and B from the waiting rows, before the first of them is folded. */
void moment_turn_first(struct moment *moment);

/* The same from a triangle of these features, before it is added: nothing may have been folded. */
enum lattn_status moment_turn_triangle(struct moment *moment, const double *triangle, size_t ld);

/* Are they even enough still (even_holds)? */
int moment_is_even(const struct moment *moment);

/*
 * Choose A and B anew from M, and carry M and C over by the congruence with K+ K^-1; exact but for
 * rounding, which noise accounts for. No rows may be waiting.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status moment_turn(struct moment *moment);

/*
 * The same to given coordinates (d x d and e x e, lower): those of another moment that is to be
 * added.
 */
enum lattn_status moment_turn_to(struct moment *moment, const double *A, const double *B);

/*
 * Let rows dilute noise: it is relative to M, and old errors count for less among new sums. The
 * rows wait, turned to the coordinates of M, and are about to be folded.
 */
void moment_turn_dilute(struct moment *moment);

#endif
