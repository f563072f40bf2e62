/*
 * Which of some candidates should be labelled next? Greedily those that lie furthest outside the
 * row space of the data and of those chosen before them.
 *
 * A candidate is seen by the null directions of the components it meets, w = x2 - T'x1 in scaled
 * coordinates (README.md, section 3), and by the features it has that were never seen, each divided
 * by what all candidates together could give it at most. Both vanish exactly on the row space, so
 * the rank of what is seen is the rank that learning the candidates adds. Coordinates that no
 * candidate connects are kept apart, as components are.
 */
#include "core/suggest.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/basis.h"
#include "core/certificate.h"
#include "core/scales.h"
#include "core/sight.h"
#include "core/solution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * What is left of a candidate counts only where it will show in the rank, which is cut at the
 * threshold times the largest singular value: with a digit to spare, since the least singular value
 * of rows may be smaller than what Gram-Schmidt leaves of the last one.
 */
static const double floor_per_threshold = 10;

/*
 * Candidates times directions times choices, 4 flops each: some seconds of a core, during which the
 * learner answers nobody else.
 */
static const double work_max = 0x1p34;

enum {
    /* Of what is seen of all candidates and the rows of a group, unless memory_max is less. */
    BYTES_MAX = 1 << 30,
    ENTRIES_FIRST = 1 << 8,
    NONE = -1
};

/* A nonzero coordinate of a candidate. */
struct entry {
    int32_t coordinate;
    double value;
};

/* A candidate that anything is seen of, in its group. */
struct member {
    int32_t root;
    int32_t candidate;
};

/*
 * base      first coordinate of each component's null directions; the never-seen feature c has
 *           coordinate features_base + c
 * joined    union-find over coordinates: those that one candidate has belong together
 * place     of a coordinate in the rows of its group; width, of a group's root, how many it has
 * entries   of all candidates one after another; candidate i has those from start[i]
 * floors    of candidate i: what is left of it is rounding where it is no longer than that
 * members   by group, in the order of candidates
 * choices   of all groups; row is the candidate
 * complaint of candidates that are too many at once
 */
struct suggest {
    struct factor *factor;
    size_t count;
    size_t bytes_max;
    struct lattn_complaint *complaint;
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
    double *floors;
    struct member *members;
    size_t members_count;
    struct basis_choice *choices;
    size_t choices_count;
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
    memory_release(suggest->floors);
    memory_release(suggest->members);
    memory_release(suggest->choices);
}

/* Number the null directions of all components, and the features behind them. */
static void coordinates_number(struct suggest *suggest)
{
    const struct factor *factor = suggest->factor;

    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];

        suggest->base[i] = suggest->coordinates;
        if (component != NULL)
            suggest->coordinates += component->columns - component->solution->rank;
    }
    suggest->features_base = suggest->coordinates;
    suggest->coordinates += feature_count(factor->d);
}

static enum lattn_status suggest_init(struct suggest *suggest)
{
    size_t count = suggest->count;
    size_t coordinates;

