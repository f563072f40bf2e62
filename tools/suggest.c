/*
 * suggest: which of the candidates in a file should be labelled next.
 */
#include "client.h"
#include "inputs.h"
#include "options.h"
#include "reader.h"
#include "talk.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * One run.
 *
 * text  the candidates' lines, each with a zero byte behind it; candidate i starts at text_at[i]
 */
struct suggest {
    struct client client;
    struct reader file;
    const char *path;
    struct inputs candidates;
    struct lattn_text text;
    size_t text_at[LATTN_INPUTS_MAX];
};

static enum verb_exit line_refuse(const struct suggest *suggest, const char *reason)
{
    talk(suggest->client.verb, suggest->path, "line %llu: %s",
         (unsigned long long)suggest->file.number, reason);
    return VERB_REFUSED;
}

static enum verb_exit candidate_take(struct suggest *suggest, const char *text, size_t length)
{
    struct inputs *candidates = &suggest->candidates;
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    if (candidates->count == LATTN_INPUTS_MAX) {
        snprintf(complaint.text, sizeof complaint.text, "there are more than %d candidates",
                 LATTN_INPUTS_MAX);
        return line_refuse(suggest, complaint.text);
    }
    suggest->text_at[candidates->count] = suggest->text.length;
    status = inputs_take(candidates, text, length, suggest->file.number, &complaint);
    if (status == LATTN_MORE)
        return VERB_DONE;
    if (status == LATTN_OK)
        status = lattn_text_add(&suggest->text, text, length + 1);
    if (status == LATTN_OK)
        return VERB_DONE;
    return line_refuse(suggest, complaint.text[0] ? complaint.text : lattn_status_text(status));
}

static enum verb_exit candidates_read(struct suggest *suggest)
{
    enum verb_exit code = VERB_DONE;
    enum lattn_status status;
    size_t length;
    char *text;

    while (code == VERB_DONE &&
           (status = reader_read(&suggest->file, &text, &length)) != LATTN_MORE) {
        if (status != LATTN_OK)
            code = line_refuse(suggest, lattn_status_text(status));
        else if (!reader_is_blank(text, length))
            code = candidate_take(suggest, text, length);
    }
    if (code == VERB_DONE && suggest->file.error != 0) {
        talk(suggest->client.verb, suggest->path, "%s", strerror(suggest->file.error));
        code = VERB_REFUSED;
    }
    if (code == VERB_DONE && suggest->candidates.count == 0) {
        talk(suggest->client.verb, suggest->path, "there is no candidate");
        code = VERB_REFUSED;
    }
    return code;
}

/* Print the lines of the candidates that the daemon chose. */
static enum verb_exit order_print(const struct suggest *suggest, const struct lattn_reply *reply)
{
    enum lattn_status status;
    int32_t *order;
    size_t count;

    status = lattn_reply_suggestion(reply, &order, &count);
    if (status != LATTN_OK)
        return client_refuse(&suggest->client, status);
    for (size_t i = 0; status == LATTN_OK && i < count; i++) {
        if ((size_t)order[i] >= suggest->candidates.count)
            status = LATTN_FIELD;
        else
            printf("%s\n", suggest->text.data + suggest->text_at[order[i]]);
    }
    free(order);
    return status == LATTN_OK ? VERB_DONE : client_refuse(&suggest->client, status);
}

static enum verb_exit candidates_ask(struct suggest *suggest, uint64_t n)
{
    const struct lattn_request request = {.method = LATTN_METHOD_SUGGEST,
                                          .id = "1",
                                          .inputs = suggest->candidates.items,
                                          .inputs_count = suggest->candidates.count,
                                          .n = n};
    struct lattn_reply reply;
    enum verb_exit code = client_ask(&suggest->client, &request, &reply);

    if (code != VERB_DONE)
        return code;
    code = order_print(suggest, &reply);
    lattn_reply_done(&reply);
    return code;
}

static enum verb_exit suggest_run_on(struct suggest *suggest, uint64_t n)
{
    int fd = open(suggest->path, O_RDONLY | O_CLOEXEC);
    enum verb_exit code;

    if (fd < 0) {
        talk(suggest->client.verb, suggest->path, "%s", strerror(errno));
        return VERB_REFUSED;
    }
    reader_init(&suggest->file, fd, READER_LINES, READER_BYTES_MAX);
    lattn_text_init(&suggest->text);
    code = candidates_read(suggest);
    if (code == VERB_DONE)
        code = candidates_ask(suggest, n);
    lattn_text_done(&suggest->text);
    inputs_done(&suggest->candidates);
    reader_done(&suggest->file);
    close(fd);
    return code;
}

static enum options_outcome wish_read(int argc, char **argv, const char **ret_address,
                                      const char **ret_path, uint64_t *ret_n)
{
    const struct option_row rows[] = {
        {"--from", "FILE", OPTION_TEXT, ret_path, 0, 0, "the candidates, lines as for predict"},
        {"-n", "N", OPTION_WHOLE, ret_n, 1, LATTN_INPUTS_MAX, "at most N of them"},
    };
    const struct options options = {
        .usage = "suggest ADDR --from FILE [-n N]",
        .about = "Of the candidates print those that the daemon at ADDR should learn next, the "
                 "most\ninformative first: each raises the rank. Those that would add nothing "
                 "are left out.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, ret_address);

    if (outcome != OPTIONS_READ || *ret_path != NULL)
        return outcome;
    talk(argv[0], NULL, "--from FILE is missing");
    return OPTIONS_MISUSED;
}

enum verb_exit suggest_run(int argc, char **argv)
{
    const char *address, *path = NULL;
    uint64_t n = 0;
    enum options_outcome outcome = wish_read(argc, argv, &address, &path, &n);
    struct suggest *suggest;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    suggest = calloc(1, sizeof *suggest);
    if (suggest == NULL) {
        talk(argv[0], NULL, "%s", strerror(errno));
        return VERB_REFUSED;
    }
    suggest->path = path;
    code = client_open(&suggest->client, argv[0], address, LATTN_FORMAT_JSON);
    if (code == VERB_DONE) {
        code = suggest_run_on(suggest, n);
        client_close(&suggest->client);
    }
    free(suggest);
    return code;
}
