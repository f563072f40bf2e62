/*
 * suggest: what should be labelled next, out of the candidates in a file or made to order.
 *
 * A file is read in rounds, each as large as one request takes: what was chosen competes with the
 * lines that come. It spans all that the lines before had to offer, so no direction is lost; with
 * -n it spans the N furthest of each round only, and what one round left out does not compete
 * again. Where the daemon calls a round too large, smaller ones follow.
 */
#include "client.h"
#include "inputs.h"
#include "options.h"
#include "progress.h"
#include "reader.h"
#include "talk.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is asked for; path is NULL for sequences made to order, n and norm_max 0 for no bound. */
struct wish {
    struct link_settings settings;
    const char *path;
    uint64_t n;
    double norm_max;
};

/*
 * One run.
 *
 * pool  the candidates of this round; those chosen in the rounds before stand first
 * fresh so many of them, the last ones, are not yet asked about
 * round at most so many of these are asked about at once
 * stop  the first line that could not be asked about any more; 0 if there is none
 */
struct suggest {
    struct client client;
    const struct wish *wish;
    struct reader file;
    struct inputs pool;
    size_t fresh;
    size_t round;
    uint64_t stop;
};

/* ---- candidates ---------------------------------------------------------------------------- */

static enum verb_exit line_refuse(const struct suggest *suggest, const char *reason)
{
    talk(suggest->client.verb, suggest->wish->path, "line %llu: %s",
         (unsigned long long)suggest->file.number, reason);
    return VERB_REFUSED;
}

static enum verb_exit candidate_take(struct suggest *suggest, const char *text, size_t length)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status =
        inputs_take(&suggest->pool, text, length, suggest->file.number, &complaint);

    if (status == LATTN_OK)
        suggest->fresh++;
    if (status == LATTN_OK || status == LATTN_MORE)
        return VERB_DONE;
    return line_refuse(suggest, complaint.text[0] ? complaint.text : lattn_status_text(status));
}

/* Are these indices of the first `asked` candidates, none of them twice? */
static int order_is_sound(size_t asked, const int32_t *order, size_t count)
{
    uint8_t is_taken[LATTN_INPUTS_MAX] = {0};

    for (size_t i = 0; i < count; i++)
        if ((size_t)order[i] >= asked || is_taken[order[i]]++)
            return 0;
    return 1;
}

/* Keep what was chosen of the first `asked`, and behind it those that were not asked about. */
static enum lattn_status pool_keep(struct suggest *suggest, size_t asked,
                                   const struct lattn_reply *reply)
{
    int32_t kept[LATTN_INPUTS_MAX];
    int32_t *order;
    size_t count;
    enum lattn_status status = lattn_reply_suggestion(reply, &order, &count);

    if (status != LATTN_OK)
        return status;
    if (order_is_sound(asked, order, count))
        memcpy(kept, order, count * sizeof *kept);
    else
        status = LATTN_FIELD;
    free(order);
    if (status != LATTN_OK)
        return status;
    suggest->fresh = suggest->pool.count - asked;
    for (size_t i = asked; i < suggest->pool.count; i++)
        kept[count++] = (int32_t)i;
    return inputs_keep(&suggest->pool, kept, count);
}

/*
 * After a refusal: fewer the next time, as long as that many are worth a request beside those
 * chosen before. Otherwise these are the answer, if there are any.
 */
static enum verb_exit round_shrink(struct suggest *suggest, size_t chosen, size_t fresh,
                                   struct lattn_reply *reply)
{
    int is_least = fresh <= 1 + chosen / 8;

    if (!inputs_are_too_many(&suggest->pool, reply) || (is_least && chosen == 0))
        return inputs_refuse(&suggest->pool, &suggest->client, suggest->wish->path, reply);
    lattn_reply_done(reply);
    suggest->round = fresh / 2;
    if (is_least)
        suggest->stop = suggest->pool.lines[chosen];
    return VERB_DONE;
}

