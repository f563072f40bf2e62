#include "bench_daemon.h"

#include "talk.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- its process --------------------------------------------------------------------------- */

/*
 * The shell ends the daemon and takes the folder away at the end of its input, which comes whatever
 * becomes of us. What may hold any letter is in its environment.
 */
static const char script[] =
    "trap : TERM\n"
    "\"$LATTN_BENCH_DAEMON\" --listen \"unix:$LATTN_BENCH_FOLDER/s\" --log-level error"
    " --engine \"$LATTN_BENCH_ENGINE\" </dev/null >&2 &\n"
    "read -r end\n"
    "kill $! 2>/dev/null\n"
    "wait $!\n"
    "rm -r \"$LATTN_BENCH_FOLDER\"\n";

static enum lattn_status folder_make(struct bench_daemon *daemon, struct lattn_complaint *complaint)
{
    const char *place = getenv("TMPDIR");
    int length = snprintf(daemon->folder, sizeof daemon->folder, "%s/lattn-bench-XXXXXX",
                          place == NULL || place[0] == '\0' ? "/tmp" : place);

    errno = ENAMETOOLONG;
    if (length >= (int)sizeof daemon->folder || mkdtemp(daemon->folder) == NULL) {
        snprintf(complaint->text, sizeof complaint->text, "cannot make a folder for its socket: %s",
                 strerror(errno));
        return LATTN_INPUT_OUTPUT;
    }
    snprintf(daemon->address, sizeof daemon->address, "unix:%s/s", daemon->folder);
    return LATTN_OK;
}

static enum lattn_status shell_start(struct bench_daemon *daemon, const char *program,
                                     const char *engine, struct lattn_complaint *complaint)
{
    enum lattn_status status;

    if (setenv("LATTN_BENCH_DAEMON", program, 1) != 0 ||
        setenv("LATTN_BENCH_FOLDER", daemon->folder, 1) != 0 ||
        setenv("LATTN_BENCH_ENGINE", engine, 1) != 0)
        status = LATTN_NO_MEMORY;
    else
        status = child_start(&daemon->child, script, complaint);
    (void)unsetenv("LATTN_BENCH_DAEMON"); /* these are names that exist or do not */
    (void)unsetenv("LATTN_BENCH_FOLDER");
    (void)unsetenv("LATTN_BENCH_ENGINE");
    return status;
}

/* ---- feeding ------------------------------------------------------------------------------- */

/* Give the socket all of it; the daemon has nothing to say to pairs it takes. */
static enum lattn_status messages_send(struct bench_daemon *daemon,
                                       const struct lattn_text *messages, uint64_t pairs)
{
    size_t sent = 0;

    daemon->sent += pairs;
    while (sent < messages->length) {
        struct pollfd ready = {.fd = lattn_link_fd(daemon->client.link), .events = POLLOUT};
        ssize_t count =
            lattn_link_write(daemon->client.link, messages->data + sent, messages->length - sent);

        if (count >= 0)
            sent += (size_t)count;
        else if (errno != EAGAIN && errno != EINTR)
            return LATTN_CLOSED;
        else if (poll(&ready, 1, -1) < 0 && errno != EINTR)
            return LATTN_INPUT_OUTPUT;
    }
    return LATTN_OK;
}

/* Its answer comes when all before it is learned, and tells how much that was. */
static enum lattn_status answer_check(struct bench_daemon *daemon)
{
    const struct lattn_request request = {.method = LATTN_METHOD_HELLO, .id = "1"};
    struct lattn_hello hello;
    struct lattn_reply reply;
    enum lattn_status status = client_exchange(&daemon->client, &request, &reply);

    if (status != LATTN_OK)
        return status;
    status = lattn_reply_hello(&reply, &hello);
    if (status == LATTN_OK && hello.accepted != daemon->sent) {
        snprintf(daemon->complaint.text, sizeof daemon->complaint.text,
                 "it took %" PRIu64 " of %" PRIu64 " pairs", hello.accepted, daemon->sent);
        status = LATTN_REFUSED;
    }
    lattn_reply_done(&reply);
    return status;
}

enum lattn_status bench_daemon_feed(void *arg, uint64_t times)
{
    struct bench_daemon *daemon = arg;
    enum lattn_status status = LATTN_OK;

    for (uint64_t i = 0; i < times && status == LATTN_OK; i++)
        status = messages_send(daemon, daemon->messages, BENCH_PAIRS_COUNT);
    return status == LATTN_OK ? answer_check(daemon) : status;
}

/* Pairs that are not sent again. */
static enum lattn_status layer_teach(struct bench_daemon *daemon, const struct bench_pairs *pairs)
{
    int64_t features = lattn_features(pairs->items[0].d);
    enum lattn_status status = LATTN_OK;
    struct lattn_text text;

    lattn_text_init(&text);
    for (int64_t i = 0; i < features && status == LATTN_OK; i++) {
        text.length = 0;
        status = bench_pairs_write_other(pairs, daemon->client.format, &text);
        if (status == LATTN_OK)
            status = messages_send(daemon, &text, 1);
    }
    lattn_text_done(&text);
    return status == LATTN_OK ? bench_daemon_feed(daemon, 1) : status;
}

/* ---- starting and ending ------------------------------------------------------------------- */

enum verb_exit bench_daemon_start(struct bench_daemon *daemon, const char *program,
                                  const char *engine, const struct bench_pairs *pairs,
                                  enum lattn_format format)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status;
    enum verb_exit code;

    *daemon = (struct bench_daemon){
        .messages = format == LATTN_FORMAT_JSON ? &pairs->lines : &pairs->frames,
    };
    status = folder_make(daemon, &complaint);
    if (status == LATTN_OK)
        status = shell_start(daemon, program, engine, &complaint);
    if (status != LATTN_OK) {
        talk("bench", program, "%s",
             complaint.text[0] != '\0' ? complaint.text : lattn_status_text(status));
        return VERB_REFUSED;
    }
    daemon->settings.address = daemon->address;
    code = client_open(&daemon->client, "bench", &daemon->settings, format);
    if (code == VERB_DONE) {
        status = layer_teach(daemon, pairs);
        code = status == LATTN_OK ? VERB_DONE : bench_daemon_refuse(daemon, status);
    }
    if (code != VERB_DONE)
        bench_daemon_end(daemon);
    return code;
}

void bench_daemon_end(struct bench_daemon *daemon)
{
    client_close(&daemon->client);
    (void)child_end(&daemon->child, NULL); /* there is nothing it could tell */
}

enum verb_exit bench_daemon_refuse(const struct bench_daemon *daemon, enum lattn_status status)
{
    if (status != LATTN_REFUSED)
        return client_refuse(&daemon->client, status);
    talk("bench", "lattnd", "%s", daemon->complaint.text);
    return VERB_REFUSED;
}
