/* Bytes within a message: a bin of MessagePack comes here as the base64 that a line has. */
#include "wire/payload.h"

#include "base/base64.h"
#include "base/complaint.h"
#include "base/memory.h"

#include <string.h>

enum lattn_status payload_read(struct scan *scan, const char *name, struct lattn_text *ret_bytes)
{
    struct scan_string string;
    enum lattn_status status = scan_string(scan, name, &string);
    const char *from = string.at;
    size_t length = string.length;
    char *text;

    if (status != LATTN_OK)
        return status;
    text = memory_raw(string.length + 1, 1);
    if (text == NULL)
        return LATTN_NO_MEMORY;
    if (string.escaped) { /* '/' may be */
        from = scan_string_decode(&string, string.length + 1, text) ? text : "?";
        length = strlen(from);
    }
    if (base64_read(from, length, text, &length) == LATTN_OK)
        status = lattn_text_add(ret_bytes, text, length);
    else
        status = complain(scan->complaint, LATTN_FIELD, "%s is no base64", name);
    memory_release(text);
    return status;
}
