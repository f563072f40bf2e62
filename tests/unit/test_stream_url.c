#include "stream_url.h"

#include <criterion/criterion.h>
#include <string.h>

static enum lattn_status read_url(const char *text, struct stream_url *url,
                                  struct lattn_complaint *complaint)
{
    complaint->text[0] = '\0';
    return stream_url_read(text, url, complaint);
}

Test(stream_url, has_a_prefix_and_a_port_by_default)
{
    struct lattn_complaint complaint;
    struct stream_url url;

    cr_assert_eq(read_url("nats://host", &url, &complaint), LATTN_OK);
    cr_assert_eq(url.servers_count, 1);
    cr_assert_str_eq(url.servers[0], "nats://host:4222");
    cr_assert_str_eq(url.prefix, "lattn");
    cr_assert_eq(url.is_secure, 0);
    cr_assert_eq(read_url("nats://host:1/", &url, &complaint), LATTN_OK);
    cr_assert_str_eq(url.prefix, "lattn");
}

Test(stream_url, takes_several_servers)
{
    struct lattn_complaint complaint;
    struct stream_url url;

    cr_assert_eq(read_url("tls://a:1,b,[::1]:3,[::2]/x_Y-9", &url, &complaint), LATTN_OK);
    cr_assert_eq(url.servers_count, 4);
    cr_assert_str_eq(url.servers[0], "tls://a:1");
    cr_assert_str_eq(url.servers[1], "tls://b:4222");
    cr_assert_str_eq(url.servers[2], "tls://[::1]:3");
    cr_assert_str_eq(url.servers[3], "tls://[::2]:4222");
    cr_assert_str_eq(url.prefix, "x_Y-9");
    cr_assert_eq(url.is_secure, 1);
}

Test(stream_url, refuses_what_is_none)
{
    static const char *const texts[] = {
        "",
        "host:1",
        "http://host",
        "nats:/host",
        "nats://",
        "nats://:1",
        "nats://a,,b",
        "nats://a:0",
        "nats://a:65536",
        "nats://a:123456",
        "nats://a:1x",
        "nats://a:",
        "nats://[::1",
        "nats://a b",
        "nats://a/b/c",
        "nats://a/b.c",
        "nats://a/123456789012345678901234567890123",
        "nats://1,2,3,4,5,6,7,8,9",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct stream_url url = {.servers_count = 77};
        struct lattn_complaint complaint;

        cr_assert_eq(read_url(texts[i], &url, &complaint), LATTN_ADDRESS, "%s", texts[i]);
        cr_assert_gt(strlen(complaint.text), 0);
        cr_assert_eq(url.servers_count, 77, "what was there stays");
    }
}

Test(stream_url, keeps_secrets_to_itself)
{
    struct lattn_complaint complaint;
    struct stream_url url;

    cr_assert_eq(read_url("nats://ada:hidden@host:1", &url, &complaint), LATTN_ADDRESS);
    cr_assert_null(strstr(complaint.text, "hidden"));
}

Test(stream_url, knows_names)
{
    cr_assert(stream_url_is_name("aZ09-_", 8));
    cr_assert_not(stream_url_is_name("", 8));
    cr_assert_not(stream_url_is_name("a.b", 8));
    cr_assert_not(stream_url_is_name("12345678", 8));
    cr_assert(stream_url_is_name("1234567", 8));
}
