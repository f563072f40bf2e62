#include "event_line.h"

#include <lattn/tasks.h>

#include <stdio.h>
#include <string.h>

static const char blanks[] = " \t\r";

/* Cut the next word off the front of *text; NULL if there is none. */
static const char *word_take(char **text)
{
    char *word = *text + strspn(*text, blanks);
    char *stop = word + strcspn(word, blanks);

    if (stop == word)
        return NULL;
    *text = *stop == '\0' ? stop : stop + 1;
    *stop = '\0';
    return word;
}

/* Bytes of the UTF-8 sequence that begins with `first`; 0 if none does. */
static int sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Names travel as JSON text: other bytes would all become the same replacement character. */
static int is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at != '\0') {
        int length = sequence_length(*at);

        for (int i = 1; i < length; i++)
            if ((at[i] & 0xc0) != 0x80)
                return 0;
        if (length == 0 || (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) ||
            (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90))
            return 0;
        at += length;
    }
    return 1;
}

enum lattn_status event_line_read(char *text, size_t length, const char **ret_key,
                                  const char **ret_symbol, struct lattn_complaint *complaint)
{
    const char *key;
    const char *symbol;

    if (memchr(text, '\0', length) != NULL) {
        snprintf(complaint->text, sizeof complaint->text, "there is a zero byte in it");
        return LATTN_SYNTAX;
    }
    key = word_take(&text);
    symbol = word_take(&text);
    if (symbol == NULL || word_take(&text) != NULL) {
        snprintf(complaint->text, sizeof complaint->text, "it is not of the form KEY SYMBOL");
        return LATTN_SYNTAX;
    }
    if (!is_utf8(symbol)) {
        snprintf(complaint->text, sizeof complaint->text, "the symbol is not UTF-8");
        return LATTN_SYNTAX;
    }
    *ret_key = key;
    *ret_symbol = symbol;
    return LATTN_OK;
}

/* Why lattn_events_push refused an event, for people. */
static void push_complain(enum lattn_status status, const char *key, const char *symbol,
                          struct lattn_complaint *complaint)
{
    char *text = complaint->text;
    size_t size = sizeof complaint->text;

    if (status == LATTN_NAME && strcmp(symbol, LATTN_EVENTS_BIAS) == 0)
        snprintf(text, size, "no symbol may be called " LATTN_EVENTS_BIAS);
    else if (status == LATTN_NAME && strlen(key) >= LATTN_EVENTS_KEY_MAX)
        snprintf(text, size, "the key has %zu bytes, at most %d are accepted", strlen(key),
                 LATTN_EVENTS_KEY_MAX - 1);
    else if (status == LATTN_NAME)
        snprintf(text, size, "the symbol has %zu bytes, at most %d are accepted", strlen(symbol),
                 LATTN_NAME_MAX - 1);
    else if (status == LATTN_RANGE)
        snprintf(text, size, "symbol %s is one too many, there are %d already", symbol,
                 LATTN_EVENTS_SYMBOLS_MAX);
    else
        snprintf(text, size, "%s", lattn_status_text(status));
}

enum lattn_status event_line_push(struct lattn_events *events, char *text, size_t length,
                                  const char **ret_key, struct lattn_event *ret_event,
                                  struct lattn_complaint *complaint)
{
    const char *symbol;
    enum lattn_status status = event_line_read(text, length, ret_key, &symbol, complaint);

    if (status != LATTN_OK)
        return status;
    status = lattn_events_push(events, *ret_key, symbol, ret_event);
    if (status != LATTN_OK && status != LATTN_NO_MEMORY)
        push_complain(status, *ret_key, symbol, complaint);
    return status;
}
