/*
 * GnuTLS on a socket that does not block. Only forward secret key exchanges and authenticated
 * ciphers: what is recorded today must not be read by whoever gets the key tomorrow.
 */
#include "tls.h"

#include <lattn/secret.h>

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    /* Who does not answer for so long is no daemon, or one that is lost. */
    HANDSHAKE_MS_MAX = 10000,
    /* A complaint has 256 bytes: this much of it is for the path of a file. */
    PATH_BYTES_MAX = 128
};

static const char priority[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:"
                               "+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD";

/*
 * is_flushing  a record is under way whose bytes the caller gives again
 * alert        what the daemon has against us; NULL: nothing
 * error        what reading came to; 0 while it may go on
 */
struct tls {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    int is_flushing;
    int has_ended;
    const char *alert;
    int error;
};

/* ---- files --------------------------------------------------------------------------------- */

static int authorities_load(struct tls *tls, const char *path)
{
    int count = path == NULL ? gnutls_certificate_set_x509_system_trust(tls->credentials)
                             : gnutls_certificate_set_x509_trust_file(tls->credentials, path,
                                                                      GNUTLS_X509_FMT_PEM);

    return count == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND : count;
}

static int certificate_load(struct tls *tls, const char *path, const struct lattn_secret *key)
{
    const gnutls_datum_t key_bytes = {(unsigned char *)key->bytes, (unsigned)key->length};
    gnutls_datum_t certificate;
    int error = gnutls_load_file(path, &certificate);

    if (error != 0)
        return error;
    error = gnutls_certificate_set_x509_key_mem2(tls->credentials, &certificate, &key_bytes,
                                                 GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_free(certificate.data);
    return error;
}

/* Say which file, and why not; of a long path the end tells more. */
static enum lattn_status file_refuse(struct lattn_complaint *complaint, enum lattn_status status,
                                     const char *path, const char *why)
{
    size_t length = strlen(path);

    snprintf(complaint->text, sizeof complaint->text, "%s: %s",
             length > PATH_BYTES_MAX ? path + length - PATH_BYTES_MAX : path, why);
    return status;
}

static enum lattn_status identity_load(struct tls *tls, const char *const *files,
                                       struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    struct lattn_secret key;
    enum lattn_status status;
    int error;

    if (files[LINK_TLS_CERT] == NULL)
        return LATTN_OK;
    status = lattn_secret_read(files[LINK_TLS_KEY], &key, &why);
    if (status != LATTN_OK)
        return file_refuse(complaint, status, files[LINK_TLS_KEY],
                           why.text[0] != '\0' ? why.text : lattn_status_text(status));
    error = certificate_load(tls, files[LINK_TLS_CERT], &key);
    lattn_secret_done(&key);
    if (error < 0)
        return file_refuse(complaint, LATTN_INPUT_OUTPUT, files[LINK_TLS_CERT],
                           gnutls_strerror(error));
    return LATTN_OK;
}

static enum lattn_status files_load(struct tls *tls, const char *const *files,
                                    struct lattn_complaint *complaint)
{
    const char *authorities = files[LINK_TLS_CA];
    int error = gnutls_certificate_allocate_credentials(&tls->credentials);

    if (error < 0)
        return LATTN_NO_MEMORY;
    error = authorities_load(tls, authorities);
    if (error < 0)
        return file_refuse(complaint, LATTN_INPUT_OUTPUT,
                           authorities != NULL ? authorities : "the system's authorities",
                           gnutls_strerror(error));
    return identity_load(tls, files, complaint);
}

/* ---- the handshake ------------------------------------------------------------------------- */

static int is_number(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static int session_start(struct tls *tls, const char *host, int fd)
{
    int error = gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

    if (error == 0)
        error = gnutls_priority_set_direct(tls->session, priority, NULL);
    if (error == 0)
        error = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
    if (error == 0 && !is_number(host))
        error = gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, host, strlen(host));
    if (error < 0)
        return error;
    gnutls_session_set_verify_cert(tls->session, host, 0);
    gnutls_transport_set_int(tls->session, fd);
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait for the socket, at most until the deadline. Returns 0, or GNUTLS_E_TIMEDOUT. */
static int socket_await(struct tls *tls, int fd, int64_t deadline_ms)
{
    int is_writing = gnutls_record_get_direction(tls->session);
    struct pollfd polled = {.fd = fd, .events = is_writing ? POLLOUT : POLLIN};
    int64_t left_ms = deadline_ms - now_ms();

    if (left_ms <= 0)
        return GNUTLS_E_TIMEDOUT;
    (void)poll(&polled, 1, (int)left_ms); /* whatever it says, the handshake sees for itself */
    return 0;
}

static int hands_shake(struct tls *tls, int fd)
{
    int64_t deadline_ms = now_ms() + HANDSHAKE_MS_MAX;
    int error;

    while ((error = gnutls_handshake(tls->session)) != 0 && !gnutls_error_is_fatal(error)) {
        if (error == GNUTLS_E_AGAIN)
            error = socket_await(tls, fd, deadline_ms);
        if (error == GNUTLS_E_TIMEDOUT)
            break;
    }
    return error;
}

static const char *certificate_fault(gnutls_session_t session)
{
    unsigned status = gnutls_session_get_verify_cert_status(session);

    if ((status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0)
        return "its certificate comes from no authority that is trusted here";
    if ((status & GNUTLS_CERT_EXPIRED) != 0)
        return "its certificate has expired";
    if ((status & GNUTLS_CERT_NOT_ACTIVATED) != 0)
        return "its certificate is not valid yet";
    if ((status & GNUTLS_CERT_UNEXPECTED_OWNER) != 0)
        return "its certificate is for another host";
    return "its certificate cannot be trusted";
}

static enum lattn_status handshake_refuse(const struct tls *tls, int error,
                                          struct lattn_complaint *complaint)
{
    char *text = complaint->text;
    const size_t size = sizeof complaint->text;

    switch (error) {
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
        snprintf(text, size, "%s", certificate_fault(tls->session));
        return LATTN_DENIED;
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        snprintf(text, size, "the daemon refuses: %s",
                 gnutls_alert_get_name(gnutls_alert_get(tls->session)));
        return LATTN_DENIED;
    case GNUTLS_E_TIMEDOUT:
        snprintf(text, size, "no TLS handshake within %d s", HANDSHAKE_MS_MAX / 1000);
        break;
    case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
    case GNUTLS_E_PREMATURE_TERMINATION:
        snprintf(text, size, "what answers there does not speak TLS");
        break;
    default:
        snprintf(text, size, "no TLS: %s", gnutls_strerror(error));
    }
    return error == GNUTLS_E_MEMORY_ERROR ? LATTN_NO_MEMORY : LATTN_INPUT_OUTPUT;
}

/* ---- opening and closing ------------------------------------------------------------------- */

enum lattn_status tls_open(struct tls **ret_tls, const char *const *files, const char *host, int fd,
                           struct lattn_complaint *complaint)
{
    struct tls *tls = calloc(1, sizeof *tls);
    enum lattn_status status;
    int error;

    snprintf(complaint->text, sizeof complaint->text, "%s", lattn_status_text(LATTN_NO_MEMORY));
    if (tls == NULL)
        return LATTN_NO_MEMORY;
    status = files_load(tls, files, complaint);
    if (status == LATTN_OK) {
        error = session_start(tls, host, fd);
        if (error == 0)
            error = hands_shake(tls, fd);
        if (error != 0)
            status = handshake_refuse(tls, error, complaint);
    }
    if (status != LATTN_OK) {
        tls->error = ECONNRESET;
        tls_close(&tls);
        return status;
    }
    *ret_tls = tls;
    return LATTN_OK;
}

void tls_close(struct tls **tls)
{
    struct tls *old = *tls;

    if (old == NULL)
        return;
    if (old->error == 0)
        (void)gnutls_bye(old->session, GNUTLS_SHUT_WR); /* whatever mattered was answered before */
    if (old->session != NULL)
        gnutls_deinit(old->session);
    if (old->credentials != NULL)
        gnutls_certificate_free_credentials(old->credentials);
    free(old);
    *tls = NULL;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static int is_passing(ssize_t result)
{
    return result == GNUTLS_E_INTERRUPTED || result == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

/*
 * Remember what ended it: what was read before is given first. With version 1.3 it is here that
 * one learns what the daemon thinks of our certificate. What is its own fault is none of ours.
 */
static void fault_keep(struct tls *tls, int error)
{
    gnutls_alert_description_t alert = gnutls_alert_get(tls->session);

    if (error == GNUTLS_E_FATAL_ALERT_RECEIVED && alert != GNUTLS_A_INTERNAL_ERROR)
        tls->alert = gnutls_alert_get_name(alert);
    tls->error = error == GNUTLS_E_MEMORY_ERROR ? ENOMEM : ECONNRESET;
}

ssize_t tls_read(struct tls *tls, void *bytes, size_t length)
{
    size_t got = 0;

    while (got < length && tls->error == 0 && !tls->has_ended) {
        ssize_t result = gnutls_record_recv(tls->session, (char *)bytes + got, length - got);

        if (result > 0)
            got += (size_t)result;
        else if (result == GNUTLS_E_AGAIN)
            break;
        else if (result == 0)
            tls->has_ended = 1;
        else if (!is_passing(result))
            fault_keep(tls, (int)result);
    }
    if (got > 0 || tls->has_ended)
        return (ssize_t)got;
    errno = tls->error != 0 ? tls->error : EAGAIN;
    return -1;
}

ssize_t tls_write(struct tls *tls, const void *bytes, size_t length)
{
    size_t gone = 0;

    while (gone < length && tls->error == 0) {
        const char *next = tls->is_flushing ? NULL : (const char *)bytes + gone;
        ssize_t result =
            gnutls_record_send(tls->session, next, tls->is_flushing ? 0 : length - gone);

        tls->is_flushing = result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED;
        if (result > 0)
            gone += (size_t)result;
        else if (result == GNUTLS_E_AGAIN)
            break;
        else if (!is_passing(result)) {
            errno = EPIPE;
            return -1;
        }
    }
    if (gone > 0)
        return (ssize_t)gone;
    errno = tls->error != 0 ? tls->error : EAGAIN;
    return -1;
}

int tls_has_bytes(const struct tls *tls)
{
    return gnutls_record_check_pending(tls->session) > 0 || tls->error != 0 || tls->has_ended;
}

const char *tls_reason(const struct tls *tls)
{
    return tls->alert;
}
