#include "support/learn_frame.h"

#include <assert.h>
#include <msgpack.h>
#include <string.h>

static void pack_text(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str(packer, strlen(text));
    msgpack_pack_str_body(packer, text, strlen(text));
}

/* Sizes of 0 are no axis. */
static void pack_tensor(msgpack_packer *packer, const double *numbers, const size_t sizes[3])
{
    size_t rank = 0;
    size_t count = 1;

    for (int axis = 0; axis < 3; axis++)
        rank += sizes[axis] > 0;
    msgpack_pack_map(packer, 3);
    pack_text(packer, "shape");
    msgpack_pack_array(packer, rank);
    for (int axis = 0; axis < 3; axis++) {
        if (sizes[axis] == 0)
            continue;
        msgpack_pack_uint64(packer, sizes[axis]);
        count *= sizes[axis];
    }
    pack_text(packer, "dtype");
    pack_text(packer, "<f8");
    pack_text(packer, "data");
    msgpack_pack_bin(packer, count * sizeof *numbers);
    msgpack_pack_bin_body(packer, numbers, count * sizeof *numbers);
}

static void pack_pairs(msgpack_packer *packer, const struct learn_frame *frame)
{
    const struct lattn_item *item = &frame->item;
    size_t rows = item->labels == LATTN_LABELS_LAST ? 0 : (size_t)item->n;

    msgpack_pack_map(packer, frame->producer == NULL ? 2 : 4);
    pack_text(packer, "z");
    pack_tensor(packer, item->z, (size_t[]){frame->count, (size_t)item->n, (size_t)item->d});
    pack_text(packer, "y");
    pack_tensor(packer, item->y, (size_t[]){frame->count, rows, (size_t)item->m});
    if (frame->producer == NULL)
        return;
    pack_text(packer, "producer");
    pack_text(packer, frame->producer);
    pack_text(packer, "seq");
    msgpack_pack_uint64(packer, frame->seq);
}

size_t learn_frame_pack(const struct learn_frame *frame, char ret_bytes[LEARN_FRAME_BYTES_MAX])
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    size_t length;

    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, frame->id < 0 ? 3 : 4);
    msgpack_pack_uint8(&packer, frame->id < 0 ? 2 : 0);
    if (frame->id >= 0)
        msgpack_pack_int64(&packer, frame->id);
    pack_text(&packer, "learn");
    pack_pairs(&packer, frame);
    length = buffer.size;
    assert(length <= LEARN_FRAME_BYTES_MAX);
    memcpy(ret_bytes, buffer.data, length);
    msgpack_sbuffer_destroy(&buffer);
    return length;
}
