#ifndef WIRE_METADATA_H
#define WIRE_METADATA_H

#include "wire/scan.h"
#include "wire/writer.h"

#include <lattn/model.h>

/* What loaders of tensors look for: row-major, as PyTorch. */
#define METADATA_FORMAT "pt"
#define METADATA_SCHEMA "lattn 1"

/*
 * An entry of the object of strings that is open. The last one takes what a writer of its own put
 * into its text as JSON: it ends the one and releases the other, and leaves null out.
 */
void metadata_text(struct writer *writer, const char *word, const char *text);
void metadata_count(struct writer *writer, const char *word, uint64_t count);
void metadata_json(struct writer *writer, const char *word, struct writer *value);

/*
 * What a model file says of its model beside the tensors: an object of strings, as safetensors
 * wants it. README.md lists them. A value is the text that it would be in JSON, but for a word,
 * which has no quotes; one that does not apply is left out.
 */
void metadata_write(struct writer *writer, const struct lattn_model *model);

/*
 * Take the object into a model whose sizes are known. What is left out stays as it is in the model;
 * there is a certificate where there is a verdict. Strings of other names are passed over.
 *
 * Returns LATTN_OK; LATTN_FIELD, LATTN_SYNTAX, LATTN_SHAPE, LATTN_RANGE, LATTN_NOT_FINITE,
 * LATTN_NAME or LATTN_NO_MEMORY with the model in a state that can only be closed.
 */
enum lattn_status metadata_read(struct scan *scan, struct lattn_model *model);

#endif
