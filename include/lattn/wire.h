#ifndef LATTN_WIRE_H
#define LATTN_WIRE_H

#include <lattn/batch.h>
#include <lattn/learner.h>
#include <lattn/model.h>
#include <lattn/names.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The protocol as text: one JSON object per line (src/wire/README.md). Pure: bytes in, values out.
 */

/* Bytes that grow; NUL-terminated at data[length] once anything was written. Owned. */
struct lattn_text {
    char *data;
    size_t length;
    size_t capacity;
};

/* Make an empty text; allocates nothing. */
LATTN_API void lattn_text_init(struct lattn_text *text);
/* Release it; accepts NULL. */
LATTN_API void lattn_text_done(struct lattn_text *text);
/* Add bytes at the end. Returns LATTN_OK or LATTN_NO_MEMORY with the text unchanged. */
LATTN_API enum lattn_status lattn_text_add(struct lattn_text *text, const char *bytes,
                                           size_t length);

/* ---- what a client sends ------------------------------------------------------------------- */

enum lattn_line_kind { LATTN_LINE_PAIR, LATTN_LINE_REQUEST };

/*
 * A line as read. For a request only kind and id are set: read it with lattn_request_read.
 *
 * item      z and y lie in the caller's numbers
 * id        the id as JSON text, borrowed from the line; NULL if there is none
 * producer  NUL-terminated copy, "" if there is none
 */
struct lattn_line {
    enum lattn_line_kind kind;
    struct lattn_item item;
    const char *id;
    size_t id_length;
    char producer[LATTN_PRODUCER_MAX];
    int32_t has_seq;
    uint64_t seq;
};

/*
 * Read one line: a pair {"z", "y"[, "causal", "w", "id", "producer", "seq"]} or a request.
 *
 * text         in   length bytes, with or without the line's end; nothing behind them is read
 * numbers      out  room for the pair's numbers, at least length / 2 + 2 doubles
 * ret_used     out  how many of them the pair took
 * ret_line     out  on refusal kind, id, producer and seq are still set as far as they can be read:
 *                   the answer carries the id, and a refused pair uses up its number
 * complaint    out  may be NULL: which field, and what was wrong
 *
 * The form of y decides the labels: a number or m numbers one row; n rows of m a label at every
 * position. An input for predict (no "y") is not a pair here. Unknown fields are refused. A line
 * with "method" is a request and LATTN_OK here, whatever else is wrong with it.
 *
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_EMPTY, LATTN_SHAPE, LATTN_RANGE,
 * LATTN_NOT_FINITE (also for numbers like 1e999), LATTN_NAME (producer) or LATTN_TOO_BIG (id).
 * Allocates nothing.
 */
LATTN_API enum lattn_status lattn_line_read(const char *text, size_t length, double *numbers,
                                            size_t *ret_used, struct lattn_line *ret_line,
                                            struct lattn_complaint *complaint);

/* Read an input line {"z": [[...], ...]} (other fields are passed over), as lattn_line_read. */
LATTN_API enum lattn_status lattn_input_read(const char *text, size_t length, double *numbers,
                                             size_t *ret_used, struct lattn_item *ret_input,
                                             struct lattn_complaint *complaint);

enum lattn_method {
    LATTN_METHOD_PREDICT,
    LATTN_METHOD_STATUS,
    LATTN_METHOD_MODEL,
    LATTN_METHOD_SUBSCRIBE,
    LATTN_METHOD_EMIT,
    LATTN_METHOD_NAME,
    LATTN_METHOD_HELLO,
    LATTN_METHOD_RESET
};

/* The word of a method on the wire. Static. */
LATTN_API const char *lattn_method_word(enum lattn_method method);

/*
 * A request with its parameters; fields that a method does not use are zero. Owned.
 *
 * id        the id as JSON text; "" if there is none
 * input     predict: z lies in numbers
 * heads     model: LATTN_HEADS_SVD, or LATTN_HEADS_COUNT with heads_count; has_heads 0: default
 * producer  hello; "" if there is none
 * append, outputs, blocks   name; each is one allocation, with the texts that its pointers point to
 * model     subscribe: 1 if what is "model" (status and model), 0 if "status"
 * every_ms  subscribe: at most one emission in so many milliseconds; 0: each
 * confirm   reset
 */
