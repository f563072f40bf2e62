#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include <lattn/learner.h>
#include <lattn/status.h>

#include "serve/log.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* More sockets than this are a mistake of a script, not a wish. */
enum { CONFIG_LISTEN_MAX = 16 };

/* The greatest --max-frame: its numbers alone take four times as much. */
#define CONFIG_FRAME_MAX ((size_t)1 << 30)

enum config_address_kind { CONFIG_ADDRESS_STDIN, CONFIG_ADDRESS_UNIX };

/* Where lattnd listens; text is what was typed, path what follows "unix:". Both borrowed. */
struct config_address {
    enum config_address_kind kind;
    const char *text;
    const char *path;
};

/* What the command line asks for. Strings are borrowed from argv. */
struct config {
    struct config_address addresses[CONFIG_LISTEN_MAX];
    size_t addresses_count;
    struct lattn_learner_settings learner;
    uint64_t emit_every_ns;    /* 0: by pairs */
    uint64_t emit_every_pairs; /* 0: by time */
    const char *emit_dir;      /* NULL: no files */
    enum lattn_heads heads;
    int32_t heads_count;
    int exit_when_identifying;
    size_t frame_bytes_max;
    enum log_level log_level;
    enum log_format log_format;
};

enum config_action { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION };

/*
 * Read the command line, "--name value" or "--name=value". Later values win; --listen adds.
 *
 * ret_config  out  complete where the action is CONFIG_RUN
 * complaint   out  which option, and why not
 *
 * Returns LATTN_OK; LATTN_FIELD for an option that is unknown, lacks its value or is missing;
 * LATTN_SYNTAX, LATTN_RANGE or LATTN_ADDRESS for a value or for two that do not go together.
 */
enum lattn_status config_read(int argc, char **argv, struct config *ret_config,
                              enum config_action *ret_action, struct lattn_complaint *complaint);

/* Write what --help says. */
void config_help(FILE *out);

#endif
