#ifndef SUPPORT_CORPUS_H
#define SUPPORT_CORPUS_H

#include "base/random.h"

#include <lattn/batch.h>
#include <lattn/learner.h>
#include <lattn/model.h>
#include <lattn/tasks.h>

#include <stddef.h>

/*
 * Sequences that a test keeps, and the ways a learner is taught them. Whatever is refused or cannot
 * be allocated fails the running test.
 *
 * items  count items that own their tokens and labels
 */
struct corpus {
    struct lattn_item *items;
    size_t count;
    size_t room;
};

/* An entry with tokens and labels all zero and weight 1. */
struct corpus_entry {
    double *z; /* n x d */
    double *y; /* rows x m */
};

struct corpus_shape {
    int32_t d;
    int32_t m;
    int32_t tokens_min; /* lengths are uniform on tokens_min .. tokens_max */
    int32_t tokens_max;
    enum lattn_labels labels;
};

void corpus_done(struct corpus *corpus);

/* Add a sequence of n tokens; the entry is borrowed until corpus_done. */
struct corpus_entry corpus_add(struct corpus *corpus, int32_t n, const struct corpus_shape *shape);

/* Add a copy of an item. */
void corpus_add_copy(struct corpus *corpus, const struct lattn_item *item);

/* Add a copy of the next item of a task, its tokens dense. */
void corpus_add_task(struct corpus *corpus, struct lattn_task *task);

/* Add one item for each label row of an item, each with its label at the last token. */
void corpus_add_rows(struct corpus *corpus, const struct lattn_item *item);

/* Add sequences of standard normal tokens and labels. */
void corpus_add_normals(struct corpus *corpus, struct random *random, size_t count,
                        const struct corpus_shape *shape);

/* Make the labels what a model says, with normal noise on top. */
void corpus_label(struct corpus *corpus, struct random *random, const struct lattn_model *model,
                  double noise);

/* Let the last coordinate of every token repeat the first: an exact dependence. */
void corpus_repeat(struct corpus *corpus);

/* Bring the items into a random order. */
void corpus_shuffle(struct corpus *corpus, struct random *random);

/* A model with heads whose entries are standard normal. */
struct lattn_model *corpus_model(struct random *random, int32_t d, int32_t m, int32_t heads);

/* Coefficients of a model as a new array, m x p; release with memory_release. */
double *corpus_coef(const struct lattn_model *model);

struct lattn_learner *corpus_learner(const struct lattn_learner_settings *settings);

/* Learn items first .. first + count - 1 as one batch. */
void corpus_teach(const struct corpus *corpus, size_t first, size_t count,
                  struct lattn_learner *learner);

/* Learn all items, block of them by block. */
void corpus_teach_blocks(const struct corpus *corpus, size_t block, struct lattn_learner *learner);

/* Learn one item. */
void corpus_teach_item(const struct lattn_item *item, struct lattn_learner *learner);

struct lattn_certificate corpus_certify(struct lattn_learner *learner);

/* Solution of a learner as a new array, m x p; release with memory_release. */
double *corpus_solution(struct lattn_learner *learner);

/* |got - want| / |want| over count numbers. */
double corpus_distance(const double *got, const double *want, size_t count);

/* Does the environment ask for the full campaigns (LATTN_LONG=1)? */
int corpus_is_long(void);

#endif
