#include "wire/writer.h"

#include "wire/number.h"
#include "wire/scan.h"

#include <math.h>
#include <string.h>

static void writer_add(struct writer *writer, const char *bytes, size_t length)
{
    if (writer->status == LATTN_OK)
        writer->status = lattn_text_add(writer->text, bytes, length);
}

void writer_begin(struct writer *writer, struct lattn_text *text)
{
    *writer = (struct writer){.text = text, .start = text->length};
}

enum lattn_status writer_end(struct writer *writer)
{
    if (writer->status != LATTN_OK && writer->text->length > writer->start) {
        writer->text->length = writer->start;
        writer->text->data[writer->start] = '\0';
    }
    return writer->status;
}

/* What stands before a value, which the caller is about to write. */
static void writer_separate(struct writer *writer)
{
    if (writer->comma)
        writer_add(writer, ",", 1);
    writer->comma = 1;
}

void writer_open(struct writer *writer, char bracket)
{
    writer_separate(writer);
    writer_add(writer, &bracket, 1);
    writer->comma = 0;
}

void writer_close(struct writer *writer, char bracket)
{
    writer_add(writer, &bracket, 1);
    writer->comma = 1;
}

void writer_raw(struct writer *writer, const char *text, size_t length)
{
    writer_separate(writer);
    writer_add(writer, text, length);
}

void writer_key(struct writer *writer, const char *key)
{
    writer_separate(writer);
    writer_add(writer, "\"", 1);
    writer_add(writer, key, strlen(key));
    writer_add(writer, "\":", 2);
    writer->comma = 0;
}

void writer_null(struct writer *writer)
{
    writer_raw(writer, "null", 4);
}

void writer_flag(struct writer *writer, int32_t flag)
{
    writer_raw(writer, flag ? "true" : "false", flag ? 4 : 5);
}

void writer_count(struct writer *writer, uint64_t count)
{
    char digits[20];
    size_t first = sizeof digits;

    do {
        digits[--first] = (char)('0' + count % 10);
        count /= 10;
    } while (count > 0);
    writer_raw(writer, digits + first, sizeof digits - first);
}

/* The comma goes with the number: most of what is written is numbers. */
void writer_number(struct writer *writer, double number)
{
    char text[1 + NUMBER_TEXT_MAX] = ",";
    size_t comma = writer->comma != 0;

    if (!isfinite(number)) {
        writer_null(writer);
        return;
    }
    writer_add(writer, text + 1 - comma, comma + number_write(number, text + 1));
    writer->comma = 1;
}

void writer_row(struct writer *writer, const double *numbers, int32_t columns)
{
    writer_open(writer, '[');
    for (int32_t i = 0; i < columns; i++)
        writer_number(writer, numbers[i]);
    writer_close(writer, ']');
}

void writer_matrix(struct writer *writer, const double *numbers, int32_t rows, int32_t columns)
{
    writer_open(writer, '[');
    for (int32_t i = 0; i < rows; i++)
        writer_row(writer, numbers + (size_t)i * (size_t)columns, columns);
    writer_close(writer, ']');
}

void writer_newline(struct writer *writer)
{
    writer_add(writer, "\n", 1);
    writer->comma = 0;
}

/* ---- strings ------------------------------------------------------------------------------- */

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

/* Bytes that are not UTF-8 become U+FFFD: a line of ours is valid JSON whatever a name holds. */
void writer_string(struct writer *writer, const char *string)
{
    const char *end = string + strlen(string);
    char escape[6];

    writer_raw(writer, "\"", 1);
    while (string < end) {
        size_t length = scan_utf8(string, end);

        if (length == 0)
            writer_add(writer, "\xef\xbf\xbd", 3);
        else if ((unsigned char)*string < ' ' || *string == '"' || *string == '\\')
            writer_add(writer, escape, escape_write(*string, escape));
        else
            writer_add(writer, string, length);
        string += length == 0 ? 1 : length;
    }
    writer_add(writer, "\"", 1);
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
