#include "support/streams.h"

#include "support/corpus.h"
#include "support/gram.h"

#include <lattn/model.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* Which labels keep the relation: those of prefixes break one that holds for the whole only. */
enum closure { PREFIXES, WHOLE, LAST };

/*
 * tokens  draws n tokens of d coordinates; n is within the family's bounds
 */
struct stream_family {
    const char *name;
    void (*tokens)(struct stream *stream, int32_t n, double *z);
    int32_t dim_min;
    int32_t bias;
    enum closure closure;
    int32_t tokens_min;
    int32_t tokens_max;
};

/* ---- deficient ----------------------------------------------------------------------------- */

static void normals(struct stream *stream, int32_t n, double *z)
{
    random_normals(&stream->random, z, (int64_t)n * stream->d);
}

static void subspace(struct stream *stream, int32_t n, double *z)
{
    int32_t d = stream->d;
    int32_t rank = d > 2 ? d - 2 : 1;

    for (int32_t t = 0; t < n; t++, z += d) {
        double c[STREAM_DIM_MAX];

        random_normals(&stream->random, c, rank);
        for (int32_t j = 0; j < d; j++) {
            z[j] = 0;
            for (int32_t i = 0; i < rank; i++)
                z[j] += stream->fixed[j * STREAM_DIM_MAX + i] * c[i];
        }
    }
}

/* The last coordinate becomes a multiple of the first. */
static void copy_first(struct stream *stream, int32_t n, double *z, double factor)
{
    int32_t d = stream->d;

    normals(stream, n, z);
    for (int32_t t = 0; t < n; t++)
        z[t * d + d - 1] = factor * z[t * d];
}

static void repeated(struct stream *stream, int32_t n, double *z)
{
    copy_first(stream, n, z, 1);
}

static void negated(struct stream *stream, int32_t n, double *z)
{
    copy_first(stream, n, z, -1);
}

static void multiple(struct stream *stream, int32_t n, double *z)
{
    copy_first(stream, n, z, stream->fixed[0]);
}

static void combination(struct stream *stream, int32_t n, double *z)
{
    int32_t d = stream->d;

    normals(stream, n, z);
    for (int32_t t = 0; t < n; t++, z += d) {
        z[d - 1] = 0;
        for (int32_t j = 0; j < d - 1; j++)
            z[d - 1] += stream->fixed[j] * z[j];
    }
}

/* Small integers, the last coordinate the sum of the others: exact in every operation. */
static void integers_dependent(struct stream *stream, int32_t n, double *z)
{
    int32_t d = stream->d;

    for (int32_t t = 0; t < n; t++, z += d) {
        z[d - 1] = 0;
        for (int32_t j = 0; j < d - 1; j++) {
            z[j] = (double)random_below(&stream->random, 11) - 5;
            z[d - 1] += z[j];
        }
    }
}

/* With each token its mirror image, in any order: S_0k = 0. One token is its own image. */
static void mirrored(struct stream *stream, int32_t n, double *z)
{
    size_t d = (size_t)stream->d;

    normals(stream, n, z);
    for (int32_t t = 0; t + 1 < n; t += 2) {
        double *image = z + (size_t)(t + 1) * d;

        memcpy(image, image - d, d * sizeof *z);
        image[0] = -image[0];
    }
    if (n % 2 == 1)
        z[(size_t)(n - 1) * d] = 0;
    for (int32_t t = n; t > 1; t--)
        for (size_t j = 0, u = random_below(&stream->random, (uint32_t)t); j < d; j++) {
            double kept = z[u * d + j];

            z[u * d + j] = z[(size_t)(t - 1) * d + j];
            z[(size_t)(t - 1) * d + j] = kept;
        }
}

static void centre(const struct stream *stream, int32_t n, double *z)
{
    int32_t d = stream->d;

    for (int32_t j = 0; j < d; j++) {
        double mean = 0;

        for (int32_t t = 0; t < n; t++)
            mean += z[t * d + j] / n;
        for (int32_t t = 0; t < n; t++)
            z[t * d + j] -= mean;
    }
}

