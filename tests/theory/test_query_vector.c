/*
 * A head with m answers is recovered from d + d ceil(d / k) questions, k the rank of V or what the
 * length of sequences leaves (src/query/README.md, Answers with m numbers).
 *
 * 20 heads of each kind up to d = 32, fewer at 64 unless LATTN_LONG=1.
 */
#include "query/vector.h"

#include "core/dense.h"
#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

TestSuite(query_vector, .init = dense_threads_one);

enum { HEADS = 20, HEADS_SHORT = 3, DIM_SHORT = 32 };

/* What is asked, with sizes as parts of d; and what must come. */
struct kind {
    const char *name;
    int32_t m_over; /* m = d / m_over; 0: 2 d */
    int32_t k_over; /* rank of V: d / k_over; 0: full */
    int32_t length; /* tokens that it takes; 0: any number */
    int is_float;
    int32_t decimals;
    double error_max;
};

static void rank_lower(struct blackbox *box, int32_t rank, struct random *random)
{
    size_t d = (size_t)box->d, m = (size_t)box->m, k = (size_t)rank;
    double *left = blackbox_numbers(m * k), *right = blackbox_numbers(k * d);

    random_normals(random, left, (int64_t)(m * k));
    random_normals(random, right, (int64_t)(k * d));
    for (size_t a = 0; a < m; a++)
        for (size_t j = 0; j < d; j++) {
            box->V[a * d + j] = 0;
            for (size_t i = 0; i < k; i++)
                box->V[a * d + j] += left[a * k + i] * right[i * d + j];
        }
    free(left);
    free(right);
}

static void head_learn(const struct kind *kind, int32_t d, uint64_t seed)
{
    struct random random = {.state = seed};
    int32_t m = kind->m_over == 0 ? 2 * d : d / kind->m_over;
    int32_t k = kind->k_over == 0 ? (m < d ? m : d) : d / kind->k_over;
    int32_t width = kind->length > 0 && kind->length - 1 < k ? kind->length - 1 : k;
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got = NULL;
    double W, errors = 0, bars = 0;

    blackbox_init(&box, d, m, 1, &random);
    if (kind->k_over > 0)
        rank_lower(&box, k, &random);
    box.is_float = kind->is_float;
    box.decimals = kind->decimals;
    box.length_max = kind->length;
    asking_init(&asking, &box);
    cr_assert_eq(vector_learn(&asking.oracle, &asking.conditions, &asking.random, &got), LATTN_OK,
                 "%s, d = %d: %s", kind->name, d, asking.oracle.complaint.text);
    W = blackbox_distance((size_t)d * (size_t)d, got->W, box.W);
    for (int32_t i = 0; i < d * d; i++) {
        errors += pow(got->W[i] - box.W[i], 2);
        bars += pow(got->W_error[i], 2);
    }
    cr_expect_leq(W, kind->error_max, "%s, d = %d, seed %d: W %g", kind->name, d, (int)seed, W);
    cr_expect_leq(blackbox_distance((size_t)d * (size_t)m, got->V, box.V), kind->error_max);
    cr_expect(errors < 100 * bars && errors > bars / 10000, "%s, d = %d: error bars %g", kind->name,
              d, sqrt(errors / bars));
    cr_expect_eq(asking.oracle.counts.learn, vector_count(d, width));
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

static void kind_learn(const struct kind *kind)
{
    for (int32_t d = 4; d <= 64; d *= 2)
        for (uint64_t i = 0; i < HEADS; i++)
            if (d <= DIM_SHORT || i < HEADS_SHORT || getenv("LATTN_LONG") != NULL)
                head_learn(kind, d, 1000 * (uint64_t)d + i);
}

/* d = m = 64: 64 + 64 questions, and one trial. */
Test(query_vector, learns_from_as_many_answers_as_coordinates)
{
    kind_learn(&(struct kind){"m = d", 1, 0, 0, 0, -1, 1e-12});
}

Test(query_vector, learns_from_fewer_and_from_more)
{
    kind_learn(&(struct kind){"m = d/2", 2, 0, 0, 0, -1, 1e-12});
    kind_learn(&(struct kind){"m = d/4", 4, 0, 0, 0, -1, 1e-12});
    kind_learn(&(struct kind){"m = 2d", 0, 0, 0, 0, -1, 1e-12});
}

Test(query_vector, learns_where_V_is_deficient)
{
    kind_learn(&(struct kind){"m = d, rank d/4", 1, 4, 0, 0, -1, 1e-12});
}

Test(query_vector, learns_from_short_sequences)
{
    kind_learn(&(struct kind){"m = d, length 3", 1, 0, 3, 0, -1, 1e-12});
}

Test(query_vector, learns_from_float_answers)
{
    kind_learn(&(struct kind){"float m = d", 1, 0, 0, 1, -1, 1e-3});
}

Test(query_vector, learns_from_rounded_answers)
{
    kind_learn(&(struct kind){"6 decimals m = d", 1, 0, 0, 0, 6, 1e-8});
}
