#include "serve/config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 40 };

static struct config config;
static struct lattn_complaint complaint;
static char file_path[] = "/tmp/test_config_XXXXXX";
static char *no_environment[] = {NULL};
static char **environment = no_environment;

/* Read a command line given as words separated by blanks; FILE stands for the file. */
static enum lattn_status read_line(const char *line)
{
    static char words[1024];
    char *arguments[ARGUMENTS_MAX] = {"lattnd"};
    int count = 1;

    memset(&config, 0, sizeof config);
    complaint.text[0] = '\0';
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        arguments[count++] = strcmp(word, "FILE") == 0 ? file_path : word;
    return config_read(count, arguments, environment, &config, &complaint);
}

static void file_make(void)
{
    int descriptor = mkstemp(file_path);

    cr_assert_geq(descriptor, 0);
    close(descriptor);
}

static void file_remove(void)
{
    config_done(&config);
    unlink(file_path);
}

static void file_write(const char *text)
{
    FILE *file = fopen(file_path, "w");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static void refuses(const char *line, enum lattn_status status, const char *mention)
{
    cr_expect_eq(read_line(line), status, "%s", line);
    cr_expect(strstr(complaint.text, mention) != NULL, "%s: \"%s\" does not mention \"%s\"", line,
              complaint.text, mention);
}

Test(config, has_the_defaults_of_the_interface)
{
    cr_assert_eq(read_line("--listen stdin"), LATTN_OK);
    cr_assert_eq(config.action, CONFIG_RUN);
    cr_assert_eq(config.addresses_count, 1);
    cr_assert_eq(config.addresses[0].address.kind, LATTN_ADDRESS_STDIN);
    cr_assert_eq(config.learner.dim, 0);
    cr_assert_eq(config.learner.outputs, 0);
    cr_assert_eq(config.learner.forget, 1);
    cr_assert_eq(config.emit_every_ns, UINT64_C(1000000000));
    cr_assert_eq(config.emit_every_pairs, 0);
    cr_assert_null(config.emit_dir);
    cr_assert_eq(config.heads, LATTN_HEADS_FEWEST);
    cr_assert_eq(config.frame_bytes_max, LATTN_FRAME_BYTES_DEFAULT);
    cr_assert_eq(config.stop_timeout_ns, UINT64_C(30000000000));
    cr_assert_eq(config.log_level, LOG_LEVEL_INFO);
}

Test(config, takes_every_option)
{
    cr_assert_eq(read_line("--listen unix:/tmp/a --listen=stdin --dim 4 --outputs=2 --bias "
                           "--forget 0.999 --precision f32 --ridge 1e-6 --engine rls "
                           "--emit-every 250ms --emit-dir /tmp --heads 3 "
                           "--exit-when identifying --max-memory 1G --max-frame 64K "
                           "--stop-timeout 2m "
                           "--log-level debug --log-format json"),
                 LATTN_OK, "%s", complaint.text);
    cr_assert_eq(config.addresses_count, 2);
    cr_assert_str_eq(config.addresses[0].address.path, "/tmp/a");
    cr_assert_eq(config.learner.dim, 4);
    cr_assert_eq(config.learner.outputs, 2);
    cr_assert_eq(config.learner.bias, 1);
    cr_assert_eq(config.learner.forget, 0.999);
    cr_assert_eq(config.learner.precision, 0x1p-24);
    cr_assert_eq(config.learner.ridge, 1e-6);
    cr_assert_eq(config.emit_every_ns, UINT64_C(250000000));
    cr_assert_str_eq(config.emit_dir, "/tmp");
    cr_assert_eq(config.heads, LATTN_HEADS_COUNT);
    cr_assert_eq(config.heads_count, 3);
    cr_assert(config.exit_when_identifying);
    cr_assert_eq(config.learner.memory_max, (size_t)1 << 30);
    cr_assert_eq(config.frame_bytes_max, (size_t)64 << 10);
    cr_assert_eq(config.stop_timeout_ns, UINT64_C(120000000000));
    cr_assert_eq(config.log_level, LOG_LEVEL_DEBUG);
    cr_assert_eq(config.log_format, LOG_FORMAT_JSON);
}

Test(config, takes_pairs_and_decimals)
{
    cr_assert_eq(read_line("--listen stdin --emit-every 100pairs --precision 6"), LATTN_OK);
    cr_assert_eq(config.emit_every_pairs, 100);
    cr_assert_eq(config.emit_every_ns, 0);
    cr_assert_float_eq(config.learner.precision, 1e-6, 1e-20);
}

Test(config, lets_the_later_value_win)
{
    cr_assert_eq(read_line("--listen stdin --dim 4 --dim 5 --heads 3 --heads svd"), LATTN_OK);
    cr_assert_eq(config.learner.dim, 5);
    cr_assert_eq(config.heads, LATTN_HEADS_SVD);
}

Test(config, takes_a_share_of_the_stream)
{
    cr_assert_eq(read_line("--listen stdin --exit-when identifying --exit-when stream:0.01"),
                 LATTN_OK);
    cr_assert_eq(config.exit_when_stream, 0.01);
    cr_assert_not(config.exit_when_identifying);
    refuses("--listen stdin --exit-when stream:0.003", LATTN_RANGE, "0.0037 <= X < 1");
    refuses("--listen stdin --exit-when stream:1", LATTN_RANGE, "X < 1");
    refuses("--listen stdin --exit-when stream:", LATTN_RANGE, "stream:X takes a share");
}

Test(config, takes_how_many_threads_learn)
{
    cr_assert_eq(read_line("--listen stdin"), LATTN_OK);
    cr_assert_eq(config.threads, 0, "by the cores there are");
    cr_assert_eq(read_line("--listen stdin --threads 2"), LATTN_OK);
    cr_assert_eq(config.threads, 2);
    refuses("--listen stdin --threads 0", LATTN_RANGE, "--threads 0: outside 1..16");
    refuses("--listen stdin --threads 17", LATTN_RANGE, "--threads 17: outside 1..16");
    refuses("--listen stdin --threads all", LATTN_SYNTAX, "not a whole number");
}

Test(config, takes_where_to_keep_a_state)
{
    cr_assert_eq(read_line("--listen stdin"), LATTN_OK);
    cr_assert_null(config.state_dir);
    cr_assert_eq(config.checkpoint_every_ns, UINT64_C(60000000000));
    cr_assert_not(config_is_given(&config, "forget"));
    cr_assert_eq(
        read_line("--listen stdin --state /tmp/s --checkpoint-every 250ms --forget 1 --bias"),
        LATTN_OK);
    cr_assert_str_eq(config.state_dir, "/tmp/s");
    cr_assert_eq(config.checkpoint_every_ns, UINT64_C(250000000));
    cr_assert(config_is_given(&config, "forget"), "the default, but somebody wants it");
    cr_assert(config_is_given(&config, "bias"));
    cr_assert_not(config_is_given(&config, "dim"));
    refuses("--listen stdin --state s --max-frame 200M", LATTN_RANGE,
            "--max-frame 209715200 with --state: at most 134217728");
    refuses("--listen stdin --state=", LATTN_FIELD, "--state \"\": names no directory");
    refuses("--listen stdin --checkpoint-every 0s", LATTN_RANGE, "--checkpoint-every 0s");
    refuses("--listen stdin --checkpoint-every 5", LATTN_SYNTAX, "not a time");
}

Test(config, checks_a_state_without_an_address)
{
    cr_assert_eq(read_line("--check-state /tmp/s"), LATTN_OK);
    cr_assert_eq(config.action, CONFIG_CHECK_STATE);
    cr_assert_str_eq(config.state_dir_check, "/tmp/s");
    cr_assert_eq(read_line("--check-state=/tmp/t"), LATTN_OK);
    cr_assert_str_eq(config.state_dir_check, "/tmp/t");
    refuses("--check-state", LATTN_FIELD, "--check-state: needs a value, DIR");
    refuses("--check-state /tmp/s --check-config", LATTN_FIELD, "one at a time");
    file_make();
    file_write("check-state = /tmp/s\n");
    refuses("--listen stdin --config FILE", LATTN_FIELD, "check-state: not in a file");
    file_remove();
}

Test(config, refuses_what_does_not_exist)
{
    refuses("--listen stdin --keep /tmp/s", LATTN_FIELD, "--keep");
    refuses("--listen stdin --source nats://a:1", LATTN_FIELD, "--source");
    refuses("--source nats://u:hidden@h:1", LATTN_ADDRESS, "--source the URL: ");
    refuses("--listen stdin extra", LATTN_FIELD, "extra: not an option");
    refuses("--listen tcp:127.0.0.1", LATTN_ADDRESS, "--listen tcp:127.0.0.1: names no port");
    refuses("--http http://127.0.0.1:8080/", LATTN_ADDRESS, "HOST:PORT alone");
    refuses("--http tcp:127.0.0.1:8080", LATTN_ADDRESS, "HOST:PORT alone");
    refuses("--listen unix:", LATTN_ADDRESS, "unix:");
    refuses("--listen stdin --engine lms", LATTN_FIELD, "--engine lms: not one of: rls, gram");
    refuses("--listen stdin --exit-when tired", LATTN_FIELD, "not one of: identifying, stream:X");
    refuses("--listen stdin --log-format xml", LATTN_FIELD, "not one of: logfmt, json");
    refuses("--listen stdin --heads least", LATTN_RANGE, "least");
    refuses("--listen stdin --dim 4 --outputs 2 --heads 9", LATTN_RANGE, "at most 8");
    refuses("--listen stdin --dim 3 --bias --outputs 9 --heads 17", LATTN_RANGE, "at most 16");
}

#define REMOTE "--listen tcp:0.0.0.0:7 --allow-remote "

Test(config, lets_nobody_in_from_elsewhere_whom_it_cannot_tell)
{
    refuses(REMOTE, LATTN_FIELD, "--tls-cert and --tls-key, and --token-file or --tls-ca");
    refuses(REMOTE "--token-file t", LATTN_FIELD, "--allow-remote: needs --tls-cert and --tls-key");
    refuses(REMOTE "--tls-cert c", LATTN_FIELD, "--tls-cert: needs --tls-key");
    refuses(REMOTE "--tls-key k", LATTN_FIELD, "--tls-key: needs --tls-cert");
    refuses(REMOTE "--tls-ca a", LATTN_FIELD, "--tls-ca: needs --tls-cert and --tls-key");
    refuses(REMOTE "--tls-cert c --tls-key k", LATTN_FIELD, "needs --token-file or --tls-ca");
    cr_assert_eq(read_line(REMOTE "--tls-cert c --tls-key k --token-file t"), LATTN_OK);
    cr_assert_eq(config.reach, TCP_REACH_ANYWHERE);
    cr_assert_str_eq(config.access.token_file, "t");
    cr_assert_eq(read_line(REMOTE "--tls-cert c --tls-key k --tls-ca a"), LATTN_OK);
    cr_assert_str_eq(config.access.tls_cert, "c");
    cr_assert_str_eq(config.access.tls_key, "k");
    cr_assert_str_eq(config.access.tls_ca, "a");
    cr_assert_eq(read_line("--listen tcp:localhost:7 --allow-remote=false"), LATTN_OK);
    cr_assert_eq(config.reach, TCP_REACH_LOOPBACK);
}

Test(config, guards_nothing_that_is_not_there)
{
    refuses("--listen unix:s --token-file t", LATTN_FIELD, "--token-file: guards TCP");
    refuses("--listen stdin --tls-cert c --tls-key k", LATTN_FIELD, "--tls-cert: guards TCP");
    refuses("--listen tcp:localhost:7 --group 0", LATTN_FIELD, "no Unix socket");
    cr_assert_eq(read_line("--listen fd:3 --token-file t --group 0"), LATTN_OK);
}

Test(config, knows_groups_by_name_and_number)
{
    refuses("--listen unix:s --group no-such-group", LATTN_NAME, "there is no such group");
    refuses("--listen unix:s --group 4294967295", LATTN_NAME, "there is no such group");
    refuses("--listen unix:s --group -1", LATTN_NAME, "there is no such group");
    cr_assert_eq(read_line("--listen unix:s --group root"), LATTN_OK);
    cr_assert(config.has_group && config.group == 0);
    cr_assert_eq(read_line("--listen unix:s --group 1234"), LATTN_OK);
    cr_assert_eq(config.group, 1234);
    cr_assert_eq(read_line("--listen unix:s"), LATTN_OK);
    cr_assert_not(config.has_group);
}

Test(config, refuses_values_outside_their_range)
{
    refuses("--listen stdin --dim 0", LATTN_RANGE, "1..256");
    refuses("--listen stdin --dim 257", LATTN_RANGE, "--dim 257");
    refuses("--listen stdin --dim four", LATTN_SYNTAX, "whole number");
    refuses("--listen stdin --outputs 1025", LATTN_RANGE, "1..1024");
    refuses("--listen stdin --forget 0", LATTN_RANGE, "--forget 0");
    refuses("--listen stdin --forget 1.5", LATTN_RANGE, "--forget 1.5");
    refuses("--listen stdin --forget nan", LATTN_RANGE, "--forget nan");
    refuses("--listen stdin --ridge -1", LATTN_RANGE, "--ridge -1");
    refuses("--listen stdin --emit-every 0s", LATTN_RANGE, "--emit-every 0s");
    refuses("--listen stdin --emit-every 5", LATTN_SYNTAX, "--emit-every 5");
    refuses("--listen stdin --stop-timeout 0s", LATTN_RANGE, "--stop-timeout 0s: must be above 0");
    refuses("--listen stdin --stop-timeout 5", LATTN_SYNTAX, "--stop-timeout 5: not a time");
    refuses("--listen stdin --max-frame 0", LATTN_RANGE, "--max-frame 0");
    refuses("--listen stdin --max-frame 2G", LATTN_RANGE, "--max-frame 2G");
    refuses("--listen stdin --max-memory 0", LATTN_RANGE, "--max-memory 0");
    refuses("--listen stdin --heads 0", LATTN_RANGE, "--heads 0");
    refuses("--listen stdin --precision 18", LATTN_RANGE, "--precision 18");
    refuses("--listen stdin --log-level loud", LATTN_FIELD, "not one of: debug");
}

Test(config, counts_the_bias_among_the_coordinates)
{
    refuses("--listen stdin --dim 256 --bias", LATTN_RANGE, "--dim 256 with --bias");
    refuses("--listen stdin --bias --dim 256", LATTN_RANGE, "--dim 256 with --bias");
    cr_assert_eq(read_line("--listen stdin --dim 255 --bias"), LATTN_OK);
    cr_assert_eq(read_line("--listen stdin --dim 256"), LATTN_OK);
}

Test(config, says_what_is_missing)
{
    refuses("", LATTN_FIELD, "--listen");
    refuses("--dim 4", LATTN_FIELD, "--listen");
    refuses("--listen", LATTN_FIELD, "needs a value");
    refuses("--listen stdin --bias=1", LATTN_FIELD, "--bias 1: neither true nor false");
    refuses("--listen stdin --explain=yes", LATTN_FIELD, "takes no value");
    refuses("--listen stdin --listen stdin", LATTN_ADDRESS, "twice");
    refuses("--listen fd:3 --listen fd:03", LATTN_ADDRESS, "twice");
    refuses("--listen stdin --emit-dir=", LATTN_FIELD, "--emit-dir \"\": names no directory");
    refuses("--explain", LATTN_FIELD, "--explain: needs --dim");
    refuses("--explain --check-config --dim 4", LATTN_FIELD, "one at a time");
}

Test(config, help_and_version_need_nothing_else)
{
    cr_assert_eq(read_line("--help"), LATTN_OK);
    cr_assert_eq(config.action, CONFIG_HELP);
    cr_assert_eq(read_line("--dim 4 --version"), LATTN_OK);
    cr_assert_eq(config.action, CONFIG_VERSION);
}

Test(config, help_wins_over_mistakes)
{
    cr_assert_eq(read_line("--forget 7 --help"), LATTN_OK);
    cr_assert_eq(config.action, CONFIG_HELP);
}

Test(config, takes_a_flag_with_and_without_a_word)
{
    cr_assert_eq(read_line("--listen stdin --bias"), LATTN_OK);
    cr_assert_eq(config.learner.bias, 1);
    cr_assert_eq(read_line("--listen stdin --bias=true --bias=false"), LATTN_OK);
    cr_assert_eq(config.learner.bias, 0);
}

Test(config, takes_addresses_of_every_kind)
{
    cr_assert_eq(read_line("--listen unix:/a --listen tcp:[::1]:0 --listen fd:3 --listen stdin"),
                 LATTN_OK, "%s", complaint.text);
    cr_assert_eq(config.addresses_count, 4);
    cr_assert_str_eq(config.addresses[1].address.host, "::1");
    cr_assert_str_eq(config.addresses[1].text, "tcp:[::1]:0");
    cr_assert_eq(config.addresses[2].address.fd, 3);
}

Test(config, refuses_more_addresses_than_it_has_room_for)
{
    char line[1024] = "";
    size_t length = 0;

    for (int i = 0; i < CONFIG_LISTEN_MAX; i++)
        length += (size_t)snprintf(line + length, sizeof line - length, "--listen fd:%d ", i + 3);
    cr_assert_eq(read_line(line), LATTN_OK, "%s", complaint.text);
    snprintf(line + length, sizeof line - length, "--listen stdin");
    refuses(line, LATTN_RANGE, "--listen stdin: at most 16 addresses");
}

/* The defaults are words of a table; they must say what the library does without any. */
Test(config, defaults_agree_with_the_library)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    cr_assert_eq(read_line("--listen stdin"), LATTN_OK);
    cr_assert_eq(memcmp(&config.learner, &settings, sizeof settings), 0);
}

