/*
 * lattnd: configuration, then the server. Exit code 0 done, 1 refused, 2 misused.
 */
#include <lattn/version.h>

#include "core/dense.h"
#include "serve/config.h"
#include "serve/config_check.h"
#include "serve/descriptors.h"
#include "serve/explain.h"
#include "serve/heap.h"
#include "serve/log.h"
#include "serve/option.h"
#include "serve/server.h"
#include "serve/state_dir.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum exit_code { EXIT_DONE, EXIT_REFUSED, EXIT_MISUSED };

/* What was printed must have arrived. */
static int output_end(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    fprintf(stderr, "lattnd: cannot write to standard output: %s\n", strerror(errno));
    return EXIT_REFUSED;
}

static void stopped_log(int code)
{
    log_event(LOG_LEVEL_INFO, "stopped", LOG_FIELDS(log_count("exit", code)));
}

/* Run a server to its end; its threads do not end with it where it is overdue. */
static int run(struct server *server)
{
    switch (server_run(server)) {
    case SERVER_DONE:
        return EXIT_DONE;
    case SERVER_SHORT:
        break;
    case SERVER_OVERDUE:
        stopped_log(EXIT_REFUSED);
        _exit(EXIT_REFUSED);
    }
    return EXIT_REFUSED;
}

/*
 * Is a start refused for what stands in the options or in the files that they name? Trying again
 * does not help then, while a disk, an address or a lock may be had later.
 */
static int is_misuse(enum lattn_status status)
{
    switch (status) {
    case LATTN_CONFLICT: /* options and state contradict each other */
    case LATTN_DENIED:   /* everybody has access to a secret */
    case LATTN_FIELD:
    case LATTN_MEMORY_LIMIT: /* --dim does not fit into --max-memory */
    case LATTN_RANGE:
    case LATTN_TOO_BIG:
        return 1;
    default:
        return 0;
    }
}

static int serve(const struct config *config)
{
    int64_t descriptors = descriptors_raise();
    struct server *server = NULL;
    enum lattn_status status;
    int code;

    log_configure(config->log_level, config->log_format);
    if (config->file_path != NULL)
        log_event(LOG_LEVEL_INFO, "configuration read",
                  LOG_FIELDS(log_text("file", config->file_path)));
    log_event(LOG_LEVEL_DEBUG, "open descriptors are limited",
              LOG_FIELDS(log_count("most", descriptors)));
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is a full disk: the write says so */
    heap_configure();
    status = server_open(&server, config);
    if (status == LATTN_OK)
        code = run(server);
    else
        code = is_misuse(status) ? EXIT_MISUSED : EXIT_REFUSED;
    server_close(&server);
    stopped_log(code);
    return code;
}

static int misused(const struct lattn_complaint *complaint)
{
    fprintf(stderr, "lattnd: %s\n", complaint->text);
    return EXIT_MISUSED;
}

static int check(const struct config *config)
{
    struct lattn_complaint complaint = {""};

    if (config_check(config, stderr, &complaint) != LATTN_OK)
        return misused(&complaint);
    config_check_print(config, stdout);
    return output_end();
}

static int check_state(const struct config *config)
{
    struct lattn_complaint complaint = {""};
    const char *advice;
    enum lattn_status status =
        state_dir_check(config->state_dir_check, stdout, &advice, &complaint);
    int code = output_end();

    if (status == LATTN_OK)
        return code;
    fprintf(stderr, "lattnd: --check-state %s\n",
            complaint.text[0] != '\0' ? complaint.text : lattn_status_text(status));
    if (advice != NULL)
        fprintf(stderr, "%s\n", advice);
    return EXIT_REFUSED;
}

static int act(const struct config *config)
{
    switch (config->action) {
    case CONFIG_RUN:
        break;
    case CONFIG_HELP:
        options_help(stdout);
        return output_end();
    case CONFIG_VERSION:
        printf("lattnd %s\n", LATTN_VERSION);
        return output_end();
    case CONFIG_CHECK:
        return check(config);
    case CONFIG_EXPLAIN:
        explain_print(config, stdout);
        return output_end();
    case CONFIG_CHECK_STATE:
        return check_state(config);
    }
    return serve(config);
}

int main(int argc, char **argv)
{
    struct config config;
    struct lattn_complaint complaint = {""};
    int code;

    if (descriptors_fill_standard() != 0) {
        fprintf(stderr, "lattnd: cannot open /dev/null: %s\n", strerror(errno));
        return EXIT_REFUSED;
    }
    dense_threads_one();
    if (config_read(argc, argv, environ, &config, &complaint) != LATTN_OK)
        return misused(&complaint);
    code = act(&config);
    config_done(&config);
    return code;
}
