#include "serve/access.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/denials.h"
#include "serve/log.h"
#include "serve/tls.h"
#include "serve/tokens.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <uv.h>

struct access {
    struct access_settings settings;
    struct tls_identity *identity; /* NULL: no TLS */
    struct tokens tokens;
    struct lobby lobby;
    struct denials denials;
    _Atomic uint64_t denied; /* denials.count, for other threads */
};

/* ---- files ---- */

static enum lattn_status tokens_load(const struct access_settings *settings, struct tokens *tokens,
                                     struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    enum lattn_status status;

    if (settings->token_file == NULL)
        return LATTN_OK;
    status = tokens_read(tokens, settings->token_file, &why);
    if (status != LATTN_OK)
        return complaint_blame(complaint, status, settings->token_file, why.text);
    return LATTN_OK;
}

enum lattn_status access_reload(struct access *access, struct lattn_complaint *complaint)
{
    const struct access_settings *settings = &access->settings;
    struct tls_identity *identity = NULL;
    struct tokens tokens = {.count = 0};
    enum lattn_status status = LATTN_OK;

    if (settings->tls_cert != NULL)
        status = tls_identity_open(&identity, settings->tls_cert, settings->tls_key,
                                   settings->tls_ca, complaint);
    if (status == LATTN_OK)
        status = tokens_load(settings, &tokens, complaint);
    if (status == LATTN_OK) {
        tls_identity_release(&access->identity);
        access->identity = identity;
        access->tokens = tokens;
    } else {
        tls_identity_release(&identity);
    }
    tokens_done(&tokens);
    return status;
}

enum lattn_status access_open(struct access **ret_access, const struct access_settings *settings,
                              struct lattn_complaint *complaint)
{
    struct access *access = memory_zeroed(1, sizeof *access);
    enum lattn_status status;

    if (access == NULL)
        return LATTN_NO_MEMORY;
    access->settings = *settings;
    status = access_reload(access, complaint);
    if (status != LATTN_OK)
        access_close(&access);
    else
        *ret_access = access;
    return status;
}

void access_renew(struct access *access)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status = access_reload(access, &complaint);

    if (status == LATTN_OK)
        log_event(LOG_LEVEL_INFO, "certificates and tokens read again", NULL);
    else
        log_refusal("certificates and tokens stay as they were", "access", status, &complaint);
    access_watch(access);
}

void access_close(struct access **access)
{
    struct access *old = *access;

    if (old == NULL)
        return;
    tls_identity_release(&old->identity);
    tokens_done(&old->tokens);
    memory_release(old);
    *access = NULL;
}

/* ---- certificates that expire ---- */

enum access_expiry access_expiry(const struct access *access, int64_t now_s,
                                 char ret_date[ACCESS_DATE_MAX])
{
    time_t expires;
    struct tm date;

    if (access->identity == NULL)
        return ACCESS_VALID;
    expires = (time_t)tls_identity_expires(access->identity);
    if (expires - now_s > ACCESS_WARNED_S || gmtime_r(&expires, &date) == NULL)
        return ACCESS_VALID;
    (void)strftime(ret_date, ACCESS_DATE_MAX, "%Y-%m-%dT%H:%M:%SZ", &date); /* years of 4 digits */
    return expires <= now_s ? ACCESS_EXPIRED : ACCESS_EXPIRES_SOON;
}

void access_watch(const struct access *access)
{
    char date[ACCESS_DATE_MAX] = "";
    enum access_expiry expiry = access_expiry(access, time(NULL), date);

    if (expiry != ACCESS_VALID)
        log_event(LOG_LEVEL_WARN,
                  expiry == ACCESS_EXPIRED ? "the certificate has expired"
                                           : "the certificate expires soon",
                  LOG_FIELDS(log_text("file", access->settings.tls_cert), log_text("date", date)));
}

/* ---- questions ---- */

int access_is_guarded(const struct access *access)
{
    return access->identity != NULL || access->tokens.count > 0;
}

struct tls_identity *access_identity(const struct access *access)
{
    return access->identity;
}

int access_asks_token(const struct access *access)
{
    return access->tokens.count > 0;
}

int access_admits(const struct access *access, const char *token, size_t length)
{
    return tokens_have(&access->tokens, token, length);
}

struct lobby *access_lobby(struct access *access)
{
    return &access->lobby;
}

void access_refuse(struct access *access, const struct peer *peer, const char *why)
{
    uint64_t untold = 0;
    int is_told = denials_add(&access->denials, peer->host, uv_hrtime(), &untold);

    atomic_store_explicit(&access->denied, access->denials.count, memory_order_relaxed);
    if (is_told)
        log_event(LOG_LEVEL_WARN, "access denied",
                  LOG_FIELDS(log_text("peer", peer->text), log_text("error", why),
                             log_count("unlogged", (int64_t)untold)));
}

uint64_t access_denied(const struct access *access)
{
    return atomic_load_explicit(&access->denied, memory_order_relaxed);
}
