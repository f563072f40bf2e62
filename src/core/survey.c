/*
 * Tests items before they are learned from. All items of a block are tested against the row space
 * at hand before the block: what weights at hand were last made from (solution_follow), which is
 * there anyway, and older than the factor by a bounded share of the rows. Since learning only adds
 * to a row space, an older one calls more inputs undetermined, never fewer.
 *
 * Of a block only a sample is tested, drawn by its size alone: under load blocks are large, and
 * tests must not cost what learning does.
 */
#include "core/survey.h"

#include "base/memory.h"
#include "core/learner.h"
#include "core/solution.h"

#include <math.h>
#include <string.h>

enum {
    /* Label rows tested of a block: half of what is learned at once under load. */
    SAMPLE_ROWS = 256,
    /* The same times columns: at worst a test costs a quarter of learning the row. */
    SAMPLE_WORK = 1 << 15,
    /* Any number: the sample must not depend on the items, and does not. */
    SAMPLE_SEED = 1
};

/* Doublings of the precision of a bound between 0 and 1. */
enum { BISECTIONS = 60 };

void survey_reset(struct survey *survey)
{
    *survey = (struct survey){.random = {.state = SAMPLE_SEED}};
}

void survey_note(struct survey *survey, int is_undetermined)
{
    uint8_t *place = &survey->window[survey->tested % LATTN_STREAM_WINDOW];

    survey->undetermined += is_undetermined - *place;
    *place = (uint8_t)is_undetermined;
    survey->tested++;
}

struct lattn_stream survey_report(const struct survey *survey)
{
    struct lattn_stream stream = {
        .checked = survey->tested < LATTN_STREAM_WINDOW ? survey->tested : LATTN_STREAM_WINDOW,
        .undetermined = (uint64_t)survey->undetermined,
        .tested = survey->tested,
    };

    stream.bound95 = lattn_stream_bound(stream.checked, stream.undetermined, 0.05);
    return stream;
}

/* ---- the bound ----------------------------------------------------------------------------- */

/* log of M choose k. */
static double log_choose(uint64_t checked, uint64_t undetermined)
{
    double sum = 0;

    for (uint64_t i = 1; i <= undetermined; i++)
        sum += log((double)(checked - undetermined + i) / (double)i);
    return sum;
}

/*
 * log P(at most k of M), where each is undetermined with chance x > k / M: the terms fall from the
 * k-th down, so it is factored out and nothing underflows.
 */
static double log_tail(uint64_t checked, uint64_t undetermined, double choose, double x)
{
    double sum = 1;

    for (uint64_t i = 1; i <= undetermined; i++)
        sum = 1 + sum * (double)i * (1 - x) / ((double)(checked - i + 1) * x);
    return choose + (double)undetermined * log(x) + (double)(checked - undetermined) * log1p(-x) +
           log(sum);
}

double lattn_stream_bound(uint64_t checked, uint64_t undetermined, double alpha)
{
    double choose, low, high = 1;

    if (checked == 0)
        return NAN;
    if (undetermined >= checked)
        return 1;
    if (undetermined == 0)
        return -expm1(log(alpha) / (double)checked);
    choose = log_choose(checked, undetermined);
    low = (double)undetermined / (double)checked;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (low + high) / 2;

        if (log_tail(checked, undetermined, choose, middle) > log(alpha))
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* ---- the tests ----------------------------------------------------------------------------- */

/* Is every input determined, whatever it is? Then tests cost nothing. */
static int all_are_settled(const struct factor *factor)
{
    const struct component *component = factor_is_dense(factor) ? factor->components[0] : NULL;

    return component != NULL && component->full && component->settled != NULL &&
           component->settled->columns == component->columns;
}

/*
 * Write the row's features into the columns that its component had when it was settled.
 *
 * ret_phi  out  columns of the component
 *
 * Returns the component; NULL where the row has no features. ret_is_new: one of them has no column.
 */
static const struct component *row_spread(const struct factor *factor,
                                          const struct feature_view *view, double *ret_phi,
                                          int *ret_is_new)
{
    const struct component *component = factor_is_dense(factor) ? factor->components[0] : NULL;
    int32_t count, settled;

    *ret_is_new = 0;
    if (component != NULL) {
        feature_row(factor->d, view, 1, ret_phi);
        return component;
    }
    count = feature_list(factor->d, view, factor->list_index, factor->list_value);
    if (count == 0)
        return NULL;
    component = factor->components[factor->slots[factor->list_index[0]].component - 1];
    settled = component->settled == NULL ? 0 : component->settled->columns;
    memset(ret_phi, 0, (size_t)settled * sizeof *ret_phi);
    for (int32_t i = 0; i < count; i++) {
        int32_t column = factor->slots[factor->list_index[i]].column;

        *ret_is_new |= column >= settled;
        if (column < settled)
            ret_phi[column] = factor->list_value[i];
    }
    return component;
}

/* work: 4 doubles per column of the widest component */
static int row_is_settled(const struct factor *factor, const struct feature_view *view,
                          double *work)
{
    int is_new;
    const struct component *component = row_spread(factor, view, work, &is_new);

    /* Every model says 0 where there are no features. */
    if (component == NULL)
        return 1;
    return component->settled != NULL && !is_new &&
           solution_settles(component->settled, work, work + component->columns);
}

/* A sequence with labels at several positions is one test: its inputs depend on each other. */
static int item_is_settled(struct factor *factor, const struct lattn_item *item, double *work)
{
    struct feature_view view;

    feature_reader_start(&factor->reader, item);
    while (feature_reader_next(&factor->reader, &view))
        if (!row_is_settled(factor, &view, work))
            return 0;
    return 1;
}

/* How many items of the batch to test, so that their rows are about as many as a sample has. */
static size_t sample_size(const struct lattn_batch *batch, int32_t columns)
{
    size_t wanted = SAMPLE_WORK / (size_t)(columns + 1) + 1;
    size_t rows = 0;

    for (size_t i = 0; i < batch->count; i++)
        rows += (size_t)lattn_item_rows(&batch->items[i]);
    if (wanted > SAMPLE_ROWS)
        wanted = SAMPLE_ROWS;
    if (rows <= wanted)
        return batch->count;
    wanted = wanted * batch->count / rows;
    return wanted > 0 ? wanted : 1;
}

static int32_t columns_most(const struct factor *factor)
{
    int32_t most = 0;

    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL && factor->components[i]->columns > most)
            most = factor->components[i]->columns;
    return most;
}

enum lattn_status lattn_learner_survey(struct lattn_learner *learner,
                                       const struct lattn_batch *batch)
{
    struct factor *factor = &learner->factor;
    struct survey *survey = &learner->survey;
    int32_t columns = columns_most(factor);
    size_t wanted = sample_size(batch, columns);
    int are_settled = all_are_settled(factor);
    double *work = memory_raw((size_t)columns, 4 * sizeof *work);

    if (work == NULL)
        return LATTN_NO_MEMORY;
    /* Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). */
    for (size_t i = 0; i < batch->count && wanted > 0; i++) {
        size_t left = batch->count - i;

        if (left > wanted && random_below(&survey->random, (uint32_t)left) >= wanted)
            continue;
        survey_note(survey, !are_settled && !item_is_settled(factor, &batch->items[i], work));
        wanted--;
    }
    memory_release(work);
    return LATTN_OK;
}
