#include "wire/scan.h"

#include "base/complaint.h"
#include "wire/excerpt.h"
#include "wire/number.h"

#include <lattn/limits.h>

#include <assert.h>
#include <string.h>

static int is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

enum lattn_status scan_begin(struct scan *scan, const char *text, size_t length,
                             struct lattn_complaint *complaint)
{
    const char *end = text + length;

    while (end > text && is_space(end[-1]))
        end--;
    *scan = (struct scan){.start = text, .at = text, .end = end, .complaint = complaint};
    if (scan_peek(scan) != '{')
        return scan_refuse(scan, "'{'");
    if (end[-1] != '}') {
        scan->at = end - 1;
        return scan_refuse(scan, "'}' at the end");
    }
    return LATTN_OK;
}

enum lattn_status scan_finish(struct scan *scan)
{
    return scan_peek(scan) == '\0' && scan->at == scan->end ? LATTN_OK
                                                            : scan_refuse(scan, "the end");
}

char scan_peek(struct scan *scan)
{
    while (scan->at < scan->end && is_space(*scan->at))
        scan->at++;
    return scan->at < scan->end ? *scan->at : '\0';
}

int scan_is_digit(struct scan *scan)
{
    char byte = scan_peek(scan);

    return byte >= '0' && byte <= '9';
}

int scan_take(struct scan *scan, char byte)
{
    if (scan_peek(scan) != byte || scan->at == scan->end)
        return 0;
    scan->at++;
    return 1;
}

int scan_take_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);

    (void)scan_peek(scan);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
        return 0;
    scan->at += length;
    return 1;
}

/* ---- complaints ---------------------------------------------------------------------------- */

static int ends_excerpt(char byte)
{
    return is_space(byte) || byte == ',' || byte == ']' || byte == '}' || byte == ':';
}

void scan_excerpt(struct scan *scan, char ret_excerpt[SCAN_EXCERPT_MAX])
{
    /* Room is kept for one escape (4), the dots (3) and the zero. */
    const size_t room = SCAN_EXCERPT_MAX - 8;
    int quoted = scan_peek(scan) == '"';
    const char *at = scan->at;
    size_t length = 0;

    if (at == scan->end || *at == '[' || *at == '{') {
        snprintf(ret_excerpt, SCAN_EXCERPT_MAX, "%s",
                 at == scan->end ? "nothing" : (*at == '[' ? "an array" : "an object"));
        return;
    }
    do {
        length += excerpt_byte(*at++, ret_excerpt + length);
        ret_excerpt[length] = '\0';
        if (quoted && at[-1] == '"' && at > scan->at + 1)
            return;
    } while (at < scan->end && length <= room && (quoted || !ends_excerpt(*at)));
    if (at < scan->end && length > room)
        memcpy(ret_excerpt + length, "...", 4);
}

enum lattn_status scan_refuse(struct scan *scan, const char *expected)
{
    char excerpt[SCAN_EXCERPT_MAX];

    scan_excerpt(scan, excerpt);
    return complain(scan->complaint, LATTN_SYNTAX, "byte %td: %s expected, found %s",
                    scan->at - scan->start + 1, expected, excerpt);
}

enum lattn_status scan_mismatch(struct scan *scan, const char *name, const char *expected)
{
    struct scan trial = *scan;
    char excerpt[SCAN_EXCERPT_MAX];
    enum lattn_status status;

    trial.complaint = NULL;
    status = scan_skip(&trial) == LATTN_OK ? LATTN_FIELD : LATTN_SYNTAX;
    scan_excerpt(scan, excerpt);
    return complain(scan->complaint, status, "%s is %s, %s is expected", name, excerpt, expected);
}

/* ---- objects and arrays -------------------------------------------------------------------- */

static enum lattn_status scan_enter(struct scan *scan, char bracket, const char *name,
                                    const char *expected)
{
    if (scan_peek(scan) != bracket)
        return scan_mismatch(scan, name, expected);
    if (scan->depth == LATTN_DEPTH_MAX)
        return complain(scan->complaint, LATTN_SYNTAX, "byte %td: nested deeper than %d",
                        scan->at - scan->start + 1, LATTN_DEPTH_MAX);
    scan->at++;
    scan->depth++;
    return LATTN_OK;
}

static enum lattn_status scan_leave(struct scan *scan, char bracket)
{
    if (!scan_take(scan, bracket))
        return scan_refuse(scan, bracket == '}' ? "',' or '}'" : "',' or ']'");
    scan->depth--;
    return LATTN_OK;
}