/* ---- the file ---- */

Test(config, reads_a_file, .init = file_make, .fini = file_remove)
{
    file_write("# a comment\n"
               "\n"
               "listen = unix:/tmp/a#b # a comment\r\n"
               "  listen=stdin\n"
               "forget = 0.5# no comment\n"
               "\tbias\t=\ttrue\t\n"
               "emit-dir = \" a \\\"quoted\\\" \\\\ # path \" # a comment\n"
               "dim = 5");
    refuses("--config FILE", LATTN_SYNTAX, ":5: forget 0.5# no comment: not a number");
    file_write("listen = unix:/tmp/a#b # a comment\r\n"
               "  listen=stdin\n"
               "\tbias\t=\ttrue\t\n"
               "emit-dir = \" a \\\"quoted\\\" \\\\ # path \" # a comment\n"
               "dim = 5");
    cr_assert_eq(read_line("--config FILE"), LATTN_OK, "%s", complaint.text);
    cr_assert_eq(config.addresses_count, 2);
    cr_assert_str_eq(config.addresses[0].text, "unix:/tmp/a#b");
    cr_assert_eq(config.learner.bias, 1);
    cr_assert_eq(config.learner.dim, 5);
    cr_assert_str_eq(config.emit_dir, " a \"quoted\" \\ # path ");
    cr_assert_str_eq(config.file_path, file_path);
}