/* Ask about what was chosen before, and some that are fresh. */
static enum verb_exit round_ask(struct suggest *suggest)
{
    size_t chosen = suggest->pool.count - suggest->fresh;
    size_t fresh = suggest->fresh < suggest->round ? suggest->fresh : suggest->round;
    struct lattn_reply reply;
    enum verb_exit code = inputs_exchange(&suggest->pool, chosen + fresh, &suggest->client,
                                          LATTN_METHOD_SUGGEST, suggest->wish->n, &reply);
    enum lattn_status status;

    if (code != VERB_DONE)
        return code;
    if (reply.kind != LATTN_REPLY_RESULT)
        return round_shrink(suggest, chosen, fresh, &reply);
    status = pool_keep(suggest, chosen + fresh, &reply);
    lattn_reply_done(&reply);
    return status == LATTN_OK ? VERB_DONE : client_refuse(&suggest->client, status);
}

/* Keep what the daemon chooses of the pool, in its order. */
static enum verb_exit pool_ask(struct suggest *suggest)
{
    enum verb_exit code = VERB_DONE;

    while (code == VERB_DONE && suggest->fresh > 0 && suggest->stop == 0)
        code = round_ask(suggest);
    return code;
}

/* The next candidate; LATTN_MORE where there is none. */
static enum verb_exit line_take(struct suggest *suggest, int *ret_ended)
{
    size_t length;
    char *text;
    enum lattn_status status = reader_read(&suggest->file, &text, &length);

    *ret_ended = status == LATTN_MORE;
    if (*ret_ended && suggest->file.error != 0) {
        talk(suggest->client.verb, suggest->wish->path, "%s", strerror(suggest->file.error));
        return VERB_REFUSED;
    }
    if (*ret_ended || (status == LATTN_OK && reader_is_blank(text, length)))
        return VERB_DONE;
    return status == LATTN_OK ? candidate_take(suggest, text, length)
                              : line_refuse(suggest, lattn_status_text(status));
}

/* Read the file in rounds; what is left in the pool is the answer. */
static enum verb_exit pool_choose(struct suggest *suggest)
{
    enum verb_exit code = VERB_DONE;
    int ended = 0, was_any = 0;

    while (code == VERB_DONE && !ended && suggest->stop == 0 &&
           !inputs_are_enough(&suggest->pool)) {
        code = line_take(suggest, &ended);
        was_any = was_any || suggest->fresh > 0;
        if (code == VERB_DONE && suggest->fresh > 0 && (ended || inputs_are_enough(&suggest->pool)))
            code = pool_ask(suggest);
        progress_show(suggest->file.number, NULL);
    }
    if (code == VERB_DONE && !was_any) {
        talk(suggest->client.verb, suggest->wish->path, "there is no candidate");
        return VERB_REFUSED;
    }
    if (code == VERB_DONE && suggest->stop == 0 && !ended)
        suggest->stop = suggest->file.number + 1;
    if (code == VERB_DONE && suggest->stop > 0)
        talk(suggest->client.verb, suggest->wish->path,
             "lines after %llu were not looked at: learn these first, then ask again",
             (unsigned long long)(suggest->stop - 1));
    return code;
}

static enum verb_exit candidates_run(struct suggest *suggest)
{
    int fd = open(suggest->wish->path, O_RDONLY | O_CLOEXEC);
    enum verb_exit code;

    if (fd < 0) {
        talk(suggest->client.verb, suggest->wish->path, "%s", strerror(errno));
        return VERB_REFUSED;
    }
    reader_init(&suggest->file, fd, READER_LINES, READER_BYTES_MAX);
    progress_begin(suggest->client.verb, "lines", fd, 0, PROGRESS_AT_END);
    code = pool_choose(suggest);
    progress_end();
    for (size_t i = 0; code == VERB_DONE && i < suggest->pool.count - suggest->fresh; i++)
        printf("%s\n", suggest->pool.texts[i]);
    inputs_done(&suggest->pool);
    reader_done(&suggest->file);
    close(fd);
    return code;
}

/* ---- made to order ------------------------------------------------------------------------- */

static enum lattn_status design_print(const struct lattn_design *design)
{
    enum lattn_status status = LATTN_OK;
    struct lattn_text text;

