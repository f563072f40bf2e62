#ifndef WIRE_MODEL_JSON_H
#define WIRE_MODEL_JSON_H

#include "wire/writer.h"

#include <lattn/model.h>

/* The heads of a model as an array of {"V", "Q", "sigma"}. */
void model_json_heads(struct writer *writer, const struct lattn_model *model);

#endif
