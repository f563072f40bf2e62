#include "serve/tls.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct lattn_complaint complaint;
static char folder[] = "/tmp/test_tls.XXXXXX";
static char certificate_path[64];
static char key_path[64];
static struct tls_identity *identity;
static struct tls *server;

/* ---- a certificate ---- */

static void file_write(const char *path, const gnutls_datum_t *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_eq(fwrite(text->data, 1, text->size, file), text->size);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, 0600), 0);
}

/* One that vouches for itself, and its key. */
static void certificate_make(void)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
    gnutls_datum_t text;

    cr_assert_eq(gnutls_x509_privkey_init(&key), 0);
    cr_assert_eq(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                              GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                 0);
    cr_assert_eq(gnutls_x509_crt_init(&certificate), 0);
    gnutls_x509_crt_set_version(certificate, 3);
    gnutls_x509_crt_set_serial(certificate, "\1", 1);
    gnutls_x509_crt_set_activation_time(certificate, time(NULL) - 60);
    gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + 3600);
    gnutls_x509_crt_set_key(certificate, key);
    gnutls_x509_crt_set_dn(certificate, "CN=test", NULL);
    cr_assert_eq(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0), 0);
    cr_assert_eq(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text), 0);
    file_write(key_path, &text);
    gnutls_free(text.data);
    cr_assert_eq(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text), 0);
    file_write(certificate_path, &text);
    gnutls_free(text.data);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
}

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(certificate_path, sizeof certificate_path, "%s/cert", folder);
    snprintf(key_path, sizeof key_path, "%s/key", folder);
    certificate_make();
    cr_assert_eq(tls_identity_open(&identity, certificate_path, key_path, NULL, &complaint),
                 LATTN_OK, "%s", complaint.text);
}

static void teardown(void)
{
    tls_close(&server);
    tls_identity_release(&identity);
    unlink(certificate_path);
    unlink(key_path);
    rmdir(folder);
}

TestSuite(tls, .init = setup, .fini = teardown);

/* ---- the other side ---- */

/* A client, and the bytes that are on their way to it. */
struct client {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    struct lattn_text sent;
    size_t at; /* of the server's output */
};

static struct client client;

static ssize_t client_push(gnutls_transport_ptr_t arg, const void *bytes, size_t length)
{
    (void)arg;
    return lattn_text_add(&client.sent, bytes, length) == LATTN_OK ? (ssize_t)length : -1;
}

static ssize_t client_pull(gnutls_transport_ptr_t arg, void *bytes, size_t length)
{
    size_t left = server == NULL ? 0 : tls_output(server)->length - client.at;

    (void)arg;
    if (left == 0) {
        gnutls_transport_set_errno(client.session, EAGAIN);
        return -1;
    }
    if (length > left)
        length = left;
    memcpy(bytes, tls_output(server)->data + client.at, length);
    client.at += length;
    return (ssize_t)length;
}

static int client_wait(gnutls_transport_ptr_t arg, unsigned ms)
{
    (void)arg;
    (void)ms;
    return server != NULL && client.at < tls_output(server)->length;
}

static void client_open(void)
{
    lattn_text_init(&client.sent);
    cr_assert_eq(gnutls_certificate_allocate_credentials(&client.credentials), 0);
    cr_assert_eq(gnutls_init(&client.session, GNUTLS_CLIENT | GNUTLS_NONBLOCK), 0);
    cr_assert_eq(gnutls_set_default_priority(client.session), 0);
    gnutls_credentials_set(client.session, GNUTLS_CRD_CERTIFICATE, client.credentials);
    gnutls_transport_set_push_function(client.session, client_push);
    gnutls_transport_set_pull_function(client.session, client_pull);
    gnutls_transport_set_pull_timeout_function(client.session, client_wait);
}

static void client_close(void)
{
    gnutls_deinit(client.session);
    gnutls_certificate_free_credentials(client.credentials);
    lattn_text_done(&client.sent);
    client = (struct client){.at = 0};
}

/*
 * Give the server what the client sent, in pieces of so many bytes; what it says is appended to
 * `text`. Returns its last word.
 */
static enum lattn_status deliver(size_t piece, struct lattn_text *text)
{
    char bytes[TLS_RECORD_BYTES];
    enum lattn_status status = LATTN_MORE;

    for (size_t at = 0; at < client.sent.length && status == LATTN_MORE; at += piece) {
        size_t left = client.sent.length - at;
        size_t length;

        tls_feed(server, client.sent.data + at, left < piece ? left : piece);
        while ((status = tls_take(server, bytes, &length, &complaint)) == LATTN_OK)
            cr_assert_eq(lattn_text_add(text, bytes, length), LATTN_OK);
    }
    client.sent.length = 0;
    return status;
}

/* Shake hands. Returns the server's last word. */
static enum lattn_status connect_in_pieces(size_t piece)
{
    struct lattn_text nothing;
    enum lattn_status status = LATTN_MORE;

    lattn_text_init(&nothing);
    client_open();
    while (status == LATTN_MORE && gnutls_handshake(client.session) == GNUTLS_E_AGAIN)
        status = deliver(piece, &nothing);
    if (status == LATTN_MORE)
        status = deliver(piece, &nothing);
    lattn_text_done(&nothing);
    return status;
}

/* ---- claims ---- */

/* An hour is what certificate_make gives it. */
Test(tls, knows_when_its_certificate_expires)
{
    int64_t left_s = tls_identity_expires(identity) - (int64_t)time(NULL);

    cr_expect(left_s > 3000 && left_s <= 3600, "%jd", (intmax_t)left_s);
}

