/*
 * Bytes that nobody wrote, or that changed since: each is refused and named, or makes a learner
 * that is sound in itself and can be used like any other. LATTN_LONG=1 tries 100 000.
 */
#include <lattn/state.h>

#include "base/memory.h"
#include "core/dense.h"
#include "core/learner.h"
#include "support/bytes.h"
#include "support/courses.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(image_read, .init = dense_threads_one);

/* Places of an image without names, with d = 1, m = 1 (core/README.md, section 6). */
enum {
    AT_VERSION = 8,
    AT_ENGINE = 12,
    AT_LENGTH = 16,
    AT_SETTINGS = 24,
    AT_FORGET = AT_SETTINGS + 12,
    AT_D = AT_SETTINGS + 44,
    AT_SINCE = AT_D + 8 + 8,
    AT_DIM_WAS = AT_D + 8 + 24,
    AT_OUTPUTS_WAS = AT_DIM_WAS + 257,
    AT_SURVEY = AT_OUTPUTS_WAS + 1025,
    AT_UNDETERMINED = AT_SURVEY + 16,
    AT_WINDOW = AT_SURVEY + 32,
    AT_NAMES = AT_WINDOW + 1000,
    AT_FACTOR = AT_NAMES + 12,
    AT_PAIRS = AT_FACTOR + 12 + 8,
    AT_WEIGHT = AT_PAIRS + 16,
    AT_YY = AT_WEIGHT + 7 * 8,
    AT_SCALES = AT_YY + 2 * 8,
    AT_PLACES = AT_SCALES + 8,
    AT_COLUMNS = AT_PLACES + 4,
    AT_CAPACITY = AT_COLUMNS + 4,
    AT_TIME = AT_COLUMNS + 12,
    AT_FULL = AT_TIME + 5 * 8,
    AT_FEATURE = AT_FULL + 1,
    AT_RSS = AT_FEATURE + 6,
    AT_R = AT_RSS + 8,
    AT_WEIGHTS = AT_R + 16,
    LENGTH = AT_WEIGHTS + 8
};

static struct lattn_learner *learner_of_course(int32_t number, int blocks, struct course *course)
{
    struct lattn_learner *learner = NULL;

    course_start(course, number, 11);
    cr_assert_eq(lattn_learner_open(&learner, &course->settings), LATTN_OK);
    for (int b = 0; b < blocks; b++) {
        const char *name;
        struct lattn_batch batch = course_next(course, &name);

        course_teach(course, batch, name, learner);
    }
    return learner;
}

/* An image of one component of one column. */
static struct bytes bytes_small(void)
{
    struct course course;
    struct lattn_learner *learner = learner_of_course(0, 20, &course);
    struct bytes bytes = bytes_of_learner(learner);

    lattn_learner_close(&learner);
    cr_assert_eq(bytes.length, LENGTH);
    return bytes;
}

/* ---- one field after the other ------------------------------------------------------------- */

struct damage {
    int at;
    int size; /* of a number, or 0: a double */
    uint64_t number;
    double value;
    const char *complaint;
};

static void damage_do(const struct damage *damage, struct bytes *bytes)
{
    uint64_t number = damage->number;

    if (damage->size == 0)
        memcpy(&number, &damage->value, sizeof number);
    for (int i = 0; i < (damage->size == 0 ? 8 : damage->size); i++)
        bytes->data[damage->at + i] = (unsigned char)(number >> 8 * i);
}

static void expect_refused(const struct damage *damage, enum lattn_status want)
{
    struct bytes bytes = bytes_small();
    struct lattn_complaint complaint = {""};
    struct lattn_learner *learner = NULL;

    damage_do(damage, &bytes);
    cr_expect_eq(bytes_load(&bytes, &learner, &complaint), want, "%s", damage->complaint);
    cr_expect_null(learner, "%s", damage->complaint);
    cr_expect(strstr(complaint.text, damage->complaint) != NULL, "\"%s\" instead of \"%s\"",
              complaint.text, damage->complaint);
    cr_expect_eq(bytes_load(&bytes, &learner, NULL), want, "without words");
    bytes_done(&bytes);
}

