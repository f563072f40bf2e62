#ifndef LATTN_WIRE_H
#define LATTN_WIRE_H

#include <lattn/batch.h>
#include <lattn/learner.h>
#include <lattn/limits.h>
#include <lattn/model.h>
#include <lattn/names.h>
#include <lattn/query.h>
#include <lattn/service.h>
#include <lattn/spectrum.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/*
 * The protocol (src/wire/README.md): what clients send, what a daemon answers, and models as files.
 * Pure: bytes in, values out.
 */

/* The two encodings of a message: a line of JSON, or a frame of MessagePack. */
enum lattn_format { LATTN_FORMAT_JSON, LATTN_FORMAT_MSGPACK };

/* Which of them a connection speaks whose first byte is this. */
LATTN_API enum lattn_format lattn_format_of(char first);

/*
 * Bytes that grow; a zero byte stands behind them once anything was written. They are JSON, or
 * MessagePack, or a file. Owned.
 */
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

enum lattn_message_kind { LATTN_MESSAGE_PAIRS, LATTN_MESSAGE_REQUEST };

/*
 * A message as read. For a request only kind, id and is_silent are set: read it with
 * lattn_request_read.
 *
 * item       the first of `count` items of one shape; its z and y lie in the caller's numbers, and
 *            lattn_item_member finds the others behind them
 * count      1 but for a batch; of a refused batch as far as it is known, at least 1
 * id         JSON text, "" if there is none
 * is_silent  a notification of MessagePack-RPC: nobody waits for an answer, not even to an error
 * producer   NUL-terminated, "" if there is none
 * seq        of the first item; the others are numbered on
 */
struct lattn_message {
    enum lattn_message_kind kind;
    struct lattn_item item;
    uint64_t count;
    char id[LATTN_ID_MAX];
    int32_t is_silent;
    char producer[LATTN_PRODUCER_MAX];
    int32_t has_seq;
    uint64_t seq;
};

/*
 * Read one line: a pair {"z" or "t", "y"[, "causal", "w", "id", "producer", "seq"]} or a request.
 *
 * text         in   length bytes, with or without the line's end; nothing behind them is read
 * numbers      out  room for the pair's numbers, at least length / 2 + 2 doubles
 * ret_used     out  how many of them the pair took
 * ret_message  out  on refusal kind, id, producer and seq are still set as far as they can be read:
 *                   the answer carries the id, and a refused pair uses up its number
 * complaint    out  may be NULL: which field, and what was wrong
 *
 * The form of y decides the labels: a number or m numbers one row; n rows of m a label at every
 * position. An input for predict (no "y") is not a pair here. Unknown fields are refused. A line
 * with "method" is a request and LATTN_OK here, whatever else is wrong with it; but "learn" is read
 * as the pair that its params are.
 *
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_EMPTY, LATTN_SHAPE, LATTN_RANGE,
 * LATTN_NOT_FINITE (also for numbers like 1e999), LATTN_NAME (producer) or LATTN_TOO_BIG (id).
 * Allocates nothing.
 */
LATTN_API enum lattn_status lattn_line_read(const char *text, size_t length, double *numbers,
                                            size_t *ret_used, struct lattn_message *ret_message,
                                            struct lattn_complaint *complaint);

/* Read an input line {"z" or "t"} (other fields are passed over), as lattn_line_read. */
LATTN_API enum lattn_status lattn_input_read(const char *text, size_t length, double *numbers,
                                             size_t *ret_used, struct lattn_item *ret_input,
                                             struct lattn_complaint *complaint);

/*
 * Read one frame of MessagePack-RPC, [0, id, method, params] or [2, method, params]: pairs where
 * the method is "learn", a request otherwise. Params are a map, or an array of one map, or of none.
 *
 * bytes    in   the frame, whole (lattn_frame_scan)
 * numbers  out  room for as many doubles as the scan counted
 *
 * Pairs are {"z" or "t", "y"[, "causal", "w", "producer", "seq"]}. z and y are nested arrays of
 * numbers or {"shape", "dtype": "<f8" | "<f4", "data": bin}; z of k x n x d, with y of k, k x m or
 * k x n x m, is a batch of k items. f4 tokens have precision LATTN_PRECISION_F32. Unknown fields
 * are passed over. Otherwise as lattn_line_read.
 */
