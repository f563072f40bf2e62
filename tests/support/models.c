#include "support/models.h"

#include "base/memory.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void names_give(struct lattn_model *model)
{
    static const char *const signs[] = {"\"", "\\", "\n", "ж", "\xf0\x9d\x84\x9e"};
    struct lattn_block block = {"block \"ß\"", 0, model->d};
    char name[32];
    int32_t index;

    for (int32_t i = 0; i < model->d; i++) {
        snprintf(name, sizeof name, "%s%d", signs[i % 5], i);
        cr_assert_eq(lattn_names_coordinate(&model->names, name, &index), LATTN_OK);
    }
    cr_assert_eq(lattn_names_output(&model->names, "output", &index), LATTN_OK);
    cr_assert_eq(lattn_names_extend(&model->names, model->d, model->m), LATTN_OK);
    cr_assert_eq(lattn_names_block(&model->names, &block), LATTN_OK);
}

struct lattn_model *models_random(int32_t d, int32_t m, int32_t heads, uint64_t seed)
{
    struct random random = {seed};
    struct lattn_model *model;

    cr_assert_eq(lattn_model_open(&model, d, m, heads), LATTN_OK);
    random_normals(&random, model->V, (int64_t)heads * m * d);
    random_normals(&random, model->Q, (int64_t)heads * d * d);
    for (int32_t h = 0; h < heads; h++)
        model->sigma[h] = heads - h + random_uniform(&random);
    model->bias = 1;
    model->residual = 1.0 / 3e15;
    model->pairs = UINT64_MAX;
    model->generation = 5;
    model->decomposition = LATTN_DECOMPOSITION_FEWEST;
    model->certified = seed % 2 == 0 ? LATTN_CERTIFIED_MINIMAL : LATTN_CERTIFIED_NOT;
    model->certificate = memory_zeroed(1, sizeof *model->certificate);
    cr_assert_not_null(model->certificate);
    model->certificate->verdict = LATTN_IDENTIFYING;
    model->certificate->p = lattn_features(d);
    model->certificate->rank = model->certificate->p;
    model->certificate->lambda_min = 0.1;
    model->certificate->pairs = model->pairs;
    model->certificate->generation = model->generation;
    names_give(model);
    return model;
}

static int numbers_are_equal(const double *a, const double *b, size_t count)
{
    return count == 0 || memcmp(a, b, count * sizeof *a) == 0;
}

static int names_are_equal(const struct lattn_names *a, const struct lattn_names *b)
{
    if (a->coordinates_count != b->coordinates_count || a->outputs_count != b->outputs_count ||
        a->blocks_count != b->blocks_count)
        return 0;
    for (int32_t i = 0; i < a->coordinates_count; i++)
        if (strcmp(a->coordinates[i], b->coordinates[i]) != 0)
            return 0;
    for (int32_t i = 0; i < a->outputs_count; i++)
        if (strcmp(a->outputs[i], b->outputs[i]) != 0)
            return 0;
    for (int32_t i = 0; i < a->blocks_count; i++)
        if (strcmp(a->blocks[i].name, b->blocks[i].name) != 0 ||
            a->blocks[i].start != b->blocks[i].start || a->blocks[i].size != b->blocks[i].size)
            return 0;
    return 1;
}

int models_are_equal(const struct lattn_model *a, const struct lattn_model *b)
{
    size_t heads = (size_t)a->heads;
    size_t d = (size_t)a->d;

    return a->d == b->d && a->m == b->m && a->heads == b->heads && a->bias == b->bias &&
           a->decomposition == b->decomposition && a->certified == b->certified &&
           numbers_are_equal(a->V, b->V, heads * (size_t)a->m * d) &&
           numbers_are_equal(a->Q, b->Q, heads * d * d) &&
           numbers_are_equal(a->sigma, b->sigma, heads) && a->pairs == b->pairs &&
           a->generation == b->generation &&
           (a->residual == b->residual || (isnan(a->residual) && isnan(b->residual))) &&
           names_are_equal(&a->names, &b->names);
}
