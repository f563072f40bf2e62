/*
 * Tests items before they are learned from, each against the null space of its component
 * (nullspace.h). An undetermined item is about to be learned, so its rows take their directions out
 * of the null space at once: items behind it, in its block and in later ones, are tested against
 * what came before them, and no factorisation waits for it.
 *
 * Items that were not drawn do not: what they add shows when the weights at hand are next made
 * anew, or when somebody asks for the exact solution. Neither do rows whose new direction is too
 * weak to tell from rounding. So a null space may be too large. It is not too small either: before
 * each test it is dropped where the rank could have fallen since, because the past faded or the
 * scales grew. Both call determined inputs undetermined, never the reverse.
 *
 * A learner that was loaded, or copied, has rows and no null space of them. A small one is made
 * when a test needs it; of a large one nothing is known until it is made for other reasons, and
 * items that meet it are not tested.
 */
#include "core/survey.h"

#include "base/memory.h"
#include "core/certificate.h"
#include "core/factor_block.h"
#include "core/learner.h"
#include "core/nullspace.h"
#include "core/solution.h"
#include "core/standing.h"

#include <math.h>
#include <string.h>

enum {
    /* Label rows tested of a block: so many, more for each that was undetermined, at most half. */
    SAMPLE_ROWS = 128,
    SAMPLE_ROWS_PER_FOUND = 16,
    SAMPLE_ROWS_MAX = 256,
    /*
     * Numbers of null spaces that a block's tests may touch: as many as take a twentieth of the
     * time of learning it, columns^2 / 128 for each row, and these, for small components; so many
     * times these while much is undetermined.
     */
    SAMPLE_SHARE = 128,
    SAMPLE_NUMBERS = 1 << 18,
    SAMPLE_EAGER = 4,
    /* Numbers in a null space that was never factorised: 128 MiB. */
    NULLSPACE_NUMBERS_MAX = 1 << 24,
    /* A null space of so many columns is made by a test, in a tenth of a second at most. */
    RECALL_COLUMNS_MAX = 512,
    /* Items looked ahead at for one that was drawn: about as many as are folded at once. */
    RUN_MAX = 512,
    /* Any number: the sample must not depend on the items, and does not. */
    SAMPLE_SEED = 1
};

/* A direction is taken out by a row of which it sees this share of all that it could see. */
static const double clear_share = 1e-3;

/* ... and which the rank cut would see as well, with this to spare. */
static const double clear_cuts = 10;

void survey_reset(struct survey *survey)
{
    *survey =
        (struct survey){.random = {.state = SAMPLE_SEED}, .found = SAMPLE_ROWS_MAX, .touched = NAN};
}

void survey_note(struct survey *survey, int is_undetermined)
{
    uint8_t *place = &survey->window[survey->tested % LATTN_STREAM_WINDOW];

    survey->undetermined += is_undetermined - *place;
    *place = (uint8_t)is_undetermined;
    survey->tested++;
}

enum lattn_status survey_check(const struct survey *survey)
{
    int32_t undetermined = 0;

    for (uint64_t i = 0; i < LATTN_STREAM_WINDOW; i++) {
        if (survey->window[i] > (i < survey->tested))
            return LATTN_RANGE;
        undetermined += survey->window[i];
    }
    return undetermined == survey->undetermined && survey->found >= 0 &&
                   survey->found <= SAMPLE_ROWS_MAX &&
                   (isnan(survey->touched) || (survey->touched >= 0 && isfinite(survey->touched)))
               ? LATTN_OK
               : LATTN_RANGE;
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

/* ---- the tests ----------------------------------------------------------------------------- */

/*
 * The test of an item, with room for the features of a row and for what directions see of it.
 *
 * is_open     one of its rows was undetermined
 * is_unknown  of one of its rows nobody can tell
 * rows     of all items tested so far, and the numbers of null spaces that these touched
 */
struct test {
    struct factor *factor;
    int is_open;
    int is_unknown;
    uint64_t rows;
    double touched;
    int32_t *column;
    double *seen;
    double *magnitude;
};

/*
 * A label row of an item: where the nonzero features stand in their component, and what they are;
 * inverse is 1 / D of the component's columns, this row included.
 */
struct row {
    const struct feature_view *view;
    struct component *component;
    const int32_t *column;
    const double *phi;
    const double *inverse;
    int32_t count;
    double weight;
};

static int32_t columns_most(const struct factor *factor)
{
    int32_t most = 0;

    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL && factor->components[i]->columns > most)
            most = factor->components[i]->columns;
    return most;
}

