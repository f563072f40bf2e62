/*
 * Learns some streams and writes what was learned, and what came out, for numpy_judge.py: one JSON
 * object a line, numbers as %.17g.
 */
#include "base/memory.h"
#include "core/dense.h"
#include "support/corpus.h"

#include <stdio.h>

enum { INPUTS = 20, LAYER_HEADS = 2 };

/*
 * rows     label rows, as a multiple of the features
 * repeats  the last coordinate repeats the first: a deficient stream
 * weights  each item has its own
 */
struct sample {
    const char *name;
    struct corpus_shape shape;
    int32_t bias;
    int32_t rows;
    double noise;
    double forget;
    int32_t repeats;
    int32_t weights;
};

static const struct sample samples[] = {
    {"d=2", {2, 1, 2, 10, LATTN_LABELS_LAST}, 0, 20, 0.1, 1, 0, 0},
    {"d=4", {4, 2, 2, 10, LATTN_LABELS_LAST}, 0, 5, 0.1, 1, 0, 0},
    {"d=4 causal", {4, 1, 20, 20, LATTN_LABELS_CAUSAL}, 0, 5, 0.1, 1, 0, 0},
    {"d=4 full", {4, 1, 8, 8, LATTN_LABELS_FULL}, 0, 10, 0.1, 1, 0, 0},
    {"d=3 bias", {3, 1, 2, 10, LATTN_LABELS_LAST}, 1, 5, 0.1, 1, 0, 0},
    {"d=4 weights", {4, 1, 2, 10, LATTN_LABELS_LAST}, 0, 5, 0.1, 1, 0, 1},
    {"d=4 forget", {4, 1, 2, 10, LATTN_LABELS_LAST}, 0, 10, 0.1, 0.995, 0, 0},
    {"d=6", {6, 3, 2, 10, LATTN_LABELS_LAST}, 0, 5, 0.1, 1, 0, 0},
    {"d=8", {8, 1, 2, 20, LATTN_LABELS_LAST}, 0, 4, 0.1, 1, 0, 0},
    {"d=8 causal", {8, 1, 30, 30, LATTN_LABELS_CAUSAL}, 0, 4, 0.1, 1, 0, 0},
    {"d=4 deficient", {4, 1, 2, 10, LATTN_LABELS_LAST}, 0, 5, 0.1, 1, 1, 0},
    {"d=6 deficient", {6, 1, 2, 10, LATTN_LABELS_LAST}, 0, 5, 0.1, 1, 1, 0},
};

static void numbers_print(const char *name, const double *numbers, size_t count)
{
    printf("\"%s\": [", name);
    for (size_t i = 0; i < count; i++)
        printf("%s%.17g", i > 0 ? ", " : "", numbers[i]);
    printf("]");
}

static void items_print(const char *name, const struct corpus *corpus)
{
    static const char *const labels[] = {"last", "causal", "full"};

    printf("\"%s\": [", name);
    for (size_t i = 0; i < corpus->count; i++) {
        const struct lattn_item *item = &corpus->items[i];

        printf("%s{\"n\": %d, \"labels\": \"%s\", \"weight\": %.17g, ", i > 0 ? ", " : "", item->n,
               labels[item->labels], item->weight);
        numbers_print("z", item->z, (size_t)item->n * (size_t)item->d);
        printf(", ");
        numbers_print("y", item->y, (size_t)lattn_item_rows(item) * (size_t)item->m);
        printf("}");
    }
    printf("], ");
}

static void certificate_print(struct lattn_learner *learner)
{
    struct lattn_certificate certificate = corpus_certify(learner);

    printf("\"verdict\": \"%s\", \"p\": %ld, \"rank\": %ld, \"lambda_min\": %.17g, "
           "\"lambda_max\": %.17g, \"rho\": %.17g, ",
           lattn_verdict_text(certificate.verdict), certificate.p, certificate.rank,
           certificate.lambda_min, certificate.lambda_max, certificate.rho);
}

static void solution_print(struct lattn_learner *learner)
{
    size_t p = (size_t)lattn_features(lattn_learner_dim(learner));
    double *coef = corpus_solution(learner);

    numbers_print("coef", coef, (size_t)lattn_learner_outputs(learner) * p);
    printf(", ");
    memory_release(coef);
}

static void predictions_print(struct lattn_learner *learner, const struct corpus *inputs)
{
    printf("\"predictions\": [");
    for (size_t i = 0; i < inputs->count; i++) {
        double y[3], std_error[3];
        struct lattn_prediction prediction = {.y = y, .std_error = std_error};
        size_t m = (size_t)lattn_learner_outputs(learner);

        if (lattn_learner_predict(learner, &inputs->items[i], &prediction, NULL) != LATTN_OK)
            continue;
        printf("%s{\"determined\": %s, \"leverage\": %.17g, ", i > 0 ? ", " : "",
               prediction.determined ? "true" : "false",
               prediction.determined ? prediction.leverage : 0);
        numbers_print("y", y, m);
        printf(", ");
        numbers_print("std_error", std_error, prediction.has_std_error ? m : 0);
        printf("}");
    }
    printf("]");
}

static void corpus_fill(struct corpus *corpus, struct random *random, const struct sample *sample,
                        const struct lattn_model *model)
{
    size_t rows = (size_t)sample->rows * (size_t)lattn_features(model->d);

    if (sample->shape.labels != LATTN_LABELS_LAST)
        rows = rows / (size_t)sample->shape.tokens_min + 1;
    corpus_add_normals(corpus, random, rows, &sample->shape);
    if (sample->repeats)
        corpus_repeat(corpus);
    corpus_label(corpus, random, model, sample->noise);
    for (size_t i = 0; i < corpus->count && sample->weights; i++)
        corpus->items[i].weight = 0.1 + 2 * random_uniform(random);
}

static void sample_print(const struct sample *sample, uint64_t seed)
{
    struct random random = {.state = seed};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct corpus_shape shape = sample->shape;
    struct lattn_model *model = corpus_model(&random, shape.d + sample->bias, shape.m, LAYER_HEADS);
    struct lattn_learner *learner;
    struct corpus corpus = {0}, inputs = {0};

    settings.bias = sample->bias;
    settings.forget = sample->forget;
    model->bias = sample->bias;
    learner = corpus_learner(&settings);
    corpus_fill(&corpus, &random, sample, model);
    corpus_teach_blocks(&corpus, 37, learner);
    shape.labels = LATTN_LABELS_LAST;
    corpus_add_normals(&inputs, &random, INPUTS, &shape);
    printf("{\"name\": \"%s\", \"d\": %d, \"m\": %d, \"bias\": %d, \"forget\": %.17g, ",
           sample->name, shape.d, shape.m, sample->bias, sample->forget);
    items_print("items", &corpus);
    items_print("inputs", &inputs);
    certificate_print(learner);
    solution_print(learner);
    predictions_print(learner, &inputs);
    printf("}\n");
    corpus_done(&corpus);
    corpus_done(&inputs);
    lattn_model_close(&model);
    lattn_learner_close(&learner);
}

int main(void)
{
    dense_threads_one();
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        sample_print(&samples[i], 61 + i);
    return 0;
}
