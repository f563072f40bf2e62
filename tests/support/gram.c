#include "support/gram.h"

#include "base/memory.h"
#include "core/learner.h"
#include "core/solution.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static long double *numbers_new(size_t count)
{
    long double *numbers = memory_zeroed(count, sizeof *numbers);

    cr_assert_not_null(numbers);
    return numbers;
}

void gram_init(struct gram *gram, int32_t d, int32_t m, int32_t bias)
{
    size_t p = (size_t)lattn_features(d);

    *gram = (struct gram){.d = d, .m = m, .p = (int32_t)p, .bias = bias};
    gram->G = numbers_new(p * p);
    gram->B = numbers_new(p * (size_t)m);
    gram->yy = numbers_new((size_t)m);
    gram->D2 = numbers_new(p);
}

void gram_done(struct gram *gram)
{
    memory_release(gram->G);
    memory_release(gram->B);
    memory_release(gram->yy);
    memory_release(gram->D2);
    *gram = (struct gram){0};
}

static long double coordinate(const struct lattn_item *item, int32_t bias, int32_t t, int32_t j)
{
    if (j < bias)
        return 1;
    return item->z[(size_t)t * (size_t)item->d + (size_t)(j - bias)];
}

static long double moment(const struct lattn_item *item, int32_t bias, int32_t seen, int32_t j,
                          int32_t k)
{
    long double sum = 0;

    for (int32_t t = 0; t < seen; t++)
        sum += coordinate(item, bias, t, j) * coordinate(item, bias, t, k);
    return sum;
}

void gram_features(const struct lattn_item *item, int32_t bias, int32_t seen, int32_t query,
                   long double *ret_phi)
{
    int32_t d = item->d + bias;

    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++) {
            long double s = moment(item, bias, seen, j, k);

            for (int32_t l = 0; l < d; l++)
                *ret_phi++ = s * coordinate(item, bias, query, l);
        }
}

/* D^2 += w S_jj S_kk z_l^2 */
static void scales_add(struct gram *gram, const struct lattn_item *item, int32_t seen,
                       int32_t query)
{
    long double *D2 = gram->D2;

    for (int32_t j = 0; j < gram->d; j++)
        for (int32_t k = j; k < gram->d; k++) {
            long double both =
                moment(item, gram->bias, seen, j, j) * moment(item, gram->bias, seen, k, k);

            for (int32_t l = 0; l < gram->d; l++) {
                long double z = coordinate(item, gram->bias, query, l);

                *D2++ += item->weight * both * z * z;
            }
        }
}

static void row_add(struct gram *gram, const long double *phi, const double *y, double weight,
                    double forget)
{
    size_t p = (size_t)gram->p;
    size_t m = (size_t)gram->m;

    for (size_t j = 0; j < p; j++) {
        for (size_t k = 0; k < p; k++)
            gram->G[j * p + k] = forget * gram->G[j * p + k] + weight * phi[j] * phi[k];
        for (size_t a = 0; a < m; a++)
            gram->B[j * m + a] = forget * gram->B[j * m + a] + weight * phi[j] * y[a];
    }
    for (size_t a = 0; a < m; a++)
        gram->yy[a] = forget * gram->yy[a] + (long double)weight * y[a] * y[a];
    gram->weight = forget * gram->weight + weight;
    gram->weight2 = (long double)forget * forget * gram->weight2 + (long double)weight * weight;
}

void gram_add(struct gram *gram, const struct lattn_item *item, double forget)
{
    long double *phi = numbers_new((size_t)gram->p);

    for (int32_t row = 0; row < lattn_item_rows(item); row++) {
        int32_t seen = item->labels == LATTN_LABELS_CAUSAL ? row + 1 : item->n;
        int32_t query = item->labels == LATTN_LABELS_LAST ? item->n - 1 : row;

        gram_features(item, gram->bias, seen, query, phi);
        row_add(gram, phi, item->y + (size_t)row * (size_t)item->m, item->weight, forget);
        scales_add(gram, item, seen, query);
    }
    memory_release(phi);
}

static void component_gram(struct gram *gram, const struct component *component)
{
    size_t ld;
    const double *R = component_triangle(component, &ld);
    size_t n = (size_t)component->columns;
    size_t p = (size_t)gram->p;
    size_t m = (size_t)gram->m;

    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) {
            size_t row = (size_t)feature_index(gram->d, component->features[j]);
            long double r = R[i * ld + j];

            for (size_t k = i; k < n; k++)
                gram->G[row * p + (size_t)feature_index(gram->d, component->features[k])] +=
                    r * R[i * ld + k];
            for (size_t a = 0; a < m; a++)
                gram->B[row * m + a] += r * R[i * ld + n + a];
        }
}