static enum lattn_status test_init(struct test *test, struct factor *factor)
{
    size_t columns = (size_t)columns_most(factor);

    *test = (struct test){
        .factor = factor,
        .column = memory_raw(columns, sizeof *test->column),
        .seen = memory_raw(columns, sizeof *test->seen),
        .magnitude = memory_raw(columns, sizeof *test->magnitude),
    };
    return test->column != NULL && test->seen != NULL && test->magnitude != NULL ? LATTN_OK
                                                                                 : LATTN_NO_MEMORY;
}

static void test_done(struct test *test)
{
    memory_release(test->column);
    memory_release(test->seen);
    memory_release(test->magnitude);
}

/* Is there a solution that knows more rows, and a rank that no cut disagrees with? */
static int solution_is_newer(const struct component *component, double cut_most)
{
    const struct solution *solution = component->solution;

    return solution != NULL && !isnan(solution->cut) && solution->columns == component->columns &&
           (solution->generation > component->settled_generation ||
            solution->time > component->settled_time) &&
           solution->sigma_rank > cut_most;
}

/* What rows at label row `time` of the stream have faded to. */
static double rows_keep(const struct factor *factor, uint64_t time)
{
    return factor->forget < 1 ? pow(factor->forget, (double)(factor->pairs - time) / 2) : 1;
}

/*
 * Let there be a null space of what was loaded, if it is cheap, and none that the data might deny
 * by now: it fades, and a row larger than all before raises the scales, and the cut with them.
 */
static void settled_review(const struct factor *factor, struct component *component,
                           const double *inverse)
{
    double cut_most = certificate_cut_most(factor);
    const struct nullspace *settled;

    if (solution_is_newer(component, cut_most))
        (void)standing_settle(component); /* without memory the old one stays */
    else if (component->is_unsettled && component->columns <= RECALL_COLUMNS_MAX)
        standing_resettle(component, inverse, certificate_cut(factor, component), cut_most,
                          certificate_rounding(factor));
    settled = component->settled;
    if (settled != NULL &&
        !(nullspace_sigma(settled, inverse, rows_keep(factor, settled->time)) > cut_most))
        nullspace_close(&component->settled);
}

/* Bring the null space of the row's component to its columns. Returns NULL where it cannot be. */
static struct nullspace *row_settled(const struct factor *factor, const struct row *row)
{
    struct component *component = row->component;
    int64_t open;

    /* Dense rows leave nothing determined until there are as many as columns. */
    if (component->settled == NULL && !component->identity &&
        nullspace_open(&component->settled, 0, 0, NULL, NULL, NULL) == LATTN_OK)
        component->settled->time = factor->pairs;
    if (component->settled == NULL)
        return NULL;
    open = component->settled->directions + component->columns - component->settled->columns;
    if (component->settled->columns < component->columns &&
        (open * component->columns > NULLSPACE_NUMBERS_MAX ||
         nullspace_widen(component->settled, component->columns) != LATTN_OK))
        return NULL;
    return component->settled;
}

/* What a feature of the row could be at most. */
static double feature_scale(const struct row *row, int32_t column)
{
    const struct feature *feature = &row->component->features[column];
    const double *diagonal = row->view->diagonal;

    return sqrt(diagonal[feature->j] * diagonal[feature->k]) * fabs(row->view->z[feature->l]);
}

/* Give columns that were never nonzero their scale. Returns whether there are any. */
static int row_begins(const struct row *row, struct nullspace *settled)
{
    int begins = 0;

    for (int32_t i = 0; i < row->count; i++) {
        double *inverse = &settled->inverse[row->column[i]];

        if (*inverse != 0)
            continue;
        *inverse = row->inverse[row->column[i]];
        begins = 1;
    }
    return begins;
}

/*
 * Does direction j see the row so clearly that the rank of the data will count it? Judged in the
 * scales D of now, in which rows are cut, and in those of N: seen by a direction N_j, a row is at
 * least w_j / |N_j| away from the row space, which is ret_distance.
 */
static int row_is_clear(const struct factor *factor, const struct row *row,
                        const struct nullspace *settled, int32_t j, double seen,
                        double *ret_distance)
{
    const double *inverse = row->inverse;
    double possible = 0, length = 0;

    for (int32_t c = 0; c < settled->columns; c++) {
        double entry = fabs(settled->basis[(size_t)c * (size_t)settled->room + (size_t)j]);

        if (entry == 0)
            continue;
        possible += entry * settled->inverse[c] * feature_scale(row, c);
        length += entry * fmax(1, inverse[c] > 0 ? settled->inverse[c] / inverse[c] : 1);
    }
    *ret_distance = sqrt(row->weight) * fabs(seen) / length;
    return fabs(seen) > clear_share * possible &&
           *ret_distance > clear_cuts * certificate_cut_most(factor);
}