/* Tokens that sum to zero up to the rounding of their mean: with a bias S_bk = 0. */
static void centred(struct stream *stream, int32_t n, double *z)
{
    normals(stream, n, z);
    centre(stream, n, z);
}

/* The same up to the rounding of the tokens themselves, even where they are close together. */
static void recentred(struct stream *stream, int32_t n, double *z)
{
    centred(stream, n, z);
    centre(stream, n, z);
}

static void one_hot(struct stream *stream, int32_t n, double *z)
{
    memset(z, 0, (size_t)n * (size_t)stream->d * sizeof *z);
    for (int32_t t = 0; t < n; t++)
        z[t * stream->d + (int32_t)random_below(&stream->random, (uint32_t)stream->d)] = 1;
}

static void constant_query(struct stream *stream, int32_t n, double *z)
{
    normals(stream, n, z);
    memcpy(z + (size_t)(n - 1) * (size_t)stream->d, stream->fixed, (size_t)stream->d * sizeof *z);
}

static void query_without(struct stream *stream, int32_t n, double *z)
{
    normals(stream, n, z);
    z[(n - 1) * stream->d] = 0;
}

/* The same tokens before every query. */
static void constant_context(struct stream *stream, int32_t n, double *z)
{
    normals(stream, n, z);
    memcpy(z, stream->context, (size_t)(n - 1) * (size_t)stream->d * sizeof *z);
}

/* Fewer different sequences than features, again and again. */
static void replayed(struct stream *stream, int32_t n, double *z)
{
    size_t replay = random_below(&stream->random, (uint32_t)(stream->p / 2));

    memcpy(z, stream->context + replay * STREAM_REPLAY_TOKENS * STREAM_DIM_MAX,
           (size_t)n * (size_t)stream->d * sizeof *z);
}

