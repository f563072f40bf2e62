/*
 * Every allocation of a learner fails once, and from then on. After each failure the status says
 * so, the factor is sound, the operation succeeds when asked again, and what is learned afterwards
 * has the very bits of a learner that never saw the failure.
 */
#include <lattn/learner.h>

#include "base/memory.h"
#include "core/component.h"
#include "core/learner.h"
#include "support/leaks.h"
#include "support/operations.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { D = 3, COEF_MAX = 2 * 40 };

/* Three sequences whose features lie apart, then one in which they meet, then dense ones. */
static const double tokens[][9] = {
    {1, 0, 0, 2, 0, 0, 0.5, 0, 0},
    {0, 1, 0, 0, 3, 0, 0, -1, 0},
    {0, 0, 2, 0, 0, 1, 0, 0, 0.25},
    {1, 0, 2, 0, 1, 1, 2, 1, 0},
    {0.3, -1, 2, 1.5, 1, 0.1, -2, 1, 1},
    {1.1, 0.7, -0.4, 0.2, 0.9, 1.3, 0.6, -0.8, 0.5},
    {-0.9, 0.2, 1.7, 0.4, 2.1, 0.3, 1.2, 0.1, -1.6},
};
static const double labels[] = {1, -2, 0.5};

enum { MEETS = 3, ALL = 7 };

static struct lattn_item item_of(int index)
{
    return (struct lattn_item){.z = tokens[index],
                               .y = labels,
                               .weight = 1,
                               .n = 3,
                               .d = D,
                               .m = 1,
                               .labels = LATTN_LABELS_CAUSAL};
}

static void absorb(struct lattn_learner *learner, int index)
{
    struct lattn_item item = item_of(index);

    lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
}

static enum lattn_status admit(struct lattn_learner *learner, int index)
{
    struct lattn_item item = item_of(index);

    return lattn_learner_admit(learner, &item, NULL);
}

static void teach(struct lattn_learner *learner, int first, int end)
{
    for (int i = first; i < end; i++) {
        cr_assert_eq(admit(learner, i), LATTN_OK);
        absorb(learner, i);
    }
}

/* What a learner is like before an operation. */
enum shape { EMPTY, SIZED, APART, FULL, RIDGED, FADING, SHAPES };

/*
 * dim     0: from the first pair
 * taught  items learned before
 * rest    where learning goes on afterwards
 */
static const struct {
    const char *name;
    int32_t dim;
    double ridge;
    double forget;
    int taught;
    int rest;
} shapes[SHAPES] = {
    [EMPTY] = {"before data", 0, 0, 1, 0, 0},
    [SIZED] = {"before data, with dim", D, 0, 1, 0, 0},
    [APART] = {"in components", 0, 0, 1, MEETS, MEETS},
    [FULL] = {"when full", 0, 0, 1, ALL, MEETS},
    [RIDGED] = {"with ridge", 0, 0.1, 1, ALL, MEETS},
    [FADING] = {"as it fades", 0, 0, 0.9, MEETS, MEETS},
};

static struct lattn_learner *learner_make(enum shape shape)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    settings.ridge = shapes[shape].ridge;
    settings.dim = shapes[shape].dim;
    settings.forget = shapes[shape].forget;
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    teach(learner, 0, shapes[shape].taught);
    return learner;
}

/* ---- what may fail ------------------------------------------------------------------------- */

static enum lattn_status run_admit(struct lattn_learner *learner)
{
    return admit(learner, lattn_learner_pairs(learner) == 0 ? 0 : MEETS);
}

/* Cannot fail: without memory only the weights at hand stay as they were. */
static enum lattn_status run_absorb(struct lattn_learner *learner)
{
    absorb(learner, 0);
    return memory_failed() ? LATTN_NO_MEMORY : LATTN_OK;
}

/* As absorb; without memory tests are left out as well. */
static enum lattn_status run_survey(struct lattn_learner *learner)
{
    struct lattn_item item = item_of(0);

    lattn_learner_survey(learner, &(struct lattn_batch){&item, 1});
    return memory_failed() ? LATTN_NO_MEMORY : LATTN_OK;
}

static enum lattn_status run_name(struct lattn_learner *learner)
{
    const char *const append[] = {"more"}, *const outputs[] = {"second"};
    const struct lattn_block block = {.name = "all", .start = 0, .size = D};
    int32_t coordinate, output;

