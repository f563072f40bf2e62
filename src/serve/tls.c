/*
 * GnuTLS reads from the bytes that were fed and writes into a text, so it never waits and never
 * sees a socket.
 *
 * No tickets: a session that is resumed would live on what an earlier certificate or authority
 * allowed.
 */
#include "serve/tls.h"

#include <lattn/secret.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "link/tunnel.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

static const char priority[] = TUNNEL_PRIORITY ":%SERVER_PRECEDENCE";

enum {
    /* A chain of a client's certificates; GnuTLS would take 128 KiB from a stranger. */
    HANDSHAKE_BYTES_MAX = 32 << 10
};

struct tls_identity {
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    int asks_certificate;
    int64_t expires;
    size_t holders;
};

/* why: it is not let in, as far as its handshake has come */
struct tls_watch {
    struct tls_identity *identity;
    const char *why;
};

enum phase { PHASE_HANDSHAKE, PHASE_OPEN, PHASE_OVER };

/*
 * input, input_left  fed and not yet taken
 * has_ended          we have said that nothing more will come
 * has_lost           there was no memory for something that was to be sent
 */
struct tls {
    struct tls_identity *identity;
    gnutls_session_t session;
    enum phase phase;
    int has_ended;
    int has_lost;
    const char *input;
    size_t input_left;
    struct lattn_text output;
    char subject[TLS_SUBJECT_MAX];
};

/* ---- the identity ---- */

/* The status of an error of GnuTLS that has to do with a file. */
static enum lattn_status load_refuse(struct lattn_complaint *complaint, int error, const char *path)
{
    if (error == GNUTLS_E_MEMORY_ERROR)
        return LATTN_NO_MEMORY;
    return complaint_blame(complaint,
                           error == GNUTLS_E_FILE_ERROR ? LATTN_INPUT_OUTPUT : LATTN_FIELD, path,
                           gnutls_strerror(error));
}

static enum lattn_status certificate_load(struct tls_identity *identity, const char *path,
                                          const char *key_path, const struct lattn_secret *key,
                                          struct lattn_complaint *complaint)
{
    const gnutls_datum_t key_bytes = {(unsigned char *)key->bytes, (unsigned)key->length};
    gnutls_datum_t certificate;
    int error = gnutls_load_file(path, &certificate);

    if (error < 0)
        return complaint_blame(complaint, LATTN_INPUT_OUTPUT, path, "cannot be read");
    error = gnutls_certificate_set_x509_key_mem2(identity->credentials, &certificate, &key_bytes,
                                                 GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_free(certificate.data);
    if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return complaint_blame(complaint, LATTN_FIELD, key_path, "not the key of the certificate");
    return error < 0 ? load_refuse(complaint, error, path) : LATTN_OK;
}

static enum lattn_status own_load(struct tls_identity *identity, const char *certificate,
                                  const char *key_path, struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    struct lattn_secret key = {0};
    enum lattn_status status = lattn_secret_read(key_path, &key, &why);

    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK)
        return complaint_blame(complaint, status, key_path, why.text);
    status = certificate_load(identity, certificate, key_path, &key, complaint);
    lattn_secret_done(&key);
    return status;
}

static enum lattn_status authorities_load(struct tls_identity *identity, const char *path,
                                          struct lattn_complaint *complaint)
{
    int count;

    if (path == NULL)
        return LATTN_OK;
    count =
        gnutls_certificate_set_x509_trust_file(identity->credentials, path, GNUTLS_X509_FMT_PEM);
    if (count < 0)
        return load_refuse(complaint, count, path);
    if (count == 0)
        return complaint_blame(complaint, LATTN_FIELD, path, "there is no certificate in it");
    identity->asks_certificate = 1;
    return LATTN_OK;
}

/* When the first certificate of a chain expires: behind the first one stand those that vouch. */
static int64_t chain_expires(gnutls_certificate_credentials_t credentials)
{
    int64_t first = INT64_MAX;
    gnutls_x509_crt_t *chain = NULL;
    unsigned count = 0;

    if (gnutls_certificate_get_x509_crt(credentials, 0, &chain, &count) != 0)
        return INT64_MAX; /* there was no memory for the copy */
    for (unsigned i = 0; i < count; i++) {
        int64_t expires = gnutls_x509_crt_get_expiration_time(chain[i]);

        first = expires < first ? expires : first;
        gnutls_x509_crt_deinit(chain[i]);
    }
    gnutls_free(chain);
    return first;
}