Test(image_read, names_a_format_or_an_engine_that_it_does_not_know)
{
    static const struct damage others[] = {
        {AT_VERSION, 4, 2, 0, "byte 24: the learner has format 2, formats 1 to 1 are known here"},
        {AT_ENGINE, 4, 3, 0, "byte 24: the learner has engine 3, engines 1 to 2 are known here"},
    };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        expect_refused(&others[i], LATTN_OTHER_VERSION);
}

Test(image_read, says_what_is_wrong_and_where)
{
    static const struct damage damages[] = {
        {0, 1, 'L', 0, "byte 24: no learner begins like this"},
        {AT_LENGTH, 8, LENGTH + 1, 0, "the learner says it has"},
        {AT_SETTINGS, 4, 257, 0, "dim is 257, 0 to 256 is right"},
        {AT_SETTINGS + 8, 4, 2, 0, "bias is 2"},
        {AT_FORGET, 0, 0, NAN, "forget is nan, 0 to 1 is right"},
        {AT_FORGET, 0, 0, 0, "its settings are none"},
        {AT_FORGET + 16, 0, 0, INFINITY, "its settings are none"},
        {AT_D, 4, 257, 0, "d is 257"},
        {AT_D, 4, 2, 0, "the factor is of 1 and 1, the learner of 2 and 1"},
        {AT_SINCE, 8, 5, 0, "the history of the verdict contradicts itself"},
        {AT_SINCE, 8, UINT64_MAX - 2, 0, "identifying_since is -3"},
        {AT_DIM_WAS + 2, 1, 1, 0, "d was once larger than 1"},
        {AT_OUTPUTS_WAS + 2, 1, 1, 0, "m was once larger than 1"},
        {AT_OUTPUTS_WAS, 1, 2, 0, "outputs_was[0] is 2, 0 or 1 is right"},
        {AT_UNDETERMINED, 4, 999, 0, "the tests of the stream contradict each other"},
        {AT_WINDOW + 999, 1, 1, 0, "the tests of the stream contradict each other"},
        {AT_NAMES, 4, 2, 0, "named coordinates is 2, 0 to 1 is right"},
        {AT_NAMES + 8, 4, 65, 0, "blocks is 65"},
        {AT_PAIRS, 8, 0, 0, "weight is"},
        {AT_PAIRS, 8, UINT64_MAX, 0, "pairs is 18446744073709551615"},
        {AT_WEIGHT, 0, 0, -1, "weight is -1"},
        {AT_YY, 0, 0, -1e-300, "yy is -1"},
        {AT_PLACES, 4, 2, 0, "components is 2, 0 to 1 is right"},
        {AT_COLUMNS, 4, 2, 0, "columns is 2, 0 to 1 is right"},
        {AT_CAPACITY, 4, 3, 0, "capacity is 3, 1 to 2 is right"},
        {AT_CAPACITY + 4, 4, 0, 0, "m of a component is 0, 1 to 1024 is right"},
        {AT_CAPACITY + 4, 4, 1000, 0, "component: "},
        {AT_TIME, 8, 1u << 30, 0, "time of a component is 1073741824"},
        {AT_FULL, 1, 2, 0, "full is 2"},
        {AT_FEATURE, 2, 1, 0, "(1, 0, 0) is no feature of 1 coordinates"},
        {AT_RSS, 0, 0, NAN, "rss is nan"},
        {AT_R, 0, 0, 1e160, "R and C is 1"},
        {AT_R + 8, 0, 0, INFINITY, "R and C is inf"},
    };

    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++)
        expect_refused(&damages[i], LATTN_DAMAGED);
}

Test(image_read, takes_weights_at_hand_as_they_are)
{
    const struct damage damage = {AT_WEIGHTS, 0, 0, NAN, ""};
    struct bytes bytes = bytes_small();
    struct lattn_learner *learner;
    double coef;

    damage_do(&damage, &bytes);
    learner = learner_of_bytes(&bytes);
    cr_assert_eq(lattn_learner_coef(learner, &coef), LATTN_OK);
    cr_expect(isfinite(coef), "answers come from R");
    lattn_learner_close(&learner);
    bytes_done(&bytes);
}

