/* GnuTLS on a socket that does not block. */
#include "link/tunnel.h"

#include <lattn/secret.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "link/deadline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <string.h>

enum {
    /* Who does not answer for so long is no daemon, or one that is lost. */
    HANDSHAKE_MS_MAX = 10000
};

/*
 * is_flushing  a record is under way whose bytes the caller gives again
 * alert        what the daemon has against us; NULL: nothing
 * error        what reading came to; 0 while it may go on
 */
struct tunnel {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    int is_flushing;
    int has_ended;
    const char *alert;
    int error;
};

/* ---- files --------------------------------------------------------------------------------- */

static int authorities_load(struct tunnel *tunnel, const char *path)
{
    int count = path == NULL ? gnutls_certificate_set_x509_system_trust(tunnel->credentials)
                             : gnutls_certificate_set_x509_trust_file(tunnel->credentials, path,
                                                                      GNUTLS_X509_FMT_PEM);

    return count == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND : count;
}

static int certificate_load(struct tunnel *tunnel, const char *path, const struct lattn_secret *key)
{
    const gnutls_datum_t key_bytes = {(unsigned char *)key->bytes, (unsigned)key->length};
    gnutls_datum_t certificate;
    int error = gnutls_load_file(path, &certificate);

    if (error != 0)
        return error;
    error = gnutls_certificate_set_x509_key_mem2(tunnel->credentials, &certificate, &key_bytes,
                                                 GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_free(certificate.data);
    return error;
}

static enum lattn_status identity_load(struct tunnel *tunnel,
                                       const struct lattn_link_settings *settings,
                                       struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    struct lattn_secret key;
    enum lattn_status status;
    int error;

    if (settings->certificate_file == NULL)
        return LATTN_OK;
    status = lattn_secret_read(settings->key_file, &key, &why);
    if (status != LATTN_OK)
        return complaint_blame(complaint, status, settings->key_file, why.text);
    error = certificate_load(tunnel, settings->certificate_file, &key);
    lattn_secret_done(&key);
    if (error < 0)
        return complaint_blame(complaint, LATTN_INPUT_OUTPUT, settings->certificate_file,
                               gnutls_strerror(error));
    return LATTN_OK;
}

static enum lattn_status files_load(struct tunnel *tunnel,
                                    const struct lattn_link_settings *settings,
                                    struct lattn_complaint *complaint)
{
    const char *authorities = settings->ca_file;
    int error = gnutls_certificate_allocate_credentials(&tunnel->credentials);

    if (error < 0)
        return LATTN_NO_MEMORY;
    error = authorities_load(tunnel, authorities);
    if (error < 0)
        return complaint_blame(complaint, LATTN_INPUT_OUTPUT,
                               authorities != NULL ? authorities : "the system's authorities",
                               gnutls_strerror(error));
    return identity_load(tunnel, settings, complaint);
}

/* ---- the handshake ------------------------------------------------------------------------- */

static int is_number(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static int session_start(struct tunnel *tunnel, const char *host, int fd)
{
    int error = gnutls_init(&tunnel->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

    if (error == 0)
        error = gnutls_priority_set_direct(tunnel->session, TUNNEL_PRIORITY, NULL);
    if (error == 0)
        error =
            gnutls_credentials_set(tunnel->session, GNUTLS_CRD_CERTIFICATE, tunnel->credentials);
    if (error == 0 && !is_number(host))
        error = gnutls_server_name_set(tunnel->session, GNUTLS_NAME_DNS, host, strlen(host));
    if (error < 0)
        return error;
    gnutls_session_set_verify_cert(tunnel->session, host, 0);
    gnutls_transport_set_int(tunnel->session, fd);
    return 0;
}

static int hands_shake(struct tunnel *tunnel, const struct lattn_link_settings *settings, int fd)
{
    const struct deadline deadline =
        deadline_in(HANDSHAKE_MS_MAX, settings->is_over, settings->arg);
    int error;

    while ((error = gnutls_handshake(tunnel->session)) != 0 && !gnutls_error_is_fatal(error)) {
        int is_writing = gnutls_record_get_direction(tunnel->session);

        if (error == GNUTLS_E_AGAIN &&
            deadline_await(&deadline, fd, is_writing ? POLLOUT : POLLIN) != LATTN_OK)
            return GNUTLS_E_TIMEDOUT;
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

static enum lattn_status handshake_refuse(const struct tunnel *tunnel, int error,
                                          struct lattn_complaint *complaint)
{
    switch (error) {
    case GNUTLS_E_MEMORY_ERROR:
        return LATTN_NO_MEMORY;
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
        return complain(complaint, LATTN_DENIED, "%s", certificate_fault(tunnel->session));
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        return complain(complaint, LATTN_DENIED, "the daemon refuses: %s",
                        gnutls_alert_get_name(gnutls_alert_get(tunnel->session)));
    case GNUTLS_E_TIMEDOUT:
        return complain(complaint, LATTN_INPUT_OUTPUT, "no TLS handshake within %d s",
                        HANDSHAKE_MS_MAX / 1000);
    case GNUTLS_E_UNEXPECTED_PACKET:
    case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
    case GNUTLS_E_RECORD_OVERFLOW:
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
    case GNUTLS_E_PREMATURE_TERMINATION:
        return complain(complaint, LATTN_INPUT_OUTPUT, "what answers there does not speak TLS");
    default:
        return complain(complaint, LATTN_INPUT_OUTPUT, "no TLS: %s", gnutls_strerror(error));
    }
}

/* ---- opening and closing ------------------------------------------------------------------- */

enum lattn_status tunnel_open(struct tunnel **ret_tunnel,
                              const struct lattn_link_settings *settings, const char *host, int fd,
                              struct lattn_complaint *complaint)
{
    struct tunnel *tunnel = memory_zeroed(1, sizeof *tunnel);
    enum lattn_status status;
    int error;

    if (tunnel == NULL)
        return LATTN_NO_MEMORY;
    status = files_load(tunnel, settings, complaint);
    if (status == LATTN_OK) {
        error = session_start(tunnel, host, fd);
        if (error == 0)
            error = hands_shake(tunnel, settings, fd);
        if (error != 0)
            status = handshake_refuse(tunnel, error, complaint);
    }
    if (status != LATTN_OK) {
        tunnel->error = ECONNRESET;
        tunnel_close(&tunnel);
        return status;
    }
    *ret_tunnel = tunnel;
    return LATTN_OK;
}

void tunnel_close(struct tunnel **tunnel)
{
    struct tunnel *old = *tunnel;

    if (old == NULL)
        return;
    if (old->error == 0)
        (void)gnutls_bye(old->session, GNUTLS_SHUT_WR); /* whatever mattered was answered before */
    if (old->session != NULL)
        gnutls_deinit(old->session);
    if (old->credentials != NULL)
        gnutls_certificate_free_credentials(old->credentials);
    memory_release(old);
    *tunnel = NULL;
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
static void fault_keep(struct tunnel *tunnel, int error)
{
    gnutls_alert_description_t alert = gnutls_alert_get(tunnel->session);

    if (error == GNUTLS_E_FATAL_ALERT_RECEIVED && alert != GNUTLS_A_INTERNAL_ERROR)
        tunnel->alert = gnutls_alert_get_name(alert);
    tunnel->error = error == GNUTLS_E_MEMORY_ERROR ? ENOMEM : ECONNRESET;
}

ssize_t tunnel_read(struct tunnel *tunnel, void *bytes, size_t length)
{
    size_t got = 0;

    while (got < length && tunnel->error == 0 && !tunnel->has_ended) {
        ssize_t result = gnutls_record_recv(tunnel->session, (char *)bytes + got, length - got);

        if (result > 0)
            got += (size_t)result;
        else if (result == GNUTLS_E_AGAIN)
            break;
        else if (result == 0)
            tunnel->has_ended = 1;
        else if (!is_passing(result))
            fault_keep(tunnel, (int)result);
    }
    if (got > 0 || tunnel->has_ended)
        return (ssize_t)got;
    errno = tunnel->error != 0 ? tunnel->error : EAGAIN;
    return -1;
}

ssize_t tunnel_write(struct tunnel *tunnel, const void *bytes, size_t length)
{
    size_t gone = 0;

    while (gone < length && tunnel->error == 0) {
        const char *next = tunnel->is_flushing ? NULL : (const char *)bytes + gone;
        ssize_t result =
            gnutls_record_send(tunnel->session, next, tunnel->is_flushing ? 0 : length - gone);

        tunnel->is_flushing = result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED;
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
    errno = tunnel->error != 0 ? tunnel->error : EAGAIN;
    return -1;
}

int tunnel_has_bytes(const struct tunnel *tunnel)
{
    return gnutls_record_check_pending(tunnel->session) > 0 || tunnel->error != 0 ||
           tunnel->has_ended;
}

const char *tunnel_reason(const struct tunnel *tunnel)
{
    return tunnel->alert;
}