Test(config, names_file_line_and_value_of_a_mistake, .init = file_make, .fini = file_remove)
{
    static const struct {
        const char *text;
        enum lattn_status status;
        const char *mention;
    } mistakes[] = {
        {"\n\nforget = 1.5\n", LATTN_RANGE, ":3: forget 1.5: must be above 0 and at most 1"},
        {"forgt = 1\n", LATTN_FIELD, ":1: forgt: not an option"},
        {"dim = 4\ndim = 4\n", LATTN_FIELD, ":2: dim: given before, on line 1"},
        {"# x\ndim 4\n", LATTN_SYNTAX, ":2: not of the form name = value"},
        {"= 4\n", LATTN_SYNTAX, ":1: not of the form name = value"},
        {"dim =\n", LATTN_SYNTAX, ":1: dim \"\": not a whole number"},
        {"dim = \"4\n", LATTN_SYNTAX, ":1: the quotes are not closed"},
        {"dim = \"4\" 5\n", LATTN_SYNTAX, ":1: after the quotes"},
        {"dim = \"\\4\"\n", LATTN_SYNTAX, ":1: in quotes a backslash"},
        {"bias = yes\n", LATTN_FIELD, ":1: bias yes: neither true nor false"},
        {"help = true\n", LATTN_FIELD, ":1: help: not in a file"},
        {"config = x\n", LATTN_FIELD, ":1: config: not in a file"},
        {"--dim = 4\n", LATTN_FIELD, ":1: --dim: not an option"},
        {"emit-dir = a\x01\n", LATTN_SYNTAX, "has a control character"},
    };

    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        file_write(mistakes[i].text);
        refuses("--listen stdin --config FILE", mistakes[i].status, mistakes[i].mention);
        cr_expect(strstr(complaint.text, file_path) != NULL, "%s", complaint.text);
    }
}

