#include "dashboard.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Learning so far: a loss that falls, a rank that grows, rho above the threshold since pair 900. */
static struct dashboard *dashboard_make(void)
{
    struct dashboard *dashboard = dashboard_open("unix:/tmp/s");

    cr_assert_not_null(dashboard);
    for (int i = 1; i <= 20; i++) {
        const struct lattn_state_of_service state = {
            .report = {.pairs = (uint64_t)i * 100,
                       .loss_progressive = 1.0 / i,
                       .loss_recent = pow(10, -i),
                       .certificate = {.verdict = i < 9 ? LATTN_NOT_IDENTIFYING : LATTN_IDENTIFYING,
                                       .pairs = (uint64_t)i * 100,
                                       .rank = i < 9 ? i : 9,
                                       .p = 9,
                                       .rho = i < 9 ? 0 : 0.01,
                                       .threshold = 1e-12,
                                       .identifying_since = i < 9 ? LATTN_NEVER : 900,
                                       .lost_at = LATTN_NEVER}},
            .service = {.heads = 2,
                        .rejected = 3,
                        .pairs_per_s = 777,
                        .pairs_to_go = NAN,
                        .kept = {.is_kept = 1}},
        };

        outlook_take(&dashboard->live, &state, NULL);
    }
    return dashboard;
}

/* The screen as lines of ASCII; borrowed until the next call. */
static const char *picture(struct dashboard *dashboard, int32_t rows, int32_t columns)
{
    static char text[100 * 301 + 1];
    struct screen screen = {0};
    size_t length = 0;

    cr_assert_eq(screen_resize(&screen, rows, columns), LATTN_OK);
    dashboard_draw(dashboard, &screen);
    screen_reduce(&screen);
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t column = 0; column < columns; column++)
            text[length++] = (char)screen_cell(&screen, row, column).glyph;
        text[length++] = '\n';
    }
    text[length] = '\0';
    screen_done(&screen);
    return text;
}

static const char *const titles[DASHBOARD_PLOTS] = {"loss",
                                                    "rank",
                                                    "rho",
                                                    "singular values of R",
                                                    "singular values of the heads",
                                                    "pairs per second",
                                                    "bytes in the queue",
                                                    "rejected",
                                                    "pairs in no checkpoint"};

/* How many plots are there, by their titles? */
static int plots_count(struct dashboard *dashboard, int32_t rows, int32_t columns)
{
    const char *text = strchr(strchr(picture(dashboard, rows, columns), '\n') + 1, '\n');
    int count = 0;

    for (int i = 0; i < DASHBOARD_PLOTS; i++)
        count += strstr(text, titles[i]) != NULL;
    return count;
}

Test(dashboard, has_the_verdict_above_everything)
{
    static const int32_t sizes[][2] = {{24, 80}, {60, 200}, {10, 40}, {3, 40}, {1, 40}};
    struct dashboard *dashboard = dashboard_make();

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        cr_expect_eq(strncmp(picture(dashboard, sizes[i][0], sizes[i][1]),
                             "identifying since pair 900  ", 28),
                     0, "%d", sizes[i][0]);
    dashboard_close(&dashboard);
}

Test(dashboard, leaves_out_parts_of_the_verdict_that_have_no_room)
{
    const char *whole = "not yet identifying: 3 of 9 directions seen; about 100 000 more";
    struct dashboard *dashboard = dashboard_make();

    snprintf(dashboard->live.headline, sizeof dashboard->live.headline, "%s", whole);
    cr_expect_eq(strncmp(picture(dashboard, 24, 63), whole, 63), 0);
    cr_expect_eq(strncmp(picture(dashboard, 24, 62),
                         "not yet identifying: 3 of 9 directions seen                   \n", 63),
                 0);
    cr_expect_eq(strncmp(picture(dashboard, 24, 30), "not yet identifying           \n", 31), 0);
    dashboard_close(&dashboard);
}

