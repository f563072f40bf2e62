#ifndef LATTN_LEARNER_H
#define LATTN_LEARNER_H

#include <lattn/batch.h>
#include <lattn/certificate.h>
#include <lattn/limits.h>
#include <lattn/model.h>
#include <lattn/names.h>
#include <lattn/spectrum.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/*
 * The learner: exact least squares in the cubic features of linear attention, updated pair by pair.
 *
 * Pure: no file, socket or log of its own, and no thread but those of lattn_learner_threads_set,
 * though OpenBLAS may have some. One thread uses a learner at a time; a copy is independent of its
 * original.
 */
struct lattn_learner;

/*
 * How the least-squares problem is kept. Both give the same answers to rounding.
 *
 * RLS   square-root form: R of [R C]. Nothing is lost to it.
 * GRAM  information form for dense tokens, once the data has full rank and is far enough from
 *       losing it; square-root form else. It learns several times as fast from d = 8 on, and has
 *       half the state or less; what is derived from it costs a factorisation each time. Where the
 *       rank falls again it may say "cannot tell".
 */
enum lattn_engine { LATTN_ENGINE_RLS, LATTN_ENGINE_GRAM };

/* "rls" or "gram", as options, answers and documents spell them. Static. */
LATTN_API const char *lattn_engine_text(enum lattn_engine engine);

/* How many heads a model shall have. */
enum lattn_heads {
    LATTN_HEADS_SVD,   /* all heads of the plain singular value decomposition */
    LATTN_HEADS_COUNT, /* the largest ones of them, as many as asked for */
    LATTN_HEADS_FEWEST /* as few as compute the same; where that is not known, as LATTN_HEADS_SVD */
};

struct lattn_learner_settings {
    int32_t dim;      /* coordinates a client sends, without the bias; 0: from the first pair */
    int32_t outputs;  /* 0: from the first pair */
    int32_t bias;     /* 1: coordinate 0 of every token is a constant 1, added here */
    double forget;    /* 0 < forget <= 1, weight of the past after each pair */
    double precision; /* of the tokens, relative; 0: exact doubles but where an item says more */
    double ridge;     /* >= 0; adds ridge * sum_c (D_c w_c)^2 at solve time only */
    enum lattn_engine engine;
    size_t memory_max; /* bytes the state may hold, without what is derived from it; 0: no limit */
};

/*
 * What a learner has to say about an input.
 *
 * y           m, the caller's
 * std_error   m, the caller's: of y, for noise of equal variance in all labels
 * interval95  m, the caller's, or NULL: what the input's mean label is within y -+ interval95 with
 *             95 % confidence; Student's t times std_error. A new label is off by its own noise too
 * has_std_error  the data has noise to tell from: without, std_error and interval95 say nothing
 */
struct lattn_prediction {
    double *y;
    double *std_error;
    double *interval95;
    double leverage;
    int32_t determined;
    int32_t has_std_error;
};

/* Numbers on a learner; every count is of label rows unless said otherwise. */
struct lattn_report {
    int32_t d; /* with the bias; 0 before the first pair */
    int32_t m;
    int32_t bias;
    enum lattn_engine engine;
    uint64_t pairs;
    uint64_t generation;
    double weight;           /* N_w, sum of weights after forgetting */
    double pairs_effective;  /* N_w^2 / N_w2 */
    double loss_train;       /* mean squared error of the fit, summed over outputs; NaN: no data */
    double loss_progressive; /* the same of predictions made before each pair was learned */
    double loss_recent;      /* the same over about the last 1000 pairs */
    double *noise_std;       /* m, owned by whoever owns the report; NaN: no degrees of freedom */
    double *r2;              /* m, 1 - RSS / sum w y^2 */
    size_t memory_bytes;
    struct lattn_certificate certificate;
    struct lattn_stream stream;
};

/* dim and outputs from the first pair, no bias, forget 1, exact tokens, no ridge, no limit. */
LATTN_API struct lattn_learner_settings lattn_learner_settings_default(void);

/* Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; the settings are copied. */
LATTN_API enum lattn_status lattn_learner_open(struct lattn_learner **ret_learner,
                                               const struct lattn_learner_settings *settings);

/* Release a learner and set the pointer to NULL; accepts NULL. */
LATTN_API void lattn_learner_close(struct lattn_learner **learner);

/*
 * Let so many threads share the work of learning, the caller's included; one at first. They sleep
 * while there is nothing to learn. What is learned is the same to the bit for any number of them.
 * A copy learns alone.
 *
 * More than one pay where pairs come in blocks, as far as there are cores with nothing else to do;
 * with few features (p < 256) in square-root form one of them learns alone.
 *
 * Returns LATTN_OK, also where the system starts fewer threads or none: the learner goes on with
 * those there are. LATTN_RANGE outside 1..LATTN_THREADS_MAX and LATTN_NO_MEMORY change nothing.
 */
LATTN_API enum lattn_status lattn_learner_threads_set(struct lattn_learner *learner,
                                                      int32_t threads);

/* Threads that learn, the caller's included. O(1). */
LATTN_API int32_t lattn_learner_threads_get(const struct lattn_learner *learner);

/* An independent learner of the same state: the snapshot that another thread may evaluate. */
LATTN_API enum lattn_status lattn_learner_copy(const struct lattn_learner *learner,
                                               struct lattn_learner **ret_copy);

/*
 * Forget everything learned, every name and the sizes; the settings stay.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY: then all is forgotten and coordinate 0 has no name.
 */
LATTN_API enum lattn_status lattn_learner_reset(struct lattn_learner *learner);

/*
 * May this item be learned? If so make room for it, so that lattn_learner_absorb cannot fail.
 *
 * Features the item brings for the first time get columns of zeros, which say nothing: no number a
 * caller can ask for changes. The first admitted item fixes d and m where the settings do not; a
 * token or label row as wide as d or m were at an earlier time (before names were added) is taken
 * as padded with zeros.
 *
 * complaint  out, may be NULL: what was wrong
 *
 * Returns LATTN_OK; LATTN_EMPTY, LATTN_RANGE, LATTN_NOT_FINITE, LATTN_SHAPE,
 * LATTN_FIELD (no labels), LATTN_FEATURE_OVERFLOW, LATTN_MEMORY_LIMIT or LATTN_NO_MEMORY with
 * nothing changed.
 */
LATTN_API enum lattn_status lattn_learner_admit(struct lattn_learner *learner,
                                                const struct lattn_item *item,
                                                struct lattn_complaint *complaint);

/*
 * Learn admitted items, in order, in blocks: R'R += sum w phi phi'.
 *
 * The result of many calls and of one call agree to rounding; the same calls give the same bits.
 * Cannot fail: every item must have been admitted since the last reset. Bumps the generation.
 */
LATTN_API void lattn_learner_absorb(struct lattn_learner *learner, const struct lattn_batch *batch);

/*
 * Learn admitted items as lattn_learner_absorb does, to the same bits, and test a random sample of
 * them, for what the report says of the stream: is each determined by what came before it?
 *
 * A few items are all tested; of many, so many that this costs about a twentieth of learning, and
 * up to 256 label rows while much is undetermined, drawn by a seed that is always the same. An item
 * of several label rows is determined where all of them are. What items before it determine is
 * known up to some of those that were not drawn, so that some determined inputs are called
 * undetermined, never the reverse. A learner that was copied or loaded has to find out anew; items
 * of which it cannot tell meanwhile are not tested.
 *
 * Cannot fail either; without memory fewer items are tested, or none.
 */
LATTN_API void lattn_learner_survey(struct lattn_learner *learner, const struct lattn_batch *batch);

