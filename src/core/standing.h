#ifndef CORE_STANDING_H
#define CORE_STANDING_H

#include "core/component.h"

#include <lattn/status.h>

#include <stdint.h>

/* What a component has at hand while rows come: weights, and the null space of what it has seen. */

/*
 * Let what arriving inputs are tested against, component->settled, be this solution; its rank must
 * be decided. Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status standing_settle(struct component *component);

/*
 * Make component->settled anew from the rows absorbed, if memory and R allow it.
 *
 * inverse, cut, cut_most  in  as standing_follow
 * tau                     in  as component_look
 */
void standing_resettle(struct component *component, const double *inverse, double cut,
                       double cut_most, double tau);

/*
 * Does R still lack a direction that shows, though it has rows enough? In square-root form; not to
 * be asked where the past fades, and directions come and go.
 *
 * inverse, cut_most  in  as standing_follow
 */
int standing_is_open(const struct component *component, const double *inverse, double cut_most);

/*
 * Let the weights at hand follow rows that were just absorbed, as cheaply as they can: by the RLS
 * correction for one row, from R and C for a block; before full rank they are refreshed after so
 * many rows that this costs a bounded share of the work. A refresh leaves a null space behind in
 * component->settled that every rank cut agrees with; where R is full and never refreshed, it is
 * made anew before arriving inputs could not be tested against it any more.
 *
 * closes   in   before these rows it was open (standing_is_open), and now it is not
 * gain     in, lost  R+^-T phi of a single row, or NULL
 * error    in   m: innovation of that row
 * inverse  in   columns: 1 / D
 * cut      in   of the rank, relative to sigma_max
 * cut_most in   no rank is decided by a larger cut, whatever other components hold; absolute
 */
void standing_follow(struct component *component, int32_t rows, int closes, double *gain,
                     const double *error, const double *inverse, double cut, double cut_most,
                     double ridge, double forget);

/*
 * The same in information form, where R and C have to be derived for it: at full rank weights are
 * made anew when the rows have doubled, or grown by eight times what that costs, or by an eighth,
 * whichever of the last two is more; when the past fades, by an eighth of its memory, or by what
 * that costs if it is more. A ridge does not show in them. Weights of a component that is not
 * followed (component_is_followed) stay as they are.
 *
 * standing_moment_is_due counts the rows and says whether it is time to call the other.
 *
 * tau  in   as component_look
 */
int standing_moment_is_due(struct component *component, int32_t rows, double forget);
void standing_follow_moment(struct component *component, const double *inverse, double cut,
                            double cut_most, double tau, double forget);

#endif
