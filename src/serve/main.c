/*
 * lattnd: options, then the server. Exit code 0 done, 1 refused, 2 misused.
 */
#include <lattn/version.h>

#include "core/dense.h"
#include "serve/config.h"
#include "serve/log.h"
#include "serve/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum exit_code { EXIT_DONE, EXIT_REFUSED, EXIT_MISUSED };

/*
 * A descriptor 0, 1 or 2 that was closed by whoever started us would be given to the next file or
 * socket we open, and answers or logs would be written into that.
 */
static int standard_descriptors_fill(void)
{
    int descriptor;

    do {
        descriptor = open("/dev/null", O_RDWR);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor < 0)
        return -1;
    return close(descriptor);
}

/* What --help or --version said must have arrived. */
static int output_end(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    fprintf(stderr, "lattnd: cannot write to standard output: %s\n", strerror(errno));
    return EXIT_REFUSED;
}

static int serve(const struct config *config)
{
    struct server *server = NULL;
    int code = EXIT_REFUSED;

    log_configure(config->log_level, config->log_format);
    signal(SIGPIPE, SIG_IGN);
    if (server_open(&server, config) == LATTN_OK)
        code = server_run(server);
    server_close(&server);
    log_event(LOG_LEVEL_INFO, "stopped", LOG_FIELDS(log_count("exit", code)));
    return code;
}

int main(int argc, char **argv)
{
    struct config config;
    enum config_action action;
    struct lattn_complaint complaint = {""};

    if (standard_descriptors_fill() != 0) {
        fprintf(stderr, "lattnd: cannot open /dev/null: %s\n", strerror(errno));
        return EXIT_REFUSED;
    }
    dense_threads_one();
    if (config_read(argc, argv, &config, &action, &complaint) != LATTN_OK) {
        fprintf(stderr, "lattnd: %s\n", complaint.text);
        return EXIT_MISUSED;
    }
    switch (action) {
    case CONFIG_HELP:
        config_help(stdout);
        return output_end();
    case CONFIG_VERSION:
        printf("lattnd %s\n", LATTN_VERSION);
        return output_end();
    case CONFIG_RUN:
        break;
    }
    return serve(&config);
}