void gram_of_learner(struct gram *gram, struct lattn_learner *learner)
{
    struct factor *factor = &learner->factor;

    gram_init(gram, factor->d, factor->m, factor->bias);
    cr_assert_eq(factor_look(factor), LATTN_OK);
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            component_gram(gram, factor->components[i]);
    for (int32_t a = 0; a < factor->m; a++)
        gram->yy[a] = factor->yy[a];
    for (int32_t c = 0; c < gram->p; c++)
        gram->D2[c] = factor->scales[c];
    gram->weight = factor->weight;
    gram->weight2 = factor->weight2;
}

double gram_condition(struct lattn_learner *learner)
{
    const struct factor *factor = &learner->factor;
    struct lattn_certificate certificate;
    double largest = 0, least = INFINITY;

    cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];
        const struct solution *solution = component == NULL ? NULL : component->solution;
        size_t rank = solution == NULL ? 0 : (size_t)solution->rank;

        if (rank == 0)
            continue;
        largest = fmax(largest, solution->sigma_max);
        least = fmin(least, solution->head == NULL ? solution->sigma_min
                                                   : fabs(solution->head[rank * rank - 1]));
    }
    return largest / least;
}

/* The error of one entry against the norms behind it; an entry that must be zero has to be. */
static long double entry_distance(long double got, long double want, long double square)
{
    if (got == want)
        return 0;
    return square > 0 ? fabsl(got - want) / sqrtl(square) : INFINITY;
}

long double gram_distance(const struct gram *gram, const struct gram *want)
{
    size_t p = (size_t)gram->p;
    size_t m = (size_t)gram->m;
    long double worst = 0;

    cr_assert_eq(gram->p, want->p);
    cr_assert_eq(gram->m, want->m);
    for (size_t j = 0; j < p; j++) {
        long double square = want->G[j * p + j];

        for (size_t k = 0; k < p; k++)
            worst = fmaxl(worst, entry_distance(gram->G[j * p + k], want->G[j * p + k],
                                                square * want->G[k * p + k]));
        for (size_t a = 0; a < m; a++)
            worst = fmaxl(worst, entry_distance(gram->B[j * m + a], want->B[j * m + a],
                                                square * want->yy[a]));
    }
    return worst;
}

/* Lower triangle L with L L' = G, or 0. */
static int cholesky(const struct gram *gram, long double *L)
{
    size_t p = (size_t)gram->p;

    for (size_t j = 0; j < p; j++)
        for (size_t i = j; i < p; i++) {
            long double sum = gram->G[i * p + j];

            for (size_t k = 0; k < j; k++)
                sum -= L[i * p + k] * L[j * p + k];
            if (i == j && !(sum > 0))
                return 0;
            L[i * p + j] = i == j ? sqrtl(sum) : sum / L[j * p + j];
        }
    return 1;
}

static void forward(size_t p, const long double *L, long double *x)
{
    for (size_t i = 0; i < p; i++) {
        for (size_t k = 0; k < i; k++)
            x[i] -= L[i * p + k] * x[k];
        x[i] /= L[i * p + i];
    }
}

static void backward(size_t p, const long double *L, long double *x)
{
    for (size_t i = p; i-- > 0;) {
        for (size_t k = i + 1; k < p; k++)
            x[i] -= L[k * p + i] * x[k];
        x[i] /= L[i * p + i];
    }
}

int gram_solve(const struct gram *gram, long double *ret_w)
{
    size_t p = (size_t)gram->p;
    long double *L = numbers_new(p * p);
    int is_definite = cholesky(gram, L);

    for (size_t a = 0; is_definite && a < (size_t)gram->m; a++, ret_w += p) {
        for (size_t j = 0; j < p; j++)
            ret_w[j] = gram->B[j * (size_t)gram->m + a];
        forward(p, L, ret_w);
        backward(p, L, ret_w);
    }
    memory_release(L);
    return is_definite;
}

long double gram_leverage(const struct gram *gram, const long double *phi)
{
    size_t p = (size_t)gram->p;
    long double *L = numbers_new(p * p);
    long double *x = numbers_new(p);
    long double square = 0;

    cr_assert(cholesky(gram, L));
    memcpy(x, phi, p * sizeof *x);
    forward(p, L, x);
    for (size_t i = 0; i < p; i++)
        square += x[i] * x[i];
    memory_release(L);
    memory_release(x);
    return square;
}