/* Take out the direction j of a row that is so far away from all before. */
static void row_take(const struct factor *factor, struct nullspace *settled, double *seen,
                     int32_t j, double distance)
{
    settled->sigma = fmin(settled->sigma * rows_keep(factor, settled->time), distance);
    settled->time = factor->pairs;
    nullspace_take(settled, seen, j);
}

/* The direction that sees most. */
static int32_t strongest(int32_t count, const double *seen)
{
    int32_t most = 0;

    for (int32_t j = 1; j < count; j++)
        if (fabs(seen[j]) > fabs(seen[most]))
            most = j;
    return most;
}

/* Is the row determined? If not, take its direction out. */
static int row_is_settled(struct test *test, const struct row *row)
{
    struct nullspace *settled = row_settled(test->factor, row);
    double distance;
    int begins;
    int32_t j;

    if (settled == NULL)
        return 0;
    begins = row_begins(row, settled);
    test->touched += (double)row->count * settled->directions;
    if (!nullspace_sees(settled, row->count, row->column, row->phi, test->magnitude, test->seen))
        return !begins;
    j = strongest(settled->directions, test->seen);
    if (row_is_clear(test->factor, row, settled, j, test->seen[j], &distance)) {
        test->touched += (double)settled->columns * settled->directions;
        row_take(test->factor, settled, test->seen, j, distance);
    }
    return 0;
}

/*
 * The largest (D+/D)^2 of a component that has all features; at least 1.
 *
 * share  in  N_w of all weights there ever were
 */
static double scales_growth(const struct factor *factor, double share, const double *inverse,
                            int32_t columns)
{
    double most = 1 / share;

    for (int32_t c = 0; c < columns; c++) {
        double square = factor->scales[c] * inverse[c] * inverse[c];

        most = square > most ? square : most;
    }
    return most * share;
}

/* Is every input determined, whatever it is? Then tests cost next to nothing. */
static int are_settled(const struct factor *factor, const struct component *component, double share)
{
    const struct nullspace *settled = component->settled;

    if (!component->identity || settled == NULL || settled->directions > 0 ||
        settled->columns < component->columns)
        return 0;
    return settled->sigma * rows_keep(factor, settled->time) >
           certificate_cut_most(factor) *
               sqrt(scales_growth(factor, share, settled->inverse, settled->columns));
}

static int all_are_settled(const struct factor *factor, const struct component *component)
{
    return are_settled(factor, component, factor->weight / factor->weight_ever);
}

/*
 * Test a row that is about to be learned, as a factor_look_fn. A sequence with labels at several
 * positions is one test: its inputs depend on each other. Every model says 0 of no features.
 */
static void test_row(void *arg, const struct lattn_item *item, const struct feature_view *view,
                     struct component *component, int32_t count)
{
    struct test *test = arg;
    struct factor *factor = test->factor;
    struct row row = {.view = view,
                      .component = component,
                      .column = test->column,
                      .count = count,
                      .weight = item->weight};

    test->rows++;
    if (component == NULL || all_are_settled(factor, component))
        return;
    row.inverse = factor_inverse_scales(factor, component);
    settled_review(factor, component, row.inverse);
    if (all_are_settled(factor, component))
        return;
    if (component->is_unsettled) {
        test->is_unknown = 1;
        return;
    }
    if (component->identity) {
        if (factor_list_reserve(factor, view) != LATTN_OK) {
            test->is_open = 1;
            return;
        }
        row.count = feature_list(factor->d, view, factor->list_index, factor->list_value);
    }
    for (int32_t i = 0; i < row.count; i++)
        test->column[i] = factor->slots[factor->list_index[i]].column;
    row.phi = factor->list_value;
    test->is_open |= !row_is_settled(test, &row);
}

/* ---- the sample ---------------------------------------------------------------------------- */

/* How many label rows to test of so many. */
static size_t rows_wanted(const struct survey *survey, int32_t columns, size_t rows)
{
    int32_t wanted = SAMPLE_ROWS + SAMPLE_ROWS_PER_FOUND * survey->found;
    int32_t eager = survey->found + 1 < SAMPLE_EAGER ? survey->found + 1 : SAMPLE_EAGER;
    double square = (double)columns * columns;
    double touched = isnan(survey->touched) ? square : survey->touched;
    double affordable =
        ((double)rows * square / SAMPLE_SHARE + SAMPLE_NUMBERS * (double)eager) / (touched + 1);

    if (wanted > SAMPLE_ROWS_MAX)
        wanted = SAMPLE_ROWS_MAX;
    return affordable < wanted ? (size_t)affordable + 1 : (size_t)wanted;
}

