#include <lattn/address.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct lattn_address address;
static struct lattn_complaint complaint;

static enum lattn_status read_text(const char *text)
{
    memset(&address, 0x5a, sizeof address);
    complaint.text[0] = '\0';
    return lattn_address_read(text, &address, &complaint);
}

static void refuses(const char *text, const char *mention)
{
    cr_expect_eq(read_text(text), LATTN_ADDRESS, "%s", text);
    cr_expect(strstr(complaint.text, mention) != NULL, "%s: \"%s\" does not mention \"%s\"", text,
              complaint.text, mention);
    cr_expect_eq((unsigned char)address.path[0], 0x5a, "%s: the result was touched", text);
}

static void reads_tcp(const char *text, const char *host, uint16_t port)
{
    cr_assert_eq(read_text(text), LATTN_OK, "%s: %s", text, complaint.text);
    cr_expect_eq(address.kind, LATTN_ADDRESS_TCP);
    cr_expect_str_eq(address.host, host);
    cr_expect_eq(address.port, port, "%s", text);
}

Test(address, reads_paths_up_to_the_longest)
{
    char text[128] = "unix:";

    cr_assert_eq(read_text("unix:/tmp/l.sock"), LATTN_OK);
    cr_assert_eq(address.kind, LATTN_ADDRESS_UNIX);
    cr_assert_str_eq(address.path, "/tmp/l.sock");
    cr_assert_eq(read_text("unix:a:b"), LATTN_OK);
    cr_assert_str_eq(address.path, "a:b");
    memset(text + 5, 'x', 107);
    cr_assert_eq(read_text(text), LATTN_OK);
    cr_assert_eq(strlen(address.path), 107);
    text[5 + 107] = 'x';
    refuses(text, "longer than 107 bytes");
    refuses("unix:", "no path");
}

Test(address, reads_hosts_and_ports)
{
    reads_tcp("tcp:localhost:7000", "localhost", 7000);
    reads_tcp("tcp:127.0.0.1:0", "127.0.0.1", 0);
    reads_tcp("tcp:[::1]:65535", "::1", 65535);
    reads_tcp("tcp:[localhost]:80", "localhost", 80);
    cr_assert_eq(read_text("tls:example.org:7000"), LATTN_OK);
    cr_expect_eq(address.kind, LATTN_ADDRESS_TLS);
    cr_expect_str_eq(address.host, "example.org");
}

Test(address, refuses_what_is_no_host_and_port)
{
    char text[320] = "tcp:";

    refuses("tls:localhost", "no port");
    refuses("tcp:", "no port");
    refuses("tcp:localhost", "no port");
    refuses("tcp:[::1]", "no port");
    refuses("tcp::7000", "no host");
    refuses("tcp:[]:7000", "no host");
    refuses("tcp:::1:7000", "in brackets");
    refuses("tcp:[::1:7000", "in brackets");
    refuses("tcp:localhost:", "0..65535");
    refuses("tcp:localhost:65536", "0..65535");
    refuses("tcp:localhost:99999999999999999999", "0..65535");
    refuses("tcp:localhost:-1", "0..65535");
    refuses("tcp:localhost:80 ", "0..65535");
    memset(text + 4, 'x', 256);
    memcpy(text + 4 + 256, ":1", 3);
    refuses(text, "longer than 255 bytes");
}

Test(address, reads_descriptors_and_stdin)
{
    cr_assert_eq(read_text("fd:3"), LATTN_OK);
    cr_assert_eq(address.kind, LATTN_ADDRESS_FD);
    cr_assert_eq(address.fd, 3);
    cr_assert_eq(read_text("stdin"), LATTN_OK);
    cr_assert_eq(address.kind, LATTN_ADDRESS_STDIN);
    refuses("fd:", "fd:N");
    refuses("fd:x", "fd:N");
    refuses("fd:-1", "fd:N");
    refuses("fd:2147483648", "fd:N");
}

Test(address, names_the_forms_there_are)
{
    refuses("", "unix:PATH, tcp:HOST:PORT, fd:N or stdin");
    refuses("/tmp/l.sock", "unix:PATH, tcp:HOST:PORT, fd:N or stdin");
    refuses("stdin ", "not an address");
    refuses("udp:localhost:7", "not an address");
}