Test(dashboard, tells_numbers_below_it)
{
    struct dashboard *dashboard = dashboard_make();

    cr_expect_not_null(strstr(picture(dashboard, 24, 80),
                              "\n2 000 pairs   777/s   2 heads   3 rejected   unix:/tmp/s"),
                       "%s", picture(dashboard, 24, 80));
    dashboard_close(&dashboard);
}

Test(dashboard, shows_as_many_plots_as_there_is_room_for)
{
    struct dashboard *dashboard = dashboard_make();

    cr_expect_eq(plots_count(dashboard, 24, 80), 4);
    cr_expect_eq(plots_count(dashboard, 60, 200), DASHBOARD_PLOTS);
    cr_expect_eq(plots_count(dashboard, 24, 132), 6);
    cr_expect_eq(plots_count(dashboard, 12, 40), 1);
    cr_expect_eq(plots_count(dashboard, 8, 40), 0);
    cr_expect_eq(plots_count(dashboard, 24, 20), 0);
    dashboard_close(&dashboard);
}

/* Plots of one row have their axes in one row of the screen, the last ones above the keys. */
Test(dashboard, leaves_no_part_of_the_screen_empty)
{
    static const int32_t sizes[][2] = {{24, 80}, {60, 200}, {24, 132}, {50, 80}, {30, 300}};
    struct dashboard *dashboard = dashboard_make();

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int32_t rows = sizes[i][0];
        int32_t columns = sizes[i][1];
        const char *labels = picture(dashboard, rows, columns) + (rows - 2) * (columns + 1);

        cr_expect_neq((int32_t)strspn(labels, " "), columns, "%d x %d", rows, columns);
        cr_expect_not_null(memmem(labels, (size_t)columns, "2 000", 5));
        cr_expect_not_null(memmem(labels - columns - 1, (size_t)columns, "+---", 4));
    }
    dashboard_close(&dashboard);
}

/* No size is too small or too large to be drawn, with or without anything to show. */
Test(dashboard, draws_at_any_size)
{
    struct dashboard *full = dashboard_make();
    struct dashboard *empty = dashboard_open("unix:/tmp/s");

    for (int32_t rows = 1; rows <= 100; rows += rows < 30 ? 1 : 10)
        for (int32_t columns = 1; columns <= 300; columns += columns < 50 ? 1 : 10) {
            picture(full, rows, columns);
            picture(empty, rows, columns);
        }
    cr_expect_not_null(strstr(picture(empty, 24, 80), "waiting for the first emission"));
    cr_expect_not_null(strstr(picture(empty, 24, 80), "nothing yet"));
    dashboard_close(&full);
    dashboard_close(&empty);
}

/* Is the plot with this title the first one? */
static int is_first(struct dashboard *dashboard, int index)
{
    const char *text = picture(dashboard, 24, 80);

    return strncmp(text + 2 * 81, titles[index], strlen(titles[index])) == 0;
}

Test(dashboard, turns_to_all_plots)
{
    struct dashboard *dashboard = dashboard_make();

    cr_expect(is_first(dashboard, 0));
    cr_expect_eq(dashboard_type(dashboard, STROKE_TAB), DASHBOARD_DRAW);
    cr_expect(is_first(dashboard, 4));
    dashboard_type(dashboard, STROKE_TAB);
    cr_expect(is_first(dashboard, 8), "%s", picture(dashboard, 24, 80));
    cr_expect_not_null(strstr(picture(dashboard, 24, 80), "plots 9 to 3 of 9"));
    dashboard_type(dashboard, STROKE_RIGHT);
    cr_expect(is_first(dashboard, 0));
    dashboard_type(dashboard, STROKE_LEFT);
    cr_expect(is_first(dashboard, 8));
    dashboard_type(dashboard, STROKE_BACK_TAB);
    cr_expect(is_first(dashboard, 4));
    dashboard_close(&dashboard);
}

