/*
 * The spectrum of a learner: over all components together, on the axis of the certificate.
 */
#include "base/memory.h"
#include "core/certificate.h"
#include "core/ends.h"
#include "core/learner.h"
#include "core/solution.h"
#include "core/spectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beside the largest value less than this is none: as rho_seen of the certificate. */
static const double unit_roundoff = 0x1p-53;

static int64_t features_seen(const struct factor *factor)
{
    int64_t seen = 0;

    for (int32_t i = 0; i < factor->components_count; i++)
        for (int32_t c = 0; factor->components[i] != NULL && c < factor->components[i]->columns;
             c++)
            seen += factor->components[i]->solution->inverse[c] > 0;
    return seen;
}

static int value_order(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a < b) - (a > b);
}

/*
 * Add the values of a component behind `count` others. Its columns that were never seen are zeros,
 * the last of its values.
 */
static enum lattn_status values_add(const struct component *component, double *values,
                                    int64_t *count)
{
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    double *sigma = memory_raw((size_t)component->columns, sizeof *sigma);
    enum lattn_status status = LATTN_NO_MEMORY;
    int32_t next = 0;

    if (sigma != NULL)
        status = spectrum_all(component->columns, r, ldr, component->solution->inverse, sigma);
    for (int32_t c = 0; status == LATTN_OK && c < component->columns; c++)
        if (component->solution->inverse[c] > 0)
            values[(*count)++] = sigma[next++];
    memory_release(sigma);
    return status;
}

static enum lattn_status spectrum_of_all(const struct factor *factor,
                                         struct lattn_spectrum *spectrum)
{
    int64_t count = 0;
    enum lattn_status status = LATTN_OK;

    spectrum->largest = memory_raw((size_t)spectrum->seen, sizeof *spectrum->largest);
    if (spectrum->largest == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; status == LATTN_OK && i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            status = values_add(factor->components[i], spectrum->largest, &count);
    qsort(spectrum->largest, (size_t)count, sizeof *spectrum->largest, value_order);
    spectrum->largest_count = (int32_t)count;
    return status;
}

static enum lattn_status spectrum_of_ends(const struct factor *factor,
                                          struct lattn_spectrum *spectrum)
{
    struct ends ends = {.largest_count = 0};
    enum lattn_status status = LATTN_OK;

    for (int32_t i = 0; status == LATTN_OK && i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            status = ends_add(&ends, factor->components[i]);
    if (status != LATTN_OK)
        return status;
    spectrum->largest = memory_raw((size_t)2 * LATTN_SPECTRUM_END, sizeof *spectrum->largest);
    if (spectrum->largest == NULL)
        return LATTN_NO_MEMORY;
    spectrum->largest_count = ends.largest_count;
    spectrum->smallest_count = ends.smallest_count;
    memcpy(spectrum->largest, ends.largest, sizeof ends.largest);
    for (int32_t i = 0; i < ends.smallest_count; i++)
        spectrum->largest[ends.largest_count + i] = ends.smallest[ends.smallest_count - 1 - i];
    return LATTN_OK;
}

/* Put all values on the axis where the largest is 1. */
static void spectrum_scale(struct lattn_spectrum *spectrum)
{
    int32_t count = spectrum->largest_count + spectrum->smallest_count;
    double largest = count > 0 ? spectrum->largest[0] : 0;

    spectrum->smallest = spectrum->largest + spectrum->largest_count;
    for (int32_t i = 0; i < count; i++) {
        double value = largest > 0 ? spectrum->largest[i] / largest : 0;

        spectrum->largest[i] = value >= unit_roundoff ? value : 0;
    }
}

/* Was a rank not looked for? Then there are no values. */
static int is_early(const struct factor *factor)
{
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL && component_is_early(factor->components[i]))
            return 1;
    return 0;
}

enum lattn_status lattn_learner_spectrum(struct lattn_learner *learner,
                                         struct lattn_spectrum *ret_spectrum)
{
    struct factor *factor = &learner->factor;
    struct lattn_spectrum spectrum = {.generation = factor->generation};
    enum lattn_status status;

    if (factor->pairs == 0) {
        *ret_spectrum = spectrum;
        return LATTN_OK;
    }
    status = certificate_ranks(factor, learner_precision(learner), CERTIFICATE_SPECTRUM);
    if (status != LATTN_OK)
        return status;
    spectrum.seen = features_seen(factor);
    if (is_early(factor)) {
        *ret_spectrum = spectrum;
        return LATTN_OK;
    }
    status = spectrum.seen <= LATTN_SPECTRUM_ALL_MAX ? spectrum_of_all(factor, &spectrum)
                                                     : spectrum_of_ends(factor, &spectrum);
    if (status != LATTN_OK) {
        lattn_spectrum_done(&spectrum);
        return status;
    }
    spectrum_scale(&spectrum);
    *ret_spectrum = spectrum;
    return LATTN_OK;
}

void lattn_spectrum_done(struct lattn_spectrum *spectrum)
{
    if (spectrum == NULL)
        return;
    memory_release(spectrum->largest);
    memory_release(spectrum->heads);
    *spectrum = (struct lattn_spectrum){0};
}
