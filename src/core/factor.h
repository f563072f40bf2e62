#ifndef CORE_FACTOR_H
#define CORE_FACTOR_H

#include "core/component.h"
#include "core/feature.h"

#include <lattn/batch.h>
#include <lattn/learner.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

struct factor_block;

/*
 * The whole state after N pairs (README.md, section 2): R and C in components of features that
 * occur together, the a-priori scales, and what the statistics need.
 *
 * slots    p: component index + 1 (0: never seen) and column of each feature
 * scales   p: sum w S_jj S_kk z_l^2, never faded; D^2 = scales * weight / weight_ever
 * weight   N_w, weight2 N_w2, yy[m] = sum w y^2: faded; weight_ever: never faded
 * rss_void m: squared labels of rows without any feature
 */
struct slot {
    uint32_t component;
    int32_t column;
};

struct factor {
    int32_t d; /* 0: sizes not known yet */
    int32_t m;
    int32_t bias;
    int32_t tokens_max; /* the longest sequence */
    double precision;   /* the coarsest of the items learned */
    double forget;
    double ridge;
    enum lattn_engine engine;
    size_t memory_max; /* bytes it may have when a component takes another form; 0: no limit */
    struct slot *slots;
    double *scales;
    struct component **components; /* NULL where one was joined to another */
    int32_t components_count;
    int32_t components_room;
    double weight;
    double weight2;
    double weight_ever;
    double *yy;
    double *rss_void;
    uint64_t pairs;
    uint64_t generation;
    double progressive_sum;
    double progressive_weight;
    double recent_sum;
    double recent_weight;
    size_t bytes;
    struct feature_reader reader;
    int32_t *list_index; /* list_room: nonzero features of the row at hand */
    double *list_value;
    size_t list_room;
    double *work; /* scratch of one fold, see struct scratch in factor.c */
    size_t work_room;
    struct factor_block *block; /* scratch of factor_block.c, or NULL */
    struct team *team;          /* that shares the work of a fold, borrowed; NULL: nobody does */
};

/* Make an empty factor without a limit; allocates nothing. */
void factor_init(struct factor *factor, int32_t bias, double forget, double ridge,
                 enum lattn_engine engine);

/* Release what it holds; it is empty then, of the same settings. */
void factor_done(struct factor *factor);

/*
 * An independent copy.
 *
 * earlier   in, lost  an earlier copy whose memory is used again where it fits (component_copy), or
 *                     NULL; it can only be done with
 * ret_copy  out       initialised by the call
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status factor_copy(const struct factor *factor, struct factor *earlier,
                              struct factor *ret_copy);

/* Drop what was derived. */
void factor_strip(struct factor *factor);

/*
 * Take another ridge and limit. Whatever was derived goes, since it may rest on those or on other
 * settings.
 */
void factor_adjust(struct factor *factor, double ridge, size_t memory_max);

/* Bytes the factor would hold after factor_resize to these sizes. */
size_t factor_bytes_resized(const struct factor *factor, int32_t d, int32_t m);

/*
 * Let there be d coordinates (the bias included) and m outputs, at least as many as before; the new
 * ones were zero in all the past.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status factor_resize(struct factor *factor, int32_t d, int32_t m);

/* Make room to list so many features, or those of a row. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status factor_list_widen(struct factor *factor, size_t room);
enum lattn_status factor_list_reserve(struct factor *factor, const struct feature_view *view);

/*
 * Let a component have the square-root form, so that columns can be added. Returns LATTN_OK,
 * LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE with nothing changed.
 */
enum lattn_status factor_expand(struct factor *factor, struct component *component);

/*
 * Make room for a fold of a component of this capacity, with m outputs. Returns LATTN_OK or
 * LATTN_NO_MEMORY.
 */
enum lattn_status factor_scratch_reserve(struct factor *factor, int32_t capacity, int32_t m);

/* Give every column of every component its slot among d coordinates. */
void factor_slots(const struct factor *factor, int32_t d, struct slot *slots);

/* Has every feature its place in one component, in order? The steady state of dense data. */
int factor_is_dense(const struct factor *factor);

/* Is column i feature i of all p? Then rows can be formed where they are folded. */
int factor_component_is_identity(const struct factor *factor, const struct component *component);

/*
 * Looks at a label row before it is learned.
 *
 * component  that its features belong to; NULL where it has none
 * count      of them are listed, where the component is not the one of all features
 */
typedef void (*factor_look_fn)(void *arg, const struct lattn_item *item,
                               const struct feature_view *view, struct component *component,
                               int32_t count);

/* Learn an admitted item; its rows may wait for factor_fold. look: NULL where nobody looks. */
void factor_take(struct factor *factor, const struct lattn_item *item, factor_look_fn look,
                 void *look_arg);

/* Leave no rows waiting, and bump the generation. */
void factor_fold(struct factor *factor);

/* Learn admitted items: take each, and fold. */
void factor_absorb(struct factor *factor, const struct lattn_batch *batch);

/*
 * Look at all components as they have faded to the present, so that they can be compared; nothing
 * that is learned changes. Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status factor_look(struct factor *factor);

/*
 * 1 / D of the component's columns; 0 for a column that was never nonzero. It lies in the scratch,
 * until the next call or fold.
 */
const double *factor_inverse_scales(struct factor *factor, const struct component *component);

/* Residual sum of squares per output, all components together, faded to the present. */
void factor_residual(const struct factor *factor, double *ret_rss);

#endif
