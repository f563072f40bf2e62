#include "core/product.h"

static int pair_is(const struct feature *feature, int32_t j, int32_t k)
{
    return feature->j == j && feature->k == k;
}

/* How many d make d (d + 1) / 2 pairs; 0 where none does. */
static int32_t coordinates_of(int32_t pairs)
{
    int32_t d = 1;

    while (d * (d + 1) / 2 < pairs)
        d++;
    return d * (d + 1) / 2 == pairs ? d : 0;
}

/* Has each pair the queries of the first one, increasing? */
static int queries_repeat(const struct feature *features, int32_t count, int32_t e)
{
    for (int32_t i = 0; i < count; i++) {
        const struct feature *first = &features[i - i % e];

        if (!pair_is(&features[i], first->j, first->k) || features[i].l != features[i % e].l ||
            (i % e > 0 && features[i].l <= features[i - 1].l))
            return 0;
    }
    return 1;
}

/* Are the pairs all of those of the coordinates that the first d of them name, increasing? */
static int pairs_are_all(const struct feature *features, int32_t d, int32_t e)
{
    const struct feature *pair = features;

    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++, pair += e)
            if (!pair_is(pair, features[j * e].k, features[k * e].k) ||
                (k > 0 && features[k * e].k <= features[(k - 1) * e].k))
                return 0;
    return 1;
}

int product_find(const struct feature *features, int32_t count, int32_t *ret_d, int32_t *ret_e)
{
    int32_t e = 0;
    int32_t d;

    while (e < count && pair_is(&features[e], features[0].j, features[0].k))
        e++;
    if (e == 0 || count % e != 0)
        return 0;
    d = coordinates_of(count / e);
    if (d == 0 || !queries_repeat(features, count, e) || !pairs_are_all(features, d, e))
        return 0;
    *ret_d = d;
    *ret_e = e;
    return 1;
}

int product_compare(const void *a, const void *b)
{
    const struct feature *one = a, *other = b;

    if (one->j != other->j)
        return one->j < other->j ? -1 : 1;
    if (one->k != other->k)
        return one->k < other->k ? -1 : 1;
    return (one->l > other->l) - (one->l < other->l);
}

void product_gather(const struct feature *features, int32_t count, int32_t e, int32_t width,
                    const struct feature_view *view, double *ret_s, double *ret_z)
{
    for (int32_t i = 0; i < count; i += e)
        ret_s[i / e] = view->S[feature_pair(width, features[i].j, features[i].k)];
    for (int32_t l = 0; l < e; l++)
        ret_z[l] = view->z[features[l].l];
}