LATTN_API enum lattn_status lattn_frame_read(const char *bytes, size_t length, double *numbers,
                                             size_t *ret_used, struct lattn_message *ret_message,
                                             struct lattn_complaint *complaint);

/* Read a bare map of pairs, the params of "learn", as lattn_frame_read. */
LATTN_API enum lattn_status lattn_learn_read(const char *bytes, size_t length, double *numbers,
                                             size_t *ret_used, struct lattn_message *ret_message,
                                             struct lattn_complaint *complaint);

/* The methods of a request; "learn" is not among them, its messages are pairs. */
enum lattn_method {
    LATTN_METHOD_PREDICT,
    LATTN_METHOD_STATUS,
    LATTN_METHOD_MODEL,
    LATTN_METHOD_SUBSCRIBE,
    LATTN_METHOD_EMIT,
    LATTN_METHOD_CERTIFY,
    LATTN_METHOD_SUGGEST,
    LATTN_METHOD_NAME,
    LATTN_METHOD_HELLO,
    LATTN_METHOD_RESET,
    LATTN_METHOD_AUTH,
    LATTN_METHOD_CHECKPOINT,
    LATTN_METHOD_OFFER
};

/* The word of a method on the wire. Static. */
LATTN_API const char *lattn_method_word(enum lattn_method method);

/* What a subscriber gets: the status, and beside it those whose bits are set. */
enum lattn_topic {
    LATTN_TOPIC_STATUS = 0,
    LATTN_TOPIC_MODEL = 1,
    LATTN_TOPIC_SPECTRUM = 2,
    LATTN_TOPIC_ALL = LATTN_TOPIC_MODEL | LATTN_TOPIC_SPECTRUM
};

/* The word of a topic on the wire. Static. */
LATTN_API const char *lattn_topic_word(enum lattn_topic topic);

/*
 * What a worker shows to whoever adds up the shards of a stream: a cumulative state, in parts, or
 * without data that it is there and has nothing new.
 *
 * shard, shards  0 ... shards - 1 of so many; epoch from 1 on
 * worker         the id that stays with the state
 * pairs          that it has learned
 * lag            messages of its streams that it has not taken yet; lost: that were gone before
 * rolled_back    so often its streams went back
 * bytes, parts   of the whole image; 0: none is shown
 * data           the bytes of this part; owned
 */
struct lattn_offer {
    uint64_t shard;
    uint64_t shards;
    uint64_t epoch;
    char worker[LATTN_PRODUCER_MAX];
    uint64_t pairs;
    uint64_t lag;
    uint64_t lost;
    uint64_t rolled_back;
    uint64_t bytes;
    uint64_t parts;
    struct lattn_text data;
};

/*
 * A request with its parameters; fields that a method does not use are zero. Owned.
 *
 * id        the id as JSON text; "" if there is none
 * input     predict: its tokens lie in numbers
 * inputs    certify, and the candidates of suggest: inputs_count of them, one allocation with their
 *           tokens; without candidates suggest makes sequences to order
 * n         suggest: at most so many; 0: all candidates that add something
 * norm_max  suggest, made to order: as lattn_learner_design
 * heads     model: LATTN_HEADS_COUNT with heads_count, or another; has_heads 0: the daemon's
 * producer  hello; "" if there is none
 * append, outputs, blocks   name; each is one allocation, with the texts that its pointers point to
 * what      subscribe
 * every_ms  subscribe: at most one emission in so many milliseconds; 0: each
 * confirm   reset
 * token     auth; "" if there is none; cleared when the request is released
 * makes_image  checkpoint: 1 if an image is asked for
 * image, part  checkpoint: a part of the image with this id; id 0: none. offer: the part shown
 */
