#include "serve/gate.h"

#include <lattn/frame.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "wire/writer.h"

#include <assert.h>
#include <string.h>

/*
 * tls         NULL: bytes go as they are
 * tls_later   what ended it behind the bytes that are here, to be told when they are taken
 * input       fed, plain, and not yet taken
 * has_begun   bytes have come
 * is_plain    they are a message where TLS was to begin
 * first       the first message as far as it came; cleared once it was looked at
 * output      what is to be sent where there is no TLS
 */
struct gate {
    struct access *access;
    struct tls *tls;
    enum lattn_status tls_later;
    const char *input;
    size_t input_left;
    char first[GATE_BYTES_MAX];
    size_t first_length;
    struct lattn_frame frame;
    struct lattn_text output;
    int has_begun;
    int is_plain;
    int is_passed;
    int is_refused;
};

enum lattn_status gate_open(struct gate **ret_gate, struct access *access)
{
    struct gate *gate = memory_zeroed(1, sizeof *gate);
    enum lattn_status status = LATTN_OK;

    if (gate == NULL)
        return LATTN_NO_MEMORY;
    gate->access = access;
    lattn_frame_init(&gate->frame, GATE_BYTES_MAX);
    lattn_text_init(&gate->output);
    if (access_identity(access) != NULL)
        status = tls_open(&gate->tls, access_identity(access));
    if (status != LATTN_OK)
        gate_close(&gate);
    else
        *ret_gate = gate;
    return status;
}

void gate_close(struct gate **gate)
{
    struct gate *old = *gate;

    if (old == NULL)
        return;
    tls_close(&old->tls);
    lattn_text_done(&old->output);
    explicit_bzero(old->first, sizeof old->first);
    memory_release(old);
    *gate = NULL;
}

/* ---- the first message ---- */

static enum lattn_format first_format(const struct gate *gate)
{
    return lattn_format_of(gate->first[0]);
}

/*
 * Is the first message whole? Returns LATTN_OK with its length, LATTN_MORE, or that it is none.
 */
static enum lattn_status first_measure(struct gate *gate, size_t *ret_length)
{
    enum lattn_status status;

    if (first_format(gate) == LATTN_FORMAT_JSON) {
        const char *newline = memchr(gate->first, '\n', gate->first_length);

        if (newline == NULL)
            return gate->first_length < sizeof gate->first ? LATTN_MORE : LATTN_TOO_BIG;
        *ret_length = (size_t)(newline - gate->first) + 1;
        return LATTN_OK;
    }
    status = lattn_frame_scan(&gate->frame, gate->first, gate->first_length, NULL);
    *ret_length = gate->frame.at;
    return status;
}

/* Take of the input what may belong to the first message; give back what does not. */
static enum lattn_status first_take(struct gate *gate)
{
    size_t room = sizeof gate->first - gate->first_length;
    size_t taken = gate->input_left < room ? gate->input_left : room;
    size_t surplus;
    size_t length = 0;
    enum lattn_status status;

    memcpy(gate->first + gate->first_length, gate->input, taken);
    gate->first_length += taken;
    gate->input += taken;
    gate->input_left -= taken;
    status = gate->first_length == 0 ? LATTN_MORE : first_measure(gate, &length);
    if (status != LATTN_OK)
        return status;
    surplus = gate->first_length - length;
    gate->input -= surplus;
    gate->input_left += surplus;
    gate->first_length = length;
    return LATTN_OK;
}

/* Notifications of MessagePack are never answered. */
static int is_silent(enum lattn_format format, const char *id)
{
    return format == LATTN_FORMAT_MSGPACK && id[0] == '\0';
}

static enum lattn_status granted_write(struct lattn_text *answer, enum lattn_format format,
                                       const char *id)
{
    struct lattn_text result;
    struct writer writer;
    enum lattn_status status;

    if (is_silent(format, id))
        return LATTN_OK;
    lattn_text_init(&result);
    writer_begin(&writer, &result, format);
    writer_open(&writer, '{');
    writer_key(&writer, "access");
    writer_string(&writer, "granted");
    writer_close(&writer, '}');
    status = writer_end(&writer);
    if (status == LATTN_OK)
        status = lattn_write_reply(answer, format, id, result.data, result.length);
    lattn_text_done(&result);
    return status;
}

/*
 * Look at the first message and answer it.
 *
 * status  in  of first_take, not LATTN_MORE
 */
static enum lattn_status first_answer(struct gate *gate, enum lattn_status status,
                                      struct lattn_text *answer, struct lattn_complaint *complaint)
{
    enum lattn_format format = first_format(gate);
    struct lattn_request request = {.id = ""};
    const char *why = "the first message must be auth, with a token";

