#include "inputs.h"

#include "input_line.h"
#include "talk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * With these many numbers a request is sent: one takes up to 25 bytes of a line and its brackets,
 * so that this is 3.3 MiB, of the 4 that a request may have.
 */
enum { NUMBERS_ENOUGH = 1 << 17 };

enum lattn_status inputs_take(struct inputs *inputs, const char *text, size_t length, uint64_t line,
                              struct lattn_complaint *complaint)
{
    size_t place = inputs->count;
    struct lattn_item item;
    enum lattn_status status;
    double *tokens;
    size_t used;

    assert(inputs->count < LATTN_INPUTS_MAX);
    status = input_line_read(&inputs->line, text, length, &used, &item, complaint);
    if (status != LATTN_OK)
        return status;
    tokens = malloc(used * sizeof *tokens + length + 1);
    if (tokens == NULL)
        return LATTN_NO_MEMORY;
    memcpy(tokens, inputs->line.data, used * sizeof *tokens);
    memcpy(tokens + used, text, length);
    ((char *)(tokens + used))[length] = '\0';
    item.z = tokens;
    inputs->items[place] = item;
    inputs->tokens[place] = tokens;
    inputs->texts[place] = (const char *)(tokens + used);
    inputs->lines[place] = line;
    inputs->numbers += used;
    inputs->count++;
    return LATTN_OK;
}

int inputs_are_enough(const struct inputs *inputs)
{
    return inputs->count == LATTN_INPUTS_MAX || inputs->numbers >= NUMBERS_ENOUGH;
}

/* Move an input to another set, which owns it then. */
static void input_move(struct inputs *from, size_t at, struct inputs *to)
{
    to->items[to->count] = from->items[at];
    to->tokens[to->count] = from->tokens[at];
    to->texts[to->count] = from->texts[at];
    to->lines[to->count] = from->lines[at];
    to->numbers += (size_t)lattn_item_numbers(&from->items[at]);
    to->count++;
    from->tokens[at] = NULL;
}

enum lattn_status inputs_keep(struct inputs *inputs, const int32_t *order, size_t count)
{
    struct inputs *kept = calloc(1, sizeof *kept);

    if (kept == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        assert((size_t)order[i] < inputs->count && inputs->tokens[order[i]] != NULL);
        input_move(inputs, (size_t)order[i], kept);
    }
    inputs_clear(inputs);
    kept->line = inputs->line;
    *inputs = *kept;
    free(kept);
    return LATTN_OK;
}

/* The input that a refusal names, and what it says of it; 0 where it names none. */
static int complaint_split(const struct inputs *inputs, const char *message, size_t *ret_place,
                           const char **ret_reason)
{
    const char *bracket = strchr(message, '[');
    const char *word_end = message + strspn(message, "abcdefghijklmnopqrstuvwxyz");
    char *end;

    if (bracket == NULL || bracket != word_end)
        return 0;
    *ret_place = strtoull(bracket + 1, &end, 10);
    if (strncmp(end, "]: ", 3) != 0 || *ret_place >= inputs->count)
        return 0;
    *ret_reason = end + 3;
    return 1;
}

enum verb_exit inputs_exchange(const struct inputs *inputs, size_t count, struct client *client,
                               enum lattn_method method, uint64_t n, struct lattn_reply *ret_reply)
{
    const struct lattn_request request = {.method = method,
                                          .id = "1",
                                          .inputs = (struct lattn_item *)inputs->items,
                                          .inputs_count = count,
                                          .n = n};
    enum lattn_status status = client_exchange(client, &request, ret_reply);

    return status == LATTN_OK ? VERB_DONE : client_refuse(client, status);
}

int inputs_are_too_many(const struct inputs *inputs, const struct lattn_reply *reply)
{
    const char *reason;
    size_t place;

    if (reply->kind != LATTN_REPLY_ERROR ||
        complaint_split(inputs, reply->message, &place, &reason))
        return 0;
    return strcmp(reply->code, lattn_status_word(LATTN_MEMORY_LIMIT)) == 0 ||
           strcmp(reply->code, lattn_status_word(LATTN_RANGE)) == 0;
}

enum verb_exit inputs_refuse(const struct inputs *inputs, const struct client *client,
                             const char *object, struct lattn_reply *reply)
{
    const char *reason;
    size_t place;

    if (complaint_split(inputs, reply->message, &place, &reason))
        talk(client->verb, object, "line %llu: %s", (unsigned long long)inputs->lines[place],
             reason);
    else
        talk(client->verb, client->address, "%s", reply->message);
    lattn_reply_done(reply);
    return VERB_REFUSED;
}

void inputs_clear(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        free(inputs->tokens[i]);
    inputs->count = 0;
    inputs->numbers = 0;
}

void inputs_done(struct inputs *inputs)
{
    inputs_clear(inputs);
    numbers_done(&inputs->line);
}