    return lattn_learner_name(learner, append, 1, outputs, 1, &block, 1, &coordinate, &output,
                              NULL);
}

static enum lattn_status run_predict(struct lattn_learner *learner)
{
    struct lattn_item input = item_of(MEETS);
    double y[2], std_error[2];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error};

    return lattn_learner_predict(learner, &input, &prediction, NULL);
}

static enum lattn_status run_cover(struct lattn_learner *learner)
{
    const struct lattn_item inputs[] = {item_of(0), item_of(MEETS)};
    struct lattn_domain domain;

    return lattn_learner_cover(learner, &(struct lattn_batch){inputs, 2}, &domain, NULL);
}

static enum lattn_status run_suggest(struct lattn_learner *learner)
{
    struct lattn_item items[ALL];
    size_t order[ALL], count = ALL + 1;
    enum lattn_status status;

    for (int i = 0; i < ALL; i++)
        items[i] = item_of(i);
    status =
        lattn_learner_suggest(learner, &(struct lattn_batch){items, ALL}, ALL, order, &count, NULL);
    cr_assert_eq(count <= ALL, status == LATTN_OK);
    return status;
}

static enum lattn_status run_design(struct lattn_learner *learner)
{
    struct lattn_design design = {0};
    enum lattn_status status = lattn_learner_design(learner, 0, 5, &design, NULL);

    cr_assert_eq(design.items != NULL, status == LATTN_OK);
    lattn_design_done(&design);
    return status;
}

/* shapes: a bit for each shape in which it is tried. */
struct operation {
    const char *name;
    enum lattn_status (*run)(struct lattn_learner *learner);
    unsigned shapes;
};

static const struct operation operations[] = {
    {"admit", run_admit, 1 << EMPTY | 1 << APART},
    {"absorb", run_absorb, 1 << APART | 1 << FULL | 1 << RIDGED},
    {"survey", run_survey, 1 << APART | 1 << FULL},
    {"name", run_name, 1 << SIZED | 1 << APART | 1 << FULL},
    {"predict", run_predict, 1 << APART | 1 << FULL | 1 << RIDGED | 1 << FADING},
    {"cover", run_cover, 1 << APART | 1 << FULL},
    {"report", operation_report, 1 << EMPTY | 1 << APART | 1 << FULL | 1 << FADING},
    {"coef", operation_coef, 1 << APART},
    {"model", operation_model, 1 << APART | 1 << FULL},
    {"fewest heads", operation_fewest, 1 << APART | 1 << FULL},
    {"copy", operation_copy, 1 << EMPTY | 1 << APART | 1 << FULL},
    {"copy over another", operation_copy_over, 1 << APART | 1 << FULL},
    {"load", operation_load, 1 << EMPTY | 1 << APART | 1 << FULL},
    {"suggest", run_suggest, 1 << EMPTY | 1 << APART | 1 << FULL},
    {"design", run_design, 1 << SIZED | 1 << APART | 1 << FULL},
    {"emission", operation_emission, 1 << FULL},
};

/* ---- what must hold ------------------------------------------------------------------------ */

/* Every feature has its place, every component is sound, and no component meets a row for ever. */
static void expect_sound(const struct lattn_learner *learner, const char *name)
{
    const struct factor *factor = &learner->factor;
    int64_t columns = 0, slots = 0;

    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];

        if (component == NULL)
            continue;
        cr_expect_eq(component_check(component), LATTN_OK, "%s", name);
        cr_expect_eq(component->rows_waiting, 0, "%s", name);
        cr_expect_eq(component->meets, 0, "%s", name);
        for (int32_t c = 0; c < component->columns; c++) {
            struct slot slot = factor->slots[feature_index(factor->d, component->features[c])];

            cr_expect_eq(slot.component, (uint32_t)i + 1, "%s", name);
            cr_expect_eq(slot.column, c, "%s", name);
        }
        columns += component->columns;
    }
    for (int32_t i = 0; i < feature_count(factor->d); i++)
        slots += factor->slots[i].component != 0;
    cr_expect_eq(slots, columns, "%s", name);
}

enum { OUTSIDE = 6 };

/* What a caller can see and a refused call must leave alone. */
static void outside_of(const struct lattn_learner *learner, int64_t *ret_numbers)
{
    const struct lattn_names *names = lattn_learner_names(learner);

    ret_numbers[0] = (int64_t)lattn_learner_pairs(learner);
    ret_numbers[1] = lattn_learner_dim(learner);
    ret_numbers[2] = lattn_learner_outputs(learner);
    ret_numbers[3] = names->coordinates_count;
    ret_numbers[4] = names->outputs_count;
    ret_numbers[5] = names->blocks_count;
}

