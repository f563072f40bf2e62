#include "progress.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const char *line_of(struct progress_facts facts, int32_t columns)
{
    static char line[128];

    facts.verb = "feed";
    facts.word = "pairs learned";
    facts.more = facts.more != NULL ? facts.more : "";
    progress_write(&facts, columns, line, sizeof line);
    return line;
}

Test(progress, tells_what_is_known)
{
    const struct progress_facts all = {
        .count = 123456, .rate = 45678.4, .share = 0.349, .left_s = 12, .more = "3 refused"};
    const struct progress_facts little = {
        .count = 7, .rate = NAN, .share = NAN, .left_s = INFINITY};

    cr_expect_str_eq(line_of(all, 100),
                     "lattn feed: 123 456 pairs learned, 45 678/s, 34 %, 12 s left, 3 refused");
    cr_expect_str_eq(line_of(little, 100), "lattn feed: 7 pairs learned");
}

Test(progress, tells_time_in_units_that_fit)
{
    static const struct {
        double seconds;
        const char *text;
    } times[] = {
        {0, "0 s left"},           {59.4, "59 s left"},
        {60, "1 min 00 s left"},   {3599, "59 min 59 s left"},
        {3600, "1 h 00 min left"}, {1e30, "277777 h 46 min left"},
    };

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const struct progress_facts facts = {.rate = NAN, .share = NAN, .left_s = times[i].seconds};

        cr_expect_not_null(strstr(line_of(facts, 100), times[i].text), "%s: %s", times[i].text,
                           line_of(facts, 100));
    }
}

/* A line that wraps could not be taken back. */
Test(progress, is_never_longer_than_the_terminal_is_wide)
{
    const struct progress_facts facts = {
        .count = UINT64_MAX, .rate = 1e300, .share = 1, .left_s = 1e12, .more = "much more to say"};

    for (int32_t columns = 0; columns < 300; columns++) {
        cr_expect_leq(strlen(line_of(facts, columns)), (size_t)columns);
        cr_expect_leq(strlen(line_of(facts, columns)), 127);
    }
}

Test(progress, is_silent_before_it_begins_and_behind_its_end)
{
    progress_show(1, NULL);
    progress_hide();
    cr_expect_not(progress_is_due());
    progress_begin("feed", "pairs", -1, 10, PROGRESS_AT_END);
    progress_end();
    cr_expect_not(progress_is_due());
    progress_end();
}
