#include "store/origin.h"

#include "base/complaint.h"
#include "base/serial.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

/* A worker's id from the system's random numbers. */
static enum lattn_status worker_make(char *ret_worker, struct lattn_complaint *complaint)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[(ORIGIN_WORKER_MAX - 1) / 2];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return complain(complaint, LATTN_INPUT_OUTPUT, "the system gives no random numbers");
    for (size_t i = 0; i < sizeof random; i++) {
        ret_worker[2 * i] = digits[random[i] >> 4];
        ret_worker[2 * i + 1] = digits[random[i] & 15];
    }
    ret_worker[ORIGIN_WORKER_MAX - 1] = '\0';
    return LATTN_OK;
}

enum lattn_status origin_bind(struct origin *origin, const struct origin *wish, int *ret_bound,
                              struct lattn_complaint *complaint)
{
    struct origin bound = *wish;
    enum lattn_status status;

    *ret_bound = 0;
    if (wish->shards == 0)
        return LATTN_OK;
    if (origin->shards != 0) {
        if (origin->shard == wish->shard && origin->shards == wish->shards &&
            origin->epoch == wish->epoch)
            return LATTN_OK;
        return complain(
            complaint, LATTN_CONFLICT,
            "--shard is %d/%d of epoch %" PRIu64 ", the state has learned %d/%d of epoch %" PRIu64,
            wish->shard, wish->shards, wish->epoch, origin->shard, origin->shards, origin->epoch);
    }
    status = worker_make(bound.worker, complaint);
    if (status != LATTN_OK)
        return status;
    *origin = bound;
    *ret_bound = 1;
    return LATTN_OK;
}

/* ---- as bytes ------------------------------------------------------------------------------ */

uint64_t origin_bytes(const struct origin *origin)
{
    return 4 + (origin->shards == 0 ? 0 : 4 + 8 + 1 + strlen(origin->worker));
}

void origin_write(const struct origin *origin, struct serial_writer *writer)
{
    serial_write_u32(writer, (uint32_t)origin->shards);
    if (origin->shards == 0)
        return;
    serial_write_u32(writer, (uint32_t)origin->shard);
    serial_write_u64(writer, origin->epoch);
    serial_write_name(writer, origin->worker);
}

void origin_read(struct origin *ret_origin, struct serial_reader *reader)
{
    *ret_origin = (struct origin){0};
    ret_origin->shards = serial_read_int(reader, "shards", 0, LATTN_SHARDS_MAX);
    if (ret_origin->shards == 0)
        return;
    ret_origin->shard = serial_read_int(reader, "shard", 0, ret_origin->shards - 1);
    ret_origin->epoch = serial_read_u64(reader);
    serial_read_name(reader, sizeof ret_origin->worker, ret_origin->worker);
    if (ret_origin->epoch == 0)
        serial_refuse(reader, LATTN_DAMAGED, "a shard is of epoch 0");
    if (strlen(ret_origin->worker) != ORIGIN_WORKER_MAX - 1)
        serial_refuse(reader, LATTN_DAMAGED, "a shard's worker is \"%.40s\"", ret_origin->worker);
}