/* Learn the rest and leave the solution, all bits of it. */
static void finish(struct lattn_learner *learner, int rest, double *ret_coef)
{
    memset(ret_coef, 0, COEF_MAX * sizeof *ret_coef);
    teach(learner, rest, ALL);
    cr_assert_eq(lattn_learner_coef(learner, ret_coef), LATTN_OK);
}

/* Let allocation k fail; returns 0 when the operation needs fewer. */
static int fail_and_recover(const struct operation *operation, enum shape shape, uint64_t k,
                            int from_then_on, const double *want)
{
    struct lattn_learner *learner = learner_make(shape);
    int64_t before[OUTSIDE], after[OUTSIDE];
    char at[128];
    double coef[COEF_MAX];
    enum lattn_status status;
    int failed;

    snprintf(at, sizeof at, "%s %s, allocation %d", operation->name, shapes[shape].name, (int)k);
    outside_of(learner, before);
    memory_fail(k, from_then_on);
    status = operation->run(learner);
    failed = memory_failed();
    memory_fail(0, 0);
    expect_sound(learner, at);
    cr_expect_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK, "%s", at);
    if (failed && operation->run != run_absorb && operation->run != run_survey) {
        outside_of(learner, after);
        cr_expect_arr_eq(before, after, sizeof before, "%s", at);
        cr_expect_eq(operation->run(learner), LATTN_OK, "%s", at);
    }
    finish(learner, shapes[shape].rest, coef);
    cr_expect_arr_eq(coef, want, sizeof coef, "%s", at);
    expect_sound(learner, at);
    lattn_learner_close(&learner);
    return failed;
}

/* Let each allocation fail, once and from then on. */
static void fail_each(const struct operation *operation, enum shape shape)
{
    struct lattn_learner *learner = learner_make(shape);
    double want[COEF_MAX];

    cr_assert_eq(operation->run(learner), LATTN_OK, "%s %s", operation->name, shapes[shape].name);
    finish(learner, shapes[shape].rest, want);
    lattn_learner_close(&learner);
    for (int from_then_on = 0; from_then_on <= 1; from_then_on++) {
        uint64_t k = 1;

        while (fail_and_recover(operation, shape, k, from_then_on, want))
            k++;
    }
}

Test(allocation, each_failure_leaves_a_learner_that_goes_on)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        for (int shape = 0; shape < SHAPES; shape++)
            if (operations[i].shapes >> shape & 1)
                fail_each(&operations[i], (enum shape)shape);
    cr_expect_eq(leaks(), 0);
}

Test(allocation, bytes_are_counted_the_same_after_a_failure)
{
    struct lattn_learner *reference = learner_make(APART);
    size_t want;

    cr_assert_eq(run_admit(reference), LATTN_OK);
    want = lattn_learner_memory(reference);
    lattn_learner_close(&reference);
    for (uint64_t k = 1, failed = 1; failed; k++) {
        struct lattn_learner *learner = learner_make(APART);

        memory_fail(k, 0);
        (void)run_admit(learner);
        failed = (uint64_t)memory_failed();
        memory_fail(0, 0);
        cr_expect_eq(run_admit(learner), LATTN_OK);
        cr_expect_eq(lattn_learner_memory(learner), want, "allocation %d", (int)k);
        lattn_learner_close(&learner);
    }
}

Test(allocation, open_and_reset_without_memory_leave_nothing_behind)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    settings.bias = 1;
    for (uint64_t k = 1;; k++) {
        enum lattn_status status;

        memory_fail(k, 0);
        status = lattn_learner_open(&learner, &settings);
        if (!memory_failed())
            break;
        cr_expect_eq(status, LATTN_NO_MEMORY);
        cr_expect_null(learner);
    }
    memory_fail(1, 0);
    cr_expect_eq(lattn_learner_reset(learner), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_expect_eq(lattn_learner_reset(learner), LATTN_OK);
    cr_expect_str_eq(lattn_learner_names(learner)->coordinates[0], "(bias)");
    teach(learner, 0, ALL);
    cr_expect_eq(lattn_learner_dim(learner), D + 1);
    lattn_learner_close(&learner);
    cr_expect_eq(leaks(), 0);
}
