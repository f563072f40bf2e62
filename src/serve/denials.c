#include "serve/denials.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const uint64_t silence_ns = UINT64_C(60000000000);

static int is_over(const struct denials_entry *entry, uint64_t now_ns)
{
    return entry->host[0] == '\0' || now_ns - entry->told_ns >= silence_ns;
}

/* The host's own entry, or one that can be had for it; NULL if there is none. */
static struct denials_entry *entry_find(struct denials *denials, const char *host, uint64_t now_ns)
{
    struct denials_entry *spare = NULL;

    for (int i = 0; i < DENIALS_MAX; i++) {
        struct denials_entry *entry = &denials->entries[i];

        if (strcmp(entry->host, host) == 0)
            return entry;
        if (spare == NULL && is_over(entry, now_ns))
            spare = entry;
    }
    if (spare != NULL) {
        *spare = (struct denials_entry){.untold = 0};
        snprintf(spare->host, sizeof spare->host, "%s", host);
        spare->told_ns = now_ns - silence_ns;
    }
    return spare;
}

int denials_add(struct denials *denials, const char *host, uint64_t now_ns, uint64_t *ret_untold)
{
    struct denials_entry *entry = entry_find(denials, host, now_ns);

    denials->count++;
    if (entry == NULL)
        return 0;
    if (!is_over(entry, now_ns)) {
        entry->untold++;
        return 0;
    }
    *ret_untold = entry->untold;
    entry->untold = 0;
    entry->told_ns = now_ns;
    return 1;
}