Test(image_read, refuses_what_is_too_short_or_too_long)
{
    struct bytes bytes = bytes_small();
    struct bytes longer = {0};
    struct lattn_learner *learner = NULL;
    size_t length = bytes.length;

    for (size_t cut = 0; cut < length; cut++) {
        bytes.length = cut;
        cr_expect_eq(bytes_load(&bytes, &learner, NULL), LATTN_DAMAGED, "%zu bytes", cut);
        if (cut >= AT_LENGTH + 8) {
            /* ... and also where it knows how long it is. */
            const struct damage damage = {AT_LENGTH, 8, cut, 0, ""};

            damage_do(&damage, &bytes);
            cr_expect_eq(bytes_load(&bytes, &learner, NULL), LATTN_DAMAGED, "%zu bytes", cut);
        }
    }
    (void)bytes_sink(&longer, bytes.data, length);
    (void)bytes_sink(&longer, "", 1);
    damage_do(&(struct damage){AT_LENGTH, 8, length + 1, 0, ""}, &longer);
    cr_expect_eq(bytes_load(&longer, &learner, NULL), LATTN_DAMAGED);
    cr_expect_null(learner);
    bytes_done(&longer);
    bytes_done(&bytes);
}

Test(image_read, says_what_sink_and_source_said)
{
    struct course course;
    struct lattn_learner *learner = learner_of_course(3, 20, &course), *loaded = NULL;
    struct bytes bytes = bytes_of_learner(learner), again = {0};
    uint64_t pieces = bytes.calls;

    cr_assert_gt(pieces, 3);
    for (uint64_t call = 1; call <= pieces; call++) {
        bytes.fail_at = call;
        cr_expect_eq(bytes_load(&bytes, &loaded, NULL), LATTN_INPUT_OUTPUT);
        cr_expect_null(loaded);
        again = (struct bytes){.fail_at = call};
        cr_expect_eq(lattn_learner_save(learner, bytes_sink, &again), LATTN_INPUT_OUTPUT);
        cr_expect_eq(again.calls, call, "nothing follows");
        bytes_done(&again);
    }
    bytes.fail_at = 0;
    cr_expect_eq(bytes_load(&bytes, &loaded, NULL), LATTN_OK);
    lattn_learner_close(&loaded);
    lattn_learner_close(&learner);
    bytes_done(&bytes);
}

/* Sizes that are claimed cost nothing before their bytes are there. */
Test(image_read, asks_for_no_memory_on_a_claim)
{
    struct bytes bytes = bytes_small();
    const struct damage wide[] = {{AT_D, 4, 256, 0, ""},
                                  {AT_D + 4, 4, 1024, 0, ""},
                                  {AT_FACTOR, 4, 256, 0, ""},
                                  {AT_FACTOR + 4, 4, 1024, 0, ""}};
    struct lattn_complaint complaint = {""};
    struct lattn_learner *learner = NULL;

    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        damage_do(&wide[i], &bytes);
    /* The learner itself and two arrays of names; the scales of 8.4 million features are not. */
    memory_fail(4, 1);
    cr_expect_eq(bytes_load(&bytes, &learner, &complaint), LATTN_DAMAGED);
    cr_expect_not(memory_failed(), "%s", complaint.text);
    memory_fail(0, 0);
    cr_expect(strstr(complaint.text, "sums: ") != NULL, "%s", complaint.text);
    bytes_done(&bytes);
}

/* ---- anything ------------------------------------------------------------------------------ */

static uint64_t any_number(struct random *random)
{
    static const double values[] = {0, -0.0, 1, -1, 1e-310, 1e-160, 1e140, 1e300, NAN, INFINITY};
    uint64_t number;

    switch (random_below(random, 4)) {
    case 0:
        return random_bits(random);
    case 1:
        return UINT64_MAX >> random_below(random, 64);
    case 2:
        return random_below(random, 300);
    default:
        memcpy(&number, &values[random_below(random, 10)], sizeof number);
        return number;
    }
}

/* Mostly where the numbers are, not in the long tables of flags. */
static size_t any_place(const struct bytes *bytes, struct random *random)
{
    uint32_t length = (uint32_t)bytes->length;
    uint32_t at = random_below(random, length);
    int is_flag = at > AT_DIM_WAS && at < AT_NAMES && at % 8 != 0;

    return is_flag && length > AT_NAMES ? AT_NAMES + at % (length - AT_NAMES) : at;
}