int64_t tls_identity_expires(const struct tls_identity *identity)
{
    return identity->expires;
}

enum lattn_status tls_identity_open(struct tls_identity **ret_identity, const char *certificate,
                                    const char *key, const char *ca,
                                    struct lattn_complaint *complaint)
{
    struct tls_identity *identity = memory_zeroed(1, sizeof *identity);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (identity == NULL)
        return status;
    identity->holders = 1;
    if (gnutls_certificate_allocate_credentials(&identity->credentials) == 0 &&
        gnutls_priority_init(&identity->priority, priority, NULL) == 0)
        status = own_load(identity, certificate, key, complaint);
    if (status == LATTN_OK)
        status = authorities_load(identity, ca, complaint);
    if (status != LATTN_OK) {
        tls_identity_release(&identity);
        return status;
    }
    identity->expires = chain_expires(identity->credentials);
    *ret_identity = identity;
    return LATTN_OK;
}

void tls_identity_release(struct tls_identity **identity)
{
    struct tls_identity *old = *identity;

    *identity = NULL;
    if (old == NULL || --old->holders > 0)
        return;
    if (old->credentials != NULL)
        gnutls_certificate_free_credentials(old->credentials);
    if (old->priority != NULL)
        gnutls_priority_deinit(old->priority);
    memory_release(old);
}

/* ---- to and from GnuTLS ---- */

static ssize_t input_pull(gnutls_transport_ptr_t arg, void *bytes, size_t length)
{
    struct tls *tls = arg;
    size_t taken = length < tls->input_left ? length : tls->input_left;

    if (taken == 0) {
        gnutls_transport_set_errno(tls->session, EAGAIN);
        return -1;
    }
    memcpy(bytes, tls->input, taken);
    tls->input += taken;
    tls->input_left -= taken;
    return (ssize_t)taken;
}

static int input_await(gnutls_transport_ptr_t arg, unsigned ms)
{
    (void)ms;
    return ((struct tls *)arg)->input_left > 0;
}

static ssize_t output_push(gnutls_transport_ptr_t arg, const void *bytes, size_t length)
{
    struct tls *tls = arg;

    if (lattn_text_add(&tls->output, bytes, length) == LATTN_OK)
        return (ssize_t)length;
    tls->has_lost = 1;
    gnutls_transport_set_errno(tls->session, ENOMEM);
    return -1;
}

/* ---- opening and closing ---- */

/* A certificate made for servers does not make a client. */
static gnutls_typed_vdata_st client_purpose = {
    .type = GNUTLS_DT_KEY_PURPOSE_OID,
    .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
};

/* What its handshake shall demand and show. Returns an error of GnuTLS. */
static int session_arm(gnutls_session_t session, const struct tls_identity *identity)
{
    int error = gnutls_priority_set(session, identity->priority);

    if (error == 0)
        error = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, identity->credentials);
    if (error != 0)
        return error;
    if (identity->asks_certificate) {
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert2(session, &client_purpose, 1, 0);
    }
    gnutls_handshake_set_max_packet_length(session, HANDSHAKE_BYTES_MAX);
    return 0;
}

static int session_start(struct tls *tls)
{
    int error = gnutls_init(&tls->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS);

    if (error == 0)
        error = session_arm(tls->session, tls->identity);
    if (error != 0)
        return error;
    gnutls_transport_set_ptr(tls->session, tls);
    gnutls_transport_set_pull_function(tls->session, input_pull);
    gnutls_transport_set_pull_timeout_function(tls->session, input_await);
    gnutls_transport_set_push_function(tls->session, output_push);
    return 0;
}

enum lattn_status tls_open(struct tls **ret_tls, struct tls_identity *identity)
{
    struct tls *tls = memory_zeroed(1, sizeof *tls);

