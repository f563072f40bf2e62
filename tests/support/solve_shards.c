/* Learned from sequences of normals, whose labels are those of one model. */
#include "support/solve_shards.h"

#include "store/state.h"
#include "support/bytes.h"
#include "support/corpus.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* The last coordinate follows from the first; how closely, differs. */
static void corpus_mix(struct corpus *corpus, int32_t d, double share)
{
    for (size_t i = 0; i < corpus->count; i++)
        for (int32_t t = 0; t < corpus->items[i].n; t++) {
            double *token = (double *)corpus->items[i].z + t * d;

            token[d - 1] += share * token[0];
        }
}

static void shard_make(const char *path, const struct corpus *corpus, int32_t shard)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct state state;
    struct bytes bytes = {0};

    settings.engine = LATTN_ENGINE_GRAM;
    cr_assert_eq(state_open(&state, &settings), LATTN_OK);
    state.origin = (struct origin){.shard = shard, .shards = SOLVE_SHARDS, .epoch = 1};
    (void)snprintf(state.origin.worker, sizeof state.origin.worker, "%032d", shard);
    corpus_teach_blocks(corpus, 16, state.learner);
    cr_assert_eq(state_save(&state, bytes_sink, &bytes), LATTN_OK);
    folder_write(path, bytes.data, bytes.length);
    bytes_done(&bytes);
    state_done(&state);
}

void solve_shards_make(struct solve_shards *shards, int32_t d, size_t pairs, int is_turned)
{
    const struct corpus_shape shape = {d, SOLVE_OUTPUTS, 3, 6, LATTN_LABELS_LAST};
    struct random random = {.state = 7};
    struct lattn_model *truth = corpus_model(&random, d, SOLVE_OUTPUTS, 1);

    shards->folder = folder_make();
    for (int32_t k = 0; k < SOLVE_SHARDS; k++) {
        struct corpus corpus = {0};

        corpus_add_normals(&corpus, &random, pairs, &shape);
        if (is_turned)
            corpus_mix(&corpus, d, 3 + k);
        corpus_label(&corpus, &random, truth, 0.1);
        (void)snprintf(shards->names[k], sizeof shards->names[k], "shard%d", k);
        (void)snprintf(shards->paths[k], sizeof shards->paths[k], "%s",
                       folder_file(&shards->folder, shards->names[k]));
        shards->list[k] = shards->paths[k];
        shard_make(shards->paths[k], &corpus, k);
        corpus_done(&corpus);
    }
    lattn_model_close(&truth);
}

void solve_shards_done(struct solve_shards *shards)
{
    folder_remove(&shards->folder);
}

struct shards_wish solve_shards_wish(const struct solve_shards *shards)
{
    return (struct shards_wish){.paths = shards->list, .count = SOLVE_SHARDS};
}
