#include "source/msgid.h"

#include <ctype.h>
#include <string.h>

/* 1 ... 2^64 - 1 in as few digits as there are. */
static int number_read(const char *text, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (text[0] < '1' || text[0] > '9')
        return 0;
    for (; *text != '\0'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (!isdigit((unsigned char)*text) || number > (UINT64_MAX - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return 1;
}

int msgid_read(const char *text, struct msgid *ret_id)
{
    struct msgid id = {.number = 0};
    size_t length = strcspn(text, ".");

    if (length == 0 || length >= sizeof id.publisher || text[length] == '\0')
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
            return 0;
    }
    if (!number_read(text + length + 1, &id.number))
        return 0;
    memcpy(id.publisher, text, length);
    *ret_id = id;
    return 1;
}