Test(config, says_why_a_file_cannot_be_read, .init = file_make, .fini = file_remove)
{
    FILE *file = fopen(file_path, "w");

    refuses("--config /nowhere/a.conf", LATTN_INPUT_OUTPUT,
            "--config /nowhere/a.conf: cannot be opened: No such file");
    refuses("--config /tmp", LATTN_INPUT_OUTPUT, "--config /tmp: cannot be read: Is a directory");
    fwrite("dim\0", 1, 4, file);
    fflush(file);
    refuses("--config FILE", LATTN_SYNTAX, "zero byte");
    for (int i = 0; i < (1 << 20); i++)
        fputc('\n', file);
    fclose(file);
    refuses("--config FILE", LATTN_TOO_BIG, "longer than 1M");
}

/* ---- the environment, and who wins ---- */

Test(config, reads_the_environment)
{
    static char *variables[] = {
        "PATH=/bin",        "LATTND_EMIT_EVERY=100pairs", "LATTND_LISTEN= unix:/a  stdin ",
        "LATTND_BIAS=true", "LATTND=of somebody else",    NULL};

    environment = variables;
    cr_assert_eq(read_line(""), LATTN_OK, "%s", complaint.text);
    cr_assert_eq(config.emit_every_pairs, 100);
    cr_assert_eq(config.learner.bias, 1);
    cr_assert_eq(config.addresses_count, 2);
    cr_assert_str_eq(config.addresses[1].text, "stdin");
}