struct lattn_request {
    enum lattn_method method;
    char id[LATTN_ID_MAX];
    struct lattn_item input;
    struct lattn_item *inputs;
    size_t inputs_count;
    uint64_t n;
    double norm_max;
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
    enum lattn_topic what;
    uint64_t every_ms;
    int32_t confirm;
    char token[LATTN_TOKEN_MAX];
    int32_t makes_image;
    uint64_t image;
    uint64_t part;
    struct lattn_offer offer;
};

/*
 * Read a request, a line {"id", "method", "params"} or a frame as lattn_frame_read finds it. In a
 * frame unknown params are passed over, in a line they are refused.
 *
 * ret_request  out  given, release with lattn_request_done; on refusal it owns nothing, its id is
 *                   set as far as it was read
 *
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_METHOD, LATTN_EMPTY, LATTN_SHAPE,
 * LATTN_RANGE, LATTN_NOT_FINITE, LATTN_NAME, LATTN_TOO_BIG (the id, or all of
 * it, see LATTN_REQUEST_BYTES_MAX) or LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_request_read(const char *text, size_t length,
                                               enum lattn_format format,
                                               struct lattn_request *ret_request,
                                               struct lattn_complaint *complaint);
LATTN_API void lattn_request_done(struct lattn_request *request);

/*
 * Write messages as a client, whole or not at all: LATTN_OK, LATTN_NO_MEMORY, or LATTN_FIELD for an
 * id that the format cannot carry. A line comes with its end, numbers in it as %.17g, which reads
 * back to the same double.
 *
 * lattn_write_pair     a line; or the map that lattn_learn_read reads, with tensors of <f8, or of
 *                      <f4 where the item's precision says so. Without y it is an input.
 * lattn_write_request  a line, or a frame; in a frame the id must be a whole number
 *
 * id        JSON text, NULL for none; not written into a map
 * producer  NULL for none; then seq is not written
 */
LATTN_API enum lattn_status lattn_write_pair(struct lattn_text *text, enum lattn_format format,
                                             const struct lattn_item *item, const char *id,
                                             const char *producer, uint64_t seq);

/*
 * Write items as one batch, the map that lattn_learn_read reads: z of k x n x d, y of k x m or
 * k x n x m, as lattn_write_pair writes those of one.
 *
 * first  in  with the numbers of count - 1 others behind its own, as lattn_item_member finds them
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY, or LATTN_SHAPE where count is 0 or no int32_t, or the tokens
 * are not dense.
 */
LATTN_API enum lattn_status lattn_write_batch(struct lattn_text *text,
                                              const struct lattn_item *first, size_t count);

/*
 * Ask to learn a map of pairs that somebody else wrote: the frame [0, id, "learn", map], with
 * producer and seq behind the map's own entries unless producer is NULL.
 *
 * Returns LATTN_OK, LATTN_FIELD where the bytes are no whole map or the id is no whole number, or
 * LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_write_learn(struct lattn_text *text, const char *id,
                                              const char *map, size_t length, const char *producer,
                                              uint64_t seq);

LATTN_API enum lattn_status lattn_write_request(struct lattn_text *text, enum lattn_format format,
                                                const struct lattn_request *request);

/* ---- what the daemon answers --------------------------------------------------------------- */

/*
 * Answer to hello. accepted, rejected, duplicates and unkept (refused because it could not be kept:
 * to be sent again) count what this connection sent; a message of more than frame_bytes_max bytes
 * would be refused (0: not said). durable: what was answered, and last_seq, outlives the process.
 */
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
    uint64_t unkept;
    uint64_t frame_bytes_max;
    int32_t durable;
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

/* Answer to checkpoint: the state that is on disk. */
struct lattn_checkpoint {
    uint64_t position; /* of its last record */
    uint64_t pairs;
    uint64_t bytes;
    int32_t durable; /* 1 */
};

