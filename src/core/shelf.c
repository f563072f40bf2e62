#include "core/shelf.h"

#include <string.h>

static enum lattn_status heads_copy(const struct lattn_model *model, struct lattn_model **ret_copy)
{
    size_t heads = (size_t)model->heads;
    size_t d = (size_t)model->d;
    size_t m = (size_t)model->m;
    struct lattn_model *copy;
    enum lattn_status status = lattn_model_open(&copy, model->d, model->m, model->heads);

    if (status != LATTN_OK)
        return status;
    memcpy(copy->V, model->V, heads * m * d * sizeof *copy->V);
    memcpy(copy->Q, model->Q, heads * d * d * sizeof *copy->Q);
    memcpy(copy->sigma, model->sigma, heads * sizeof *copy->sigma);
    copy->decomposition = model->decomposition;
    copy->certified = model->certified;
    copy->residual = model->residual;
    *ret_copy = copy;
    return LATTN_OK;
}

void shelf_clear(struct shelf *shelf)
{
    for (int kind = 0; kind < SHELF_KINDS; kind++)
        lattn_model_close(&shelf->models[kind]);
}

enum lattn_status shelf_copy(const struct shelf *shelf, struct shelf *ret_copy)
{
    struct shelf copy = {.generation = shelf->generation, .count = shelf->count};
    enum lattn_status status = LATTN_OK;

    for (int kind = 0; kind < SHELF_KINDS && status == LATTN_OK; kind++)
        if (shelf->models[kind] != NULL)
            status = heads_copy(shelf->models[kind], &copy.models[kind]);
    if (status != LATTN_OK) {
        shelf_clear(&copy);
        return status;
    }
    *ret_copy = copy;
    return LATTN_OK;
}

enum lattn_status shelf_put(struct shelf *shelf, uint64_t generation, enum lattn_heads heads,
                            int32_t count, const struct lattn_model *model)
{
    struct lattn_model *copy = NULL;
    enum lattn_status status = heads_copy(model, &copy);

    if (status != LATTN_OK)
        return status;

    if (shelf->generation != generation)
        shelf_clear(shelf);
    shelf->generation = generation;
    lattn_model_close(&shelf->models[heads]);
    shelf->models[heads] = copy;
    if (heads == LATTN_HEADS_COUNT)
        shelf->count = count;
    return LATTN_OK;
}

enum lattn_status shelf_take(const struct shelf *shelf, uint64_t generation, enum lattn_heads heads,
                             int32_t count, struct lattn_model **ret_model)
{
    const struct lattn_model *model = shelf->models[heads];

    if (model == NULL || shelf->generation != generation ||
        (heads == LATTN_HEADS_COUNT && shelf->count != count))
        return LATTN_MORE;
    return heads_copy(model, ret_model);
}