/*
 * Take over all that another learner learned, from pairs of its own: R'R and the sums of both are
 * added, by one orthogonal update of one R over the other (src/core/README.md, statement 31). Which
 * is merged into which makes no difference but rounding. With forgetting both fade up to their own
 * last pair and are equally old from then on.
 *
 * What is said of the stream (lattn_stream) begins anew, and so does the history of the verdict;
 * precision becomes the coarser one, ridge and memory_max stay those of `learner`.
 *
 * other      in   not changed
 * complaint  out  may be NULL: what they differ in
 *
 * Returns LATTN_OK; LATTN_CONFLICT where sizes, names, bias, forgetting or engine differ;
 * LATTN_MEMORY_LIMIT or LATTN_NO_MEMORY with nothing learned: `learner` may have columns of zeros
 * then, which say nothing.
 */
LATTN_API enum lattn_status lattn_learner_merge(struct lattn_learner *learner,
                                                const struct lattn_learner *other,
                                                struct lattn_complaint *complaint);

/* Label rows learned so far, and the number of changes to the factor. O(1). */
LATTN_API uint64_t lattn_learner_pairs(const struct lattn_learner *learner);
LATTN_API uint64_t lattn_learner_generation(const struct lattn_learner *learner);

/* d (with the bias) and m; 0 where not yet known. O(1). */
LATTN_API int32_t lattn_learner_dim(const struct lattn_learner *learner);
LATTN_API int32_t lattn_learner_outputs(const struct lattn_learner *learner);

/* The most heads that LATTN_HEADS_COUNT takes, lattn_heads_max of the sizes. O(1). */
LATTN_API int32_t lattn_learner_heads_max(const struct lattn_learner *learner);

/* Bytes held now. O(1). */
LATTN_API size_t lattn_learner_memory(const struct lattn_learner *learner);

/* The names of coordinates and outputs; borrowed until the next call that changes them. */
LATTN_API const struct lattn_names *lattn_learner_names(const struct lattn_learner *learner);

/*
 * Name coordinates, outputs and blocks; all or nothing. A name that exists keeps its index; one
 * that comes twice here is refused. A new coordinate or output beyond d or m widens the learner: it
 * was zero in all the past.
 *
 * append, outputs  in   names, may be NULL if the count is 0
 * ret_coordinates  out  append_count indices; like ret_outputs undefined on refusal
 * ret_outputs      out  outputs_count indices
 *
 * Returns LATTN_OK, LATTN_NAME, LATTN_RANGE, LATTN_MEMORY_LIMIT or LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status
lattn_learner_name(struct lattn_learner *learner, const char *const *append, size_t append_count,
                   const char *const *outputs, size_t outputs_count,
                   const struct lattn_block *blocks, size_t blocks_count, int32_t *ret_coordinates,
                   int32_t *ret_outputs, struct lattn_complaint *complaint);

/*
 * Predict the label of an input from the exact solution of all that was absorbed.
 *
 * input       in   its y and labels are not looked at: the last token is the query
 * prediction  out  its arrays are the caller's; undefined on refusal
 *
 * Derived results (weights, rank) are kept per generation, so asking twice costs only the input.
 *
 * Returns LATTN_OK; LATTN_NO_DATA before the first pair; LATTN_EMPTY, LATTN_RANGE,
 * LATTN_NOT_FINITE, LATTN_SHAPE, LATTN_FEATURE_OVERFLOW, LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_learner_predict(struct lattn_learner *learner,
                                                  const struct lattn_item *input,
                                                  struct lattn_prediction *prediction,
                                                  struct lattn_complaint *complaint);

/* So many undetermined inputs are named, and so many reasons. */
enum { LATTN_DOMAIN_FIRST_MAX = 8, LATTN_LACKS_MAX = 16 };

/*
 * Why inputs are undetermined: a feature that was never seen, or a component of features that is
 * short of directions.
 *
 * feature  "a * b * c": the sum over tokens of coordinates a and b, times c of the query; names, or
 *          indices where they have none. Of a component the first one that was seen.
 * columns  of the component; 0: the feature was never seen
 * rank     of the component
 * inputs   undetermined ones that meet it; of a component those alone that meet no feature that was
 *          never seen, which is reason enough
 */