    if (tls == NULL)
        return LATTN_NO_MEMORY;
    tls->identity = identity;
    identity->holders++;
    lattn_text_init(&tls->output);
    if (session_start(tls) != 0) {
        tls_close(&tls);
        return LATTN_NO_MEMORY;
    }
    *ret_tls = tls;
    return LATTN_OK;
}

void tls_close(struct tls **tls)
{
    struct tls *old = *tls;

    if (old == NULL)
        return;
    if (old->session != NULL)
        gnutls_deinit(old->session);
    tls_identity_release(&old->identity);
    lattn_text_done(&old->output);
    memory_release(old);
    *tls = NULL;
}

/* ---- in ---- */

void tls_feed(struct tls *tls, const char *bytes, size_t length)
{
    tls->input = bytes;
    tls->input_left = length;
}

static const char *certificate_fault(unsigned status)
{
    if ((status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0)
        return "its certificate comes from no authority of --tls-ca";
    if ((status & GNUTLS_CERT_EXPIRED) != 0)
        return "its certificate has expired";
    if ((status & GNUTLS_CERT_NOT_ACTIVATED) != 0)
        return "its certificate is not valid yet";
    if ((status & GNUTLS_CERT_PURPOSE_MISMATCH) != 0)
        return "its certificate is not for clients";
    return "its certificate cannot be trusted";
}

/* ---- sessions of others ---- */

/* Called with each message of a handshake, in or out. */
static int message_passed(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                          const gnutls_datum_t *message)
{
    struct tls_watch *watch = gnutls_session_get_ptr(session);

    (void)when;
    (void)message;
    if (incoming && type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
        watch->why = "it shows no certificate";
    if (incoming && type == GNUTLS_HANDSHAKE_FINISHED)
        watch->why = NULL;
    return 0;
}

static int certificate_came(gnutls_session_t session)
{
    struct tls_watch *watch = gnutls_session_get_ptr(session);
    unsigned status = 0;

    if (gnutls_certificate_verify_peers(session, &client_purpose, 1, &status) == 0 && status == 0)
        return 0;
    watch->why = certificate_fault(status);
    return -1;
}

enum lattn_status tls_watch_open(struct tls_watch **ret_watch, void *session,
                                 struct tls_identity *identity)
{
    struct tls_watch *watch = memory_zeroed(1, sizeof *watch);

    if (watch == NULL || session_arm(session, identity) != 0) {
        memory_release(watch);
        return LATTN_NO_MEMORY;
    }
    watch->identity = identity;
    identity->holders++;
    gnutls_session_set_ptr(session, watch);
    if (identity->asks_certificate) {
        gnutls_session_set_verify_function(session, certificate_came);
        gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_POST,
                                           message_passed);
    }
    *ret_watch = watch;
    return LATTN_OK;
}

const char *tls_watch_close(struct tls_watch **watch)
{
    struct tls_watch *old = *watch;
    const char *why = old->why;

    tls_identity_release(&old->identity);
    memory_release(old);
    *watch = NULL;
    return why;
}

static int certificate_none(gnutls_session_t session, const gnutls_datum_t *authorities,
                            int authorities_count, const gnutls_pk_algorithm_t *algorithms,
                            int algorithms_count, gnutls_pcert_st **ret_certificate,
                            unsigned *ret_length, gnutls_privkey_t *ret_key)
{
    (void)session;
    (void)authorities;
    (void)authorities_count;
    (void)algorithms;
    (void)algorithms_count;
    (void)ret_certificate;
    (void)ret_length;
    (void)ret_key;
    return -1;
}

void (*tls_watch_retrieve(void))(void)
{
    return (void (*)(void))certificate_none;
}

/* ---- what a handshake says ---- */

static const char *handshake_fault(gnutls_session_t session, int error)
{
    switch (error) {
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
        return certificate_fault(gnutls_session_get_verify_cert_status(session));
    case GNUTLS_E_CERTIFICATE_REQUIRED:
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
        return "it shows no certificate";
    case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
    case GNUTLS_E_UNEXPECTED_PACKET:
    case GNUTLS_E_RECORD_OVERFLOW:
        return "it speaks no TLS";
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        return gnutls_alert_get_name(gnutls_alert_get(session));
    default:
        return gnutls_strerror(error);
    }
}

/* What is wrong ends it; the peer is told as far as it understands alerts. */
static enum lattn_status refuse(struct tls *tls, int error, struct lattn_complaint *complaint)
{
    int is_stranger = tls->phase == PHASE_HANDSHAKE;
    const char *why = is_stranger ? handshake_fault(tls->session, error) : gnutls_strerror(error);

    if (error != GNUTLS_E_FATAL_ALERT_RECEIVED)
        (void)gnutls_alert_send_appropriate(tls->session, error); /* it may not listen any more */
    tls->phase = PHASE_OVER;
    if (error == GNUTLS_E_MEMORY_ERROR)
        return LATTN_NO_MEMORY;
    return complain(complaint, is_stranger ? LATTN_DENIED : LATTN_DAMAGED, "%s", why);
}

static void subject_find(struct tls *tls)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls->session, &count);
    size_t size = sizeof tls->subject;
    gnutls_x509_crt_t certificate;

    if (chain == NULL || count == 0 || gnutls_x509_crt_init(&certificate) != 0)
        return;
    if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) != 0 ||
        gnutls_x509_crt_get_dn(certificate, tls->subject, &size) != 0)
        memcpy(tls->subject, "?", sizeof "?"); /* too long to be told */
    gnutls_x509_crt_deinit(certificate);
}

