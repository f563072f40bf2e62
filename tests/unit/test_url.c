#include "source/url.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect(const char *text, const char *servers, const char *prefix)
{
    struct lattn_complaint complaint = {""};
    struct url url;

    cr_assert_eq(url_read(text, &url, &complaint), LATTN_OK, "%s: %s", text, complaint.text);
    cr_assert_str_eq(url.servers, servers);
    cr_assert_str_eq(url.prefix, prefix);
}

Test(url, names_servers_and_prefix)
{
    expect("nats://127.0.0.1:4222", "nats://127.0.0.1:4222", "lattn");
    expect("nats://h/a-b_9", "nats://h", "a-b_9");
    expect("tls://a:1,b:2,[::1]:3/p", "tls://a:1,tls://b:2,tls://[::1]:3", "p");
}

Test(url, is_refused_with_the_reason)
{
    static const struct {
        const char *text;
        const char *why;
    } wrong[] = {
        {"h:4222", "neither nats://HOST:PORT nor"},
        {"http://h:1", "nor tls://HOST"},
        {"nats://", "host"},
        {"nats://:4222", "host"},
        {"nats://a,,b", "host"},
        {"nats://user:word@h:1", "--source-token"},
        {"nats://h:1/", "no prefix"},
        {"nats://h:1/a.b", "letters"},
        {"nats://h:1/a/b", "letters"},
        {"nats://h 1", "HOST:PORT"},
        {"nats://h/a23456789012345678901234567890123", "32 bytes"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct lattn_complaint complaint = {""};
        struct url url = {.servers = "kept"};

        cr_expect_eq(url_read(wrong[i].text, &url, &complaint), LATTN_ADDRESS, "%s", wrong[i].text);
        cr_expect(strstr(complaint.text, wrong[i].why) != NULL, "%s: %s", wrong[i].text,
                  complaint.text);
        cr_expect_str_eq(url.servers, "kept");
    }
}

Test(url, has_its_bounds)
{
    struct lattn_complaint complaint = {""};
    struct url url;
    char text[2 * URL_BYTES_MAX] = "nats://";

    memset(text + 7, 'h', URL_BYTES_MAX - 8);
    cr_assert_eq(url_read(text, &url, &complaint), LATTN_OK);
    cr_assert_eq(strlen(url.servers), URL_BYTES_MAX - 1);
    text[URL_BYTES_MAX - 1] = 'h';
    cr_assert_eq(url_read(text, &url, &complaint), LATTN_ADDRESS);
}
