#ifndef CORE_STUDENT_H
#define CORE_STUDENT_H

/*
 * The t that a variable of Student's distribution exceeds in size with a chance of 5 %: where an
 * estimate and its standard error come from the same data with nu degrees of freedom left, the
 * interval of t standard errors to both sides holds what is estimated with 95 %.
 *
 * nu > 0, not necessarily whole. Falls to 1.96 as nu grows; INFINITY below nu = 0.01, where it is
 * beyond 1e130. Relative error below 1e-7.
 * Source: the square of such a variable follows Fisher's distribution with 1 and nu degrees of
 * freedom; for large nu Abramowitz, Stegun, Handbook of Mathematical Functions, 26.7.5.
 */
double student_bound95(double nu);

#endif