struct lattn_request {
    enum lattn_method method;
    char id[LATTN_ID_MAX];
    struct lattn_item input;
    double *numbers;
    int32_t has_heads;
    enum lattn_heads heads;
    int32_t heads_count;
    char producer[LATTN_PRODUCER_MAX];
    char **append;
    size_t append_count;
    char **outputs;
    size_t outputs_count;
    struct lattn_block *blocks;
    size_t blocks_count;
    int32_t model;
    uint64_t every_ms;
    int32_t confirm;
};

/*
 * Read a request line {"id", "method", "params"}.
 *
 * ret_request  out  given, release with lattn_request_done; on refusal it owns nothing, its id is
 *                   set as far as it was read
 *
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_METHOD, LATTN_EMPTY, LATTN_SHAPE,
 * LATTN_RANGE, LATTN_NOT_FINITE, LATTN_NAME, LATTN_TOO_BIG (the id) or LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_request_read(const char *text, size_t length,
                                               struct lattn_request *ret_request,
                                               struct lattn_complaint *complaint);
LATTN_API void lattn_request_done(struct lattn_request *request);

/*
 * Write lines as a client. Each appends one whole line with its end; numbers as %.17g, which reads
 * back to the same double. A line is written whole or not at all: LATTN_OK or LATTN_NO_MEMORY. An
 * item without y is written as an input.
 *
 * id        JSON text, NULL for none
 * producer  NULL for none; then seq is not written
 */
LATTN_API enum lattn_status lattn_write_pair(struct lattn_text *text, const struct lattn_item *item,
                                             const char *id, const char *producer, uint64_t seq);
LATTN_API enum lattn_status lattn_write_request(struct lattn_text *text,
                                                const struct lattn_request *request);

/* ---- what the daemon answers --------------------------------------------------------------- */

/* Counters of a service around a learner, for status. */
struct lattn_service {
    uint64_t accepted;   /* items, as sent */
    uint64_t rejected;   /* items */
    uint64_t duplicates; /* items */
    double pairs_per_s;  /* over about the last second */
    uint64_t queue_bytes;
    uint64_t uptime_s;
    int32_t heads; /* heads of the last emission; LATTN_NEVER: none yet */
    uint64_t heads_generation;
};

/* Answer to hello. accepted, rejected and duplicates count what this connection sent. */
struct lattn_hello {
    char version[32];
    int32_t has_last_seq;
    uint64_t last_seq;
    int32_t d; /* 0: not known yet (null on the wire) */
    int32_t m;
    int32_t bias; /* 1: the daemon adds coordinate 0 */
    uint64_t accepted;
    uint64_t rejected;
    uint64_t duplicates;
};

/* Answer to name. The arrays are owned where it was read, borrowed where it is written. */
struct lattn_named {
    int32_t *coordinates;
    size_t coordinates_count;
    int32_t *outputs;
    size_t outputs_count;
    int32_t d;
    int32_t m;
};

/* Answer to status, read back by a client. noise_std and r2 have m entries, or are NULL; owned. */
struct lattn_state_of_service {
    struct lattn_report report;
    struct lattn_service service;
};

/*
 * Bare JSON objects, without a line's end: the value of "result", or a file's content. NaN and
 * infinities become null. model and report are borrowed. LATTN_OK or LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_write_status(struct lattn_text *text,
                                               const struct lattn_report *report,
                                               const struct lattn_service *service);
LATTN_API enum lattn_status lattn_write_model(struct lattn_text *text,
                                              const struct lattn_model *model);
LATTN_API enum lattn_status lattn_write_prediction(struct lattn_text *text,
                                                   const struct lattn_prediction *prediction,
                                                   int32_t m);
LATTN_API enum lattn_status lattn_write_hello(struct lattn_text *text,
                                              const struct lattn_hello *hello);
LATTN_API enum lattn_status lattn_write_named(struct lattn_text *text,
                                              const struct lattn_named *named);

/*
 * Whole lines of a daemon.
 *
 * lattn_write_reply     {"id": id, "result": result}; id NULL or "" is left out
 * lattn_write_applied   {"id": id, "result": {"applied", "duplicate", "durable": null}}
 * lattn_write_error     {"id"?, "error": {"code", "message", "line"?}}; line 0 is left out
 * lattn_write_emission  {"method": "emission", "params": {"status": status, "model": model?}}
 *
 * result, status and model are JSON text; model may be NULL.
 */
