/*
 * What is ours to read of a request, whatever it says: paths, names of hosts, tokens, ids and tags.
 * Lines are taken as the library hands them on: method and path, then "name: text". Each field lies
 * in memory of its own length, so that a byte too far is found.
 */
#include "monitor/inquiry.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS_MAX = 16 };

static void require(int holds)
{
    if (!holds)
        abort();
}

static char *copy_of(const char *text, size_t length, int is_closed)
{
    char *copy = malloc(length + (is_closed ? 1 : 0) + (length == 0));

    require(copy != NULL);
    memcpy(copy, text, length);
    if (is_closed)
        copy[length] = '\0';
    return copy;
}

/* Ask all there is to ask; what is said of it agrees with itself. */
static void judge(const struct inquiry *inquiry)
{
    static const struct inquiry_self selves[] = {{"localhost", 0}, {"lab.example", 1}};
    char token[LATTN_TOKEN_MAX];

    for (size_t i = 0; i < sizeof selves / sizeof *selves; i++) {
        const struct inquiry_refusal *reach = inquiry_reach(inquiry, &selves[i]);
        const struct inquiry_refusal *check = inquiry_check(inquiry, &selves[i]);

        require(reach == NULL || (reach->code >= 400 && reach->code < 500));
        require(check == NULL || (check->code >= 400 && check->code < 500));
        require(check == NULL || check->status < 0);
        require((check != NULL && check->code == 404) == (inquiry->route == INQUIRY_NOWHERE));
        require(check != NULL || strstr(inquiry_methods(inquiry->route),
                                        inquiry->method == INQUIRY_POST ? "POST" : "GET") != NULL);
    }
    require(inquiry_token(inquiry, token) < sizeof token);
    (void)inquiry_event(inquiry, "0123456789abcdef"); /* any number may come */
    (void)inquiry_body_bytes(inquiry);
    require(!inquiry_has_tag(inquiry, "\"a-1\"") ||
            inquiry->fields[INQUIRY_IF_NONE_MATCH].text != NULL);
}

/* Split at the first `mark`, or at the end. Returns what is behind it. */
static const char *piece(const char *at, const char *end, char mark, size_t *ret_length)
{
    const char *stop = at < end ? memchr(at, mark, (size_t)(end - at)) : NULL;

    *ret_length = (size_t)((stop != NULL ? stop : end) - at);
    return stop != NULL ? stop + 1 : end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    const char *end = at + size;
    char *copies[2 * FIELDS_MAX + 2];
    size_t count = 0;
    struct inquiry inquiry;
    size_t length;
    const char *line = at;

    at = piece(at, end, ' ', &length);
    copies[count++] = copy_of(line, length, 1);
    line = at;
    at = piece(at, end, '\n', &length);
    copies[count++] = copy_of(line, length, 1);
    inquiry_begin(&inquiry, copies[0], copies[1]);
    while (at < end && count + 2 <= sizeof copies / sizeof *copies) {
        size_t text_length;
        const char *name = at;
        const char *text = piece(at, end, ':', &length);

        at = piece(text, end, '\n', &text_length);
        copies[count] = copy_of(name, length, 0);
        copies[count + 1] = copy_of(text, text_length, 0);
        inquiry_take(&inquiry, copies[count], length, copies[count + 1], text_length);
        inquiry_take_argument(&inquiry, copies[count], length);
        count += 2;
    }
    judge(&inquiry);
    while (count > 0)
        free(copies[--count]);
    return 0;
}
