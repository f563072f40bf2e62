/*
 * watch as a screen. One loop waits for the daemon, the keyboard and signals at once, and draws
 * when one of them has brought something new: a daemon that emits nothing costs nothing.
 */
#include "watch.h"

#include "dashboard.h"
#include "guard.h"
#include "retry.h"
#include "talk.h"
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * One run of it.
 *
 * is_away   there is no connection, and at again_ms it is tried again
 * is_dirty  what is shown is not what is known
 * is_done   somebody quits
 */
struct show {
    struct watch *watch;
    struct dashboard *dashboard;
    struct screen screen;
    struct retry retry;
    uint64_t again_ms;
    int is_away;
    int is_dirty;
    int is_done;
};

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* Linux has it */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static enum lattn_status show_draw(struct show *show)
{
    struct screen *screen = &show->screen;
    enum lattn_status status = LATTN_OK;
    int32_t columns;
    int32_t rows;

    if (!show->is_dirty)
        return LATTN_OK;
    terminal_size(&rows, &columns);
    if (rows != screen->rows || columns != screen->columns)
        status = screen_resize(screen, rows, columns);
    if (status != LATTN_OK)
        return status;
    dashboard_draw(show->dashboard, screen);
    terminal_show(screen);
    show->is_dirty = 0;
    return LATTN_OK;
}

/* ---- the daemon ------------------------------------------------------------------------------ */

/* All emissions that have arrived. A picture that is stopped stays as it is. */
static enum lattn_status emissions_take(struct show *show)
{
    struct dashboard *dashboard = show->dashboard;
    struct watch_emission emission;
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && !watch_is_over(show->watch)) {
        status = watch_take(show->watch, &emission);
        if (status != LATTN_OK)
            break;
        outlook_take(&dashboard->live, &emission.state,
                     emission.has_spectrum ? &emission.spectrum : NULL);
        watch_emission_done(&emission);
        show->is_dirty |= !dashboard->is_held;
    }
    return status == LATTN_MORE ? LATTN_OK : status;
}

/* There is no connection, and none for a while. */
static void away_pause(struct show *show, const char *reason)
{
    struct dashboard *dashboard = show->dashboard;
    uint64_t pause_ms = 0;

    (void)retry_fail(&show->retry, now_ms(), &pause_ms); /* it has no limit */
    show->again_ms = now_ms() + pause_ms;
    snprintf(dashboard->trouble, sizeof dashboard->trouble,
             "the daemon is gone, trying again: %.200s", reason);
    show->is_dirty = 1;
}

static void away_begin(struct show *show)
{
    struct watch *watch = show->watch;
    const char *reason = watch->parting.text;

    client_close(&watch->client);
    show->is_away = 1;
    away_pause(show, reason[0] != '\0' ? reason : "it closed the connection");
    watch->parting.text[0] = '\0';
}

/* Connecting may take its time: who presses Ctrl-C meanwhile is heard. */
static enum lattn_status away_end(struct show *show)
{
    struct lattn_complaint complaint = {""};
    struct watch *watch = show->watch;
    enum lattn_status status;

    guard_busy(1);
    status = client_connect(&watch->client, &complaint);
    guard_busy(0);
    if (status == LATTN_CLOSED || status == LATTN_INPUT_OUTPUT) {
        away_pause(show, complaint.text);
        return LATTN_OK;
    }
    if (status != LATTN_OK) {
        (void)client_refuse_open(&watch->client, status, &complaint); /* says it, once we end */
        return LATTN_METHOD;
    }
    retry_succeed(&show->retry);
    show->is_away = 0;
    show->dashboard->trouble[0] = '\0';
    show->is_dirty = 1;
    return watch_subscribe_later(watch);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void terminal_take(struct show *show)
{
    enum terminal_event event;
    int32_t stroke;

    while ((event = terminal_next()) != TERMINAL_NOTHING && !show->is_done) {
        show->is_dirty = 1;
        show->is_done = event == TERMINAL_QUIT || event == TERMINAL_ENDED;
    }
    while ((stroke = terminal_stroke()) != STROKE_NONE) {
        enum dashboard_wish wish = dashboard_type(show->dashboard, stroke);

        show->is_dirty |= wish == DASHBOARD_DRAW;
        show->is_done |= wish == DASHBOARD_QUIT;
    }
}

/* Wait for a stroke, a signal or the time to try again. */
static enum lattn_status away_turn(struct show *show)
{
    struct pollfd polled[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = guard_fd(), .events = POLLIN},
    };
    uint64_t now = now_ms();

    if (now >= show->again_ms)
        return away_end(show);
    if (poll(polled, 2, (int)(show->again_ms - now)) < 0 && errno != EINTR)
        return LATTN_INPUT_OUTPUT;
    return LATTN_OK;
}

/* One wait, and what came of it. */
static enum lattn_status show_turn(struct show *show)
{
    enum lattn_status status =
        show->is_away ? away_turn(show) : client_turn(&show->watch->client, STDIN_FILENO, NULL);

    if (status == LATTN_OK && !show->is_away)
        status = emissions_take(show);
    if (status == LATTN_CLOSED && !watch_is_over(show->watch)) {
        away_begin(show);
        status = LATTN_OK;
    }
    terminal_take(show);
    return status;
}

static enum lattn_status show_run(struct show *show)
{
    enum lattn_status status = emissions_take(show);

    while (status == LATTN_OK && !show->is_done && !watch_is_over(show->watch)) {
        status = show_draw(show);
        if (status == LATTN_OK)
            status = show_turn(show);
    }
    return status;
}

static enum verb_exit show_begin(struct show *show, const char *verb)
{
    struct lattn_complaint complaint = {""};

    if (terminal_open(&complaint) != LATTN_OK) {
        talk(verb, "--tui", "%s", complaint.text);
        return VERB_REFUSED;
    }
    show->watch->client.wake_fd = guard_fd();
    return VERB_DONE;
}

enum verb_exit watch_screen_check(const char *verb)
{
    struct lattn_complaint complaint = {""};

    if (terminal_check(&complaint) == LATTN_OK)
        return VERB_DONE;
    talk(verb, "--tui", "%s", complaint.text);
    return VERB_MISUSED;
}

enum verb_exit watch_screen(struct watch *watch)
{
    struct show show = {.watch = watch, .is_dirty = 1};
    enum verb_exit code = watch_subscribe(watch);
    enum lattn_status status;

    if (code != VERB_DONE)
        return code;
    show.dashboard = dashboard_open(watch->client.address);
    if (show.dashboard == NULL)
        return client_refuse(&watch->client, LATTN_NO_MEMORY);
    retry_init(&show.retry, UINT64_MAX, (uint64_t)getpid());
    code = show_begin(&show, watch->client.verb);
    if (code == VERB_DONE) {
        status = show_run(&show);
        terminal_close();
        guard_die();
        code = status == LATTN_OK ? VERB_DONE : watch_refuse(watch, status);
    }
    screen_done(&show.screen);
    dashboard_close(&show.dashboard);
    return code;
}