static enum lattn_status hands_shake(struct tls *tls, struct lattn_complaint *complaint)
{
    int error;

    do
        error = gnutls_handshake(tls->session);
    while (error == GNUTLS_E_INTERRUPTED || error == GNUTLS_E_WARNING_ALERT_RECEIVED);
    if (error == GNUTLS_E_AGAIN)
        return LATTN_MORE;
    if (error != 0)
        return refuse(tls, error, complaint);
    tls->phase = PHASE_OPEN;
    if (tls->identity->asks_certificate)
        subject_find(tls);
    return LATTN_OK;
}

static enum lattn_status bytes_take(struct tls *tls, char *bytes, size_t *ret_length,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;
    ssize_t length;

    if (tls->phase == PHASE_HANDSHAKE)
        status = hands_shake(tls, complaint);
    if (status != LATTN_OK || tls->phase == PHASE_OVER)
        return status != LATTN_OK ? status : LATTN_MORE;
    do
        length = gnutls_record_recv(tls->session, bytes, TLS_RECORD_BYTES);
    while (length == GNUTLS_E_INTERRUPTED || length == GNUTLS_E_WARNING_ALERT_RECEIVED);
    if (length == GNUTLS_E_AGAIN)
        return LATTN_MORE;
    if (length == 0)
        return LATTN_CLOSED;
    if (length < 0) /* also a wish to shake hands again: that would cost us more than the client */
        return refuse(tls, (int)length, complaint);
    *ret_length = (size_t)length;
    return LATTN_OK;
}

/* GnuTLS does not tell of everything that it could not send. */
enum lattn_status tls_take(struct tls *tls, char *bytes, size_t *ret_length,
                           struct lattn_complaint *complaint)
{
    enum lattn_status status = bytes_take(tls, bytes, ret_length, complaint);

    if (!tls->has_lost)
        return status;
    tls->phase = PHASE_OVER;
    return LATTN_NO_MEMORY;
}

int tls_is_open(const struct tls *tls)
{
    return tls->phase == PHASE_OPEN;
}

const char *tls_subject(const struct tls *tls)
{
    return tls->subject;
}

/* ---- out ---- */

enum lattn_status tls_send(struct tls *tls, const char *bytes, size_t length)
{
    if (tls->phase != PHASE_OPEN || tls->has_ended)
        return LATTN_CLOSED;
    while (length > 0) {
        ssize_t sent = gnutls_record_send(tls->session, bytes, length);

        if (sent < 0) {
            tls->phase = PHASE_OVER;
            return LATTN_NO_MEMORY;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return LATTN_OK;
}

void tls_end(struct tls *tls)
{
    if (tls->phase != PHASE_OPEN || tls->has_ended)
        return;
    tls->has_ended = 1;
    (void)gnutls_bye(tls->session, GNUTLS_SHUT_WR); /* without it the peer takes us for cut off */
}

struct lattn_text *tls_output(struct tls *tls)
{
    return &tls->output;
}