    suggest->base = memory_zeroed((size_t)suggest->factor->components_count, sizeof *suggest->base);
    if (suggest->base == NULL)
        return LATTN_NO_MEMORY;
    coordinates_number(suggest);
    coordinates = (size_t)suggest->coordinates;
    suggest->joined = memory_raw(coordinates, sizeof *suggest->joined);
    suggest->place = memory_raw(coordinates, sizeof *suggest->place);
    suggest->width = memory_zeroed(coordinates, sizeof *suggest->width);
    suggest->scales =
        memory_zeroed((size_t)feature_count(suggest->factor->d), sizeof *suggest->scales);
    suggest->start = memory_zeroed(count + 1, sizeof *suggest->start);
    suggest->floors = memory_zeroed(count, sizeof *suggest->floors);
    suggest->members = memory_raw(count, sizeof *suggest->members);
    suggest->choices = memory_raw(count, sizeof *suggest->choices);
    if (suggest->joined == NULL || suggest->place == NULL || suggest->width == NULL ||
        suggest->scales == NULL || suggest->start == NULL || suggest->floors == NULL ||
        suggest->members == NULL || suggest->choices == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < coordinates; i++) {
        suggest->joined[i] = (int32_t)i;
        suggest->place[i] = NONE;
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

/* Refuse what is held at once, if it is too much. */
static enum lattn_status bytes_check(const struct suggest *suggest, size_t bytes)
{
    if (bytes <= suggest->bytes_max)
        return LATTN_OK;
    return complain(suggest->complaint, LATTN_MEMORY_LIMIT,
                    "%zu candidates are too many at once: what is missing of them would take "
                    "%zu bytes, the limit is %zu",
                    suggest->count, bytes, suggest->bytes_max);
}

/* Add a coordinate to candidate `index`, whose entries are the last ones. */
static enum lattn_status entry_add(struct suggest *suggest, size_t index, int32_t coordinate,
                                   double value)
{
    if (suggest->entries_count == suggest->entries_room) {
        size_t room = suggest->entries_room > 0 ? 2 * suggest->entries_room : ENTRIES_FIRST;
        enum lattn_status status =
            bytes_check(suggest, (suggest->entries_room + room) * sizeof *suggest->entries);
        struct entry *grown;

        if (status != LATTN_OK)
            return status;
        grown = memory_raw(room, sizeof *grown);
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

static enum lattn_status candidate_see(struct suggest *suggest, size_t index,
                                       const struct sight_input *input)
{
    struct factor *factor = suggest->factor;
    enum lattn_status status = LATTN_OK;

    suggest->start[index] = suggest->entries_count;
    for (int32_t i = 0; status == LATTN_OK && i < input->unseen_count; i++) {
        struct sight_feature unseen = input->unseen[i];

        status = entry_add(suggest, index, suggest->features_base + unseen.feature,
                           unseen.value / sqrt(suggest->scales[unseen.feature]));
    }
    for (int32_t i = 0; i < input->parts_count; i++) {
        const struct sight_part *part = &input->parts[i];
        const struct component *component = factor->components[part->component];
        int32_t rest = component->columns - component->solution->rank;

        suggest->floors[index] = hypot(suggest->floors[index], part->rounding);
        for (int32_t j = 0; status == LATTN_OK && j < rest; j++)
            if (part->seen[j] != 0)
                status =
                    entry_add(suggest, index, suggest->base[part->component] + j, part->seen[j]);
    }
    suggest->start[index + 1] = suggest->entries_count;
    return status;
}

static void scales_find(struct suggest *suggest, const struct lattn_batch *candidates)
{
    struct factor *factor = suggest->factor;

    for (size_t i = 0; i < candidates->count; i++) {
        struct feature_view view;

        feature_reader_query(&factor->reader, &candidates->items[i], &view);
        scales_add(factor->d, &view, 1, suggest->scales);
    }
}

static enum lattn_status candidates_see(struct suggest *suggest,
                                        const struct lattn_batch *candidates)
{
    struct sight sight;
    enum lattn_status status = sight_init(&sight, suggest->factor);
    size_t count;

    scales_find(suggest, candidates);
    for (size_t i = 0; status == LATTN_OK && i < candidates->count; i += count) {
        count = sight_count(&sight, candidates->count - i);
        status = sight_look(&sight, candidates->items + i, (int32_t)count);
        for (size_t k = 0; status == LATTN_OK && k < count; k++)
            status = candidate_see(suggest, i + k, &sight.inputs[k]);
    }
    sight_done(&sight);
    return status;
}

static int member_compare(const void *left, const void *right)
{
    const struct member *a = left, *b = right;

    if (a->root != b->root)
        return a->root < b->root ? -1 : 1;
    return a->candidate < b->candidate ? -1 : a->candidate > b->candidate;
}

static void groups_make(struct suggest *suggest)
{
    for (size_t e = 0; e < suggest->entries_count; e++) {
        int32_t coordinate = suggest->entries[e].coordinate;

        if (suggest->place[coordinate] == NONE)
            suggest->place[coordinate] = suggest->width[root_of(suggest, coordinate)]++;
    }
    for (size_t i = 0; i < suggest->count; i++)
        if (suggest->start[i] < suggest->start[i + 1])
            suggest->members[suggest->members_count++] = (struct member){
                root_of(suggest, suggest->entries[suggest->start[i]].coordinate), (int32_t)i};
    qsort(suggest->members, suggest->members_count, sizeof *suggest->members, member_compare);
}

/* Below this nothing shows in the rank: singular values are about as large as the longest row. */
static void floors_raise(struct suggest *suggest, double threshold)
{
    double longest = 1, floor;

    for (size_t i = 0; i < suggest->count; i++) {
        double squares = 0;

        for (size_t e = suggest->start[i]; e < suggest->start[i + 1]; e++)
            squares += suggest->entries[e].value * suggest->entries[e].value;
        longest = fmax(longest, sqrt(squares));
    }
    floor = floor_per_threshold * threshold * longest;
    for (size_t i = 0; i < suggest->count; i++)
        suggest->floors[i] = fmax(suggest->floors[i], floor);
}

/* ---- the choice ---------------------------------------------------------------------------- */

/* The candidates of a group as rows, and their floors. */
static void rows_write(const struct suggest *suggest, const struct member *members, int32_t count,
                       int32_t width, double *ret_rows, double *ret_floors)
{
    memset(ret_rows, 0, (size_t)count * (size_t)width * sizeof *ret_rows);
    for (int32_t i = 0; i < count; i++) {
        double *row = ret_rows + (size_t)i * (size_t)width;
        size_t candidate = (size_t)members[i].candidate;

        for (size_t e = suggest->start[candidate]; e < suggest->start[candidate + 1]; e++)
            row[suggest->place[suggest->entries[e].coordinate]] = suggest->entries[e].value;
        ret_floors[i] = suggest->floors[candidate];
    }
}

/* Add the choices of a group of so many members to those of others. */
static enum lattn_status group_choose(struct suggest *suggest, const struct member *members,
                                      int32_t count, size_t most)
{
    struct basis_choice *choices = suggest->choices + suggest->choices_count;
    int32_t width = suggest->width[members->root];
    size_t numbers = (size_t)count * (size_t)width;
    size_t chosen = 0;
    double *rows;
    enum lattn_status status;

    status = bytes_check(suggest, suggest->entries_room * sizeof *suggest->entries +
                                      (numbers + (size_t)count) * sizeof *rows +
                                      basis_bytes(count, width));
    if (status != LATTN_OK)
        return status;
    rows = memory_raw(numbers + (size_t)count, sizeof *rows);
    if (rows == NULL)
        return LATTN_NO_MEMORY;
    rows_write(suggest, members, count, width, rows, rows + numbers);
    status = basis_choose(count, width, rows, rows + numbers, most, choices, &chosen);
    for (size_t i = 0; i < chosen; i++)
        choices[i].row = (size_t)members[choices[i].row].candidate;
    suggest->choices_count += chosen;
    memory_release(rows);
    return status;
}

/* The longest first; those of one group are independent in any order. */
static int choice_compare(const void *left, const void *right)
{
    const struct basis_choice *a = left, *b = right;

    if (a->length < b->length || a->length > b->length)
        return a->length > b->length ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* The end of the group that begins with this member. */
static size_t group_end(const struct suggest *suggest, size_t first)
{
    size_t end = first + 1;

    while (end < suggest->members_count &&
           suggest->members[end].root == suggest->members[first].root)
        end++;
    return end;
}

/* Refuse what would take too long. */
static enum lattn_status work_check(const struct suggest *suggest, size_t most)
{
    double work = 0;
    size_t end;

    for (size_t first = 0; first < suggest->members_count; first = end) {
        double width = suggest->width[suggest->members[first].root], count;

        end = group_end(suggest, first);
        count = (double)(end - first);
        work += count * width * fmin(fmin(count, width), (double)most);
    }
    if (work <= work_max)
        return LATTN_OK;
    return complain(suggest->complaint, LATTN_RANGE,
                    "%zu candidates are too many at once: to choose among them would take %.2g "
                    "steps, the limit is %.2g",
                    suggest->count, work, work_max);
}

static enum lattn_status groups_choose(struct suggest *suggest, size_t most)
{
    enum lattn_status status = work_check(suggest, most);
    size_t end;

    for (size_t first = 0; status == LATTN_OK && first < suggest->members_count; first = end) {
        end = group_end(suggest, first);
        status = group_choose(suggest, suggest->members + first, (int32_t)(end - first), most);
    }
    qsort(suggest->choices, suggest->choices_count, sizeof *suggest->choices, choice_compare);
    return status;
}

static enum lattn_status candidates_choose(struct suggest *suggest, double precision,
                                           const struct lattn_batch *candidates, size_t count,
                                           size_t *ret_order, size_t *ret_count)
{
    struct factor *factor = suggest->factor;
    enum lattn_status status = LATTN_OK;

    if (factor->components_count > 0)
        status = certificate_ranks(factor, precision, CERTIFICATE_RANKS);
    if (status == LATTN_OK)
        status = suggest_init(suggest);
    if (status == LATTN_OK)
        status = candidates_see(suggest, candidates);
    if (status == LATTN_OK) {
        floors_raise(suggest, certificate_threshold(factor, precision));
        groups_make(suggest);
        status = groups_choose(suggest, count);
    }
    if (status != LATTN_OK)
        return status;
    *ret_count = suggest->choices_count < count ? suggest->choices_count : count;
    for (size_t i = 0; i < *ret_count; i++)
        ret_order[i] = suggest->choices[i].row;
    return LATTN_OK;
}

/* An empty learner that knows its sizes, for one that does not know them yet. */
static enum lattn_status learner_size(const struct lattn_learner *learner, int32_t d,
                                      struct lattn_learner **ret_copy)
{
    enum lattn_status status = lattn_learner_copy(learner, ret_copy);

    if (status != LATTN_OK)
        return status;
    (*ret_copy)->d = d;
    return factor_resize(&(*ret_copy)->factor, d, learner->m > 0 ? learner->m : 1);
}

enum lattn_status suggest_among(struct lattn_learner *learner, int32_t d,
                                const struct lattn_batch *candidates, size_t count,
                                size_t *ret_order, size_t *ret_count,
                                struct lattn_complaint *complaint)
{
    size_t memory_max = learner->settings.memory_max;
    struct suggest suggest = {
        .factor = &learner->factor,
        .count = candidates->count,
        .bytes_max = memory_max > 0 && memory_max < BYTES_MAX ? memory_max : BYTES_MAX,
        .complaint = complaint,
    };
    struct lattn_learner *copy = NULL;
    enum lattn_status status = LATTN_OK;

    if (learner->factor.d == 0)
        status = learner_size(learner, d, &copy);
    if (copy != NULL)
        suggest.factor = &copy->factor;
    if (status == LATTN_OK)
        status = candidates_choose(&suggest, learner_precision(learner), candidates, count,
                                   ret_order, ret_count);
    suggest_done(&suggest);
    lattn_learner_close(&copy);
    return status;
}

enum lattn_status lattn_learner_suggest(struct lattn_learner *learner,
                                        const struct lattn_batch *candidates, size_t count,
                                        size_t *ret_order, size_t *ret_count,
                                        struct lattn_complaint *complaint)
{
    enum lattn_status status = learner_inputs_check(learner, "candidates", candidates, complaint);
    struct lattn_complaint why = {""};
    int32_t d = learner->d;

    if (status != LATTN_OK)
        return status;
    if (d == 0 && candidates->count > 0)
        d = candidates->items[0].d + learner->settings.bias;
    status = suggest_among(learner, d, candidates, count, ret_order, ret_count, &why);
    if (status == LATTN_OK)
        return status;
    return complain(complaint, status, "%s",
                    why.text[0] != '\0' ? why.text : lattn_status_text(status));
}