/* Answer to checkpoint where an image is asked for: its parts are numbered from 0. */
struct lattn_image {
    uint64_t id; /* never 0 */
    uint64_t bytes;
    uint64_t parts;
    uint64_t pairs;
};

/* Answer to offer. whole: 1 if the state of the worker is there, 0 if parts of it are missing. */
struct lattn_taken {
    int32_t whole;
};

/*
 * Answer to status, read back by a client. noise_std and r2 have m entries, or are NULL; owned.
 * What is wrong with the shards of an aggregate stands in the headline; they themselves are read by
 * lattn_reply_aggregate.
 */
struct lattn_state_of_service {
    struct lattn_report report;
    struct lattn_service service;
    char headline[LATTN_SENTENCE_MAX]; /* "": of an older daemon */
};

/*
 * Bare objects, in JSON without a line's end: the value of "result", or a file's content. NaN and
 * infinities become null, matrices nested arrays. model and report are borrowed. LATTN_OK or
 * LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_write_status(struct lattn_text *text, enum lattn_format format,
                                               const struct lattn_report *report,
                                               const struct lattn_service *service);
LATTN_API enum lattn_status lattn_write_model(struct lattn_text *text, enum lattn_format format,
                                              const struct lattn_model *model);
LATTN_API enum lattn_status lattn_write_spectrum(struct lattn_text *text, enum lattn_format format,
                                                 const struct lattn_spectrum *spectrum);
LATTN_API enum lattn_status lattn_write_prediction(struct lattn_text *text,
                                                   enum lattn_format format,
                                                   const struct lattn_prediction *prediction,
                                                   int32_t m);
LATTN_API enum lattn_status lattn_write_domain(struct lattn_text *text, enum lattn_format format,
                                               const struct lattn_domain *domain);
LATTN_API enum lattn_status lattn_write_suggestion(struct lattn_text *text,
                                                   enum lattn_format format, const size_t *order,
                                                   size_t count);
LATTN_API enum lattn_status lattn_write_design(struct lattn_text *text, enum lattn_format format,
                                               const struct lattn_design *design);
LATTN_API enum lattn_status lattn_write_hello(struct lattn_text *text, enum lattn_format format,
                                              const struct lattn_hello *hello);
LATTN_API enum lattn_status lattn_write_named(struct lattn_text *text, enum lattn_format format,
                                              const struct lattn_named *named);
LATTN_API enum lattn_status lattn_write_checkpoint(struct lattn_text *text,
                                                   enum lattn_format format,
                                                   const struct lattn_checkpoint *checkpoint);
LATTN_API enum lattn_status lattn_write_image(struct lattn_text *text, enum lattn_format format,
                                              const struct lattn_image *image);
/* Bytes are a bin, or base64 in JSON. */
LATTN_API enum lattn_status lattn_write_part(struct lattn_text *text, enum lattn_format format,
                                             uint64_t part, const char *bytes, size_t length);

LATTN_API enum lattn_status lattn_write_taken(struct lattn_text *text, enum lattn_format format,
                                              const struct lattn_taken *taken);

/*
 * Whole messages of a daemon, as lines and as frames.
 *
 * lattn_write_reply     {"id": id, "result": result}           [1, id, nil, result]
 * lattn_write_applied   the same, with {"applied", "duplicate", "durable"}
 * lattn_write_error     {"id"?, "error": {"code", "message", "line"?}}
 *                                                              [1, id, {"code", ...}, nil]
 * lattn_write_emission  {"method": "emission",
 *                        "params": {"status": status, "model": model?, "spectrum": spectrum?}}
 *                                                              [2, "emission", {"status", ...}]
 *
 * id                     JSON text; NULL or "" is left out of a line and nil in a frame
 * durable                last number of the item's producer that is on disk; NULL: null
 * line                   0 is left out
 * result                 written before in the same format
 * status, model, spectrum  the same; NULL, or no bytes: left out, but for the status
 */
