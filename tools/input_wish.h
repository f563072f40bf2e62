#ifndef INPUT_WISH_H
#define INPUT_WISH_H

#include "columns.h"
#include "options.h"

#include <stdint.h>

/*
 * How pairs stand in an input, as the options tell. Texts are borrowed, NULL where not given.
 *
 * from    "ndjson", "msgpack", "csv" or "events"
 * window  0: not given
 */
struct input_wish {
    const char *from;
    struct columns_wish columns;
    int is_autoregressive;
    uint64_t window;
};

/*
 * Do the options go together? Says which does not. That `from` is one of the four is not looked at:
 * whoever knows them says so.
 *
 * Returns OPTIONS_READ or OPTIONS_MISUSED.
 */
enum options_outcome input_wish_check(const char *verb, const struct input_wish *wish);

#endif
