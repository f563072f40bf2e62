#include "serve/outbox.h"

void outbox_init(struct outbox *outbox, struct channel *channel, struct pool *pool, uv_loop_t *loop,
                 uint64_t timeout_ms, void (*timed_out)(void *arg), void *arg)
{
    *outbox = (struct outbox){.channel = channel, .pool = pool};
    patience_init(&outbox->taken, loop, timeout_ms, timed_out, arg);
}

void outbox_close(struct outbox *outbox, uv_close_cb closed)
{
    patience_close(&outbox->taken, closed);
    pool_give(outbox->pool, outbox->bytes);
    outbox->bytes = 0;
}

/* Count what is there now. Returns as pool_charge. */
static enum lattn_status outbox_measure(struct outbox *outbox)
{
    size_t before = outbox->bytes;

    outbox->bytes = channel_pending(outbox->channel);
    if (outbox->bytes > 0)
        patience_start(&outbox->taken);
    else
        patience_stop(&outbox->taken);
    if (outbox->bytes > before)
        return pool_charge(outbox->pool, outbox->bytes - before);
    pool_give(outbox->pool, before - outbox->bytes);
    return LATTN_OK;
}

enum lattn_status outbox_write(struct outbox *outbox, struct lattn_text *text)
{
    size_t before = channel_unsent(outbox->channel);

    channel_write(outbox->channel, text);
    outbox->unsent += channel_unsent(outbox->channel) - before;
    return outbox_measure(outbox);
}

static void outbox_renew(struct outbox *outbox)
{
    outbox->unsent = channel_unsent(outbox->channel);
    patience_renew(&outbox->taken);
}

void outbox_drained(struct outbox *outbox)
{
    outbox_renew(outbox);
    (void)outbox_measure(outbox); /* it is less than before */
}

/* Of a long answer a part may have been taken, which nobody has reported. */
int outbox_is_stuck(struct outbox *outbox)
{
    if (channel_unsent(outbox->channel) >= outbox->unsent)
        return 1;
    outbox_renew(outbox);
    patience_start(&outbox->taken);
    return 0;
}