    lattn_text_init(&text);
    for (size_t i = 0; status == LATTN_OK && i < design->count; i++) {
        text.length = 0;
        status = lattn_write_pair(&text, LATTN_FORMAT_JSON, &design->items[i], NULL, NULL, 0);
        if (status == LATTN_OK)
            fputs(text.data, stdout);
    }
    lattn_text_done(&text);
    return status;
}

/* Say why there are fewer than were asked for. */
static void design_explain(const struct suggest *suggest, const struct lattn_design *design)
{
    if (design->count == suggest->wish->n)
        return;
    if (design->missing == 0)
        talk(suggest->client.verb, suggest->client.address, "nothing is missing");
    else if (design->count == design->missing)
        talk(suggest->client.verb, suggest->client.address, "only %zu directions are missing",
             design->count);
    else
        talk(suggest->client.verb, suggest->client.address,
             "%llu directions are missing, of which such short tokens would show %zu",
             (unsigned long long)design->missing, design->count);
}

static enum verb_exit design_run(struct suggest *suggest)
{
    const struct lattn_request request = {.method = LATTN_METHOD_SUGGEST,
                                          .id = "1",
                                          .n = suggest->wish->n,
                                          .norm_max = suggest->wish->norm_max};
    struct lattn_reply reply;
    struct lattn_design design;
    enum lattn_status status;
    enum verb_exit code = client_ask(&suggest->client, &request, &reply);

    if (code != VERB_DONE)
        return code;
    status = lattn_reply_design(&reply, &design);
    lattn_reply_done(&reply);
    if (status != LATTN_OK)
        return client_refuse(&suggest->client, status);
    status = design_print(&design);
    if (status == LATTN_OK)
        design_explain(suggest, &design);
    lattn_design_done(&design);
    return status == LATTN_OK ? VERB_DONE : client_refuse(&suggest->client, status);
}

/* ---- the verb ------------------------------------------------------------------------------ */

static enum options_outcome wish_read(int argc, char **argv, struct wish *ret_wish)
{
    const struct option_row rows[] = {
        {"--from", "FILE", OPTION_TEXT, &ret_wish->path, 0, 0, "candidates, lines as for predict"},
        {"-n", "N", OPTION_WHOLE, &ret_wish->n, 1, LATTN_INPUTS_MAX,
         "at most N; without --from make them to order"},
        {"--norm-max", "B", OPTION_POSITIVE, &ret_wish->norm_max, 0, 0,
         "made to order: no token is longer than B; default: as long as those learned, or 1"},
    };
    const struct options options = {
        .usage = "suggest ADDR (--from FILE [-n N] | -n N [--norm-max B])",
        .about = "Print inputs that the daemon at ADDR should learn next, once they have labels: "
                 "each\nraises the rank. Of candidates those that would add nothing are left out.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .link = &ret_wish->settings,
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &ret_wish->settings.address);

    if (outcome != OPTIONS_READ)
        return outcome;
    if (ret_wish->path == NULL && ret_wish->n == 0)
        talk(argv[0], NULL, "--from FILE or -n N is missing");
    else if (ret_wish->path != NULL && ret_wish->norm_max > 0)
        talk(argv[0], NULL, "--norm-max does not go with --from");
    else
        return OPTIONS_READ;
    return OPTIONS_MISUSED;
}

enum verb_exit suggest_run(int argc, char **argv)
{
    struct wish wish = {0};
    enum options_outcome outcome = wish_read(argc, argv, &wish);
    struct suggest *suggest;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    suggest = calloc(1, sizeof *suggest);
    if (suggest == NULL) {
        talk(argv[0], NULL, "%s", strerror(errno));
        return VERB_REFUSED;
    }
    suggest->wish = &wish;
    suggest->round = LATTN_INPUTS_MAX;
    code = client_open(&suggest->client, argv[0], &wish.settings, LATTN_FORMAT_JSON);
    if (code == VERB_DONE) {
        code = wish.path != NULL ? candidates_run(suggest) : design_run(suggest);
        client_close(&suggest->client);
    }
    free(suggest);
    return code;
}
