/*
 * Strings: checked where they stand, decoded only where somebody wants them.
 */
#include "wire/scan.h"

#include "base/complaint.h"

#include <string.h>

static int is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* RFC 3629, section 4. The second byte alone tells overlong forms, surrogates and > U+10FFFF. */
size_t scan_utf8(const char *text, const char *end)
{
    unsigned char first = (unsigned char)text[0];
    unsigned char second = end - text > 1 ? (unsigned char)text[1] : 0;
    size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (length == 1)
        return 1;
    if (first < 0xc2 || first > 0xf4 || (size_t)(end - text) < length)
        return 0;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    for (size_t i = 1; i < length; i++)
        if (!is_continuation(text[i]))
            return 0;
    return length;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

/* The 16 bits of "\uXXXX" at text, or -1. */
static int32_t escape_unit(const char *text, const char *end)
{
    int32_t unit = 0;

    if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(text[i]);

        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* The character that the escape at text stands for; returns its bytes in the text, 0 if invalid. */
static size_t escape_read(const char *text, const char *end, int32_t *ret_character)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter;
    int32_t unit;
    int32_t low;

    if (end - text < 2)
        return 0;
    letter = memchr(letters, text[1], sizeof letters - 1);
    if (letter != NULL) {
        *ret_character = meanings[letter - letters];
        return 2;
    }
    unit = escape_unit(text, end);
    *ret_character = unit;
    if (unit < 0xd800 || unit > 0xdfff)
        return unit < 0 ? 0 : 6;
    low = escape_unit(text + 6, end);
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return 0;
    *ret_character = 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
    return 12;
}

/* Bytes of the string's next character as written; 0 where it is not one. */
static size_t character_length(const char *at, const char *end)
{
    int32_t character;

    if (*at == '\\')
        return escape_read(at, end, &character);
    return (unsigned char)*at < ' ' ? 0 : scan_utf8(at, end);
}

static uint64_t zero_bytes(uint64_t word)
{
    return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* Bytes, eight at a time, that are ASCII and stand for themselves: long strings are mostly these.
 */
static size_t plain_length(const char *text, const char *end)
{
    const char *at = text;

    for (; end - at >= (ptrdiff_t)sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word, special;

        memcpy(&word, at, sizeof word);
        special = word | (word - UINT64_C(0x2020202020202020)); /* above ASCII, or a control */
        special = (special & UINT64_C(0x8080808080808080)) |
                  zero_bytes(word ^ UINT64_C(0x2222222222222222)) | /* '"' */
                  zero_bytes(word ^ UINT64_C(0x5c5c5c5c5c5c5c5c));  /* '\\' */
        if (special != 0)
            break;
    }
    return (size_t)(at - text);
}

enum lattn_status scan_string(struct scan *scan, const char *name, struct scan_string *ret_string)
{
    struct scan_string string = {0};

    if (scan_peek(scan) != '"')
        return scan_mismatch(scan, name, "a string");
    string.at = ++scan->at;
    for (;;) {
        size_t length;

        scan->at += plain_length(scan->at, scan->end);
        if (scan->at == scan->end || *scan->at == '"')
            break;
        length = character_length(scan->at, scan->end);
        if (length == 0)
            return scan_refuse(scan, *scan->at == '\\' ? "a valid escape" : "a character of UTF-8");
        string.escaped |= *scan->at == '\\';
        scan->at += length;
    }
    if (scan->at == scan->end)
        return scan_refuse(scan, "'\"'");
    string.length = (size_t)(scan->at++ - string.at);
    *ret_string = string;
    return LATTN_OK;
}

static size_t utf8_write(int32_t character, char ret_bytes[4])
{
    size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = length - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    ret_bytes[0] = (char)(marks[length] | character);
    return length;
}

int scan_string_decode(const struct scan_string *string, size_t size, char *ret_text)
{
    const char *at = string->at;
    const char *end = at + string->length;
    size_t used = 0;

    ret_text[0] = '\0';
    while (at < end) {
        char bytes[4];
        const char *from = at;
        size_t length;

        if (*at == '\\') {
            int32_t character = 0;

            at += escape_read(at, end, &character);
            length = utf8_write(character, bytes);
            from = bytes;
        } else {
            length = scan_utf8(at, end);
            at += length;
        }
        if (used + length >= size || *from == '\0')
            return 0;
        memcpy(ret_text + used, from, length);
        used += length;
        ret_text[used] = '\0';
    }
    return 1;
}

int scan_string_is(const struct scan_string *string, const char *word)
{
    size_t length = strlen(word);
    char text[64];

    if (!string->escaped)
        return string->length == length && memcmp(string->at, word, length) == 0;
    return scan_string_decode(string, sizeof text, text) && strcmp(text, word) == 0;
}

enum lattn_status scan_word(struct scan *scan, const char *name, const char *const *words,
                            const char *expected, int32_t *ret_index)
{
    struct scan before = *scan;
    struct scan_string string;
    enum lattn_status status;

    if (scan_peek(scan) != '"')
        return scan_mismatch(scan, name, expected);
    status = scan_string(scan, name, &string);
    if (status != LATTN_OK)
        return status;
    for (int32_t i = 0; words[i] != NULL; i++) {
        if (scan_string_is(&string, words[i])) {
            *ret_index = i;
            return LATTN_OK;
        }
    }
    *scan = before;
    return scan_mismatch(scan, name, expected);
}

enum lattn_status scan_text(struct scan *scan, const char *name, size_t size, char *ret_text)
{
    struct scan_string string;
    enum lattn_status status = scan_string(scan, name, &string);

    if (status != LATTN_OK)
        return status;
    if (!scan_string_decode(&string, size, ret_text))
        return complain(scan->complaint, LATTN_NAME, "%s is longer than %zu bytes or holds a zero",
                        name, size - 1);
    return LATTN_OK;
}

enum lattn_status scan_name(struct scan *scan, const char *name, size_t size, char *ret_text)
{
    enum lattn_status status = scan_text(scan, name, size, ret_text);

    if (status == LATTN_OK && ret_text[0] == '\0')
        return complain(scan->complaint, LATTN_NAME, "%s is empty", name);
    return status;
}