static double dot(int32_t d, const double *a, const double *b)
{
    double sum = 0;

    for (int32_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

/* d orthonormal tokens, by Gram-Schmidt twice: Z Z' = I. */
static void orthonormal(struct stream *stream, int32_t n, double *z)
{
    int32_t d = stream->d;

    normals(stream, n, z);
    for (int32_t t = 0; t < n; t++)
        for (int pass = 0; pass < 2; pass++) {
            double norm;

            for (int32_t s = 0; s < t; s++) {
                double along = dot(d, z + t * d, z + s * d);

                for (int32_t j = 0; j < d; j++)
                    z[t * d + j] -= along * z[s * d + j];
            }
            norm = sqrt(dot(d, z + t * d, z + t * d));
            for (int32_t j = 0; j < d; j++)
                z[t * d + j] /= norm;
        }
}

/* Two coordinates that do not change within a sequence: S_00 z_1 = S_01 z_0. */
static void steady(struct stream *stream, int32_t n, double *z)
{
    int32_t d = stream->d;

    normals(stream, n, z);
    for (int32_t t = 1; t < n; t++) {
        z[t * d] = z[0];
        z[t * d + 1] = z[1];
    }
}

static void bias_again(struct stream *stream, int32_t n, double *z)
{
    normals(stream, n, z);
    for (int32_t t = 0; t < n; t++)
        z[t * stream->d] = stream->fixed[0];
}

/* The third coordinate is the product of the first two: with a bias S_01 = S_b2. */
static void product(struct stream *stream, int32_t n, double *z)
{
    normals(stream, n, z);
    for (int32_t t = 0; t < n; t++, z += stream->d)
        z[2] = z[0] * z[1];
}

/* Tokens of length 1: with a bias sum_j S_jj = S_bb. */
static void sphere(struct stream *stream, int32_t n, double *z)
{
    int32_t d = stream->d;

    normals(stream, n, z);
    for (int32_t t = 0; t < n; t++, z += d) {
        double norm = sqrt(dot(d, z, z));

        for (int32_t j = 0; j < d; j++)
            z[j] /= norm;
    }
}

/* Shares of a whole: with a bias one linear relation. */
static void shares(struct stream *stream, int32_t n, double *z)
{
    int32_t d = stream->d;

    for (int32_t t = 0; t < n; t++, z += d) {
        double sum = 0;

        for (int32_t j = 0; j < d; j++)
            sum += z[j] = 1 - random_uniform(&stream->random);
        for (int32_t j = 0; j < d; j++)
            z[j] /= sum;
    }
}

/* Coordinates of magnitude 1: S_00 = S_11. */
static void signs(struct stream *stream, int32_t n, double *z)
{
    for (int32_t i = 0; i < n * stream->d; i++)
        z[i] = random_below(&stream->random, 2) == 0 ? -1 : 1;
}

static const struct stream_family deficient[] = {
    {"subspace", subspace, 2, 0, PREFIXES, 1, 64},
    {"repeated coordinate", repeated, 2, 0, PREFIXES, 1, 64},
    {"negated coordinate", negated, 2, 0, PREFIXES, 1, 64},
    {"multiple of a coordinate", multiple, 2, 0, PREFIXES, 1, 64},
    {"combination of coordinates", combination, 2, 0, PREFIXES, 1, 64},
    {"dependent integers", integers_dependent, 2, 0, PREFIXES, 1, 64},
    {"mirrored tokens", mirrored, 2, 0, WHOLE, 2, 64},
    {"centred tokens and bias", centred, 2, 1, WHOLE, 2, 64},
    {"recentred tokens and bias", recentred, 2, 1, WHOLE, 2, 64},
    {"single token", normals, 2, 0, PREFIXES, 1, 1},
    {"one-hot", one_hot, 2, 0, PREFIXES, 1, 64},
    {"constant query", constant_query, 2, 0, LAST, 2, 64},
    {"query without a coordinate", query_without, 2, 0, LAST, 2, 64},
    {"constant context", constant_context, 3, 0, LAST, 4, 4},
    {"replayed sequences", replayed, 2, 0, LAST, STREAM_REPLAY_TOKENS, STREAM_REPLAY_TOKENS},
    {"orthonormal tokens", orthonormal, 2, 0, WHOLE, 0, 0},
    {"two steady coordinates", steady, 2, 0, PREFIXES, 1, 64},
    {"bias given again", bias_again, 2, 1, PREFIXES, 1, 64},
    {"product and bias", product, 3, 1, PREFIXES, 1, 64},
    {"sphere and bias", sphere, 2, 1, PREFIXES, 1, 64},
    {"shares and bias", shares, 2, 1, PREFIXES, 1, 64},
    {"signs", signs, 2, 0, PREFIXES, 1, 64},
};

/* ---- full rank ----------------------------------------------------------------------------- */

static void uniforms(struct stream *stream, int32_t n, double *z)
{
    for (int32_t i = 0; i < n * stream->d; i++)
        z[i] = 2 * random_uniform(&stream->random) - 1;
}

/* Student's t with 3 degrees of freedom: no fourth moment. */
static void heavy(struct stream *stream, int32_t n, double *z)
{
    for (int32_t i = 0; i < n * stream->d; i++) {
        double x[4];

        random_normals(&stream->random, x, 4);
        z[i] = x[0] / sqrt(dot(3, x + 1, x + 1) / 3);
    }
}

static void sparse(struct stream *stream, int32_t n, double *z)
{
    normals(stream, n, z);
    for (int32_t i = 0; i < n * stream->d; i++)
        if (random_below(&stream->random, 2) == 0)
            z[i] = 0;
}

static void integers(struct stream *stream, int32_t n, double *z)
{
    for (int32_t i = 0; i < n * stream->d; i++)
        z[i] = (double)random_below(&stream->random, 11) - 5;
}

static void offset(struct stream *stream, int32_t n, double *z)
{
    normals(stream, n, z);
    for (int32_t i = 0; i < n * stream->d; i++)
        z[i] += 3;
}

static void walk(struct stream *stream, int32_t n, double *z)
{
    normals(stream, n, z);
    for (int32_t i = stream->d; i < n * stream->d; i++)
        z[i] = 0.8 * z[i - stream->d] + 0.6 * z[i];
}

static void mixed(struct stream *stream, int32_t n, double *z)
{
    for (int32_t t = 0; t < n; t++, z += stream->d) {
        double c[STREAM_DIM_MAX];

        random_normals(&stream->random, c, stream->d);
        for (int32_t j = 0; j < stream->d; j++)
            z[j] = dot(stream->d, stream->fixed + j * STREAM_DIM_MAX, c);
    }
}

static void collinear(struct stream *stream, int32_t n, double *z)
{
    int32_t d = stream->d;

    normals(stream, n, z);
    for (int32_t t = 0; t < n; t++, z += d)
        z[d - 1] = z[0] + stream->collinearity * z[d - 1];
}

static const struct stream_family full[] = {
    {"normal", normals, 2, 0, PREFIXES, 2, 64},
    {"uniform", uniforms, 2, 0, PREFIXES, 2, 64},
    {"heavy tails", heavy, 2, 0, PREFIXES, 2, 64},
    {"sparse", sparse, 2, 0, PREFIXES, 2, 64},
    {"integers", integers, 2, 0, PREFIXES, 2, 64},
    {"offset", offset, 2, 0, PREFIXES, 2, 64},
    {"autoregressive", walk, 2, 0, PREFIXES, 2, 64},
    {"mixed", mixed, 2, 0, PREFIXES, 2, 64},
    {"normal and bias", normals, 2, 1, PREFIXES, 2, 64},
    {"two tokens", normals, 2, 0, PREFIXES, 2, 2},
    {"long sequences", normals, 2, 0, PREFIXES, 64, 64},
    {"uniform and bias", uniforms, 2, 1, PREFIXES, 2, 64},
    {"short sequences", normals, 2, 0, PREFIXES, 2, 6},
    {"collinear", collinear, 2, 0, PREFIXES, 2, 64},
};

/* ---- streams ------------------------------------------------------------------------------- */

int32_t stream_families(enum stream_kind kind)
{
    return (int32_t)(kind == STREAM_DEFICIENT ? sizeof deficient / sizeof *deficient
                                              : sizeof full / sizeof *full);
}

const char *stream_name(const struct stream *stream)
{
    return stream->family->name;
}

/* All coordinates as drawn, all on one scale, or each on its own. */
static void scales_draw(struct stream *stream)
{
    uint32_t way = random_below(&stream->random, 3);
    double common = pow(10, 16 * random_uniform(&stream->random) - 8);

    for (int32_t j = 0; j < stream->d; j++)
        stream->scale[j] = way == 0   ? 1
                           : way == 1 ? common
                                      : pow(10, 16 * random_uniform(&stream->random) - 8);
}

static enum lattn_labels labels_draw(struct stream *stream, enum stream_kind kind)
{
    enum closure closure = stream->family->closure;
    uint32_t draw = random_below(&stream->random, 3);

    if (closure == LAST || draw == 0)
        return LATTN_LABELS_LAST;
    /* Rows that share S add little rank: full streams shall be full after 3 p of them. */
    if (closure == WHOLE || (draw == 1 && kind == STREAM_DEFICIENT))
        return LATTN_LABELS_FULL;
    return LATTN_LABELS_CAUSAL;
}

void stream_start(struct stream *stream, enum stream_kind kind, int32_t family, int32_t dim_max,
                  uint64_t seed)
{
    const struct stream_family *chosen = (kind == STREAM_DEFICIENT ? deficient : full) + family;
    int32_t span = dim_max - chosen->bias - chosen->dim_min;

    cr_assert(family < stream_families(kind) && dim_max <= STREAM_DIM_MAX && span >= 0);
    *stream = (struct stream){.family = chosen, .seed = seed, .random.state = seed};
    stream->bias = chosen->bias;
    stream->d = chosen->dim_min + (int32_t)random_below(&stream->random, (uint32_t)span + 1);
    stream->p = (int32_t)lattn_features(stream->d + stream->bias);
    stream->tokens_min = chosen->tokens_min > 0 ? chosen->tokens_min : stream->d;
    stream->tokens_max = chosen->tokens_max > 0 ? chosen->tokens_max : stream->d;
    stream->labels = labels_draw(stream, kind);
    scales_draw(stream);
    stream->collinearity = pow(10, -1 - 4 * random_uniform(&stream->random));
    if (chosen->tokens != collinear)
        stream->collinearity = 1;
    random_normals(&stream->random, stream->fixed, STREAM_DIM_MAX * STREAM_DIM_MAX);
    random_normals(&stream->random, stream->context,
                   STREAM_REPLAYS_MAX * STREAM_REPLAY_TOKENS * STREAM_DIM_MAX);
}

static int32_t length_draw(struct stream *stream)
{
    uint32_t lengths = (uint32_t)(stream->tokens_max - stream->tokens_min) + 1;

    return stream->tokens_min + (int32_t)random_below(&stream->random, lengths);
}

/* Scale the tokens, draw the labels. */
static void item_finish(struct stream *stream, int32_t n, enum lattn_labels labels,
                        struct lattn_item *ret_item)
{
    for (int32_t i = 0; i < n * stream->d; i++)
        stream->z[i] *= stream->scale[i % stream->d];
    random_normals(&stream->random, stream->y, n);
    *ret_item = (struct lattn_item){.z = stream->z,
                                    .y = stream->y,
                                    .weight = 1,
                                    .n = n,
                                    .d = stream->d,
                                    .m = 1,
                                    .labels = labels};
}

void stream_next(struct stream *stream, struct lattn_item *ret_item)
{
    int32_t n = length_draw(stream);

    stream->family->tokens(stream, n, stream->z);
    item_finish(stream, n, stream->labels, ret_item);
}

void stream_outside(struct stream *stream, struct lattn_item *ret_item)
{
    int32_t n = 2 + (int32_t)random_below(&stream->random, 7);

    normals(stream, n, stream->z);
    item_finish(stream, n, LATTN_LABELS_LAST, ret_item);
}

void stream_pushed(struct stream *stream, double push, struct lattn_item *ret_item)
{
    int32_t n = length_draw(stream);
    int32_t d = stream->d;

    stream->family->tokens(stream, n, stream->z + d);
    for (int32_t i = 0; i < (n + 1) * d; i++) {
        double x[1];

        random_normals(&stream->random, x, 1);
        stream->z[i] = i < d ? sqrt(push) * x[0] : stream->z[i] + push * x[0];
    }
    item_finish(stream, n + 1, LATTN_LABELS_LAST, ret_item);
}

struct lattn_learner_settings stream_settings(const struct stream *stream)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    settings.bias = stream->bias;
    return settings;
}

void stream_teach(struct stream *stream, uint64_t pairs, enum stream_blocks blocks,
                  struct lattn_learner *learner)
{
    while (lattn_learner_pairs(learner) < pairs) {
        struct corpus corpus = {0};
        int32_t rows = blocks == STREAM_SINGLY
                           ? 1
                           : 1 + (int32_t)random_below(&stream->random, STREAM_BLOCK_MAX);

        while (rows > 0) {
            struct lattn_item item;

            stream_next(stream, &item);
            corpus_add_copy(&corpus, &item);
            rows -= lattn_item_rows(&item);
        }
        corpus_teach(&corpus, 0, corpus.count, learner);
        corpus_done(&corpus);
    }
}

size_t stream_features(const struct stream *stream, const struct lattn_item *item,
                       long double *ret_rows)
{
    struct lattn_item unscaled = *item;
    double z[(STREAM_TOKENS_MAX + 1) * STREAM_DIM_MAX];

    for (int32_t i = 0; i < item->n * item->d; i++)
        z[i] = item->z[i] / stream->scale[i % item->d];
    unscaled.z = z;
    for (int32_t row = 0; row < lattn_item_rows(item); row++, ret_rows += stream->p)
        gram_features(&unscaled, stream->bias,
                      item->labels == LATTN_LABELS_CAUSAL ? row + 1 : item->n,
                      item->labels == LATTN_LABELS_LAST ? item->n - 1 : row, ret_rows);
    return (size_t)lattn_item_rows(item);
}
