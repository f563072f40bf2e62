/*
 * The only file that knows curses.
 */
#include "terminal.h"

#include "dashboard.h"
#include "guard.h"

#include <assert.h>
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

/* term.h gives this name to a capability. */
#undef columns

/* How long the rest of an escape sequence may take; behind it, it was the key. */
enum { ESCAPE_MS = 25 };

static SCREEN *curses;
static int is_ascii;
static attr_t attributes[INKS_COUNT];

/* ---- colours --------------------------------------------------------------------------------- */

/*
 * Of 256 colours those in the middle, to be read on black and on white; of 8 the nearest. -1: that
 * of the terminal.
 */
static const struct {
    attr_t attribute;
    short color;
    short color_of_256;
} inks[INKS_COUNT] = {
    [INK_PLAIN] = {A_NORMAL, -1, -1},
    [INK_FAINT] = {A_NORMAL, -1, 244},
    [INK_STRONG] = {A_BOLD, -1, -1},
    [INK_FIRST] = {A_NORMAL, COLOR_CYAN, 33},
    [INK_SECOND] = {A_NORMAL, COLOR_YELLOW, 166},
    [INK_LIMIT] = {A_NORMAL, COLOR_MAGENTA, 133},
    [INK_GOOD] = {A_BOLD, COLOR_GREEN, 28},
    [INK_BAD] = {A_BOLD, COLOR_RED, 160},
};

/* Colour only where the terminal has it and nobody objects (no-color.org). */
static int colors_begin(void)
{
    const char *objection = getenv("NO_COLOR");

    if ((objection != NULL && objection[0] != '\0') || !has_colors())
        return 0;
    return start_color() == OK && use_default_colors() == OK;
}

static void inks_begin(void)
{
    int has_colors_here = colors_begin();

    for (short ink = 0; ink < INKS_COUNT; ink++) {
        short color = COLORS >= 256 ? inks[ink].color_of_256 : inks[ink].color;

        attributes[ink] = inks[ink].attribute;
        if (has_colors_here && color >= 0 && init_pair((short)(ink + 1), color, -1) == OK)
            attributes[ink] |= (attr_t)COLOR_PAIR(ink + 1);
    }
}

/* ---- taking over ----------------------------------------------------------------------------- */

/* Add what a capability sends; terminals that need pauses, $<5>, have had theirs. */
static size_t bytes_add(char *bytes, size_t length, const char *capability)
{
    while (*capability != '\0' && length + 1 < GUARD_BYTES_MAX) {
        const char *end = strncmp(capability, "$<", 2) == 0 ? strchr(capability, '>') : NULL;

        if (end != NULL)
            capability = end + 1;
        else
            bytes[length++] = *capability++;
    }
    bytes[length] = '\0';
    return length;
}

/* What a terminal has to be told where curses cannot do it any more. */
static void restore_write(char ret_bytes[GUARD_BYTES_MAX])
{
    static const char *const names[] = {"sgr0", "cnorm", "rmkx", "rmcup"};
    size_t length = 0;

    ret_bytes[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *bytes = tigetstr(names[i]);

        if (bytes != NULL && bytes != (const char *)-1)
            length = bytes_add(ret_bytes, length, bytes);
    }
}

static enum lattn_status refuse(struct lattn_complaint *complaint, enum lattn_status status,
                                const char *reason)
{
    snprintf(complaint->text, sizeof complaint->text, "%s", reason);
    return status;
}

/* Can it put something where it is wanted? */
static enum lattn_status abilities_check(char ret_restore[GUARD_BYTES_MAX],
                                         struct lattn_complaint *complaint)
{
    const char *name = getenv("TERM");
    const char *move;
    int error;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return refuse(complaint, LATTN_FIELD, "standard input and output are not a terminal");
    if (name == NULL || setupterm(name, STDOUT_FILENO, &error) != OK) {
        snprintf(complaint->text, sizeof complaint->text,
                 "nothing is known of terminals \"%.100s\"", name == NULL ? "" : name);
        return LATTN_FIELD;
    }
    move = tigetstr("cup");
    restore_write(ret_restore);
    (void)del_curterm(cur_term); /* it was set up a moment ago */
    if (move == NULL || move == (const char *)-1) {
        snprintf(complaint->text, sizeof complaint->text,
                 "terminals \"%.100s\" show lines one behind another only", name);
        return LATTN_FIELD;
    }
    return LATTN_OK;
}

