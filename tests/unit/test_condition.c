#include "serve/condition.h"

#include <criterion/criterion.h>

static struct bulletin identifying(void)
{
    return (struct bulletin){.report.certificate.verdict = LATTN_IDENTIFYING};
}

/* So many inputs were tested, and all were determined. */
static struct bulletin determined(uint64_t tested)
{
    return (struct bulletin){.report.stream = {.checked = tested, .tested = tested}};
}

Test(condition, is_none_by_default)
{
    const struct config config = {.exit_when_stream = 0};
    struct condition condition = condition_of(&config);
    struct bulletin bulletin = identifying();

    cr_expect_eq(condition_came_true(&condition, &bulletin), 0);
    cr_expect_eq(condition_held(&condition, &bulletin), 1);
    cr_expect_eq(condition_held(&condition, NULL), 1);
}

Test(condition, is_the_verdict)
{
    const struct config config = {.exit_when_identifying = 1};
    struct condition condition = condition_of(&config);
    struct bulletin bulletin = determined(1000);

    cr_expect_eq(condition_held(&condition, NULL), 0);
    cr_expect_eq(condition_came_true(&condition, &bulletin), 0);
    cr_expect_eq(condition_held(&condition, &bulletin), 0);
    bulletin = identifying();
    cr_expect_eq(condition_came_true(&condition, &bulletin), 1);
    cr_expect_eq(condition_held(&condition, &bulletin), 1);
    cr_expect_str_eq(condition_text(&condition), "identifying");
}

Test(condition, is_a_settled_stream)
{
    const struct config config = {.exit_when_stream = 0.1};
    struct condition condition = condition_of(&config);
    struct bulletin bulletin = identifying();

    cr_expect_eq(condition_held(&condition, NULL), 0);
    cr_expect_eq(condition_came_true(&condition, &bulletin), 0);
    bulletin = determined(20); /* 1 - 0.025^(1/20) = 0.17 */
    cr_expect_eq(condition_came_true(&condition, &bulletin), 0);
    bulletin = determined(40); /* 0.09 */
    cr_expect_eq(condition_came_true(&condition, &bulletin), 1);
    cr_expect_eq(condition_held(&condition, &bulletin), 1);
    cr_expect_str_eq(condition_text(&condition), "the stream is settled");
}