struct lattn_lack {
    char feature[3 * LATTN_NAME_MAX + 8];
    int64_t columns;
    int64_t rank;
    uint64_t inputs;
};

/*
 * Are the inputs of a domain determined? Of inputs drawn from it at random at most the share
 * bound95 is undetermined, with 95 % confidence.
 *
 * undetermined  indices of the first ones, undetermined_count of them
 * lacks         in the order in which they were met; what has no place is left out
 */
struct lattn_domain {
    uint64_t inputs;
    uint64_t determined;
    double bound95;
    uint64_t undetermined[LATTN_DOMAIN_FIRST_MAX];
    int32_t undetermined_count;
    struct lattn_lack lacks[LATTN_LACKS_MAX];
    int32_t lacks_count;
};

/*
 * Certify a domain by inputs drawn from it: which are determined, and what the others lack.
 *
 * inputs      in   labels are not looked at
 * ret_domain  out
 *
 * Returns as lattn_learner_predict; one bad input refuses all.
 */
LATTN_API enum lattn_status lattn_learner_cover(struct lattn_learner *learner,
                                                const struct lattn_batch *inputs,
                                                struct lattn_domain *ret_domain,
                                                struct lattn_complaint *complaint);

/*
 * Which candidates should be labelled next? Greedily those that lie furthest outside the row space
 * of what was learned and of those chosen before; each of them raises the rank by one. What would
 * add no direction is not chosen.
 *
 * candidates  in   inputs; labels are not looked at
 * count       in   choose at most so many
 * ret_order   out  count indices, the first *ret_count of them are set
 *
 * No choice lies less than half as far outside as the furthest candidate does. What a prediction
 * would call determined is not chosen.
 *
 * Works before the first pair as well, if candidates tell how wide a token is. About 4 q flops per
 * choice and candidate, q the directions missing in the features that candidates share, at the
 * speed of matrix products.
 *
 * Candidates are too many at once where q times choices times candidates is beyond 2^34, some
 * seconds of a core (LATTN_RANGE), or where they take more than memory_max or 1 GiB beside the
 * state (LATTN_MEMORY_LIMIT).
 *
 * Returns LATTN_OK; LATTN_EMPTY, LATTN_RANGE, LATTN_NOT_FINITE, LATTN_SHAPE,
 * LATTN_FEATURE_OVERFLOW, LATTN_MEMORY_LIMIT, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
LATTN_API enum lattn_status lattn_learner_suggest(struct lattn_learner *learner,
                                                  const struct lattn_batch *candidates,
                                                  size_t count, size_t *ret_order,
                                                  size_t *ret_count,
                                                  struct lattn_complaint *complaint);

/*
 * Sequences made to order, as a client sends them (without the bias): two tokens each, no labels.
 * One allocation; release with lattn_design_done.
 *
 * missing  directions that were missing before any of them is learned, p - rank
 */
struct lattn_design {
    struct lattn_item *items;
    size_t count;
    uint64_t missing;
};

/*
 * Make sequences to order that, labelled and learned, raise the rank by one each: p - rank of them
 * lead from what was learned to "identifying", and no fewer pairs do.
 *
 * norm_max  in   every token is at most so long, and the longest is, 1e-40 <= norm_max <= 1e40; or
 *                0: tokens make features as large as those learned were, coordinate by coordinate,
 *                and are of length 1 where nothing was learned, as nothing tells their unit then
 * count     in   make at most so many
 *
 * Fewer than `count` and than `missing` come where tokens of norm_max are so short beside what was
 * learned that they would not show. Tokens take any value: where a domain has symbols only, choose
 * among its inputs by lattn_learner_suggest.
 *
 * Returns LATTN_OK; LATTN_NO_DATA where the width of a token is not known yet; LATTN_RANGE,
 * LATTN_MEMORY_LIMIT (more than 2^26 numbers in so many tokens), LATTN_NO_MEMORY or
 * LATTN_NO_CONVERGENCE.
 */
