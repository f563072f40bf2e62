/*
 * From the top: what the verdict is, numbers of the daemon, plots in a grid, and what can be typed.
 * What there is no room for is left out, the plots last of all.
 */
#include "dashboard.h"

#include "scale.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_ROWS = 2,
    FOOTER_ROWS = 1,
    /* A plot that is to be read has so much; a smaller one is better than none. */
    GOOD_ROWS = 9,
    GOOD_COLUMNS = 38,
    /* Columns of a good plot for each of its rows. */
    GOOD_SHAPE = 4
};

struct dashboard *dashboard_open(const char *address)
{
    struct dashboard *dashboard = calloc(1, sizeof *dashboard);

    if (dashboard != NULL)
        dashboard->address = address;
    return dashboard;
}

void dashboard_close(struct dashboard **dashboard)
{
    free(*dashboard);
    *dashboard = NULL;
}

/* ---- strokes --------------------------------------------------------------------------------- */

/* Show others first, going round. */
static void plots_turn(struct dashboard *dashboard, int32_t by)
{
    dashboard->first =
        (dashboard->first + by % DASHBOARD_PLOTS + DASHBOARD_PLOTS) % DASHBOARD_PLOTS;
}

static void hold(struct dashboard *dashboard)
{
    dashboard->is_held = !dashboard->is_held;
    if (dashboard->is_held)
        dashboard->held = dashboard->live;
}

static void one_show(struct dashboard *dashboard, int32_t index)
{
    dashboard->first = index;
    dashboard->shows_one = 1;
}

enum dashboard_wish dashboard_type(struct dashboard *dashboard, int32_t stroke)
{
    if (stroke >= '1' && stroke < '1' + DASHBOARD_PLOTS) {
        one_show(dashboard, stroke - '1');
        return DASHBOARD_DRAW;
    }
    switch (stroke) {
    case 'q':
    case STROKE_CONTROL_C:
        return DASHBOARD_QUIT;
    case 'h':
    case '?':
        dashboard->shows_help = !dashboard->shows_help;
        break;
    case STROKE_ESCAPE:
    case '0':
        dashboard->shows_help = 0;
        dashboard->shows_one = 0;
        break;
    case 'p':
    case ' ':
        hold(dashboard);
        break;
    case 'l':
        dashboard->shows_lambda = !dashboard->shows_lambda;
        break;
    case STROKE_TAB:
    case STROKE_DOWN:
        plots_turn(dashboard, dashboard->shown);
        break;
    case STROKE_BACK_TAB:
    case STROKE_UP:
        plots_turn(dashboard, -dashboard->shown);
        break;
    case STROKE_RIGHT:
        plots_turn(dashboard, 1);
        break;
    case STROKE_LEFT:
        plots_turn(dashboard, -1);
        break;
    default:
        return DASHBOARD_NOTHING;
    }
    return DASHBOARD_DRAW;
}

/* ---- above and below the plots --------------------------------------------------------------- */

static enum ink headline_ink(const struct outlook *outlook)
{
    const struct lattn_certificate *certificate = &outlook->certificate;

    if (certificate->verdict == LATTN_IDENTIFYING)
        return INK_GOOD;
    return certificate->lost_at != LATTN_NEVER && outlook->pairs > 0 ? INK_BAD : INK_STRONG;
}

/* Whole parts of it, as many as there is room for: half of a number would be another one. */
static void headline_draw(struct screen *screen, enum ink ink, const char *headline)
{
    char text[LATTN_SENTENCE_MAX];

    snprintf(text, sizeof text, "%s", headline);
    for (size_t i = strlen(text); i > 0 && strlen(text) > (size_t)screen->columns; i--)
        if (text[i] == ';' || text[i] == ':')
            text[i] = '\0';
    screen_text(screen, 0, 0, screen->columns, ink, text);
}

/* A number with its name, where there is room for both. Returns the column behind it. */
static int32_t fact_draw(struct screen *screen, int32_t column, const char *value, const char *name)
{
    int32_t columns = (int32_t)(strlen(value) + strlen(name)) + (column > 0 ? 3 : 0);

    if (column + columns > screen->columns)
        return column;
    if (column > 0)
        column += 3;
    column = screen_text(screen, 1, column, screen->columns - column, INK_PLAIN, value);
    return screen_text(screen, 1, column, screen->columns - column, INK_FAINT, name);
}

static int32_t count_draw(struct screen *screen, int32_t column, double value, const char *name)
{
    char text[SCALE_WHOLE_MAX];

    if (isnan(value))
        return column;
    scale_whole(value, text);
    return fact_draw(screen, column, text, name);
}

/* The ones that matter most stand in front. */
static void facts_draw(const struct dashboard *dashboard, const struct outlook *outlook,
                       struct screen *screen)
{
    const struct lattn_service *service = &outlook->service;
    int32_t column = 0;

    if (outlook->history.count > 0) {
        column = count_draw(screen, column, (double)outlook->pairs, " pairs");
        column = count_draw(screen, column, service->pairs_per_s, "/s");
        if (service->heads != LATTN_NEVER)
            column = count_draw(screen, column, service->heads,
                                service->heads == 1 ? " head" : " heads");
        column = count_draw(screen, column, (double)service->rejected, " rejected");
    }
    column = fact_draw(screen, column, "", dashboard->address);
    if (outlook->history.count > 0)
        column = count_draw(screen, column, (double)service->queue_bytes, " bytes in the queue");
}

static void header_draw(const struct dashboard *dashboard, const struct outlook *outlook,
                        struct screen *screen)
{
    int is_empty = outlook->history.count == 0;
    const char *trouble =
        dashboard->trouble[0] != '\0' ? dashboard->trouble : outlook->service.kept.error;

