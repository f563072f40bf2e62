#ifndef WIRE_FINDING_JSON_H
#define WIRE_FINDING_JSON_H

#include "wire/writer.h"

#include <lattn/query.h>

/* All that a finding says but its parameters, as members of an object that is open. */
void finding_json_remarks(struct writer *writer, const struct lattn_finding *finding);

#endif
