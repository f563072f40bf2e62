/*
 * The adapter of msgpack-c. Its packer knows the forms that a value may take; where they go is a
 * buffer of ours, so nothing here allocates or fails.
 */
#include "wire/message_write.h"

#include <assert.h>
#include <endian.h>
#include <msgpack.h>
#include <string.h>

/* What the packer writes to. */
struct piece {
    char *bytes;
    size_t length;
};

static int piece_add(void *arg, const char *bytes, size_t length)
{
    struct piece *piece = arg;

    assert(length <= MESSAGE_WRITE_MAX - piece->length);
    memcpy(piece->bytes + piece->length, bytes, length);
    piece->length += length;
    return 0;
}

static msgpack_packer packer_of(struct piece *piece)
{
    msgpack_packer packer;

    msgpack_packer_init(&packer, piece, piece_add);
    return packer;
}

size_t message_write_null(char ret_bytes[MESSAGE_WRITE_MAX])
{
    struct piece piece = {.bytes = ret_bytes};
    msgpack_packer packer = packer_of(&piece);

    (void)msgpack_pack_nil(&packer); /* fails only if piece_add does */
    return piece.length;
}

size_t message_write_flag(int32_t flag, char ret_bytes[MESSAGE_WRITE_MAX])
{
    struct piece piece = {.bytes = ret_bytes};
    msgpack_packer packer = packer_of(&piece);

    (void)(flag ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
    return piece.length;
}

size_t message_write_count(uint64_t count, char ret_bytes[MESSAGE_WRITE_MAX])
{
    struct piece piece = {.bytes = ret_bytes};
    msgpack_packer packer = packer_of(&piece);

    (void)msgpack_pack_uint64(&packer, count);
    return piece.length;
}

size_t message_write_number(double number, char ret_bytes[MESSAGE_WRITE_MAX])
{
    struct piece piece = {.bytes = ret_bytes};
    msgpack_packer packer = packer_of(&piece);

    (void)msgpack_pack_double(&packer, number);
    return piece.length;
}

size_t message_write_string(uint32_t length, char ret_bytes[MESSAGE_WRITE_MAX])
{
    struct piece piece = {.bytes = ret_bytes};
    msgpack_packer packer = packer_of(&piece);

    (void)msgpack_pack_str(&packer, length);
    return piece.length;
}

size_t message_write_bytes(uint32_t length, char ret_bytes[MESSAGE_WRITE_MAX])
{
    struct piece piece = {.bytes = ret_bytes};
    msgpack_packer packer = packer_of(&piece);

    (void)msgpack_pack_bin(&packer, length);
    return piece.length;
}

size_t message_write_head(char bracket, uint32_t count, char ret_bytes[MESSAGE_WRITE_MAX])
{
    struct piece piece = {.bytes = ret_bytes};
    msgpack_packer packer = packer_of(&piece);

    (void)(bracket == '{' ? msgpack_pack_map(&packer, count) : msgpack_pack_array(&packer, count));
    return piece.length;
}

/* The largest count takes the widest head; the true one goes into its place, big-endian. */
size_t message_write_wide(char bracket, uint32_t count, char ret_bytes[MESSAGE_WRITE_MAX])
{
    size_t length = message_write_head(bracket, UINT32_MAX, ret_bytes);
    uint32_t place = htobe32(count);

    assert(length == 1 + sizeof place);
    memcpy(ret_bytes + 1, &place, sizeof place);
    return length;
}