    headline_draw(screen, is_empty ? INK_FAINT : headline_ink(outlook),
                  is_empty ? "waiting for the first emission" : outlook->headline);
    if (trouble[0] != '\0')
        screen_text(screen, 1, 0, screen->columns, INK_BAD, trouble);
    else
        facts_draw(dashboard, outlook, screen);
}

static void footer_draw(const struct dashboard *dashboard, struct screen *screen)
{
    static const char keys[] = "q quit   h help   tab other plots   p pause";
    int32_t row = screen->rows - 1;
    int32_t column = screen_text(screen, row, 0, screen->columns, INK_FAINT, keys);
    char place[64];
    int32_t right;

    if (dashboard->is_held)
        snprintf(place, sizeof place, "paused");
    else if (dashboard->shows_help)
        return;
    else if (dashboard->shown == 1)
        snprintf(place, sizeof place, "plot %d of %d", dashboard->first + 1, DASHBOARD_PLOTS);
    else if (dashboard->shown > 0 && dashboard->shown < DASHBOARD_PLOTS)
        snprintf(place, sizeof place, "plots %d to %d of %d", dashboard->first + 1,
                 (dashboard->first + dashboard->shown - 1) % DASHBOARD_PLOTS + 1, DASHBOARD_PLOTS);
    else
        return;
    right = screen->columns - (int32_t)strlen(place);
    if (right > column + 1)
        screen_text(screen, row, right, screen->columns - right,
                    dashboard->is_held ? INK_BAD : INK_FAINT, place);
}

static void help_draw(struct screen *screen, const struct area *area)
{
    static const char *const lines[] = {
        "q, Ctrl-C       quit",
        "h, ?            this help, and back to the plots",
        "tab, down       the next plots; shift-tab or up: those before",
        "right, left     one plot further or back",
        "1 to 9          one plot alone; 0 or escape: as many as there is room for",
        "l               lambda min in place of rho, and back",
        "p, space        stop the picture, and go on; nothing is lost meanwhile",
        "Ctrl-Z          back to the shell; fg returns",
        "",
        "Curves run over the pairs learned. Where an axis has powers of ten, what is",
        "0 stands at its bottom. Dashed lines are what has to be reached: rank p, and",
        "rho above the threshold.",
    };

    for (int32_t i = 0; i < (int32_t)(sizeof lines / sizeof lines[0]) && i < area->rows; i++)
        screen_text(screen, area->row + i, area->column, area->columns, INK_PLAIN, lines[i]);
}

/* ---- the grid -------------------------------------------------------------------------------- */

struct grid {
    int32_t across;
    int32_t down;
};

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* How far the plots are from a good shape. */
static double grid_distance(const struct area *area, struct grid grid)
{
    double rows = (double)area->rows / grid.down;
    double columns = (double)area->columns / grid.across;

    return fabs(log(columns / (rows * GOOD_SHAPE)));
}

/* Is there a row or a column that nothing would stand in? */
static int grid_has_waste(struct grid grid, int32_t count)
{
    return grid.across * (grid.down - 1) >= count || (grid.across - 1) * grid.down >= count;
}

/* As many plots as there is room for, in a good shape. */
static struct grid grid_choose(const struct area *area, int32_t count)
{
    int32_t rows_min = least(area->rows, GOOD_ROWS);
    int32_t columns_min = least(area->columns, GOOD_COLUMNS);
    struct grid best = {1, 1};

    for (int32_t across = 1; area->columns / across >= columns_min; across++)
        for (int32_t down = 1; area->rows / down >= rows_min; down++) {
            struct grid grid = {across, down};
            int32_t more = least(across * down, count) - least(best.across * best.down, count);

            if (grid_has_waste(grid, count))
                break;
            if (more > 0 || (more == 0 && grid_distance(area, grid) < grid_distance(area, best)))
                best = grid;
        }
    return best;
}

static void plots_draw(struct dashboard *dashboard, const struct outlook *outlook,
                       struct screen *screen, const struct area *area)
{
    int32_t count = dashboard->shows_one ? 1 : DASHBOARD_PLOTS;
    struct grid grid = grid_choose(area, count);

    dashboard->shown = least(grid.across * grid.down, count);
    for (int32_t i = 0; i < dashboard->shown; i++) {
        int32_t left = area->columns * (i % grid.across) / grid.across;
        int32_t right = area->columns * (i % grid.across + 1) / grid.across;
        int32_t top = area->rows * (i / grid.across) / grid.down;
        int32_t bottom = area->rows * (i / grid.across + 1) / grid.down;
        const struct area place = {area->row + top, area->column + left, bottom - top,
                                   right - left};
        struct plot plot =
            dashboard_plot(dashboard, outlook, (dashboard->first + i) % DASHBOARD_PLOTS);

        plot_draw(&plot, screen, &place);
    }
}

void dashboard_draw(struct dashboard *dashboard, struct screen *screen)
{
    const struct outlook *outlook = dashboard->is_held ? &dashboard->held : &dashboard->live;
    struct area area = {
        .row = HEADER_ROWS,
        .rows = screen->rows - HEADER_ROWS - FOOTER_ROWS,
        .columns = screen->columns,
    };

    screen_clear(screen);
    header_draw(dashboard, outlook, screen);
    if (dashboard->shows_help)
        help_draw(screen, &area);
    else if (area.rows >= PLOT_ROWS_MIN && area.columns >= PLOT_COLUMNS_MIN)
        plots_draw(dashboard, outlook, screen, &area);
    else
        dashboard->shown = 0;
    if (area.rows > 0)
        footer_draw(dashboard, screen);
}
