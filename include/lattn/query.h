#ifndef LATTN_QUERY_H
#define LATTN_QUERY_H

#include <lattn/limits.h>
#include <lattn/model.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/*
 * Learning an attention layer from questions alone (src/query/README.md): an oracle answers
 * sequences of tokens, lattn_probe finds out what it computes, and says how sure that is.
 *
 * Sources: "Provably Learning Attention with Queries", arXiv 2601.16873; "Learning Linear Attention
 * in Polynomial Time", arXiv 2410.10101.
 */

/* ---- the oracle ------------------------------------------------------------------------------ */

enum lattn_answers {
    LATTN_ANSWERS_LAST,     /* m numbers for a sequence */
    LATTN_ANSWERS_POSITIONS /* m numbers for each of its tokens, which all attend to all */
};

/*
 * One question.
 *
 * n           tokens, 1 <= n <= LATTN_QUESTION_TOKENS_MAX
 * x           n x d row-major, finite; borrowed until the callback returns
 * y           out: m numbers, or n x m; the room is the library's
 * is_refused  out: 1 where the oracle does not take this one (too long, too large); y is not read
 */
struct lattn_question {
    int32_t n;
    const double *x;
    double *y;
    int32_t is_refused;
};

enum {
    /* Tokens of a question: all positions of d = 256 are learned from one of 257. */
    LATTN_QUESTION_TOKENS_MAX = 320,
    /* Questions of one call: so many fill pipes and batches, and few are lost where one ends. */
    LATTN_QUESTIONS_MAX = 1024
};

/*
 * Answer `count` questions, 1 <= count <= LATTN_QUESTIONS_MAX, in any order.
 *
 * complaint  out  why not
 *
 * Returns LATTN_OK, or a status below 0, which ends the probe and is handed on.
 */
typedef enum lattn_status (*lattn_ask_fn)(void *arg, size_t count, struct lattn_question *questions,
                                          struct lattn_complaint *complaint);

/* d coordinates of a token, m numbers of an answer; ask and arg are kept as long as it is used. */
struct lattn_oracle {
    int32_t d;
    int32_t m;
    enum lattn_answers answers;
    lattn_ask_fn ask;
    void *arg;
};

/* ---- what is found --------------------------------------------------------------------------- */

/* What an oracle may be. */
enum lattn_architecture {
    LATTN_ARCHITECTURE_AUTO, /* find out */
    LATTN_ARCHITECTURE_SOFTMAX,
    LATTN_ARCHITECTURE_LINEAR,      /* answers as lattn_model_apply */
    LATTN_ARCHITECTURE_TRANSFORMER, /* one softmax head, then a network of one hidden ReLU layer */
    LATTN_ARCHITECTURE_LABEL        /* one softmax head; 1 where it reaches a threshold, else 0 */
};

/* "auto", "softmax", "linear", "transformer", "label". Static. */
LATTN_API const char *lattn_architecture_text(enum lattn_architecture architecture);

/*
 * A network that follows attention, on the attended token z:
 *
 *     sum_k s_k ReLU(J_k . z + c_k) + p . z + q
 *
 * J  width x d row-major    c  width    s  width, +1 or -1    p  d
 *
 * Where the orientation of the neurons is known p is zero. Otherwise it is an equivalent network,
 * J_k and -J_k may change places at the cost of p.
 */
struct lattn_network {
    int32_t width;
    double *J;
    double *c;
    double *s;
    double *p;
    double q;
};

/*
 * One layer of softmax attention, on the tokens x_1 .. x_n as rows of X,
 *
 *     f(X) = sum_h V_h sum_i alpha_hi x_i,    alpha_h = softmax(x_1'W_h x_n, ..., x_n'W_h x_n)
 *
 * (arXiv 2601.16873, eq. (1) with v = V'), or network(sum_i alpha_1i x_i) where there is one: then
 * heads = m = 1 and V is NULL.
 *
 * W          heads x d x d, row-major
 * V          heads x m x d, row-major
 * W_error, V_error  of the same shapes: how far each entry may be off, as one standard deviation
 *                   of what noise and rounding do
 * threshold  of label oracles; 0 with the others
 *
 * Everything is owned by the layer.
 */
struct lattn_attention {
    int32_t d;
    int32_t m;
    int32_t heads;
    double *W;
    double *W_error;
    double *V;
    double *V_error;
    struct lattn_network *network;
    double threshold;
};