Test(config, names_the_variable_of_a_mistake)
{
    static const struct {
        char *variable;
        enum lattn_status status;
        const char *mention;
    } mistakes[] = {
        {"LATTND_FORGET=1.5", LATTN_RANGE, "LATTND_FORGET 1.5: must be above 0"},
        {"LATTND_FORGT=1", LATTN_FIELD, "LATTND_FORGT: not an option"},
        {"LATTND_=1", LATTN_FIELD, "LATTND_: not an option"},
        {"LATTND_forget=1", LATTN_FIELD, "LATTND_forget: not an option"},
        {"LATTND_EMIT-EVERY=1s", LATTN_FIELD, "LATTND_EMIT-EVERY: not an option"},
        {"LATTND_HELP=1", LATTN_FIELD, "LATTND_HELP: not an option"},
        {"LATTND_LISTEN=stdin udp:1", LATTN_ADDRESS, "LATTND_LISTEN udp:1: not an address"},
        {"LATTND_LISTEN=", LATTN_ADDRESS, "LATTND_LISTEN \"\": not an address"},
        {"LATTND_CONFIG=/nowhere", LATTN_INPUT_OUTPUT, "LATTND_CONFIG /nowhere: cannot be opened"},
    };
    static char *variables[] = {NULL, NULL};

    environment = variables;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        variables[0] = mistakes[i].variable;
        refuses("--listen stdin", mistakes[i].status, mistakes[i].mention);
    }
}

