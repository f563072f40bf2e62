#ifndef WIRE_NAMES_JSON_H
#define WIRE_NAMES_JSON_H

#include "wire/scan.h"
#include "wire/writer.h"

#include <lattn/names.h>

/* Write {"coordinates": [...], "outputs": [...], "blocks": [...]}, or null where nothing is named.
 */
void names_write(struct writer *writer, const struct lattn_names *names);

/* Take what names_write wrote into an empty set of names; the caller releases it also on refusal.
 */
enum lattn_status names_read(struct scan *scan, struct lattn_names *names);

/* One block, {"name", "start", "size"}. */
void names_write_block(struct writer *writer, const struct lattn_block *block);
enum lattn_status names_read_block(struct scan *scan, struct lattn_block *ret_block);

#endif
