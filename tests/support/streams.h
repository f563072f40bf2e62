#ifndef SUPPORT_STREAMS_H
#define SUPPORT_STREAMS_H

#include "base/random.h"

#include <lattn/batch.h>
#include <lattn/learner.h>

#include <stdint.h>

/*
 * Named families of streams whose rank is known by construction: deficient ones, whose features
 * satisfy a linear relation whatever is drawn, and full ones, which satisfy none.
 *
 * The family's rule draws tokens of size about 1; then each coordinate is multiplied by a scale
 * between 1e-8 and 1e8, which keeps every relation. Labels are normals: no rank depends on them.
 */
enum stream_kind { STREAM_DEFICIENT, STREAM_FULL };

/* How a learner takes a stream in: item by item, or in blocks of any size. */
enum stream_blocks { STREAM_SINGLY, STREAM_BLOCKS };

enum {
    STREAM_DIM_MAX = 6, /* with the bias */
    STREAM_TOKENS_MAX = 64,
    STREAM_BLOCK_MAX = 150,  /* more than the learner folds at once */
    STREAM_REPLAYS_MAX = 63, /* half of the features of 6 coordinates */
    STREAM_REPLAY_TOKENS = 4
};

struct stream_family;

/*
 * d        coordinates of a token, without the bias
 * p        features, with the bias
 * collinearity  relative distance of the collinear family from deficiency; 1 for the others
 * fixed    numbers drawn once: directions, coefficients, the constant query
 * context  tokens drawn once: the constant context, or sequences that are replayed
 */
struct stream {
    const struct stream_family *family;
    struct random random;
    uint64_t seed;
    int32_t d;
    int32_t bias;
    int32_t p;
    int32_t tokens_min;
    int32_t tokens_max;
    enum lattn_labels labels;
    double collinearity;
    double scale[STREAM_DIM_MAX];
    double fixed[STREAM_DIM_MAX * STREAM_DIM_MAX];
    double context[STREAM_REPLAYS_MAX * STREAM_REPLAY_TOKENS * STREAM_DIM_MAX];
    double z[(STREAM_TOKENS_MAX + 1) * STREAM_DIM_MAX];
    double y[STREAM_TOKENS_MAX + 1];
};

int32_t stream_families(enum stream_kind kind);
const char *stream_name(const struct stream *stream);

/* Start a stream of family number 0 .. stream_families - 1, with at most dim_max coordinates. */
void stream_start(struct stream *stream, enum stream_kind kind, int32_t family, int32_t dim_max,
                  uint64_t seed);

/* The next sequence of the stream; borrowed until the next call. */
void stream_next(struct stream *stream, struct lattn_item *ret_item);

/* A sequence of normals in the stream's scales: no relation of a deficient family holds. */
void stream_outside(struct stream *stream, struct lattn_item *ret_item);

/*
 * A sequence of the stream, pushed off its relations: every coordinate moves by `push` of its scale
 * and a token of size sqrt(push) is put in front (for relations that hold for one token only).
 */
void stream_pushed(struct stream *stream, double push, struct lattn_item *ret_item);

/* Settings of a learner for this stream, one output. */
struct lattn_learner_settings stream_settings(const struct stream *stream);

/* Teach a learner from the stream until it knows so many pairs. */
void stream_teach(struct stream *stream, uint64_t pairs, enum stream_blocks blocks,
                  struct lattn_learner *learner);

/*
 * The features of an item's label rows in long double, without the stream's scales.
 *
 * ret_rows  out  rows x p
 *
 * Returns the number of rows.
 */
size_t stream_features(const struct stream *stream, const struct lattn_item *item,
                       long double *ret_rows);

#endif