static void modes_begin(void)
{
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)set_escdelay(ESCAPE_MS);
    (void)curs_set(0); /* some cannot hide it */
    inks_begin();
}

enum lattn_status terminal_check(struct lattn_complaint *complaint)
{
    char restore[GUARD_BYTES_MAX];

    return abilities_check(restore, complaint);
}

enum lattn_status terminal_open(struct lattn_complaint *complaint)
{
    char restore[GUARD_BYTES_MAX];
    enum lattn_status status = abilities_check(restore, complaint);

    assert(curses == NULL);
    if (status != LATTN_OK)
        return status;
    is_ascii = setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    status = guard_begin(restore);
    if (status != LATTN_OK)
        return refuse(complaint, status, strerror(errno));
    curses = newterm(NULL, stdout, stdin);
    if (curses == NULL) {
        guard_end();
        return refuse(complaint, LATTN_NO_MEMORY, "there is no memory for the screen");
    }
    modes_begin();
    return LATTN_OK;
}

void terminal_close(void)
{
    if (curses == NULL)
        return;
    (void)endwin();
    delscreen(curses);
    curses = NULL;
    guard_end();
}

/* ---- showing --------------------------------------------------------------------------------- */

void terminal_size(int32_t *ret_rows, int32_t *ret_columns)
{
    *ret_rows = LINES > 0 ? LINES : 1;
    *ret_columns = COLS > 0 ? COLS : 1;
}

static void cell_show(int32_t row, int32_t column, struct cell cell)
{
    const wchar_t text[] = {(wchar_t)cell.glyph, L'\0'};
    attr_t attribute = attributes[cell.ink];
    cchar_t character;

    if (setcchar(&character, text, attribute & ~(attr_t)A_COLOR, (short)PAIR_NUMBER((int)attribute),
                 NULL) == OK)
        (void)mvadd_wch(row, column, &character); /* behind the last one it cannot move on */
}

void terminal_show(struct screen *screen)
{
    if (is_ascii)
        screen_reduce(screen);
    for (int32_t row = 0; row < screen->rows; row++)
        for (int32_t column = 0; column < screen->columns; column++)
            cell_show(row, column, screen_cell(screen, row, column));
    (void)refresh();
}

/* ---- what is done to it ---------------------------------------------------------------------- */

static int32_t stroke_of(wint_t key)
{
    switch (key) {
    case KEY_LEFT:
        return STROKE_LEFT;
    case KEY_RIGHT:
        return STROKE_RIGHT;
    case KEY_UP:
    case KEY_PPAGE:
        return STROKE_UP;
    case KEY_DOWN:
    case KEY_NPAGE:
        return STROKE_DOWN;
    case KEY_BTAB:
        return STROKE_BACK_TAB;
    default:
        return -1; /* one that means nothing */
    }
}

int32_t terminal_stroke(void)
{
    wint_t key;
    int kind = get_wch(&key);

    if (kind == ERR)
        return STROKE_NONE;
    return kind == KEY_CODE_YES ? stroke_of(key) : (int32_t)key;
}

static void size_take(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        (void)resizeterm(size.ws_row, size.ws_col); /* else it stays as large as it was */
    (void)clearok(curscr, TRUE);
}

static void stop(void)
{
    (void)endwin();
    guard_stop();
    size_take();
}

/* A terminal that is gone is readable for ever. */
static enum terminal_event absence_look(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    if (poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLERR | POLLNVAL)))
        return TERMINAL_ENDED;
    return TERMINAL_NOTHING;
}

enum terminal_event terminal_next(void)
{
    switch (guard_next()) {
    case GUARD_QUIT:
        return TERMINAL_QUIT;
    case GUARD_ENDED:
        return TERMINAL_ENDED;
    case GUARD_STOPPED:
        stop();
        return TERMINAL_CHANGED;
    case GUARD_RESIZED:
    case GUARD_CONTINUED:
        size_take();
        return TERMINAL_CHANGED;
    case GUARD_NOTHING:
        break;
    }
    return absence_look();
}
