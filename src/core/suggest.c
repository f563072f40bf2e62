/*
 * Which of some candidates should be labelled next? Greedily the one that lies furthest outside the
 * row space of the data and of those chosen before it.
 *
 * A candidate is seen by the null directions of the components it meets, w = x2 - T'x1 in scaled
 * coordinates (README.md, section 3), and by the features it has that were never seen, each divided
 * by what all candidates together could give it at most. Both vanish exactly on the row space, so
 * the rank of what is seen is the rank that learning the candidates adds. Coordinates that no
 * candidate connects are kept apart, as components are.
 */
#include "base/complaint.h"
#include "base/memory.h"
#include "core/certificate.h"
#include "core/dense.h"
#include "core/learner.h"
#include "core/solution.h"

#include <math.h>
#include <string.h>

/* What is left of a candidate is rounding when it is this small beside what it was. */
static const double residual_least = 1e-6;

enum {
    /* Numbers in the rows of all candidates: 1 GiB. */
    NUMBERS_MAX = 1 << 27,
    ENTRIES_FIRST = 1 << 12
};

/* A nonzero coordinate of a candidate. */
struct entry {
    int32_t coordinate;
    double value;
};

/*
 * base      first coordinate of each component's null directions; the never-seen feature c has
 *           coordinate features_base + c
 * joined    union-find over coordinates: those that one candidate has belong together
 * place     of a coordinate in the rows of its group; width, of a group's root, how many it has
 * entries   of all candidates one after another; candidate i has those from start[i]
 * row       of candidate i, width[root[i]] numbers; norm: what is left of it, squared; first: what
 *           it was
 */
struct suggest {
    struct factor *factor;
    size_t count;
    int32_t *base;
    int32_t features_base;
    int32_t coordinates;
    int32_t *joined;
    int32_t *place;
    int32_t *width;
    double *scales;
    struct entry *entries;
    size_t entries_count;
    size_t entries_room;
    size_t *start;
    int32_t *root;
    double **row;
    double *rows;
    double *norm;
    double *first;
    double *work;
};

static void suggest_done(struct suggest *suggest)
{
    memory_release(suggest->base);
    memory_release(suggest->joined);
    memory_release(suggest->place);
    memory_release(suggest->width);
    memory_release(suggest->scales);
    memory_release(suggest->entries);
    memory_release(suggest->start);
    memory_release(suggest->root);
    memory_release(suggest->row);
    memory_release(suggest->rows);
    memory_release(suggest->norm);
    memory_release(suggest->first);
    memory_release(suggest->work);
}

/* Number the null directions of all components; returns the columns of the widest. */
static int32_t coordinates_number(struct suggest *suggest)
{
    const struct factor *factor = suggest->factor;
    int32_t widest = 0;

    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];

        suggest->base[i] = suggest->coordinates;
        if (component == NULL)
            continue;
        suggest->coordinates += component->columns - component->solution->rank;
        widest = component->columns > widest ? component->columns : widest;
    }
    suggest->features_base = suggest->coordinates;
    suggest->coordinates += feature_count(factor->d);
    return widest;
}

static enum lattn_status suggest_init(struct suggest *suggest, struct factor *factor, size_t count)
{
    size_t coordinates;
    int32_t widest;

    *suggest = (struct suggest){.factor = factor, .count = count};
    suggest->base = memory_zeroed((size_t)factor->components_count, sizeof *suggest->base);
    if (suggest->base == NULL)
        return LATTN_NO_MEMORY;
    widest = coordinates_number(suggest);
    coordinates = (size_t)suggest->coordinates;
    suggest->joined = memory_raw(coordinates, sizeof *suggest->joined);
    suggest->place = memory_raw(coordinates, sizeof *suggest->place);
    suggest->width = memory_zeroed(coordinates, sizeof *suggest->width);
    suggest->scales = memory_zeroed((size_t)feature_count(factor->d), sizeof *suggest->scales);
    suggest->start = memory_zeroed(count + 1, sizeof *suggest->start);
    suggest->root = memory_zeroed(count, sizeof *suggest->root);
    suggest->row = memory_zeroed(count, sizeof *suggest->row);
    suggest->norm = memory_zeroed(count, sizeof *suggest->norm);
    suggest->first = memory_zeroed(count, sizeof *suggest->first);
    suggest->work = memory_raw((size_t)widest, 5 * sizeof *suggest->work);
    if (suggest->joined == NULL || suggest->place == NULL || suggest->width == NULL ||
        suggest->scales == NULL || suggest->start == NULL || suggest->root == NULL ||
        suggest->row == NULL || suggest->norm == NULL || suggest->first == NULL ||
        suggest->work == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < coordinates; i++) {
        suggest->joined[i] = (int32_t)i;
        suggest->place[i] = -1;
    }
    return LATTN_OK;
}

static int32_t root_of(struct suggest *suggest, int32_t coordinate)
{
    int32_t *joined = suggest->joined;

    while (joined[coordinate] != coordinate) {
        joined[coordinate] = joined[joined[coordinate]];
        coordinate = joined[coordinate];
    }
    return coordinate;
}