/* How many items of the batch to test, so that their rows are about as many as are wanted. */
static size_t sample_size(const struct survey *survey, int32_t columns,
                          const struct lattn_batch *batch)
{
    size_t rows = 0, wanted;

    for (size_t i = 0; i < batch->count; i++)
        rows += (size_t)lattn_item_rows(&batch->items[i]);
    wanted = rows_wanted(survey, columns, rows);
    if (rows <= wanted)
        return batch->count;
    wanted = wanted * batch->count / rows;
    return wanted > 0 ? wanted : 1;
}

/*
 * What is left to draw. Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2,
 * algorithm S).
 */
struct drawing {
    struct random random;
    size_t left;
    size_t wanted;
};

static int draw(struct drawing *drawing)
{
    int is_drawn = drawing->wanted >= drawing->left ||
                   random_below(&drawing->random, (uint32_t)drawing->left) < drawing->wanted;

    drawing->left--;
    drawing->wanted -= (size_t)is_drawn;
    return is_drawn;
}

/* Items before the next that is drawn, as far as they are looked for. */
static size_t undrawn_count(struct drawing drawing)
{
    size_t most = drawing.left < RUN_MAX ? drawing.left : RUN_MAX, count = 0;

    while (count < most && !draw(&drawing))
        count++;
    return count;
}

/* Learn an item, and test it where it was drawn. */
static void item_survey(struct survey *survey, struct test *test, const struct lattn_item *item,
                        int is_drawn)
{
    test->is_open = 0;
    test->is_unknown = 0;
    factor_take(test->factor, item, is_drawn ? test_row : NULL, test);
    if (!is_drawn || test->is_unknown)
        return;
    survey_note(survey, test->is_open);
    survey->found += test->is_open;
}

/*
 * Was every input determined throughout the block that was just taken, of so many rows? Scales only
 * grow; N_w may have been larger on the way, but not than this before it faded, and the sum of all
 * weights was at least what it was before.
 */
static int block_is_settled(const struct factor *factor, const struct component *component,
                            double weight_ever, uint64_t rows)
{
    double weight = factor->weight / pow(factor->forget, (double)rows);

    return are_settled(factor, component, weight < weight_ever ? weight / weight_ever : 1);
}

/*
 * Learn items together, if none was drawn or the test of those that were is known beforehand: where
 * every input is determined. Should the data have denied that on the way, nobody can tell.
 */
static size_t block_survey(struct survey *survey, struct test *test, struct drawing *drawing,
                           const struct lattn_item *items)
{
    struct factor *factor = test->factor;
    const struct component *component = factor_is_dense(factor) ? factor->components[0] : NULL;
    double weight_ever = factor->weight_ever;
    uint64_t pairs = factor->pairs;
    size_t count;
    int is_settled;

    if (component == NULL)
        return 0;
    count = all_are_settled(factor, component) ? drawing->left : undrawn_count(*drawing);
    count = factor_block_take(factor, items, count);
    if (count == 0)
        return 0;
    is_settled = block_is_settled(factor, component, weight_ever, factor->pairs - pairs);
    for (size_t i = 0; i < count; i++) {
        if (!draw(drawing))
            continue;
        test->rows += (uint64_t)lattn_item_rows(&items[i]);
        if (is_settled)
            survey_note(survey, 0);
    }
    factor_block_end(factor);
    return count;
}

void lattn_learner_survey(struct lattn_learner *learner, const struct lattn_batch *batch)
{
    struct factor *factor = &learner->factor;
    struct survey *survey = &learner->survey;
    struct drawing drawing = {survey->random, batch->count,
                              sample_size(survey, columns_most(factor), batch)};
    struct test test;

    if (test_init(&test, factor) != LATTN_OK)
        drawing.wanted = 0;
    survey->found = 0;
    factor->precision = learner_precision(learner);
    while (drawing.left > 0) {
        const struct lattn_item *items = batch->items + (batch->count - drawing.left);

        if (block_survey(survey, &test, &drawing, items) == 0)
            item_survey(survey, &test, items, draw(&drawing));
    }
    survey->random = drawing.random;
    factor_fold(factor);
    if (test.rows > 0)
        survey->touched = test.touched / (double)test.rows;
    shelf_clear(&learner->shelf);
    test_done(&test);
}