Test(tls, carries_bytes_in_any_pieces)
{
    static const size_t pieces[] = {1, 7, 1000, 1 << 20};
    static char large[50000];

    memset(large, 'x', sizeof large);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct lattn_text got;
        char back[6] = "";

        lattn_text_init(&got);
        cr_assert_eq(tls_open(&server, identity), LATTN_OK);
        cr_assert_eq(connect_in_pieces(pieces[i]), LATTN_MORE, "%s", complaint.text);
        cr_expect(tls_is_open(server));
        for (size_t sent = 0; sent < sizeof large;)
            sent += (size_t)gnutls_record_send(client.session, large + sent, sizeof large - sent);
        cr_expect_eq(deliver(pieces[i], &got), LATTN_MORE);
        cr_assert_eq(got.length, sizeof large);
        cr_expect_arr_eq(got.data, large, sizeof large);
        cr_expect_eq(tls_send(server, "hello", 5), LATTN_OK);
        cr_expect_eq(gnutls_record_recv(client.session, back, sizeof back), 5);
        cr_expect_str_eq(back, "hello");
        lattn_text_done(&got);
        client_close();
        tls_close(&server);
    }
}

Test(tls, knows_an_end_from_a_break)
{
    struct lattn_text got;

    lattn_text_init(&got);
    cr_assert_eq(tls_open(&server, identity), LATTN_OK);
    cr_assert_eq(connect_in_pieces(1 << 20), LATTN_MORE);
    gnutls_record_send(client.session, "last", 4);
    gnutls_bye(client.session, GNUTLS_SHUT_WR);
    cr_expect_eq(deliver(1 << 20, &got), LATTN_CLOSED);
    cr_expect_str_eq(got.data, "last");
    cr_expect_eq(tls_send(server, "answer", 6), LATTN_OK, "the other way is still open");
    tls_end(server);
    cr_expect_eq(tls_send(server, "more", 4), LATTN_CLOSED);
    cr_expect_eq(gnutls_record_recv(client.session, (char[8]){0}, 8), 6);
    cr_expect_eq(gnutls_record_recv(client.session, (char[8]){0}, 8), 0, "and has an end");
    lattn_text_done(&got);
    client_close();
}

Test(tls, refuses_what_is_none)
{
    static const char *const texts[] = {"{\"id\":1,\"method\":\"status\"}\n",
                                        "GET / HTTP/1.1\r\n\r\n"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char bytes[TLS_RECORD_BYTES];
        size_t length;

        cr_assert_eq(tls_open(&server, identity), LATTN_OK);
        tls_feed(server, texts[i], strlen(texts[i]));
        cr_expect_eq(tls_take(server, bytes, &length, &complaint), LATTN_DENIED);
        cr_expect_not(tls_is_open(server));
        cr_expect_eq(tls_send(server, "x", 1), LATTN_CLOSED);
        tls_feed(server, texts[i], strlen(texts[i]));
        cr_expect_eq(tls_take(server, bytes, &length, &complaint), LATTN_MORE);
        tls_close(&server);
    }
}

Test(tls, refuses_bytes_that_were_changed)
{
    struct lattn_text got;

    lattn_text_init(&got);
    cr_assert_eq(tls_open(&server, identity), LATTN_OK);
    cr_assert_eq(connect_in_pieces(1 << 20), LATTN_MORE);
    gnutls_record_send(client.session, "message", 7);
    client.sent.data[client.sent.length - 1] ^= 1;
    cr_expect_eq(deliver(1 << 20, &got), LATTN_DAMAGED);
    cr_expect_eq(got.length, 0);
    client_close();
}

Test(tls, lives_on_the_identity_it_began_with)
{
    cr_assert_eq(tls_open(&server, identity), LATTN_OK);
    tls_identity_release(&identity);
    cr_expect_null(identity);
    cr_expect_eq(connect_in_pieces(1 << 20), LATTN_MORE, "%s", complaint.text);
    cr_expect(tls_is_open(server));
    client_close();
}

Test(tls, survives_a_lack_of_memory)
{
    for (uint64_t k = 1;; k++) {
        enum lattn_status status;
        int has_failed;

        client_open();
        (void)gnutls_handshake(client.session);
        memory_fail(k, 0);
        status = tls_open(&server, identity);
        if (status == LATTN_OK) {
            char bytes[TLS_RECORD_BYTES];
            size_t length;

            tls_feed(server, client.sent.data, client.sent.length);
            status = tls_take(server, bytes, &length, &complaint);
        }
        has_failed = memory_failed();
        memory_fail(0, 0);
        client_close();
        tls_close(&server);
        if (!has_failed) {
            cr_expect_eq(status, LATTN_MORE);
            return;
        }
        cr_expect_eq(status, LATTN_NO_MEMORY, "allocation %d: %d %s", (int)k, (int)status,
                     complaint.text);
    }
}

Test(tls, says_which_file_is_none)
{
    struct tls_identity *none = NULL;

    cr_expect_eq(tls_identity_open(&none, key_path, key_path, NULL, &complaint), LATTN_FIELD);
    cr_expect_not_null(strstr(complaint.text, key_path), "%s", complaint.text);
    cr_expect_eq(tls_identity_open(&none, certificate_path, key_path, key_path, &complaint),
                 LATTN_FIELD);
    cr_expect_eq(tls_identity_open(&none, "/nowhere", key_path, NULL, &complaint),
                 LATTN_INPUT_OUTPUT);
    cr_assert_eq(chmod(key_path, 0644), 0);
    cr_expect_eq(tls_identity_open(&none, certificate_path, key_path, NULL, &complaint),
                 LATTN_DENIED);
    cr_expect_not_null(strstr(complaint.text, "0644"), "%s", complaint.text);
    cr_expect_null(none);
}