LATTN_API enum lattn_status lattn_write_reply(struct lattn_text *text, enum lattn_format format,
                                              const char *id, const char *result,
                                              size_t result_length);
LATTN_API enum lattn_status lattn_write_applied(struct lattn_text *text, enum lattn_format format,
                                                const char *id, uint64_t applied, int32_t duplicate,
                                                const uint64_t *durable);
LATTN_API enum lattn_status lattn_write_error(struct lattn_text *text, enum lattn_format format,
                                              const char *id, enum lattn_status status,
                                              const char *message, uint64_t line);
LATTN_API enum lattn_status lattn_write_emission(struct lattn_text *text, enum lattn_format format,
                                                 const struct lattn_text *status,
                                                 const struct lattn_text *model,
                                                 const struct lattn_text *spectrum);

/* ---- what a client reads ------------------------------------------------------------------- */

enum lattn_reply_kind { LATTN_REPLY_RESULT, LATTN_REPLY_ERROR, LATTN_REPLY_EMISSION };

/*
 * A message from a daemon. Owned; release with lattn_reply_done.
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

/* Read a line or a frame; what it holds is kept as JSON text either way. */
LATTN_API enum lattn_status lattn_reply_read(const char *text, size_t length,
                                             enum lattn_format format,
                                             struct lattn_reply *ret_reply,
                                             struct lattn_complaint *complaint);
LATTN_API void lattn_reply_done(struct lattn_reply *reply);

/*
 * What a result holds. Each returns LATTN_OK, LATTN_FIELD where the result is not of that kind, or
 * LATTN_NO_MEMORY. In a reply of kind LATTN_REPLY_EMISSION status, model and spectrum read the
 * parts of the emission; one that it does not have is LATTN_FIELD.
 *
 * lattn_reply_status      release with lattn_report_done(&ret_state->report); null is NaN, 0 or
 *                         LATTN_NEVER, and no array for noise_std and r2; weight is not sent: NaN
 * lattn_reply_aggregate   of the same reply; release with lattn_aggregate_close; NULL of a daemon
 *                         that adds up no shards
 * lattn_reply_spectrum    release with lattn_spectrum_done
 * lattn_reply_suggestion  ret_order is given to the caller (free): indices of candidates
 * lattn_reply_design      release with lattn_design_done
 * lattn_reply_prediction  release with lattn_prediction_done; the arrays have ret_m entries, and
 *                         std_error and interval95 are NULL if there is none
 * lattn_reply_part        its bytes are added to ret_bytes
 */
LATTN_API enum lattn_status lattn_reply_status(const struct lattn_reply *reply,
                                               struct lattn_state_of_service *ret_state);
LATTN_API enum lattn_status lattn_reply_aggregate(const struct lattn_reply *reply,
                                                  struct lattn_aggregate **ret_aggregate);
LATTN_API enum lattn_status lattn_reply_model(const struct lattn_reply *reply,
                                              struct lattn_model **ret_model);
LATTN_API enum lattn_status lattn_reply_spectrum(const struct lattn_reply *reply,
                                                 struct lattn_spectrum *ret_spectrum);
LATTN_API enum lattn_status lattn_reply_domain(const struct lattn_reply *reply,
                                               struct lattn_domain *ret_domain);
LATTN_API enum lattn_status lattn_reply_suggestion(const struct lattn_reply *reply,
                                                   int32_t **ret_order, size_t *ret_count);
LATTN_API enum lattn_status lattn_reply_design(const struct lattn_reply *reply,
                                               struct lattn_design *ret_design);
LATTN_API enum lattn_status lattn_reply_hello(const struct lattn_reply *reply,
                                              struct lattn_hello *ret_hello);
LATTN_API enum lattn_status lattn_reply_named(const struct lattn_reply *reply,
                                              struct lattn_named *ret_named);
LATTN_API void lattn_named_done(struct lattn_named *named);
LATTN_API enum lattn_status lattn_reply_checkpoint(const struct lattn_reply *reply,
                                                   struct lattn_checkpoint *ret_checkpoint);