static int32_t word_index(const char *const *words, const struct scan_string *key)
{
    for (int32_t i = 0; words[i] != NULL; i++)
        if (scan_string_is(key, words[i]))
            return i;
    return -1;
}

/* Take a key and its colon. ret_field is -1 for a stranger that is to be passed over. */
static enum lattn_status scan_key(struct scan *scan, const char *const *words,
                                  enum scan_strangers strangers, uint64_t *seen, int32_t *ret_field)
{
    struct scan before;
    struct scan_string key;
    char excerpt[SCAN_EXCERPT_MAX];
    enum lattn_status status;
    int32_t field;

    if (scan_peek(scan) != '"')
        return scan_refuse(scan, "a field in quotes");
    before = *scan;
    status = scan_string(scan, "a field", &key);
    if (status != LATTN_OK)
        return status;
    if (!scan_take(scan, ':'))
        return scan_refuse(scan, "':'");
    field = word_index(words, &key);
    assert(field < 64);
    *ret_field = field;
    if (field < 0 && strangers == SCAN_STRANGERS_PASSED)
        return LATTN_OK;
    if (field >= 0 && (*seen >> field & 1) == 0) {
        *seen |= (uint64_t)1 << field;
        return LATTN_OK;
    }
    scan_excerpt(&before, excerpt);
    return complain(scan->complaint, LATTN_FIELD,
                    field < 0 ? "unknown field %s" : "field %s comes twice", excerpt);
}

enum lattn_status scan_object(struct scan *scan, const char *name, const char *const *words,
                              enum scan_strangers strangers, scan_field_fn read, void *arg)
{
    enum lattn_status status = scan_enter(scan, '{', name, "an object");
    uint64_t seen = 0;
    int32_t field;

    if (status != LATTN_OK || scan_peek(scan) == '}')
        return status != LATTN_OK ? status : scan_leave(scan, '}');
    do {
        status = scan_key(scan, words, strangers, &seen, &field);
        if (status != LATTN_OK)
            return status;
        status = field < 0 ? scan_skip(scan) : read(scan, field, arg);
        if (status != LATTN_OK)
            return status;
    } while (scan_take(scan, ','));
    return scan_leave(scan, '}');
}

enum lattn_status scan_array(struct scan *scan, const char *name, scan_element_fn read, void *arg)
{
    enum lattn_status status = scan_enter(scan, '[', name, "an array");
    int64_t index = 0;

    if (status != LATTN_OK || scan_peek(scan) == ']')
        return status != LATTN_OK ? status : scan_leave(scan, ']');
    do {
        status = read(scan, index++, arg);
        if (status != LATTN_OK)
            return status;
    } while (scan_take(scan, ','));
    return scan_leave(scan, ']');
}

static enum lattn_status skip_element(struct scan *scan, int64_t index, void *count)
{
    if (count != NULL)
        *(int64_t *)count = index + 1;
    return scan_skip(scan);
}

enum lattn_status scan_skip(struct scan *scan)
{
    static const char *const none[] = {NULL};
    struct scan_string string;
    const char *behind;
    double number;

    switch (scan_peek(scan)) {
    case '{':
        return scan_object(scan, "a value", none, SCAN_STRANGERS_PASSED, NULL, NULL);
    case '[':
        return scan_array(scan, "a value", skip_element, NULL);
    case '"':
        return scan_string(scan, "a value", &string);
    default:
        break;
    }
    if (scan->at == scan->end)
        return scan_refuse(scan, "a value");
    if (scan_take_word(scan, "null") || scan_take_word(scan, "true") ||
        scan_take_word(scan, "false"))
        return LATTN_OK;
    behind = number_read(scan->at, scan->end, &number);
    if (behind == NULL)
        return scan_refuse(scan, "a value");
    scan->at = behind;
    return LATTN_OK;
}

enum lattn_status scan_count(struct scan *scan, const char *name, int64_t *ret_count)
{
    struct scan ahead = *scan;
    int64_t count = 0;
    enum lattn_status status = scan_array(&ahead, name, skip_element, &count);

    if (status == LATTN_OK)
        *ret_count = count;
    return status;
}

enum lattn_status scan_count_within(struct scan *scan, const char *name, int32_t max,
                                    size_t *ret_count)
{
    int64_t count;
    enum lattn_status status = scan_count(scan, name, &count);

    if (status != LATTN_OK)
        return status;
    if (count > max)
        return complain(scan->complaint, LATTN_RANGE, "%s has %jd entries, at most %d are accepted",
                        name, (intmax_t)count, max);
    *ret_count = (size_t)count;
    return LATTN_OK;
}
