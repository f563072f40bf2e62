#include "support/corpus.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *obtain(size_t count, size_t size)
{
    void *memory = memory_zeroed(count, size);

    cr_assert_not_null(memory);
    return memory;
}

void corpus_done(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        memory_release((void *)corpus->items[i].z);
        memory_release((void *)corpus->items[i].y);
    }
    memory_release(corpus->items);
    *corpus = (struct corpus){0};
}

struct corpus_entry corpus_add(struct corpus *corpus, int32_t n, const struct corpus_shape *shape)
{
    struct lattn_item item = {.weight = 1, .n = n, .d = shape->d, .m = shape->m};
    struct corpus_entry entry;

    item.labels = shape->labels;
    entry.z = obtain((size_t)n * (size_t)shape->d, sizeof(double));
    entry.y = obtain((size_t)lattn_item_rows(&item) * (size_t)shape->m, sizeof(double));
    item.z = entry.z;
    item.y = entry.y;
    if (corpus->count == corpus->room) {
        size_t room = 2 * corpus->room + 16;
        struct lattn_item *items = obtain(room, sizeof *items);

        if (corpus->count > 0)
            memcpy(items, corpus->items, corpus->count * sizeof *items);
        memory_release(corpus->items);
        corpus->items = items;
        corpus->room = room;
    }
    corpus->items[corpus->count++] = item;
    return entry;
}

static struct corpus_shape shape_of(const struct lattn_item *item)
{
    return (struct corpus_shape){item->d, item->m, item->n, item->n, item->labels};
}

void corpus_add_copy(struct corpus *corpus, const struct lattn_item *item)
{
    struct corpus_shape shape = shape_of(item);
    struct corpus_entry entry = corpus_add(corpus, item->n, &shape);

    memcpy(entry.z, item->z, (size_t)item->n * (size_t)item->d * sizeof *entry.z);
    memcpy(entry.y, item->y, (size_t)lattn_item_rows(item) * (size_t)item->m * sizeof *entry.y);
    corpus->items[corpus->count - 1].weight = item->weight;
}

void corpus_add_task(struct corpus *corpus, struct lattn_task *task)
{
    struct corpus_entry entry;
    struct corpus_shape shape;
    struct lattn_item item;

    lattn_task_next(task, &item);
    shape = shape_of(&item);
    entry = corpus_add(corpus, item.n, &shape);
    lattn_item_expand(&item, item.d, entry.z);
    memcpy(entry.y, item.y, (size_t)lattn_item_rows(&item) * (size_t)item.m * sizeof *entry.y);
}

void corpus_add_rows(struct corpus *corpus, const struct lattn_item *item)
{
    struct corpus_shape shape = shape_of(item);
    size_t d = (size_t)item->d;
    size_t m = (size_t)item->m;

    shape.labels = LATTN_LABELS_LAST;
    for (int32_t row = 0; row < lattn_item_rows(item); row++) {
        int32_t n = item->labels == LATTN_LABELS_CAUSAL ? row + 1 : item->n;
        size_t last = (size_t)n - 1;
        size_t query = item->labels == LATTN_LABELS_LAST ? last : (size_t)row;
        struct corpus_entry entry = corpus_add(corpus, n, &shape);

        memcpy(entry.z, item->z, (size_t)n * d * sizeof *entry.z);
        memcpy(entry.z + query * d, item->z + last * d, d * sizeof *entry.z);
        memcpy(entry.z + last * d, item->z + query * d, d * sizeof *entry.z);
        memcpy(entry.y, item->y + (size_t)row * m, m * sizeof *entry.y);
        corpus->items[corpus->count - 1].weight = item->weight;
    }
}

void corpus_add_normals(struct corpus *corpus, struct random *random, size_t count,
                        const struct corpus_shape *shape)
{
    uint32_t lengths = (uint32_t)(shape->tokens_max - shape->tokens_min) + 1;

    for (size_t i = 0; i < count; i++) {
        int32_t n = shape->tokens_min + (int32_t)random_below(random, lengths);
        struct corpus_entry entry = corpus_add(corpus, n, shape);
        const struct lattn_item *item = &corpus->items[corpus->count - 1];

        random_normals(random, entry.z, (int64_t)n * shape->d);
        random_normals(random, entry.y, (int64_t)lattn_item_rows(item) * shape->m);
    }
}