/*
 * Make a layer with all entries zero and no network; V and V_error are there.
 *
 * Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_attention is given to the caller.
 */
LATTN_API enum lattn_status lattn_attention_open(struct lattn_attention **ret_attention, int32_t d,
                                                 int32_t m, int32_t heads);

/* The same with a network of zeros and without V; m and heads are 1. 0 <= width. */
LATTN_API enum lattn_status lattn_attention_open_network(struct lattn_attention **ret_attention,
                                                         int32_t d, int32_t width);

/* Release a layer and set the pointer to NULL; accepts NULL. */
LATTN_API void lattn_attention_close(struct lattn_attention **attention);

/*
 * Compute what the layer says about a sequence; of a label oracle, what it compares to threshold.
 *
 * x      in   n x d row-major, finite
 * ret_y  out  m
 *
 * O(heads (n + d) d) flops. Allocates nothing.
 */
LATTN_API void lattn_attention_apply(const struct lattn_attention *attention, const double *x,
                                     int32_t n, double *ret_y);

/* What a probe ends with; parameters are given with the first two alone. */
enum lattn_outcome {
    LATTN_OUTCOME_RECOVERED,
    LATTN_OUTCOME_UP_TO,    /* recovered up to freedoms that no question can settle */
    LATTN_OUTCOME_OTHER,    /* not this architecture: `reason` is the test that failed */
    LATTN_OUTCOME_UNDECIDED /* the budget, or a cap, came first: `reason` says which */
};

/* "recovered", "recovered up to named freedoms", "not this architecture", "undecided". Static. */
LATTN_API const char *lattn_outcome_text(enum lattn_outcome outcome);

/* What no question can settle; bits of lattn_finding.freedoms. */
enum lattn_freedom {
    LATTN_FREEDOM_SCALE = 1,   /* of labels: V and threshold up to one positive factor; |V| = 1 */
    LATTN_FREEDOM_ORDER = 2,   /* the order of the heads, and two that have the same W are one */
    LATTN_FREEDOM_SILENT = 4,  /* W where V is zero: the answer is always 0 */
    LATTN_FREEDOM_NETWORK = 8, /* the network up to equivalent ones */
    LATTN_FREEDOM_HEADS = 16   /* heads of linear attention: their sum alone acts */
};

/* One of the bits as a sentence without its full stop. Static. */
LATTN_API const char *lattn_freedom_text(enum lattn_freedom freedom);

/* Questions asked, by purpose. */
struct lattn_asked {
    uint64_t learn;  /* those from which parameters are computed */
    uint64_t trial;  /* what is it, which scale, how noisy */
    uint64_t verify; /* held out */
};

/* One test of the oracle: passed where value <= threshold. */
struct lattn_check {
    char name[64]; /* "answers add up", "held out, 8 tokens" */
    double value;
    double threshold;
    int32_t is_passed;
};

/*
 * What an attacker needs against a defence, from the numbers of this oracle.
 *
 * questions  about so many; infinite where it does not help to ask more
 * error      relative error of W that they reach
 */
struct lattn_defence {
    char name[64]; /* "answers rounded to 3 decimals", "labels only" */
    double questions;
    double error;
};

enum { LATTN_CHECKS_MAX = 48, LATTN_DEFENCES_MAX = 24, LATTN_REASON_MAX = 256 };

/*
 * What a probe found. Owned.
 *
 * architecture  what it is, or what it was taken for
 * freedoms      bits of enum lattn_freedom
 * reason        "" where it was recovered
 * attention     NULL where none was recovered; linear likewise: one of the two at most
 * linear_error  how far each coefficient of linear may be off, one standard deviation
 * rank          of W where it is a single one; 0 otherwise
 * residual      of held-out answers: root mean square over that of the answers
 * threshold     that the residual had to stay below
 * noise         standard deviation of one answer, told or measured; 0: none was seen
 * noise_floor   what residual the noise and rounding of answers alone explain
 * theory        questions for learning that the theory counts in this case; 0: it does not say
 * norm, length  the largest norm of a token, and the longest sequence, that were answered
 */
