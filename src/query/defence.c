/*
 * The defender's table. An answer off by sigma puts the weight alpha of the first token off by
 * sigma / (s u.v), its logit by 1 / (alpha (1 - alpha)) times that, and W by 1 / (s t) times that:
 * the attacker makes s as large as the cap lets him, and s t so large that alpha moves, or as large
 * as the cap lets him.
 */
#include "query/defence.h"

#include "core/dense.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

/* Squared cosine between a direction of the anchored frame and v (frame.c). */
#define ANCHOR_SHARE (M_SQRT2 - 1)
/* Root mean square of logits at which they are read best: further out alpha saturates. */
#define LOGIT_AIM 0.75
/* alpha (1 - alpha) there, on average. */
#define SLOPE 0.22
/* Relative error of W that an attacker is content with where answers are not exact. */
#define ERROR_WANTED 0.01
/* Questions about v, of each coordinate, and for the scale. */
#define REPEATS_V 4
#define TRIALS 6
/* Of labels alone: bisections to 1e-12 in theta, v and W, measured at 57 to 80. */
#define LABELS_PER_PARAMETER 70
#define LABEL_ERROR 1e-12

/* norm 0: no cap. */
struct pass {
    const char *name;
    double norm;
    double sigma;
};

/* s t and s that the cap allows, or that the logits ask for: the token s u + t b has norm <= R. */
double defence_error(int32_t d, double weight, double value, double norm, double sigma)
{
    double wanted = LOGIT_AIM * d / weight;
    double last = fmin(norm / sqrt(3), wanted / norm);
    double first = sqrt(norm * norm - last * last);
    double logit = sigma / (first * sqrt(ANCHOR_SHARE) * value * SLOPE);

    return logit / (first * last) * d / (sqrt(1 - ANCHOR_SHARE) * weight);
}

static double anchor_repeats(int32_t d)
{
    return fmax(1, round(sqrt(d) / 2));
}

double defence_questions(int32_t d)
{
    return (double)d * d + (anchor_repeats(d) - 1) * d + REPEATS_V * (double)d + TRIALS;
}

/* Passes until the mean of the answers is good enough; rounded ones are dithered. */
static struct lattn_defence pass_judge(const struct pass *pass, int32_t d, double weight,
                                       double value)
{
    double norm = pass->norm > 0 ? pass->norm : DEFENCE_NORM_FREE;
    double exact = (double)d * DBL_EPSILON;
    double error = fmax(exact, defence_error(d, weight, value, norm, pass->sigma));
    double repeats = fmax(1, ceil(pow(error / ERROR_WANTED, 2)));
    struct lattn_defence defence = {.questions = repeats * defence_questions(d),
                                    .error = fmin(error, ERROR_WANTED)};

    snprintf(defence.name, sizeof defence.name, "%s", pass->name);
    if (pass->norm > 0)
        snprintf(defence.name, sizeof defence.name, "%s, norms up to %g", pass->name, pass->norm);
    return defence;
}

static int32_t passes_fill(int32_t d, double weight, double value, struct lattn_defence *ret_rows)
{
    /* A rounded answer is off by its step over sqrt 12. */
    static const struct {
        const char *name;
        double sigma;
    } blurs[] = {
        {"answers of 6 decimals", 1e-6 / 3.4641016151377544},
        {"answers of 4 decimals", 1e-4 / 3.4641016151377544},
        {"answers of 2 decimals", 1e-2 / 3.4641016151377544},
        {"noise of 0.0001", 1e-4},
        {"noise of 0.01", 1e-2},
    };
    static const double norms[][3] = {{0, 10, 1}, {100, 10, 1}};
    int32_t count = 0;

    for (size_t i = 0; i < sizeof blurs / sizeof *blurs; i++)
        for (size_t j = 0; j < 3; j++) {
            const struct pass pass = {blurs[i].name, norms[i > 2][j], blurs[i].sigma};

            ret_rows[count++] = pass_judge(&pass, d, weight, value);
        }
    return count;
}

/* Norms of W and of the strongest answer: sigma_1(V) >= |V| / sqrt(min(m, d)). */
static double weight_norm(const struct lattn_attention *attention)
{
    return dense_norm(attention->d * attention->d, attention->W);
}

static double value_norm(const struct lattn_attention *attention)
{
    int32_t answers = attention->m < attention->d ? attention->m : attention->d;

    return dense_norm(attention->m * attention->d, attention->V) / sqrt(answers);
}

int32_t defence_fill(const struct lattn_attention *attention, int32_t rank,
                     struct lattn_defence *ret_defences)
{
    int32_t d = attention->d;
    double n = d;
    double exact = n * DBL_EPSILON;
    double weight, value;
    int32_t count = 0;

    if (attention->heads != 1 || attention->network != NULL)
        return 0;
    weight = weight_norm(attention);
    value = value_norm(attention);
    if (!(weight > 0 && value > 0)) {
        ret_defences[0] = (struct lattn_defence){"nothing: there is nothing to learn", INFINITY, 1};
        return 1;
    }
    ret_defences[count++] = (struct lattn_defence){"nothing", n + n * n, exact};
    if (0 < rank && rank < d)
        ret_defences[count++] = (struct lattn_defence){"nothing, where W is of low rank",
                                                       n + rank * (2 * n - rank) + 6, exact};
    ret_defences[count++] =
        (struct lattn_defence){"nothing, and answers of d numbers", 2 * n + 1, exact};
    count += passes_fill(d, weight, value, ret_defences + count);
    ret_defences[count++] =
        (struct lattn_defence){"labels alone", LABELS_PER_PARAMETER * (n + n * n), LABEL_ERROR};
    ret_defences[count++] = (struct lattn_defence){"sequences of one token", INFINITY, 1};
    assert(count <= LATTN_DEFENCES_MAX);
    return count;
}
