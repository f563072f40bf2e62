/*
 * What a producer owes is one interval of numbers, first to last, in two tables. An interval that
 * is paid stays as one that begins behind all numbers, since tables forget by themselves.
 *
 * For a producer whose last number is known the interval says why there is a gap. One that is not
 * known may begin anywhere; of such a one the interval says that it has begun: were its second item
 * taken while the first was refused, the first would be a duplicate for ever.
 */
#include "serve/order.h"

#include "base/memory.h"

#define PAID UINT64_MAX

/*
 * pending      the last number, with this block, of each producer that has sent some of it
 * first, last  what is owed
 */
struct order {
    struct producers *pending;
    struct producers *first;
    struct producers *last;
};

enum lattn_status order_open(struct order **ret_order, int32_t producers_max)
{
    struct order *order = memory_zeroed(1, sizeof *order);
    enum lattn_status status;

    if (order == NULL)
        return LATTN_NO_MEMORY;
    status = producers_open(&order->pending, producers_max);
    if (status == LATTN_OK)
        status = producers_open(&order->first, producers_max);
    if (status == LATTN_OK)
        status = producers_open(&order->last, producers_max);
    if (status != LATTN_OK) {
        order_close(&order);
        return status;
    }
    *ret_order = order;
    return LATTN_OK;
}

void order_close(struct order **order)
{
    struct order *old = *order;

    if (old == NULL)
        return;
    producers_close(&old->pending);
    producers_close(&old->first);
    producers_close(&old->last);
    memory_release(old);
    *order = NULL;
}

/* ---- the block ---- */

/* The producer's last number, with this block or before it. */
static enum lattn_status last_find(const struct order *order, const struct producers *kept,
                                   const char *producer, uint64_t *ret_last)
{
    if (producers_last(order->pending, producer, ret_last) == LATTN_OK)
        return LATTN_OK;
    return producers_last(kept, producer, ret_last);
}

enum lattn_status order_take(struct order *order, const struct producers *kept,
                             const struct entry *entry, uint64_t *ret_known,
                             struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;
    uint64_t last;

    if (last_find(order, kept, entry->producer, &last) == LATTN_OK)
        status = producers_put(order->pending, entry->producer, last);
    if (status != LATTN_OK)
        return status;
    return producers_note(order->pending, entry->producer, entry->seq, entry->count, ret_known,
                          complaint);
}

int order_is_last(const struct order *order, const struct entry *entry)
{
    uint64_t last;

    return producers_last(order->pending, entry->producer, &last) == LATTN_OK &&
           last == entry->seq + (entry->count - 1);
}

uint64_t order_known(const struct producers *kept, const struct entry *entry)
{
    uint64_t last;

    if (producers_last(kept, entry->producer, &last) != LATTN_OK || last < entry->seq)
        return 0;
    return last - entry->seq < entry->count ? last - entry->seq + 1 : entry->count;
}

void order_empty(struct order *order)
{
    producers_reset(order->pending);
}

/* ---- what is owed ---- */

/* Returns 1 where there is something. */
static int debt_find(const struct order *order, const char *producer, uint64_t *ret_first,
                     uint64_t *ret_last)
{
    return producers_last(order->first, producer, ret_first) == LATTN_OK && *ret_first != PAID &&
           producers_last(order->last, producer, ret_last) == LATTN_OK;
}

static void debt_put(struct order *order, const char *producer, uint64_t first, uint64_t last)
{
    if (producers_put(order->last, producer, last) == LATTN_OK)
        (void)producers_put(order->first, producer, first); /* else what follows is a gap */
}

int order_is_owed(const struct order *order, const struct producers *kept,
                  const struct entry *entry)
{
    uint64_t first, last, before;
    uint64_t next;

    if (!debt_find(order, entry->producer, &first, &last))
        return 0;
    next = last_find(order, kept, entry->producer, &before) == LATTN_OK ? before + 1 : first;
    return first <= next && next < entry->seq && entry->seq - 1 <= last;
}

void order_owe(struct order *order, const struct entry *entry, uint64_t known)
{
    uint64_t first = entry->seq + known;
    uint64_t last = entry->seq + (entry->count - 1);
    uint64_t first_owed, last_owed;

    if (debt_find(order, entry->producer, &first_owed, &last_owed) && first_owed <= first &&
        first - 1 <= last_owed) {
        first = first_owed;
        last = last > last_owed ? last : last_owed;
    }
    debt_put(order, entry->producer, first, last);
}

void order_settle(struct order *order, const char *producer, uint64_t last)
{
    uint64_t first_owed, last_owed;

    if (!debt_find(order, producer, &first_owed, &last_owed) || last < first_owed)
        return;
    debt_put(order, producer, last < last_owed ? last + 1 : PAID, last_owed);
}

void order_forgive(struct order *order)
{
    producers_reset(order->first);
    producers_reset(order->last);
}