/* ---- what is seen of a candidate ----------------------------------------------------------- */

/* Add a coordinate to candidate `index`, whose entries are the last ones. */
static enum lattn_status entry_add(struct suggest *suggest, size_t index, int32_t coordinate,
                                   double value)
{
    if (suggest->entries_count == suggest->entries_room) {
        size_t room = suggest->entries_room > 0 ? 2 * suggest->entries_room : ENTRIES_FIRST;
        struct entry *grown = memory_raw(room, sizeof *grown);

        if (grown == NULL)
            return LATTN_NO_MEMORY;
        if (suggest->entries_count > 0)
            memcpy(grown, suggest->entries, suggest->entries_count * sizeof *grown);
        memory_release(suggest->entries);
        suggest->entries = grown;
        suggest->entries_room = room;
    }
    suggest->entries[suggest->entries_count++] = (struct entry){coordinate, value};
    suggest->joined[root_of(suggest, coordinate)] =
        root_of(suggest, suggest->entries[suggest->start[index]].coordinate);
    return LATTN_OK;
}

/* What the null directions of a component see of the features in the list. */
static enum lattn_status component_see(struct suggest *suggest, size_t index, int32_t at,
                                       int32_t count)
{
    struct factor *factor = suggest->factor;
    const struct component *component = factor->components[at];
    const struct solution *solution = component->solution;
    int32_t rest = component->columns - solution->rank;
    double *phi = suggest->work;
    double *seen = phi + component->columns;
    enum lattn_status status = LATTN_OK;

    if (rest == 0)
        return LATTN_OK;
    memset(phi, 0, (size_t)component->columns * sizeof *phi);
    for (int32_t i = 0; i < count; i++) {
        struct slot slot = factor->slots[factor->list_index[i]];

        if (slot.component == (uint32_t)at + 1 && solution->inverse[slot.column] > 0)
            phi[slot.column] = factor->list_value[i];
    }
    solution_residual(solution, phi, seen + rest, seen);
    for (int32_t j = 0; status == LATTN_OK && j < rest; j++)
        if (seen[j] != 0)
            status = entry_add(suggest, index, suggest->base[at] + j, seen[j]);
    return status;
}

static enum lattn_status candidate_see(struct suggest *suggest, size_t index, int32_t count)
{
    struct factor *factor = suggest->factor;
    enum lattn_status status = LATTN_OK;

    suggest->start[index] = suggest->entries_count;
    for (int32_t i = 0; status == LATTN_OK && i < count; i++) {
        int32_t feature = factor->list_index[i];
        struct slot slot = factor->slots[feature];
        struct component *component =
            slot.component == 0 ? NULL : factor->components[slot.component - 1];

        if (component == NULL || component->solution->inverse[slot.column] == 0) {
            status = entry_add(suggest, index, suggest->features_base + feature,
                               factor->list_value[i] / sqrt(suggest->scales[feature]));
        } else if (!component->meets) {
            component->meets = 1;
            status = component_see(suggest, index, (int32_t)slot.component - 1, count);
        }
    }
    for (int32_t i = 0; i < count; i++)
        if (factor->slots[factor->list_index[i]].component != 0)
            factor->components[factor->slots[factor->list_index[i]].component - 1]->meets = 0;
    suggest->start[index + 1] = suggest->entries_count;
    return status;
}

static void view_start(struct factor *factor, const struct lattn_item *candidate,
                       struct feature_view *ret_view)
{
    struct lattn_item query = *candidate;

    query.y = NULL;
    query.labels = LATTN_LABELS_LAST;
    feature_reader_start(&factor->reader, &query);
    (void)feature_reader_next(&factor->reader, ret_view);
}

static enum lattn_status candidates_see(struct suggest *suggest,
                                        const struct lattn_batch *candidates)
{
    struct factor *factor = suggest->factor;
    struct feature_view view;
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; i < candidates->count; i++) {
        view_start(factor, &candidates->items[i], &view);
        feature_scales_add(factor->d, &view, 1, suggest->scales);
    }
    for (size_t i = 0; status == LATTN_OK && i < candidates->count; i++) {
        view_start(factor, &candidates->items[i], &view);
        status = factor_list_reserve(factor, &view);
        if (status == LATTN_OK)
            status = candidate_see(
                suggest, i, feature_list(factor->d, &view, factor->list_index, factor->list_value));
    }
    return status;
}

/* Lay the candidates out as rows of their groups. */
static enum lattn_status rows_make(struct suggest *suggest)
{
    size_t numbers = 0;
    double *next;

