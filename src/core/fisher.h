#ifndef CORE_FISHER_H
#define CORE_FISHER_H

/*
 * The chance that a variable of Fisher's F distribution with nu1 and nu2 degrees of freedom is at
 * least F:  I_x(nu2 / 2, nu1 / 2) with x = nu2 / (nu2 + nu1 F).
 *
 * F >= 0, nu1 > 0, nu2 > 0. Relative error below 1e-9 for degrees of freedom up to 1e6.
 * Source: the incomplete beta function by its continued fraction, DLMF 8.17.22, with Lentz's
 * method.
 */
double fisher_tail(double F, double nu1, double nu2);

/* The F at which that is so much: fisher_tail(F, nu1, nu2) = tail, 0 < tail < 1. */
double fisher_quantile(double tail, double nu1, double nu2);

#endif