Test(config, lets_the_stronger_source_win, .init = file_make, .fini = file_remove)
{
    static char *variables[] = {"LATTND_DIM=2", "LATTND_OUTPUTS=2", NULL};

    file_write("dim = 1\noutputs = 1\nheads = 1\n");
    environment = variables;
    cr_assert_eq(read_line("--config FILE --listen stdin --dim 3"), LATTN_OK);
    cr_assert_eq(config.learner.dim, 3);
    cr_assert_eq(config.learner.outputs, 2);
    cr_assert_eq(config.heads_count, 1);
    cr_assert_eq(config.learner.forget, 1);
}

Test(config, finds_mistakes_in_weaker_sources, .init = file_make, .fini = file_remove)
{
    file_write("dim = none\n");
    refuses("--config FILE --listen stdin --dim 3", LATTN_SYNTAX, ":1: dim none");
}

Test(config, takes_addresses_from_the_strongest_source, .init = file_make, .fini = file_remove)
{
    static char *variables[] = {"LATTND_LISTEN=unix:/b", NULL};

    file_write("listen = unix:/a\nlisten = stdin\n");
    cr_assert_eq(read_line("--config FILE"), LATTN_OK);
    cr_assert_eq(config.addresses_count, 2);
    config_done(&config);
    environment = variables;
    cr_assert_eq(read_line("--config FILE"), LATTN_OK);
    cr_assert_eq(config.addresses_count, 1);
    cr_assert_str_eq(config.addresses[0].text, "unix:/b");
    config_done(&config);
    cr_assert_eq(read_line("--config FILE --listen stdin"), LATTN_OK);
    cr_assert_eq(config.addresses_count, 1);
    cr_assert_str_eq(config.addresses[0].text, "stdin");
}

Test(config, the_command_line_names_another_file, .init = file_make, .fini = file_remove)
{
    static char *variables[] = {"LATTND_CONFIG=/nowhere", NULL};

    file_write("listen = stdin\n");
    environment = variables;
    cr_assert_eq(read_line("--config FILE"), LATTN_OK, "%s", complaint.text);
}