    for (size_t e = 0; e < suggest->entries_count; e++) {
        int32_t coordinate = suggest->entries[e].coordinate;

        if (suggest->place[coordinate] < 0)
            suggest->place[coordinate] = suggest->width[root_of(suggest, coordinate)]++;
    }
    for (size_t i = 0; i < suggest->count; i++) {
        suggest->root[i] = -1;
        if (suggest->start[i] == suggest->start[i + 1])
            continue;
        suggest->root[i] = root_of(suggest, suggest->entries[suggest->start[i]].coordinate);
        numbers += (size_t)suggest->width[suggest->root[i]];
    }
    if (numbers > NUMBERS_MAX)
        return LATTN_MEMORY_LIMIT;
    suggest->rows = memory_zeroed(numbers, sizeof *suggest->rows);
    if (suggest->rows == NULL)
        return LATTN_NO_MEMORY;
    next = suggest->rows;
    for (size_t i = 0; i < suggest->count; i++) {
        suggest->row[i] = next;
        for (size_t e = suggest->start[i]; e < suggest->start[i + 1]; e++) {
            double value = suggest->entries[e].value;

            next[suggest->place[suggest->entries[e].coordinate]] = value;
            suggest->norm[i] += value * value;
        }
        suggest->first[i] = suggest->norm[i];
        next += suggest->root[i] < 0 ? 0 : suggest->width[suggest->root[i]];
    }
    return LATTN_OK;
}

/* ---- the choice ---------------------------------------------------------------------------- */

/* The candidate of which most is left; count where only rounding is. */
static size_t candidate_best(const struct suggest *suggest)
{
    size_t best = suggest->count;
    double most = 0;

    for (size_t i = 0; i < suggest->count; i++)
        if (suggest->norm[i] > most &&
            suggest->norm[i] > residual_least * residual_least * suggest->first[i]) {
            most = suggest->norm[i];
            best = i;
        }
    return best;
}

/* Take the direction of the candidate out of what is left of all in its group. */
static void candidate_choose(struct suggest *suggest, size_t chosen)
{
    int32_t width = suggest->width[suggest->root[chosen]];
    double *direction = suggest->row[chosen];
    double length = sqrt(suggest->norm[chosen]);

    for (int32_t c = 0; c < width; c++)
        direction[c] /= length;
    suggest->norm[chosen] = 0;
    for (size_t i = 0; i < suggest->count; i++) {
        double along = 0, norm = 0;
        double *row = suggest->row[i];

        if (suggest->norm[i] == 0 || suggest->root[i] != suggest->root[chosen])
            continue;
        for (int32_t c = 0; c < width; c++)
            along += direction[c] * row[c];
        for (int32_t c = 0; c < width; c++) {
            row[c] -= along * direction[c];
            norm += row[c] * row[c];
        }
        suggest->norm[i] = norm;
    }
}

static enum lattn_status candidates_choose(struct factor *factor, double precision,
                                           const struct lattn_batch *candidates, size_t count,
                                           size_t *ret_order, size_t *ret_count)
{
    struct suggest suggest = {.factor = factor};
    enum lattn_status status = LATTN_OK;
    size_t chosen = 0, best;

    if (factor->components_count > 0)
        status = certificate_ranks(factor, precision, CERTIFICATE_RANKS);
    if (status == LATTN_OK)
        status = suggest_init(&suggest, factor, candidates->count);
    if (status == LATTN_OK)
        status = candidates_see(&suggest, candidates);
    if (status == LATTN_OK)
        status = rows_make(&suggest);
    while (status == LATTN_OK && chosen < count &&
           (best = candidate_best(&suggest)) < candidates->count) {
        ret_order[chosen++] = best;
        candidate_choose(&suggest, best);
    }
    suggest_done(&suggest);
    if (status == LATTN_OK)
        *ret_count = chosen;
    return status;
}

/* A learner that knows its sizes: this one, or before the first pair a copy of it. */
static enum lattn_status learner_size(struct lattn_learner *learner,
                                      const struct lattn_item *candidate,
                                      struct lattn_learner **ret_copy)
{
    int32_t d = learner->d > 0 ? learner->d : candidate->d + learner->settings.bias;
    int32_t m = learner->m > 0 ? learner->m : 1;
    enum lattn_status status;

    if (learner->factor.d > 0)
        return LATTN_OK;
    status = lattn_learner_copy(learner, ret_copy);
    if (status != LATTN_OK)
        return status;
    (*ret_copy)->d = d;
    return factor_resize(&(*ret_copy)->factor, d, m);
}

enum lattn_status lattn_learner_suggest(struct lattn_learner *learner,
                                        const struct lattn_batch *candidates, size_t count,
                                        size_t *ret_order, size_t *ret_count,
                                        struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    struct lattn_learner *copy = NULL;
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; i < candidates->count; i++) {
        struct lattn_item query = candidates->items[i];

        query.y = NULL;
        query.labels = LATTN_LABELS_LAST;
        status = learner_item_check(copy == NULL ? learner : copy, &query, &why);
        if (status == LATTN_OK && i == 0)
            status = learner_size(learner, &query, &copy);
        if (status != LATTN_OK) {
            (void)complain(complaint, status, "candidates[%zu]: %.200s", i,
                           why.text[0] != '\0' ? why.text : lattn_status_text(status));
            goto done;
        }
    }
    if (copy != NULL)
        learner = copy;
    status = candidates_choose(&learner->factor, learner_precision(learner), candidates, count,
                               ret_order, ret_count);
    if (status != LATTN_OK)
        (void)complain(complaint, status, "%s", lattn_status_text(status));
done:
    lattn_learner_close(&copy);
    return status;
}
