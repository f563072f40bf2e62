/*
 * In place of tap.c where there is no library for NATS: then no tap is ever opened.
 */
#include "source/tap.h"

int tap_is_built(void)
{
    return 0;
}

enum lattn_status tap_open(struct tap **ret_tap, const struct tap_settings *settings)
{
    (void)ret_tap;
    (void)settings;
    return LATTN_METHOD;
}

void tap_end(struct tap *tap)
{
    (void)tap;
}

void tap_close(struct tap **tap)
{
    *tap = NULL;
}

void tap_stop(struct tap *tap)
{
    (void)tap;
}

void tap_settle(struct tap *tap, size_t kept, uint64_t duplicates)
{
    (void)tap;
    (void)kept;
    (void)duplicates;
}

void tap_look(struct tap *tap, struct tap_report *ret_report)
{
    (void)tap;
    *ret_report = (struct tap_report){0};
}