void corpus_label(struct corpus *corpus, struct random *random, const struct lattn_model *model,
                  double noise)
{
    for (size_t i = 0; i < corpus->count; i++) {
        struct corpus rows = {0};
        const struct lattn_item *item = &corpus->items[i];
        double *y = (double *)item->y;

        corpus_add_rows(&rows, item);
        for (size_t row = 0; row < rows.count; row++, y += item->m) {
            double error[LATTN_OUTPUTS_MAX];

            lattn_model_apply(model, rows.items[row].z, rows.items[row].n, y);
            random_normals(random, error, item->m);
            for (int32_t a = 0; a < item->m; a++)
                y[a] += noise * error[a];
        }
        corpus_done(&rows);
    }
}

void corpus_repeat(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        const struct lattn_item *item = &corpus->items[i];
        double *z = (double *)item->z;

        for (int32_t t = 0; t < item->n; t++)
            z[t * item->d + item->d - 1] = z[t * item->d];
    }
}

void corpus_shuffle(struct corpus *corpus, struct random *random)
{
    for (size_t i = corpus->count; i > 1; i--) {
        size_t j = random_below(random, (uint32_t)i);
        struct lattn_item kept = corpus->items[i - 1];

        corpus->items[i - 1] = corpus->items[j];
        corpus->items[j] = kept;
    }
}

struct lattn_model *corpus_model(struct random *random, int32_t d, int32_t m, int32_t heads)
{
    struct lattn_model *model;

    cr_assert_eq(lattn_model_open(&model, d, m, heads), LATTN_OK);
    random_normals(random, model->V, (int64_t)heads * m * d);
    random_normals(random, model->Q, (int64_t)heads * d * d);
    return model;
}

double *corpus_coef(const struct lattn_model *model)
{
    double *coef = obtain((size_t)model->m * (size_t)lattn_features(model->d), sizeof *coef);

    lattn_model_coef(model, coef);
    return coef;
}

struct lattn_learner *corpus_learner(const struct lattn_learner_settings *settings)
{
    struct lattn_learner *learner;

    cr_assert_eq(lattn_learner_open(&learner, settings), LATTN_OK);
    return learner;
}

void corpus_teach(const struct corpus *corpus, size_t first, size_t count,
                  struct lattn_learner *learner)
{
    const struct lattn_batch batch = {corpus->items + first, count};

    for (size_t i = 0; i < count; i++) {
        struct lattn_complaint complaint;

        cr_assert_eq(lattn_learner_admit(learner, &batch.items[i], &complaint), LATTN_OK, "%s",
                     complaint.text);
    }
    lattn_learner_absorb(learner, &batch);
}

void corpus_teach_blocks(const struct corpus *corpus, size_t block, struct lattn_learner *learner)
{
    for (size_t first = 0; first < corpus->count; first += block)
        corpus_teach(corpus, first, first + block < corpus->count ? block : corpus->count - first,
                     learner);
}

void corpus_teach_item(const struct lattn_item *item, struct lattn_learner *learner)
{
    const struct corpus one = {.items = (struct lattn_item *)item, .count = 1};

    corpus_teach(&one, 0, 1, learner);
}

struct lattn_certificate corpus_certify(struct lattn_learner *learner)
{
    struct lattn_certificate certificate;

    cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
    return certificate;
}

double *corpus_solution(struct lattn_learner *learner)
{
    size_t p = (size_t)lattn_features(lattn_learner_dim(learner));
    double *coef = obtain((size_t)lattn_learner_outputs(learner) * p, sizeof *coef);

    cr_assert_eq(lattn_learner_coef(learner, coef), LATTN_OK);
    return coef;
}

double corpus_distance(const double *got, const double *want, size_t count)
{
    double difference = 0;
    double norm = 0;

    for (size_t i = 0; i < count; i++) {
        difference += (got[i] - want[i]) * (got[i] - want[i]);
        norm += want[i] * want[i];
    }
    return sqrt(difference / norm);
}

int corpus_is_long(void)
{
    const char *asked = getenv("LATTN_LONG");

    return asked != NULL && strcmp(asked, "1") == 0;
}
