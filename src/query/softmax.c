/*
 * One softmax head from d + d^2 questions. Column j of U W, one entry per row u_i of the anchored
 * frame U, is asked with the last token t e_j; blocks of columns fill a call.
 */
#include "query/softmax.h"

#include "base/memory.h"
#include "query/bilinear.h"
#include "query/frame.h"
#include "query/value.h"

#include <string.h>

/*
 * columns    of a block
 * frame      d x d: U
 * entries    d x d: row j is column j of U W
 * variances  d x d: of the entries, in that order
 * axes       columns x d: unit vectors
 * forms      columns x d: of a block, column by column
 */
struct workspace {
    int32_t columns;
    double *frame;
    double *entries;
    double *variances;
    double *axes;
    struct bilinear_form *forms;
};

static enum lattn_status workspace_init(struct workspace *workspace, int32_t d)
{
    size_t n = (size_t)d;
    size_t columns = LATTN_QUESTIONS_MAX / n < n ? LATTN_QUESTIONS_MAX / n : n;

    *workspace = (struct workspace){
        .columns = (int32_t)columns,
        .frame = memory_raw(n * n, sizeof(double)),
        .entries = memory_raw(n * n, sizeof(double)),
        .variances = memory_raw(n * n, sizeof(double)),
        .axes = memory_raw(columns * n, sizeof(double)),
        .forms = memory_raw(columns * n, sizeof(struct bilinear_form)),
    };
    return workspace->frame == NULL || workspace->entries == NULL || workspace->variances == NULL ||
                   workspace->axes == NULL || workspace->forms == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

static void workspace_done(struct workspace *workspace)
{
    memory_release(workspace->frame);
    memory_release(workspace->entries);
    memory_release(workspace->variances);
    memory_release(workspace->axes);
    memory_release(workspace->forms);
}

/* Ask the columns first .. first + count - 1 of U W. */
static enum lattn_status columns_ask(struct bilinear *bilinear, struct workspace *workspace,
                                     size_t first, size_t count)
{
    size_t d = (size_t)bilinear->oracle->d;
    enum lattn_status status;

    memset(workspace->axes, 0, count * d * sizeof *workspace->axes);
    for (size_t j = 0; j < count; j++) {
        workspace->axes[j * d + first + j] = 1;
        for (size_t i = 0; i < d; i++)
            workspace->forms[j * d + i] = (struct bilinear_form){
                .u = workspace->frame + i * d,
                .b = workspace->axes + j * d,
            };
    }
    status = bilinear_ask(bilinear, ORACLE_LEARN, count * d, workspace->forms);
    for (size_t k = 0; status == LATTN_OK && k < count * d; k++) {
        const struct bilinear_form *form = &workspace->forms[k];

        workspace->entries[first * d + k] = form->value;
        workspace->variances[first * d + k] = form->error * form->error;
    }
    return status;
}

static enum lattn_status entries_ask(struct bilinear *bilinear, struct workspace *workspace,
                                     struct random *random)
{
    struct oracle *oracle = bilinear->oracle;
    int32_t d = oracle->d;
    enum lattn_status status;

    oracle_phase(oracle, "finding the scale of W", 0);
    status = bilinear_scale(bilinear, random);
    if (status != LATTN_OK)
        return status;
    frame_anchor(d, bilinear->v, workspace->frame);
    bilinear_stretch(bilinear, d, workspace->frame);
    oracle_phase(oracle, "learning W", oracle_count(oracle) + (uint64_t)d * (uint64_t)d);
    for (int32_t j = 0; status == LATTN_OK && j < d; j += workspace->columns) {
        int32_t count = d - j < workspace->columns ? d - j : workspace->columns;

        status = columns_ask(bilinear, workspace, (size_t)j, (size_t)count);
    }
    return status;
}

/* W of a head whose value is known. */
static enum lattn_status weights_learn(struct oracle *oracle, const struct conditions *conditions,
                                       struct random *random, struct lattn_attention *attention)
{
    struct workspace workspace = {0};
    struct bilinear bilinear;
    enum lattn_status status =
        bilinear_init(&bilinear, oracle, conditions, attention->V, attention->V_error);

    if (status == LATTN_OK)
        status = workspace_init(&workspace, oracle->d);
    if (status == LATTN_OK)
        status = entries_ask(&bilinear, &workspace, random);
    if (status == LATTN_OK)
        status = frame_solve(oracle->d, workspace.frame, workspace.entries, workspace.variances,
                             attention->W, attention->W_error);
    workspace_done(&workspace);
    bilinear_done(&bilinear);
    return status;
}

enum lattn_status softmax_learn(struct oracle *oracle, const struct conditions *conditions,
                                struct random *random, struct lattn_attention **ret_attention)
{
    return value_learn_layer(oracle, conditions, random, weights_learn, ret_attention);
}

uint64_t softmax_count(int32_t d)
{
    return (uint64_t)d + (uint64_t)d * (uint64_t)d;
}
