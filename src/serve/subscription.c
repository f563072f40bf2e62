#include "serve/subscription.h"

void subscription_begin(struct subscription *subscription, const struct lattn_request *request)
{
    *subscription = (struct subscription){
        .is_on = 1,
        .with_model = request->model,
        .every_ms = request->every_ms,
    };
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

const struct lattn_text *subscription_text(const struct subscription *subscription,
                                           const struct bulletin *bulletin,
                                           enum lattn_format format)
{
    return subscription->with_model ? &bulletin->model[format] : &bulletin->status[format];
}

void subscription_sent(struct subscription *subscription, const struct bulletin *bulletin,
                       uint64_t now_ms)
{
    subscription->sent_ms = now_ms;
    subscription->sent_number = bulletin->number;
}