static void bytes_damage(struct bytes *bytes, struct random *random)
{
    static const size_t sizes[] = {1, 2, 4, 8, 8};
    size_t at = any_place(bytes, random);
    size_t size = sizes[random_below(random, 5)];
    uint64_t number = any_number(random);

    switch (random_below(random, 8)) {
    case 0:
        bytes->data[at] ^= (unsigned char)(1 << random_below(random, 8));
        break;
    case 1:
        bytes->length = at + 1;
        if (at >= AT_LENGTH + 8)
            damage_do(&(struct damage){AT_LENGTH, 8, at + 1, 0, ""}, bytes);
        break;
    case 2:
        size = 1 + random_below(random, 64);
        if (at + 2 * size <= bytes->length)
            memmove(bytes->data + at, bytes->data + at + size, size);
        break;
    default:
        if (at + size <= bytes->length)
            damage_do(&(struct damage){(int)at, (int)size, number, 0, ""}, bytes);
    }
}

static void expect_sound(struct lattn_learner *learner)
{
    struct bytes bytes = bytes_of_learner(learner);
    struct lattn_learner *again = learner_of_bytes(&bytes);
    struct bytes twice = bytes_of_learner(again);

    cr_assert_eq(bytes.length, twice.length);
    cr_assert_eq(memcmp(bytes.data, twice.data, bytes.length), 0);
    for (int32_t i = 0; i < learner->factor.components_count; i++)
        if (learner->factor.components[i] != NULL)
            cr_assert_eq(component_check(learner->factor.components[i]), LATTN_OK);
    lattn_learner_close(&again);
    bytes_done(&bytes);
    bytes_done(&twice);
}

/* Whatever it says: it may lack convergence, but it must not crash. */
static void use(struct lattn_learner *learner, const struct lattn_item *items, size_t count)
{
    double y[LATTN_OUTPUTS_MAX], error[LATTN_OUTPUTS_MAX];
    struct lattn_prediction prediction = {.y = y, .std_error = error};
    struct lattn_report report;
    struct lattn_learner *copy = NULL;

    if (lattn_learner_report(learner, &report) == LATTN_OK)
        lattn_report_done(&report);
    for (size_t i = 0; i < count; i++) {
        (void)lattn_learner_predict(learner, &items[i], &prediction, NULL);
        if (lattn_learner_admit(learner, &items[i], NULL) == LATTN_OK)
            lattn_learner_survey(learner, &(struct lattn_batch){&items[i], 1});
    }
    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    if (lattn_learner_report(copy, &report) == LATTN_OK)
        lattn_report_done(&report);
    lattn_learner_close(&copy);
}

static void corrupt(int32_t number, int count)
{
    struct random random = {.state = 77 + (uint64_t)number};
    struct course course;
    struct lattn_learner *learner = learner_of_course(number, 12, &course);
    struct bytes sound = bytes_of_learner(learner);
    const char *name;
    struct lattn_batch batch = course_next(&course, &name);
    int refused = 0;

    lattn_learner_close(&learner);
    for (int i = 0; i < count; i++) {
        struct bytes bytes = bytes_copy(&sound);
        struct lattn_complaint complaint = {""};
        enum lattn_status status;

        for (uint32_t damages = 1 + random_below(&random, 3); damages > 0; damages--)
            bytes_damage(&bytes, &random);
        status = bytes_load(&bytes, &learner, &complaint);
        if (status == LATTN_OK) {
            expect_sound(learner);
            use(learner, batch.items, batch.count < 3 ? batch.count : 3);
            lattn_learner_close(&learner);
        } else {
            cr_assert(status == LATTN_DAMAGED || status == LATTN_OTHER_VERSION, "%s: %s",
                      lattn_status_text(status), complaint.text);
            cr_assert_str_not_empty(complaint.text);
            refused++;
        }
        bytes_done(&bytes);
    }
    cr_expect_gt(refused, count / 4, "%s: %d of %d", course_name(&course), refused, count);
    bytes_done(&sound);
}

Test(image_read, survives_any_damage)
{
    int count = getenv("LATTN_LONG") != NULL ? 100000 : 700;

    for (int32_t number = 0; number < COURSES; number++)
        corrupt(number, count / COURSES);
}
