#include "serve/addresses.h"

#include "serve/inherited.h"
#include "serve/log.h"

enum lattn_status addresses_check(const struct config *config)
{
    for (size_t i = 0; i < config->addresses_count; i++) {
        const struct config_address *address = &config->addresses[i];
        struct lattn_complaint complaint = {""};
        enum lattn_status status;

        if (address->address.kind != LATTN_ADDRESS_FD)
            continue;
        status = inherited_check(address->address.fd, config->reach, &complaint);
        if (status != LATTN_OK) {
            log_refusal("cannot listen", address->text, status, &complaint);
            return status;
        }
    }
    return LATTN_OK;
}

enum lattn_status addresses_open(struct addresses *addresses, const struct config *config,
                                 uv_loop_t *loop, listener_connect_fn connect, void *arg)
{
    const struct listener_settings settings = {
        .reach = config->reach,
        .group = config->has_group ? &config->group : NULL,
    };

    for (size_t i = 0; i < config->addresses_count; i++) {
        const struct config_address *address = &config->addresses[i];
        struct lattn_complaint complaint = {""};
        enum lattn_status status;

        if (address->address.kind == LATTN_ADDRESS_STDIN)
            continue;
        status = listener_open(&addresses->listeners[addresses->count], loop, &address->address,
                               &settings, connect, arg, &complaint);
        if (status != LATTN_OK) {
            log_refusal("cannot listen", address->text, status, &complaint);
            return status;
        }
        addresses->count++;
    }
    return LATTN_OK;
}

enum lattn_status addresses_listen(const struct addresses *addresses, const struct config *config)
{
    size_t next = 0;

    for (size_t i = 0; i < config->addresses_count; i++) {
        const struct config_address *address = &config->addresses[i];
        struct lattn_complaint complaint = {""};
        enum lattn_status status;

        if (address->address.kind == LATTN_ADDRESS_STDIN)
            continue;
        status = listener_listen(addresses->listeners[next++], &complaint);
        if (status != LATTN_OK) {
            log_refusal("cannot listen", address->text, status, &complaint);
            return status;
        }
    }
    return LATTN_OK;
}

void addresses_close(struct addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        listener_close(&addresses->listeners[i]);
}