LATTN_API enum lattn_status lattn_learner_design(struct lattn_learner *learner, double norm_max,
                                                 size_t count, struct lattn_design *ret_design,
                                                 struct lattn_complaint *complaint);
LATTN_API void lattn_design_done(struct lattn_design *design);

/*
 * Evaluate the certificate of the current generation, and remember since when it holds.
 *
 * Before any pair the verdict is "not identifying" and p is 0. Returns LATTN_OK, LATTN_NO_MEMORY
 * or LATTN_NO_CONVERGENCE.
 */
LATTN_API enum lattn_status lattn_learner_certify(struct lattn_learner *learner,
                                                  struct lattn_certificate *ret_certificate);

/*
 * Take over what a copy of this learner found out about the verdict's history.
 *
 * certificate  in  evaluated on a copy of this learner, not older than the last one noted
 */
LATTN_API void lattn_learner_note(struct lattn_learner *learner,
                                  const struct lattn_certificate *certificate);

/* All numbers at once; release with lattn_report_done. Returns as lattn_learner_certify. */
LATTN_API enum lattn_status lattn_learner_report(struct lattn_learner *learner,
                                                 struct lattn_report *ret_report);
LATTN_API void lattn_report_done(struct lattn_report *report);

/*
 * The singular values of R/D, as struct lattn_spectrum tells.
 *
 * Where all are told they are right to rounding, about (p + n_max) 2^-53 of the largest; of the two
 * ends those that the rank counts are right to 1e-7 of themselves, beside that rounding, and those
 * that it does not count are upper bounds each. A value not above `threshold` is not counted by the
 * rank; below a tenth of that it is no more than rounding and says only that it is so small; below
 * 2^-53 it is 0, like rho_seen.
 *
 * ret_spectrum  out  given, release with lattn_spectrum_done; before the first pair without values
 *
 * Of up to 1000 features 8/3 n^3 flops for a component of n; of more, about 100 products with R
 * and as many solutions, in blocks. Allocates less than an evaluation of the rank.
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
LATTN_API enum lattn_status lattn_learner_spectrum(struct lattn_learner *learner,
                                                   struct lattn_spectrum *ret_spectrum);

/*
 * The least-squares weights as coefficients, m x p (layout of lattn_model_coef); features that were
 * never seen have weight zero. Before identifiability: the minimum-norm solution in coordinates
 * scaled by D.
 *
 * Returns LATTN_OK, LATTN_NO_DATA, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
LATTN_API enum lattn_status lattn_learner_coef(struct lattn_learner *learner, double *ret_coef);

/*
 * Read the current solution as a multi-head model, with its certificate and names.
 *
 * count  in  for LATTN_HEADS_COUNT, how many heads at most, up to min(m d, d^2); with 0 the model
 *            has names and certificate only, and costs no decomposition
 *
 * The fewest heads are looked for where the data has full rank in one component, and, with noise,
 * where there is about twice as much of it as that takes; the search ends after about 10^10 flops.
 * ret_model->decomposition tells what was found. With noise the fewest heads compute what the data
 * says, which is not W but differs from it by noise; residual says how much.
 *
 * Returns LATTN_OK, LATTN_NO_DATA, LATTN_RANGE, LATTN_MEMORY_LIMIT (the decomposition would be too
 * large), LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE; ret_model is given.
 */
LATTN_API enum lattn_status lattn_learner_model(struct lattn_learner *learner,
                                                enum lattn_heads heads, int32_t count,
                                                struct lattn_model **ret_model);

/*
 * Take over heads that a copy of this learner found, unless there is another generation by now:
 * until there is, lattn_learner_model gives them without looking for them again, as it does with
 * those that it found itself.
 *
 * heads, count  in  as the copy was asked;   model  in  what it answered
 */
LATTN_API void lattn_learner_note_model(struct lattn_learner *learner, enum lattn_heads heads,
                                        int32_t count, const struct lattn_model *model);

LATTN_END

#endif