LATTN_API enum lattn_status lattn_write_reply(struct lattn_text *text, const char *id,
                                              const char *result, size_t result_length);
LATTN_API enum lattn_status lattn_write_applied(struct lattn_text *text, const char *id,
                                                uint64_t applied, int32_t duplicate);
LATTN_API enum lattn_status lattn_write_error(struct lattn_text *text, const char *id,
                                              enum lattn_status status, const char *message,
                                              uint64_t line);
LATTN_API enum lattn_status lattn_write_emission(struct lattn_text *text, const char *status,
                                                 size_t status_length, const char *model,
                                                 size_t model_length);

/* ---- what a client reads ------------------------------------------------------------------- */

enum lattn_reply_kind { LATTN_REPLY_RESULT, LATTN_REPLY_ERROR, LATTN_REPLY_EMISSION };

/*
 * A line from a daemon. Owned; release with lattn_reply_done.
 *
 * id    JSON text, "" if there was none
 * code, message, line   of an error; line 0 if there was none
 * body  result or params as JSON text, for the lattn_reply_* below
 */
struct lattn_reply {
    enum lattn_reply_kind kind;
    char id[LATTN_ID_MAX];
    char code[32];
    char message[512];
    uint64_t line;
    void *body;
};

LATTN_API enum lattn_status lattn_reply_read(const char *text, size_t length,
                                             struct lattn_reply *ret_reply,
                                             struct lattn_complaint *complaint);
LATTN_API void lattn_reply_done(struct lattn_reply *reply);

/*
 * What a result holds. Each returns LATTN_OK, LATTN_FIELD where the result is not of that kind, or
 * LATTN_NO_MEMORY. In a reply of kind LATTN_REPLY_EMISSION status and model read the parts of
 * the emission; a model that was not asked for is LATTN_FIELD.
 *
 * lattn_reply_status      release with lattn_report_done(&ret_state->report); null is NaN, 0 or
 *                         LATTN_NEVER, and no array for noise_std and r2; weight is not sent: NaN
 * lattn_reply_prediction  ret_y and ret_std_error are given to the caller (free), ret_m entries;
 *                         ret_std_error NULL if there is none
 */
LATTN_API enum lattn_status lattn_reply_status(const struct lattn_reply *reply,
                                               struct lattn_state_of_service *ret_state);
LATTN_API enum lattn_status lattn_reply_model(const struct lattn_reply *reply,
                                              struct lattn_model **ret_model);
LATTN_API enum lattn_status lattn_reply_hello(const struct lattn_reply *reply,
                                              struct lattn_hello *ret_hello);
LATTN_API enum lattn_status lattn_reply_named(const struct lattn_reply *reply,
                                              struct lattn_named *ret_named);
LATTN_API void lattn_named_done(struct lattn_named *named);
LATTN_API enum lattn_status lattn_reply_prediction(const struct lattn_reply *reply,
                                                   struct lattn_prediction *ret_prediction,
                                                   double **ret_y, double **ret_std_error,
                                                   int32_t *ret_m);

/*
 * The result as JSON text, for programs that pass it on: as it came, or indented by 2 with arrays
 * of plain values on one line.
 */
LATTN_API enum lattn_status lattn_reply_text(const struct lattn_reply *reply, int32_t indented,
                                             struct lattn_text *ret_text);

/*
 * Read a model as lattn_write_model writes it.
 *
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_SHAPE, LATTN_RANGE, LATTN_NOT_FINITE or
 * LATTN_NO_MEMORY; ret_model is given to the caller.
 */
LATTN_API enum lattn_status lattn_model_read(const char *text, size_t length,
                                             struct lattn_model **ret_model,
                                             struct lattn_complaint *complaint);

#endif
