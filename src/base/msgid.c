#include <lattn/layout.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* 1 ... 2^64 - 1 in as few digits as there are. */
static int number_read(const char *text, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (text[0] < '1' || text[0] > '9')
        return 0;
    for (; *text != '\0'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (*text < '0' || *text > '9' || number > (UINT64_MAX - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return 1;
}

void lattn_msgid_write(const char *publisher, uint64_t number, char ret_text[LATTN_MSGID_MAX])
{
    snprintf(ret_text, LATTN_MSGID_MAX, "%s.%" PRIu64, publisher, number);
}

int32_t lattn_msgid_read(const char *text, struct lattn_msgid *ret_id)
{
    struct lattn_msgid id = {.number = 0};
    size_t length = strcspn(text, ".");

    if (length >= sizeof id.publisher || text[length] == '\0')
        return 0;
    memcpy(id.publisher, text, length);
    if (!lattn_stream_url_is_name(id.publisher, sizeof id.publisher) ||
        !number_read(text + length + 1, &id.number))
        return 0;
    *ret_id = id;
    return 1;
}
