#include "wire/writer.h"

#include "base/base64.h"
#include "wire/message_write.h"
#include "wire/number.h"
#include "wire/scan.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The head of this level was written with its count. */
#define WRITER_COUNTED SIZE_MAX

/* Bytes of which base64 is made at a time: threes, so that only the last ones are padded. */
enum { BASE64_BYTES_MAX = 3 << 10, BASE64_TEXT_MAX = 4 << 10 };

static void writer_add(struct writer *writer, const char *bytes, size_t length)
{
    if (writer->status == LATTN_OK)
        writer->status = lattn_text_add(writer->text, bytes, length);
}

void writer_begin(struct writer *writer, struct lattn_text *text, enum lattn_format format)
{
    *writer = (struct writer){.text = text, .format = format, .start = text->length};
}

enum lattn_status writer_end(struct writer *writer)
{
    assert(writer->status != LATTN_OK || writer->depth == 0);
    if (writer->status != LATTN_OK && writer->text->length > writer->start) {
        writer->text->length = writer->start;
        writer->text->data[writer->start] = '\0';
    }
    return writer->status;
}

void writer_refuse(struct writer *writer, enum lattn_status status)
{
    if (writer->status == LATTN_OK)
        writer->status = status;
}

static int is_packed(const struct writer *writer)
{
    return writer->format == LATTN_FORMAT_MSGPACK;
}

/* What stands before a value, or makes it count; the caller is about to write it. */
static void writer_separate(struct writer *writer)
{
    writer->levels[writer->depth].values++;
    if (writer->comma && !is_packed(writer))
        writer_add(writer, ",", 1);
    writer->comma = 1;
}

void writer_raw(struct writer *writer, const char *bytes, size_t length)
{
    writer_separate(writer);
    writer_add(writer, bytes, length);
}

/* ---- objects and arrays -------------------------------------------------------------------- */

static void level_open(struct writer *writer, size_t head)
{
    assert(writer->depth < LATTN_DEPTH_MAX);
    writer->depth++;
    writer->levels[writer->depth] = (struct writer_level){.head = head};
}

/* Values are counted as they come, and the head is written again with their count. */
static void level_close(struct writer *writer, char bracket)
{
    const struct writer_level *level = &writer->levels[writer->depth];
    uint64_t count = bracket == '}' ? level->values / 2 : level->values;
    char head[MESSAGE_WRITE_MAX];

    assert(writer->depth > 0 && count <= UINT32_MAX);
    writer->depth--;
    if (writer->status != LATTN_OK || level->head == WRITER_COUNTED)
        return;
    memcpy(writer->text->data + level->head, head,
           message_write_wide(bracket == '}' ? '{' : '[', (uint32_t)count, head));
}

void writer_open(struct writer *writer, char bracket)
{
    char head[MESSAGE_WRITE_MAX];

    if (is_packed(writer)) {
        size_t at = writer->text->length;

        writer_raw(writer, head, message_write_wide(bracket, 0, head));
        level_open(writer, at);
    } else {
        writer_raw(writer, &bracket, 1);
        writer->comma = 0;
    }
}

void writer_open_counted(struct writer *writer, char bracket, uint32_t count)
{
    char head[MESSAGE_WRITE_MAX];

    if (is_packed(writer)) {
        writer_raw(writer, head, message_write_head(bracket, count, head));
        level_open(writer, WRITER_COUNTED);
    } else {
        writer_open(writer, bracket);
    }
}

void writer_close(struct writer *writer, char bracket)
{
    if (is_packed(writer))
        level_close(writer, bracket);
    else
        writer_add(writer, &bracket, 1);
    writer->comma = 1;
}

void writer_newline(struct writer *writer)
{
    if (!is_packed(writer))
        writer_add(writer, "\n", 1);
    writer->comma = 0;
}

/* ---- plain values -------------------------------------------------------------------------- */

void writer_null(struct writer *writer)
{
    char bytes[MESSAGE_WRITE_MAX];

    if (is_packed(writer))
        writer_raw(writer, bytes, message_write_null(bytes));
    else
        writer_raw(writer, "null", 4);
}

void writer_flag(struct writer *writer, int32_t flag)
{
    char bytes[MESSAGE_WRITE_MAX];

    if (is_packed(writer))
        writer_raw(writer, bytes, message_write_flag(flag, bytes));
    else
        writer_raw(writer, flag ? "true" : "false", flag ? 4 : 5);
}

static size_t count_write(uint64_t count, char ret_digits[20])
{
    char digits[20];
    size_t first = sizeof digits;

    do {
        digits[--first] = (char)('0' + count % 10);
        count /= 10;
    } while (count > 0);
    memcpy(ret_digits, digits + first, sizeof digits - first);
    return sizeof digits - first;
}

void writer_count(struct writer *writer, uint64_t count)
{
    char bytes[20];

    static_assert(sizeof bytes >= MESSAGE_WRITE_MAX, "bytes holds either form");
    writer_raw(writer, bytes,
               is_packed(writer) ? message_write_count(count, bytes) : count_write(count, bytes));
}