Test(dashboard, shows_one_plot_alone)
{
    struct dashboard *dashboard = dashboard_make();

    for (int i = 0; i < DASHBOARD_PLOTS; i++) {
        cr_expect_eq(dashboard_type(dashboard, '1' + i), DASHBOARD_DRAW);
        cr_expect(is_first(dashboard, i));
        cr_expect_eq(dashboard->shown, 1);
    }
    dashboard_type(dashboard, STROKE_ESCAPE);
    picture(dashboard, 24, 80);
    cr_expect_eq(dashboard->shown, 4);
    dashboard_close(&dashboard);
}

Test(dashboard, stops_the_picture_and_loses_nothing)
{
    const struct lattn_state_of_service later = {
        .report = {.pairs = 5000, .certificate = {.p = 9, .lost_at = LATTN_NEVER}},
        .service = {.heads = LATTN_NEVER, .pairs_to_go = NAN}};
    struct dashboard *dashboard = dashboard_make();

    dashboard_type(dashboard, 'p');
    outlook_take(&dashboard->live, &later, NULL);
    cr_expect_not_null(strstr(picture(dashboard, 24, 80), "2 000 pairs"));
    cr_expect_not_null(strstr(picture(dashboard, 24, 80), "paused"));
    dashboard_type(dashboard, 'p');
    cr_expect_not_null(strstr(picture(dashboard, 24, 80), "5 000 pairs"));
    cr_expect_null(strstr(picture(dashboard, 24, 80), "paused"));
    dashboard_close(&dashboard);
}

Test(dashboard, says_that_the_daemon_is_gone)
{
    struct dashboard *dashboard = dashboard_make();

    snprintf(dashboard->trouble, sizeof dashboard->trouble, "the daemon is gone");
    cr_expect_not_null(strstr(picture(dashboard, 24, 80), "\nthe daemon is gone "));
    cr_expect_eq(plots_count(dashboard, 24, 80), 4, "what was known is still there");
    dashboard_close(&dashboard);
}

Test(dashboard, helps)
{
    struct dashboard *dashboard = dashboard_make();

    cr_expect(is_first(dashboard, 0));
    dashboard_type(dashboard, 'h');
    cr_expect_not_null(strstr(picture(dashboard, 24, 80), "q, Ctrl-C       quit"));
    cr_expect_null(strstr(picture(dashboard, 24, 80), "singular values of R"));
    dashboard_type(dashboard, '?');
    dashboard_type(dashboard, STROKE_TAB);
    cr_expect(is_first(dashboard, 4), "keys that come at once do what they do one by one");
    cr_expect_eq(plots_count(dashboard, 24, 80), 4);
    dashboard_close(&dashboard);
}

Test(dashboard, shows_lambda_in_place_of_rho)
{
    struct dashboard *dashboard = dashboard_make();

    dashboard_type(dashboard, 'l');
    cr_expect_not_null(strstr(picture(dashboard, 24, 80), "lambda min"));
    dashboard_type(dashboard, 'l');
    cr_expect_null(strstr(picture(dashboard, 24, 80), "lambda min"));
    dashboard_close(&dashboard);
}

Test(dashboard, quits_and_passes_over_what_means_nothing)
{
    struct dashboard *dashboard = dashboard_make();

    cr_expect_eq(dashboard_type(dashboard, 'q'), DASHBOARD_QUIT);
    cr_expect_eq(dashboard_type(dashboard, STROKE_CONTROL_C), DASHBOARD_QUIT);
    cr_expect_eq(dashboard_type(dashboard, 'x'), DASHBOARD_NOTHING);
    cr_expect_eq(dashboard_type(dashboard, -1), DASHBOARD_NOTHING);
    cr_expect_eq(dashboard_type(dashboard, 0xe9), DASHBOARD_NOTHING);
    dashboard_close(&dashboard);
    cr_expect_null(dashboard);
}
