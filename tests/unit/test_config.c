#include "serve/config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { ARGUMENTS_MAX = 40 };

static struct config config;
static enum config_action action;
static struct lattn_complaint complaint;

/* Read a command line given as words separated by blanks. */
static enum lattn_status read_line(const char *line)
{
    static char words[1024];
    char *arguments[ARGUMENTS_MAX] = {"lattnd"};
    int count = 1;

    memset(&config, 0, sizeof config);
    complaint.text[0] = '\0';
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        arguments[count++] = word;
    return config_read(count, arguments, &config, &action, &complaint);
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
    cr_assert_eq(action, CONFIG_RUN);
    cr_assert_eq(config.addresses_count, 1);
    cr_assert_eq(config.addresses[0].kind, CONFIG_ADDRESS_STDIN);
    cr_assert_eq(config.learner.dim, 0);
    cr_assert_eq(config.learner.outputs, 0);
    cr_assert_eq(config.learner.forget, 1);
    cr_assert_eq(config.emit_every_ns, UINT64_C(1000000000));
    cr_assert_eq(config.emit_every_pairs, 0);
    cr_assert_null(config.emit_dir);
    cr_assert_eq(config.heads, LATTN_HEADS_SVD);
    cr_assert_eq(config.frame_bytes_max, LATTN_FRAME_BYTES_DEFAULT);
    cr_assert_eq(config.log_level, LOG_LEVEL_INFO);
}

Test(config, takes_every_option)
{
    cr_assert_eq(read_line("--listen unix:/tmp/a --listen=stdin --dim 4 --outputs=2 --bias "
                           "--forget 0.999 --precision f32 --ridge 1e-6 --engine rls "
                           "--emit-every 250ms --emit-dir /tmp --heads 3 "
                           "--exit-when identifying --max-memory 1G --max-frame 64K "
                           "--log-level debug --log-format json"),
                 LATTN_OK, "%s", complaint.text);
    cr_assert_eq(config.addresses_count, 2);
    cr_assert_str_eq(config.addresses[0].path, "/tmp/a");
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

Test(config, refuses_what_does_not_exist)
{
    refuses("--listen stdin --state /tmp/s", LATTN_FIELD, "--state");
    refuses("--listen stdin --http 127.0.0.1:80", LATTN_FIELD, "--http");
    refuses("--listen stdin extra", LATTN_FIELD, "extra: not an option");
    refuses("--listen tcp:127.0.0.1:7", LATTN_ADDRESS, "tcp:127.0.0.1:7");
    refuses("--listen unix:", LATTN_ADDRESS, "unix:");
    refuses("--listen stdin --engine gram", LATTN_FIELD, "--engine gram: not one of: rls");
    refuses("--listen stdin --exit-when tired", LATTN_FIELD, "not one of: identifying");
    refuses("--listen stdin --log-format xml", LATTN_FIELD, "not one of: logfmt, json");
    refuses("--listen stdin --heads fewest", LATTN_RANGE, "fewest");
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
    refuses("--listen stdin --bias=1", LATTN_FIELD, "takes no value");
    refuses("--listen stdin --listen stdin", LATTN_ADDRESS, "twice");
}

Test(config, help_and_version_need_nothing_else)
{
    cr_assert_eq(read_line("--help"), LATTN_OK);
    cr_assert_eq(action, CONFIG_HELP);
    cr_assert_eq(read_line("--dim 4 --version"), LATTN_OK);
    cr_assert_eq(action, CONFIG_VERSION);
}

Test(config, help_lists_every_option_that_is_taken)
{
    char text[8192] = "";
    FILE *out = fmemopen(text, sizeof text - 1, "w");

    config_help(out);
    fclose(out);
    cr_assert(strstr(text, "--listen ADDR") != NULL);
    cr_assert(strstr(text, "--log-format FORMAT") != NULL);
    cr_assert(strstr(text, "--version") != NULL);
}