/* In JSON the comma goes with the number: most of what is written is numbers. */
void writer_number(struct writer *writer, double number)
{
    char bytes[1 + NUMBER_TEXT_MAX] = ",";
    size_t comma = writer->comma != 0;

    if (!isfinite(number)) {
        writer_null(writer);
    } else if (is_packed(writer)) {
        writer_raw(writer, bytes, message_write_number(number, bytes));
    } else {
        writer_add(writer, bytes + 1 - comma, comma + number_write(number, bytes + 1));
        writer->comma = 1;
    }
}

void writer_row(struct writer *writer, const double *numbers, int32_t columns)
{
    writer_open_counted(writer, '[', (uint32_t)columns);
    for (int32_t i = 0; i < columns; i++)
        writer_number(writer, numbers[i]);
    writer_close(writer, ']');
}

void writer_matrix(struct writer *writer, const double *numbers, int32_t rows, int32_t columns)
{
    writer_open_counted(writer, '[', (uint32_t)rows);
    for (int32_t i = 0; i < rows; i++)
        writer_row(writer, numbers + (size_t)i * (size_t)columns, columns);
    writer_close(writer, ']');
}

/* The number that digits, and nothing else, stand for; 0 where there is none. */
static int id_count(const char *id, uint64_t *ret_count)
{
    uint64_t count = 0;

    if (*id == '\0')
        return 0;
    for (; *id >= '0' && *id <= '9'; id++)
        if (__builtin_mul_overflow(count, 10, &count) ||
            __builtin_add_overflow(count, (uint64_t)(*id - '0'), &count))
            return 0;
    *ret_count = count;
    return *id == '\0';
}

void writer_id(struct writer *writer, const char *id)
{
    uint64_t count;

    if (!is_packed(writer))
        writer_raw(writer, id, strlen(id));
    else if (id_count(id, &count))
        writer_count(writer, count);
    else
        writer_refuse(writer, LATTN_FIELD);
}

/* ---- strings ------------------------------------------------------------------------------- */

/* Bytes that are not UTF-8 become U+FFFD: what we write is valid whatever a name holds. */
static const char replacement[] = "\xef\xbf\xbd";

static int needs_escape(char byte)
{
    return (unsigned char)byte < ' ' || byte == '"' || byte == '\\';
}

/* The escape of a byte that may not stand in a string as it is; its length. */
static size_t escape_write(char byte, char ret_escape[6])
{
    static const char digits[] = "0123456789abcdef";

    if (byte == '"' || byte == '\\') {
        ret_escape[0] = '\\';
        ret_escape[1] = byte;
        return 2;
    }
    memcpy(ret_escape, "\\u00", 4);
    ret_escape[4] = digits[(unsigned char)byte >> 4];
    ret_escape[5] = digits[byte & 15];
    return 6;
}

/* The first place at or behind `at` that cannot be written as it is. */
static const char *plain_end(const struct writer *writer, const char *at, const char *end)
{
    int escapes = !is_packed(writer);

    while (at < end && !(escapes && needs_escape(*at))) {
        size_t length = scan_utf8(at, end);

        if (length == 0)
            break;
        at += length;
    }
    return at;
}

static void characters_write(struct writer *writer, const char *at, const char *end)
{
    char escape[6];

    while (at < end) {
        const char *plain = plain_end(writer, at, end);

        writer_add(writer, at, (size_t)(plain - at));
        at = plain;
        if (at == end)
            return;
        if (scan_utf8(at, end) == 0)
            writer_add(writer, replacement, sizeof replacement - 1);
        else
            writer_add(writer, escape, escape_write(*at, escape));
        at++;
    }
}

/* Bytes that the characters take without escapes. */
static size_t characters_length(const char *at, const char *end)
{
    size_t sum = 0;

    while (at < end) {
        size_t length = scan_utf8(at, end);

        sum += length == 0 ? sizeof replacement - 1 : length;
        at += length == 0 ? 1 : length;
    }
    return sum;
}

void writer_text(struct writer *writer, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    char head[MESSAGE_WRITE_MAX];

    if (is_packed(writer)) {
        size_t written = characters_length(bytes, end);

        assert(written <= UINT32_MAX);
        writer_raw(writer, head, message_write_string((uint32_t)written, head));
        characters_write(writer, bytes, end);
    } else {
        writer_raw(writer, "\"", 1);
        characters_write(writer, bytes, end);
        writer_add(writer, "\"", 1);
    }
}

void writer_string(struct writer *writer, const char *string)
{
    writer_text(writer, string, strlen(string));
}

void writer_key_text(struct writer *writer, const char *bytes, size_t length)
{
    writer_text(writer, bytes, length);
    if (is_packed(writer))
        return;
    writer_add(writer, ":", 1);
    writer->comma = 0;
}

void writer_key(struct writer *writer, const char *key)
{
    writer_key_text(writer, key, strlen(key));
}