    if (status == LATTN_OK)
        status = lattn_request_read(gate->first, gate->first_length, format, &request, NULL);
    if (status == LATTN_OK && request.method == LATTN_METHOD_AUTH && request.token[0] != '\0') {
        gate->is_passed = access_admits(gate->access, request.token, strlen(request.token));
        why = "the token is none that is known here";
    }
    if (gate->is_passed)
        status = granted_write(answer, format, request.id);
    else if (!is_silent(format, request.id))
        status = lattn_write_error(answer, format, request.id, LATTN_DENIED, why, 0);
    lattn_request_done(&request);
    explicit_bzero(gate->first, sizeof gate->first);
    if (status == LATTN_NO_MEMORY)
        return LATTN_NO_MEMORY;
    return gate->is_passed ? LATTN_OK : complain(complaint, LATTN_DENIED, "%s", why);
}

static enum lattn_status token_take(struct gate *gate, struct lattn_complaint *complaint)
{
    enum lattn_status status = first_take(gate);
    enum lattn_status sent = LATTN_OK;
    struct lattn_text answer;

    if (status == LATTN_MORE)
        return LATTN_MORE;
    lattn_text_init(&answer);
    status = first_answer(gate, status, &answer, complaint);
    if (answer.length > 0)
        sent = gate_send(gate, answer.data, answer.length);
    lattn_text_done(&answer);
    return status == LATTN_OK ? sent : status;
}

/* ---- bytes ---- */

/* TLS begins with a record of its own; these are the first bytes of a message. */
static int is_message(char first)
{
    return first == '{' || lattn_format_of(first) == LATTN_FORMAT_MSGPACK;
}

/* Say it to whoever does not know that TLS is spoken here, in words it reads. */
static enum lattn_status plain_refuse(struct gate *gate, struct lattn_complaint *complaint)
{
    enum lattn_format format = lattn_format_of(gate->input[0]);
    char id[LATTN_ID_MAX] = "";

    if (format == LATTN_FORMAT_MSGPACK)
        (void)lattn_frame_id(gate->input, gate->input_left, id); /* "" where it is cut off */
    if (!is_silent(format, id) &&
        lattn_write_error(gate_output(gate), format, id, LATTN_DENIED,
                          "TLS is spoken here: connect to tls:HOST:PORT", 0) != LATTN_OK)
        return LATTN_NO_MEMORY;
    return complain(complaint, LATTN_DENIED, "it speaks no TLS");
}

void gate_feed(struct gate *gate, const char *bytes, size_t length)
{
    if (!gate->has_begun && length > 0)
        gate->is_plain = gate->tls != NULL && is_message(bytes[0]);
    gate->has_begun |= length > 0;
    if (gate->tls != NULL && !gate->is_plain) {
        tls_feed(gate->tls, bytes, length);
        return;
    }
    gate->input = bytes;
    gate->input_left = length;
}

/* Decrypt all that was fed. */
static enum lattn_status room_fill(struct gate *gate, char *room, struct lattn_complaint *complaint)
{
    enum lattn_status status = gate->tls_later;
    size_t filled = 0;

    while (status == LATTN_OK && READ_BYTES_MAX - filled >= TLS_RECORD_BYTES) {
        size_t length = 0;

        status = tls_take(gate->tls, room + filled, &length, complaint);
        filled += length;
    }
    gate->input = room;
    gate->input_left = filled;
    if (filled == 0)
        return status;
    gate->tls_later = status == LATTN_MORE ? LATTN_OK : status;
    return LATTN_OK;
}

/* See to it that there is plain input. */
static enum lattn_status input_take(struct gate *gate, char *room,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status;

    if (gate->input_left > 0)
        return LATTN_OK;
    if (gate->tls == NULL)
        return LATTN_MORE;
    status = room_fill(gate, room, complaint);
    if (tls_is_open(gate->tls) && !access_asks_token(gate->access))
        gate->is_passed = 1;
    return status;
}

enum lattn_status gate_take(struct gate *gate, char *room, const char **ret_bytes,
                            size_t *ret_length, struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    if (gate->is_refused)
        return LATTN_MORE;
    if (gate->is_plain)
        status = plain_refuse(gate, complaint);
    while (status == LATTN_OK) {
        status = input_take(gate, room, complaint);
        if (status == LATTN_OK && gate->is_passed) {
            *ret_bytes = gate->input;
            *ret_length = gate->input_left;
            gate->input_left = 0;
            return LATTN_OK;
        }
        if (status == LATTN_OK) {
            status = token_take(gate, complaint);
            if (status == LATTN_MORE && gate->tls != NULL)
                status = LATTN_OK;
        }
    }
    gate->is_refused = status < 0 && status != LATTN_CLOSED;
    return status;
}

int gate_is_passed(const struct gate *gate)
{
    return gate->is_passed;
}

int gate_is_encrypted(const struct gate *gate)
{
    return gate->tls != NULL;
}

const char *gate_subject(const struct gate *gate)
{
    return gate->tls != NULL ? tls_subject(gate->tls) : "";
}

enum lattn_status gate_send(struct gate *gate, const char *bytes, size_t length)
{
    return gate->tls != NULL ? tls_send(gate->tls, bytes, length)
                             : lattn_text_add(&gate->output, bytes, length);
}

void gate_end(struct gate *gate)
{
    if (gate->tls != NULL)
        tls_end(gate->tls);
}

struct lattn_text *gate_output(struct gate *gate)
{
    return gate->tls != NULL ? tls_output(gate->tls) : &gate->output;
}
