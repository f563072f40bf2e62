#include "serve/subscription.h"

int subscription_begin(struct subscription *subscription, const struct chunk *chunk)
{
    int begins = 0;

    for (size_t i = 0; i < chunk->entries_count; i++) {
        const struct lattn_request *request = chunk->entries[i].request;

        if (request == NULL || request->method != LATTN_METHOD_SUBSCRIBE)
            continue;
        *subscription = (struct subscription){
            .is_on = 1,
            .what = request->what,
            .every_ms = request->every_ms,
        };
        begins = 1;
    }
    return begins;
}

int subscription_wants(const struct subscription *subscription, const struct bulletin *bulletin)
{
    return subscription->is_on && bulletin != NULL && bulletin->number != subscription->sent_number;
}

uint64_t subscription_wait(const struct subscription *subscription, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - subscription->sent_ms;

    if (subscription->sent_number == 0 || passed_ms >= subscription->every_ms)
        return 0;
    return subscription->every_ms - passed_ms;
}

enum lattn_status subscription_write(const struct subscription *subscription,
                                     const struct bulletin *bulletin, enum lattn_format format,
                                     struct lattn_text *text)
{
    unsigned what = (unsigned)subscription->what;

    return lattn_write_emission(text, format, &bulletin->status[format],
                                what & LATTN_TOPIC_MODEL ? &bulletin->model[format] : NULL,
                                what & LATTN_TOPIC_SPECTRUM ? &bulletin->spectrum[format] : NULL);
}

void subscription_sent(struct subscription *subscription, const struct bulletin *bulletin,
                       uint64_t now_ms)
{
    subscription->sent_ms = now_ms;
    subscription->sent_number = bulletin->number;
}