LATTN_API enum lattn_status lattn_reply_image(const struct lattn_reply *reply,
                                              struct lattn_image *ret_image);
LATTN_API enum lattn_status lattn_reply_part(const struct lattn_reply *reply, uint64_t *ret_part,
                                             struct lattn_text *ret_bytes);
LATTN_API enum lattn_status lattn_reply_taken(const struct lattn_reply *reply,
                                              struct lattn_taken *ret_taken);
LATTN_API enum lattn_status lattn_reply_prediction(const struct lattn_reply *reply,
                                                   struct lattn_prediction *ret_prediction,
                                                   int32_t *ret_m);
LATTN_API void lattn_prediction_done(struct lattn_prediction *prediction);

/*
 * The result as JSON text, for programs that pass it on: as it came, or indented by 2 with arrays
 * of plain values on one line.
 */
LATTN_API enum lattn_status lattn_reply_text(const struct lattn_reply *reply, int32_t indented,
                                             struct lattn_text *ret_text);

/* ---- models as files ------------------------------------------------------------------------ */

/*
 * A model as a safetensors file: tensors V [heads, m, d] and Q [heads, d, d], F64, and strings in
 * __metadata__ (src/wire/README.md); or as NumPy's npz: V, Q, sigma and the metadata as JSON text.
 *
 * ret_text  out  the file's bytes are added
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY; of an npz also LATTN_RANGE: it would not be below 4 GiB.
 */
LATTN_API enum lattn_status lattn_write_safetensors(struct lattn_text *ret_text,
                                                    const struct lattn_model *model);
LATTN_API enum lattn_status lattn_write_npz(struct lattn_text *ret_text,
                                            const struct lattn_model *model);

/*
 * What a probe found, as one JSON object without a line's end, or as a safetensors file: tensors of
 * the parameters, and in __metadata__ the same object without them (src/wire/README.md). One that
 * found linear attention can be read with lattn_model_read.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY with the text as before.
 */
LATTN_API enum lattn_status lattn_write_finding(struct lattn_text *text,
                                                const struct lattn_finding *finding);
LATTN_API enum lattn_status lattn_write_finding_safetensors(struct lattn_text *ret_text,
                                                            const struct lattn_finding *finding);

/*
 * Read the layer of softmax attention that lattn_write_finding wrote.
 *
 * ret_architecture  out  softmax, transformer or label
 * ret_attention     out  given to the caller; the errors of its entries are not read, and zero
 *
 * Returns LATTN_OK; LATTN_NO_DATA: it is something else, perhaps a model; LATTN_EMPTY: a finding
 * without parameters; LATTN_SYNTAX, LATTN_FIELD, LATTN_SHAPE, LATTN_RANGE, LATTN_NOT_FINITE,
 * LATTN_NAME or LATTN_NO_MEMORY. The complaint may be NULL.
 */
LATTN_API enum lattn_status lattn_attention_read(const char *text, size_t length,
                                                 enum lattn_architecture *ret_architecture,
                                                 struct lattn_attention **ret_attention,
                                                 struct lattn_complaint *complaint);

/* What a probe will ask, as one JSON object without a line's end; LATTN_OK or LATTN_NO_MEMORY. */
LATTN_API enum lattn_status lattn_write_plan(struct lattn_text *text,
                                             const struct lattn_probe_plan *plan);

/*
 * Read a model as lattn_write_model (JSON) or lattn_write_safetensors writes it; the bytes tell
 * which.
 *
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_SHAPE, LATTN_RANGE, LATTN_NOT_FINITE,
 * LATTN_NAME or LATTN_NO_MEMORY; ret_model is given to the caller.
 */
LATTN_API enum lattn_status lattn_model_read(const char *text, size_t length,
                                             struct lattn_model **ret_model,
                                             struct lattn_complaint *complaint);

LATTN_END

#endif