struct lattn_finding {
    enum lattn_outcome outcome;
    enum lattn_architecture architecture;
    uint32_t freedoms;
    char reason[LATTN_REASON_MAX];
    struct lattn_attention *attention;
    struct lattn_model *linear;
    double linear_error;
    int32_t rank;
    double residual;
    double threshold;
    double noise;
    double noise_floor;
    struct lattn_asked asked;
    uint64_t theory;
    double norm;
    int32_t length;
    struct lattn_check checks[LATTN_CHECKS_MAX];
    int32_t checks_count;
    struct lattn_defence defences[LATTN_DEFENCES_MAX];
    int32_t defences_count;
};

/* Release a finding and set the pointer to NULL; accepts NULL. */
LATTN_API void lattn_finding_close(struct lattn_finding **finding);

/* ---- the probe ------------------------------------------------------------------------------- */

/* How exact the oracle's own arithmetic and its answers are. */
enum lattn_arithmetic {
    LATTN_ARITHMETIC_MEASURED, /* find out from its answers */
    LATTN_ARITHMETIC_F64,
    LATTN_ARITHMETIC_F32
};

/*
 * How far a probe is.
 *
 * phase   what is done, "learning W". Static
 * asked   questions until now
 * total   that will have been asked at the end, as far as can be told; 0: cannot
 */
struct lattn_probe_progress {
    const char *phase;
    uint64_t asked;
    uint64_t total;
};
typedef void (*lattn_probe_progress_fn)(void *arg, const struct lattn_probe_progress *progress);

/*
 * What is known before.
 *
 * heads       softmax heads of the oracle; 1 unless told
 * rank        of W: at most so much, low-rank learning; LATTN_RANK_FULL: d; LATTN_RANK_FIND: find
 *             it out
 * in_batch    1: questions that do not depend on answers, low rank only: those of W in one go
 * scale       largest Euclidean norm of a column of W, within a factor of 4: saves trials.
 *             0: not known
 * noise       standard deviation of an answer; negative: measured
 * decimals    answers are rounded to so many; negative: find out
 * norm_max    largest Euclidean norm of a token that the oracle takes; 0: none known
 * length_max  longest sequence that it takes; 0: none known
 * budget      questions that may be asked; 0: as many as it takes
 * seed        of everything that is drawn at random
 * progress    called now and then with progress_arg; may be NULL
 */
struct lattn_probe_settings {
    enum lattn_architecture architecture;
    int32_t heads;
    int32_t rank;
    int32_t in_batch;
    double scale;
    double noise;
    int32_t decimals;
    enum lattn_arithmetic arithmetic;
    double norm_max;
    int32_t length_max;
    uint64_t budget;
    uint64_t seed;
    lattn_probe_progress_fn progress;
    void *progress_arg;
};

enum { LATTN_RANK_FULL = 0, LATTN_RANK_FIND = -1 };

/* Heads of a softmax layer that can be told apart by questions. */
enum { LATTN_PROBE_HEADS_MAX = 4 };

/* Everything to be found out, one head of full rank, no cap, no budget, seed 1. */
LATTN_API struct lattn_probe_settings lattn_probe_settings_default(void);

/* Questions that a probe will need: about so many for trials, exactly so many otherwise. */
struct lattn_probe_plan {
    struct lattn_asked asked;
    uint64_t theory;
    int32_t is_bound; /* 1: learning depends on the answers, and needs about so many or fewer */
};

/*
 * Count them without asking any. Where the architecture is AUTO the count is that of a softmax
 * layer.
 *
 * oracle  in  d, m and answers alone are looked at
 *
 * Returns LATTN_OK, or LATTN_RANGE where nothing can be probed with these settings.
 */
LATTN_API enum lattn_status lattn_probe_plan(const struct lattn_oracle *oracle,
                                             const struct lattn_probe_settings *settings,
                                             struct lattn_probe_plan *ret_plan,
                                             struct lattn_complaint *complaint);

/*
 * Ask until it is known what the oracle computes, or that it cannot be known.
 *
 * ret_finding  out  given, whatever the outcome; release with lattn_finding_close
 * complaint    out  may be NULL: on refusal, why
 *
 * The same settings and the same answers give the same questions, in the same order: answers that
 * were kept can be given again.
 *
 * Returns LATTN_OK with any outcome; LATTN_RANGE (settings), LATTN_NOT_FINITE (an answer),
 * LATTN_NO_MEMORY, or what the oracle returned.
 */
LATTN_API enum lattn_status lattn_probe(const struct lattn_oracle *oracle,
                                        const struct lattn_probe_settings *settings,
                                        struct lattn_finding **ret_finding,
                                        struct lattn_complaint *complaint);

LATTN_END

#endif
