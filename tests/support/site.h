#ifndef SUPPORT_SITE_H
#define SUPPORT_SITE_H

#include "monitor/http.h"

#include <stddef.h>
#include <uv.h>

enum { SITE_TEXT_MAX = 1 << 16 };

/*
 * HTTP on a loop of its own, with an owner that says what the test tells it to, and clients on the
 * same thread.
 *
 * token     that must be shown; NULL: none
 * unready   LATTN_OK: it takes everything
 * status    what write_status says; NULL: there is none yet
 * refused   guests who were not let in; released: emissions that were let go of
 * room      bytes that the taker takes before it has to be let go on
 * taken     what it took
 * body      of the one who posts; ends: how often its end was told, gone: how often that it is gone
 * is_shut   the taker answers at the beginning
 * answer    what it answers at the end; NULL: nothing yet
 */
struct site {
    uv_loop_t loop;
    struct http *http;
    int port;
    const char *token;
    int is_dead;
    enum lattn_status unready;
    const char *status;
    int refused;
    int released;
    int is_watched;
    int emptied;
    size_t room;
    struct lattn_text taken;
    struct http_body *body;
    int begun;
    int ends;
    int gone;
    int is_shut;
    const char *answer;
};

/* Zeroed but for what the test sets before. Returns what http_open does. */
enum lattn_status site_open(struct site *site);
void site_close(struct site *site);

/* Let the loop do what there is to do now. */
void site_turn(struct site *site);

/* An emission of this number, with texts of its own. */
void site_publish(struct site *site, uint64_t number, const char *status, const char *model);

/* Connect; the descriptor is the caller's. */
int site_connect(struct site *site);
void site_send(int client, const char *text);

/*
 * Wait until this text has come, or until the connection ends where it is NULL; at most some
 * seconds. What has come since site_connect is in ret_text, closed by a zero.
 *
 * Returns 1, or 0 where it ended or nothing came for so long.
 */
int site_await(struct site *site, int client, const char *text, char ret_text[SITE_TEXT_MAX]);

/* Send a request on a connection of its own and read the answer to its end; static. */
const char *site_ask(struct site *site, const char *request);

/* The code of an answer; 0: it is none. */
int site_code(const char *answer);

#endif
