#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include <lattn/address.h>
#include <lattn/layout.h>
#include <lattn/learner.h>
#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/access.h"
#include "serve/config_file.h"
#include "serve/log.h"
#include "serve/tcp.h"
#include "store/origin.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What lattnd shall do, from four sources: command line, environment, file, defaults; the first
 * that gives a value wins. Every value is checked, also one that a stronger source replaces.
 */
enum {
    /* More addresses than this are a mistake of a script, not a wish. */
    CONFIG_LISTEN_MAX = 16,
    CONFIG_SOURCES_MAX = LATTN_SOURCE_STREAMS_MAX,
    /* Bytes of one as it is typed, with its closing zero: a path, or a host and a port. */
    CONFIG_ADDRESS_MAX = 288,
    CONFIG_OPTIONS_MAX = 64
};

/* The greatest --max-clients: a system has so many ports. */
enum { CONFIG_CLIENTS_MAX = 65536 };

/* The greatest --max-frame: its numbers alone take four times as much. */
#define CONFIG_FRAME_MAX ((size_t)1 << 30)

/* The same with --state: a record takes up to 20 times its message, and LMDB values end at 4 GiB.
 */
#define CONFIG_FRAME_MAX_KEPT ((size_t)128 << 20)

enum config_action {
    CONFIG_RUN,
    CONFIG_HELP,
    CONFIG_VERSION,
    CONFIG_CHECK,      /* print what holds, start nothing */
    CONFIG_EXPLAIN,    /* print what it will cost, start nothing */
    CONFIG_CHECK_STATE /* verify and describe a state, start nothing */
};

/* From weak to strong. */
enum config_source {
    CONFIG_SOURCE_DEFAULT,
    CONFIG_SOURCE_FILE,
    CONFIG_SOURCE_ENVIRONMENT,
    CONFIG_SOURCE_COMMAND_LINE
};

/* Who gave a value; line is of the file. */
struct config_origin {
    enum config_source source;
    int32_t line;
};

/* An address with what was typed. */
struct config_address {
    struct lattn_address address;
    char text[CONFIG_ADDRESS_MAX];
    struct config_origin origin;
};

/* Where streams are, with what was typed. */
struct config_stream {
    struct lattn_stream_url url;
    char text[LATTN_STREAM_URL_MAX];
    struct config_origin origin;
};

/* The value of an option as it was typed; NULL where nobody gave one. */
struct config_value {
    const char *text;
    struct config_origin origin;
};

/*
 * file_path  NULL: no file
 * values     by the index of the option (option.h); text is borrowed from the file's lines, the
 *            environment or the command line
 */
struct config {
    enum config_action action;
    struct config_address addresses[CONFIG_LISTEN_MAX];
    size_t addresses_count;
    struct lattn_address http; /* host "": none */
    struct lattn_learner_settings learner;
    int32_t threads;           /* that learn; 0: by the cores there are */
    uint64_t emit_every_ns;    /* 0: by pairs */
    uint64_t emit_every_pairs; /* 0: by time */
    const char *emit_dir;      /* NULL: no files */
    enum lattn_heads heads;
    int32_t heads_count;
    int exit_when_identifying;
    double exit_when_stream; /* a share of the inputs; 0: not that */
    uint64_t stop_timeout_ns;
    size_t frame_bytes_max;
    int has_group;
    gid_t group; /* of Unix sockets */
    enum tcp_reach reach;
    struct access_settings access;
    size_t clients_max;
    size_t input_bytes_max; /* 0: by frame_bytes_max, see config_input_max */
    size_t output_bytes_max;
    uint64_t message_timeout_ns;
    uint64_t send_timeout_ns;
    struct origin shard; /* shards 0: of no shard */
    struct config_stream sources[CONFIG_SOURCES_MAX];
    size_t sources_count;
    const char *source_creds; /* NULL: none, as the next two */
    const char *source_token;
    const char *source_ca;
    const char *push; /* whom to show the state to; NULL: nobody */
    uint64_t push_every_ns;
    const char *push_ca_file;    /* NULL: whom the system trusts */
    const char *push_token_file; /* NULL: none */
    int32_t expect;              /* shards to be added up; 0: pairs are learned */
    uint64_t max_age_ns;         /* of a shard that is alive */
    const char *from;            /* a directory with states of shards; NULL: none */
    const char *state_dir;       /* NULL: memory only */
    const char *state_dir_check; /* of CONFIG_CHECK_STATE */
    uint64_t checkpoint_every_ns;
    enum log_level log_level;
    enum log_format log_format;
    const char *file_path;
    struct config_file file;
    struct config_value values[CONFIG_OPTIONS_MAX];
};

/*
 * Read all sources.
 *
 * argv, environment  in   the latter ends with NULL; both are borrowed as long as the config is
 * used ret_config         out  release with config_done; where its action is CONFIG_HELP or
 *                         CONFIG_VERSION nothing else of it counts
 * complaint          out  which value of which source, and what is allowed
 *
 * Returns LATTN_OK; LATTN_FIELD for an option that is unknown, lacks its value or is missing;
 * LATTN_SYNTAX, LATTN_RANGE, LATTN_ADDRESS or LATTN_NAME for a value or for two that do not go
 * together; LATTN_INPUT_OUTPUT or LATTN_TOO_BIG where the file cannot be read; LATTN_NO_MEMORY.
 * Refused, there is nothing to release.
 */
enum lattn_status config_read(int argc, char **argv, char **environment, struct config *ret_config,
                              struct lattn_complaint *complaint);

/* What one message of max-frame may need while it comes; 0: none is so long that it needs any. */
size_t config_input_need(const struct config *config);

/* The memory for long messages of all clients: as configured, or for four of the greatest. */
size_t config_input_max(const struct config *config);
/* Is there HTTP? */
int config_has_http(const struct config *config);

/* Did somebody give a value to the option of this name? */
int config_is_given(const struct config *config, const char *name);

/* Release what it read from the file. */
void config_done(struct config *config);

#endif
