#ifndef WIRE_TENSOR_FILE_H
#define WIRE_TENSOR_FILE_H

#include "wire/writer.h"

#include <lattn/wire.h>

enum { TENSOR_FILE_AXES_MAX = 3 };

/*
 * A tensor of a safetensors file: row-major doubles, borrowed.
 *
 * rank  axes, 0 of a single number
 */
struct tensor_file_entry {
    const char *name;
    const double *numbers;
    int32_t rank;
    uint64_t shape[TENSOR_FILE_AXES_MAX];
};

/* Write the object of strings that stands for __metadata__. */
typedef void (*tensor_file_metadata_fn)(struct writer *writer, const void *of);

/*
 * Add the bytes of a safetensors file, the tensors in the order of the entries.
 *
 * of  in  what metadata is called with
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY with the text as before.
 */
enum lattn_status tensor_file_write(struct lattn_text *ret_text, tensor_file_metadata_fn metadata,
                                    const void *of, const struct tensor_file_entry *entries,
                                    size_t count);

#endif