/* ---- tensors ------------------------------------------------------------------------------- */

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "numbers go into a tensor as they lie in memory");

/* Doubles as floats, some at a time. */
static void singles_write(struct writer *writer, const double *numbers, size_t count)
{
    float singles[128];

    while (count > 0) {
        size_t some = count < 128 ? count : 128;

        for (size_t i = 0; i < some; i++)
            singles[i] = (float)numbers[i];
        writer_add(writer, (const char *)singles, some * sizeof *singles);
        numbers += some;
        count -= some;
    }
}

void writer_bytes(struct writer *writer, const char *bytes, size_t length)
{
    char head[MESSAGE_WRITE_MAX];
    char text[BASE64_TEXT_MAX];

    if (is_packed(writer)) {
        assert(length <= UINT32_MAX);
        writer_raw(writer, head, message_write_bytes((uint32_t)length, head));
        writer_add(writer, bytes, length);
        return;
    }
    writer_raw(writer, "\"", 1);
    while (length > 0) {
        size_t piece = length < BASE64_BYTES_MAX ? length : BASE64_BYTES_MAX;

        base64_write(bytes, piece, text);
        writer_add(writer, text, base64_length(piece));
        bytes += piece;
        length -= piece;
    }
    writer_add(writer, "\"", 1);
}

static void payload_write(struct writer *writer, const double *numbers, size_t count,
                          enum writer_dtype dtype)
{
    size_t length = count * (dtype == WRITER_F4 ? sizeof(float) : sizeof(double));
    char head[MESSAGE_WRITE_MAX];

    assert(length <= UINT32_MAX);
    writer_raw(writer, head, message_write_bytes((uint32_t)length, head));
    if (dtype == WRITER_F4)
        singles_write(writer, numbers, count);
    else
        writer_add(writer, (const char *)numbers, length);
}

static void tensor_pack(struct writer *writer, const double *numbers, const int32_t *shape,
                        int32_t rank, enum writer_dtype dtype)
{
    size_t count = 1;

    writer_open_counted(writer, '{', 3);
    writer_key(writer, "shape");
    writer_open_counted(writer, '[', (uint32_t)rank);
    for (int32_t i = 0; i < rank; i++) {
        writer_count(writer, (uint64_t)shape[i]);
        count *= (size_t)shape[i];
    }
    writer_close(writer, ']');
    writer_key(writer, "dtype");
    writer_string(writer, dtype == WRITER_F4 ? "<f4" : "<f8");
    writer_key(writer, "data");
    payload_write(writer, numbers, count, dtype);
    writer_close(writer, '}');
}

void writer_tensor(struct writer *writer, const double *numbers, const int32_t *shape, int32_t rank,
                   enum writer_dtype dtype)
{
    assert(rank == 1 || rank == 2 || is_packed(writer));
    if (is_packed(writer))
        tensor_pack(writer, numbers, shape, rank, dtype);
    else if (rank == 1)
        writer_row(writer, numbers, shape[0]);
    else
        writer_matrix(writer, numbers, shape[0], shape[1]);
}

/* ---- indenting ----------------------------------------------------------------------------- */

static void indent_break(struct writer *writer, int32_t depth)
{
    writer_add(writer, "\n", 1);
    for (int32_t i = 0; i < depth; i++)
        writer_add(writer, "  ", 2);
}

/* The end of the string that starts at text. */
static const char *string_end(const char *text)
{
    for (text++; *text != '"'; text++)
        text += *text == '\\';
    return text + 1;
}

/* The end of the array or object at text if nothing is nested in it and it is an array or empty. */
static const char *flat_end(const char *text)
{
    const char *at = text + 1;

    while (*at != '[' && *at != '{' && *at != ']' && *at != '}')
        at = *at == '"' ? string_end(at) : at + 1;
    if (*at == ']' || (*at == '}' && at == text + 1))
        return at + 1;
    return NULL;
}

/* The end of the token at text: a flat array, a bracket, a comma, a colon or a value. */
static const char *token_end(const char *text)
{
    const char *flat = *text == '[' || *text == '{' ? flat_end(text) : NULL;

    if (flat != NULL)
        return flat;
    if (*text == '"')
        return string_end(text);
    if (strchr("[]{},:", *text) != NULL)
        return text + 1;
    return text + strcspn(text, "]}, \t\n\r");
}

void writer_indent(struct writer *writer, const char *text)
{
    static const char spaces[] = " \t\n\r";
    int32_t depth = 0;

    writer_separate(writer);
    for (text += strspn(text, spaces); *text != '\0'; text += strspn(text, spaces)) {
        const char *end = token_end(text);
        char mark = end == text + 1 ? *text : '\0';

        if (mark == ']' || mark == '}')
            indent_break(writer, --depth);
        writer_add(writer, text, (size_t)(end - text));
        if (mark == ':')
            writer_add(writer, " ", 1);
        if (mark == '[' || mark == '{')
            indent_break(writer, ++depth);
        if (mark == ',')
            indent_break(writer, depth);
        text = end;
    }
}
