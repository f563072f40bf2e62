/* Every question and its negative. */
#include "query/mirror.h"

#include "base/memory.h"

#include <math.h>

/* For what the outer oracle is just being asked: the count that has moved. */
static enum oracle_purpose purpose_find(struct mirror *mirror)
{
    struct lattn_asked before = mirror->seen;

    mirror->seen = mirror->outer.counts;
    if (mirror->seen.learn > before.learn)
        return ORACLE_LEARN;
    return mirror->seen.trial > before.trial ? ORACLE_TRIAL : ORACLE_VERIFY;
}

static enum lattn_status mirror_ask(void *arg, size_t count, struct lattn_question *questions,
                                    struct lattn_complaint *complaint)
{
    struct mirror *mirror = arg;
    enum oracle_purpose purpose = purpose_find(mirror);
    size_t size = (size_t)questions[0].n * (size_t)mirror->inner->d;
    double *x = memory_raw(2 * count * size + 2 * count, sizeof *x), *y;
    enum lattn_status status;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    y = x + 2 * count * size;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < size; j++) {
            x[2 * i * size + j] = questions[i].x[j];
            x[(2 * i + 1) * size + j] = -questions[i].x[j];
        }
    status = oracle_ask(mirror->inner, purpose, 2 * count, questions[0].n, x, y);
    for (size_t i = 0; i < count && status == LATTN_OK; i++)
        questions[i].y[0] = y[2 * i] - y[2 * i + 1];
    memory_release(x);
    if (status != LATTN_OK)
        *complaint = mirror->inner->complaint;
    return status;
}

enum lattn_status mirror_open(struct mirror *mirror, struct oracle *inner,
                              const struct conditions *conditions, const struct terrain *terrain)
{
    const struct lattn_probe_settings settings = {0};

    *mirror = (struct mirror){
        .conditions = *conditions,
        .face = {.d = inner->d, .m = 1, .ask = mirror_ask, .arg = mirror},
        .inner = inner,
    };
    mirror->conditions.noise = M_SQRT2 * terrain_error(terrain, conditions, conditions->norm);
    mirror->conditions.step = 0;
    return oracle_init(&mirror->outer, &mirror->face, &settings);
}

void mirror_close(struct mirror *mirror)
{
    if (mirror->inner->complaint.text[0] == '\0')
        mirror->inner->complaint = mirror->outer.complaint;
    oracle_done(&mirror->outer);
}
