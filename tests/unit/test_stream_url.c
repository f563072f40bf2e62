#include <lattn/layout.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct lattn_complaint complaint;
static struct lattn_stream_url url;

static void expect(const char *text, int32_t count, const char *first, const char *last,
                   const char *prefix)
{
    cr_assert_eq(lattn_stream_url_read(text, &url, &complaint), LATTN_OK, "%s: %s", text,
                 complaint.text);
    cr_assert_eq(url.servers_count, count);
    cr_assert_str_eq(url.servers[0], first);
    cr_assert_str_eq(url.servers[count - 1], last);
    cr_assert_str_eq(url.prefix, prefix);
    cr_assert_eq(url.is_secure, text[0] == 't');
}

Test(stream_url, has_a_prefix_and_a_port_by_default)
{
    expect("nats://host", 1, "nats://host:4222", "nats://host:4222", "lattn");
    expect("nats://127.0.0.1:1/", 1, "nats://127.0.0.1:1", "nats://127.0.0.1:1", "lattn");
    expect("tls://h:65535/a-b_9", 1, "tls://h:65535", "tls://h:65535", "a-b_9");
}

Test(stream_url, takes_several_servers)
{
    expect("tls://a:1,b,[::1]:3/x_Y-9", 3, "tls://a:1", "tls://[::1]:3", "x_Y-9");
    cr_assert_str_eq(url.servers[1], "tls://b:4222");
    expect("nats://[::2],1,2,3,4,5,6,7", 8, "nats://[::2]:4222", "nats://7:4222", "lattn");
}

Test(stream_url, is_refused_with_the_reason)
{
    static const struct {
        const char *text;
        const char *why;
    } wrong[] = {
        {"", "no URL"},
        {"host:1", "no URL"},
        {"http://host", "no URL"},
        {"nats:/host", "no URL"},
        {"nats://", "no host"},
        {"nats://:1", "no host"},
        {"nats://a,,b", "no host"},
        {"nats://a,", "no host"},
        {"nats://[::1", "no host"},
        {"nats://a b", "letters"},
        {"nats://a?b", "letters"},
        {"nats://a:0", "port"},
        {"nats://a:65536", "port"},
        {"nats://a:123456", "port"},
        {"nats://a:1x", "port"},
        {"nats://a:-1", "port"},
        {"nats://a:", "port"},
        {"nats://a:,b:1", "port"},
        {"nats://[::1]x", "port"},
        {"nats://::1", "no host"},
        {"nats://a/b/c", "prefix"},
        {"nats://a/b.c", "prefix"},
        {"nats://a/123456789012345678901234567890123", "up to 32"},
        {"nats://1,2,3,4,5,6,7,8,9", "more than 8"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        url.servers_count = 77;
        cr_expect_eq(lattn_stream_url_read(wrong[i].text, &url, &complaint), LATTN_ADDRESS, "%s",
                     wrong[i].text);
        cr_expect(strstr(complaint.text, wrong[i].why) != NULL, "%s: %s", wrong[i].text,
                  complaint.text);
        cr_expect_eq(url.servers_count, 77, "what was there stays");
    }
}

Test(stream_url, keeps_secrets_to_itself)
{
    cr_assert_eq(lattn_stream_url_read("nats://ada:hidden@host:1", &url, &complaint),
                 LATTN_ADDRESS);
    cr_assert_not_null(strstr(complaint.text, "belongs into a file"));
    cr_assert_null(strstr(complaint.text, "hidden"));
}

Test(stream_url, has_its_bounds)
{
    char text[LATTN_STREAM_URL_MAX + 1] = "nats://";
    const size_t host = LATTN_STREAM_SERVER_MAX - 1 - strlen("nats://") - strlen(":4222");

    memset(text + 7, 'h', host);
    cr_assert_eq(lattn_stream_url_read(text, &url, &complaint), LATTN_OK);
    cr_assert_eq(strlen(url.servers[0]), LATTN_STREAM_SERVER_MAX - 1);
    text[7 + host] = 'h';
    cr_assert_eq(lattn_stream_url_read(text, &url, &complaint), LATTN_ADDRESS);
    memset(text + 7, ',', LATTN_STREAM_URL_MAX - 7);
    cr_assert_eq(lattn_stream_url_read(text, &url, &complaint), LATTN_ADDRESS);
    cr_assert_not_null(strstr(complaint.text, "longer than"));
}

Test(stream_url, knows_names)
{
    cr_assert(lattn_stream_url_is_name("aZ09-_", 8));
    cr_assert_not(lattn_stream_url_is_name("", 8));
    cr_assert_not(lattn_stream_url_is_name("a.b", 8));
    cr_assert_not(lattn_stream_url_is_name("12345678", 8));
    cr_assert(lattn_stream_url_is_name("1234567", 8));
}
