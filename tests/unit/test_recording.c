#include "recording.h"

#include "support/folder.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* An emission as a subscriber reads it, with so many pairs. */
static struct lattn_reply emission_of(uint64_t pairs)
{
    const struct lattn_report report = {
        .pairs = pairs,
        .d = 2,
        .m = 1,
        .loss_progressive = 1.0 / 3,
        .loss_recent = NAN,
        .certificate = {.p = 6, .rank = 4, .rho = 0.1, .identifying_since = LATTN_NEVER},
    };
    const struct lattn_service service = {.accepted = pairs, .heads = LATTN_NEVER};
    struct lattn_complaint complaint;
    struct lattn_text status;
    struct lattn_text line;
    struct lattn_reply reply;

    lattn_text_init(&status);
    lattn_text_init(&line);
    cr_assert_eq(lattn_write_status(&status, LATTN_FORMAT_JSON, &report, &service), LATTN_OK);
    cr_assert_eq(lattn_text_add(&line, "{\"method\":\"emission\",\"params\":{\"status\":", 40),
                 LATTN_OK);
    cr_assert_eq(lattn_text_add(&line, status.data, status.length), LATTN_OK);
    cr_assert_eq(lattn_text_add(&line, "}}", 2), LATTN_OK);
    cr_assert_eq(lattn_reply_read(line.data, line.length, LATTN_FORMAT_JSON, &reply, &complaint),
                 LATTN_OK, "%s", complaint.text);
    lattn_text_done(&status);
    lattn_text_done(&line);
    return reply;
}

static enum lattn_status add(struct recording *recording, uint64_t pairs)
{
    struct lattn_reply reply = emission_of(pairs);
    enum lattn_status status = recording_add(recording, &reply);

    lattn_reply_done(&reply);
    return status;
}

/* Open the file, add emissions with first .. last pairs, close it. */
static void record(const char *path, uint64_t first, uint64_t last)
{
    struct lattn_complaint complaint = {""};
    struct recording recording;

    cr_assert_eq(recording_extend(&recording, path, &complaint), LATTN_OK, "%s", complaint.text);
    for (uint64_t pairs = first; pairs <= last; pairs++)
        cr_assert_eq(add(&recording, pairs), LATTN_OK);
    recording_close(&recording);
}

/* The next emission has so many pairs. */
static void expect_next(struct recording *recording, uint64_t pairs)
{
    struct lattn_complaint complaint = {""};
    struct lattn_state_of_service state;
    struct lattn_reply reply;

    cr_assert_eq(recording_next(recording, &reply, &complaint), LATTN_OK, "%s", complaint.text);
    cr_assert_eq(reply.kind, LATTN_REPLY_EMISSION);
    cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
    cr_expect_eq(state.report.pairs, pairs);
    cr_expect_eq(state.report.loss_progressive, 1.0 / 3, "no number is rounded");
    cr_expect(isnan(state.report.loss_recent));
    lattn_report_done(&state.report);
    lattn_reply_done(&reply);
}

static void expect_end(struct recording *recording)
{
    struct lattn_complaint complaint = {""};
    struct lattn_reply reply;

    cr_expect_eq(recording_next(recording, &reply, &complaint), LATTN_MORE, "%s", complaint.text);
}

/* The file holds emissions with first .. last pairs. */
static void expect_whole(const char *path, uint64_t first, uint64_t last)
{
    struct lattn_complaint complaint = {""};
    struct recording recording;

    cr_assert_eq(recording_open(&recording, path, &complaint), LATTN_OK, "%s", complaint.text);
    for (uint64_t pairs = first; pairs <= last; pairs++)
        expect_next(&recording, pairs);
    expect_end(&recording);
    recording_close(&recording);
}

Test(recording, gives_back_what_was_added)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "r");

    record(path, 1, 3);
    expect_whole(path, 1, 3);
    folder_remove(&folder);
}

Test(recording, goes_on_where_it_ended)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "r");

    record(path, 1, 2);
    record(path, 3, 3);
    record(path, 4, 5);
    expect_whole(path, 1, 5);
    folder_remove(&folder);
}

Test(recording, cuts_off_half_a_line_wherever_it_was_torn)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "r");
    unsigned char *bytes;
    size_t length;
    size_t first;

    record(path, 1, 2);
    bytes = folder_read(path, &length);
    first = (size_t)((unsigned char *)memchr(bytes, '\n', length) - bytes) + 1;
    for (size_t kept = first; kept < length; kept += 1 + length / 20) {
        folder_write(path, bytes, kept);
        expect_whole(path, 1, 1);
        record(path, 2, 3);
        expect_whole(path, 1, 3);
    }
    free(bytes);
    folder_remove(&folder);
}

Test(recording, leaves_other_files_alone)
{
    static const char *const contents[] = {
        "hello",
        "hello\n",
        "\n",
        "{\"z\": [[1]], \"y\": 1}\n",
        "{\"status\": 3}\n",
        "{\"status\": {\"verdict\": \"maybe\"}}\n",
    };
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "r");

    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct lattn_complaint complaint = {""};
        struct recording recording;
        unsigned char *bytes;
        size_t length;

        folder_write(path, contents[i], strlen(contents[i]));
        cr_expect_eq(recording_extend(&recording, path, &complaint), LATTN_FIELD, "%s",
                     contents[i]);
        cr_expect_str_eq(complaint.text, "it is there, and no recording of emissions");
        bytes = folder_read(path, &length);
        cr_expect_eq(length, strlen(contents[i]));
        cr_expect_eq(memcmp(bytes, contents[i], length), 0);
        free(bytes);
        recording_close(&recording);
    }
    folder_remove(&folder);
}

Test(recording, goes_on_in_an_empty_file)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "r");

    folder_write(path, "", 0);
    record(path, 1, 1);
    expect_whole(path, 1, 1);
    folder_remove(&folder);
}

Test(recording, is_added_to_by_one_at_a_time)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "r");
    struct lattn_complaint complaint = {""};
    struct recording first;
    struct recording second;

    cr_assert_eq(recording_extend(&first, path, &complaint), LATTN_OK);
    cr_expect_eq(recording_extend(&second, path, &complaint), LATTN_CONFLICT);
    recording_close(&second);
    recording_close(&first);
    record(path, 1, 1);
    folder_remove(&folder);
}

Test(recording, can_be_read_while_it_grows)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "r");
    struct lattn_complaint complaint = {""};
    struct recording writer;

    cr_assert_eq(recording_extend(&writer, path, &complaint), LATTN_OK);
    for (uint64_t pairs = 1; pairs <= 3; pairs++) {
        cr_assert_eq(add(&writer, pairs), LATTN_OK);
        expect_whole(path, 1, pairs);
    }
    recording_close(&writer);
    folder_remove(&folder);
}

Test(recording, names_the_line_that_is_no_emission_and_goes_on)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "r");
    struct lattn_complaint complaint = {""};
    struct recording recording;
    struct lattn_reply reply;
    FILE *file;

    record(path, 1, 1);
    file = fopen(path, "a");
    cr_assert_not_null(file);
    fputs("nonsense\n", file);
    fclose(file);
    record(path, 2, 2);
    cr_assert_eq(recording_open(&recording, path, &complaint), LATTN_OK);
    expect_next(&recording, 1);
    cr_expect_eq(recording_next(&recording, &reply, &complaint), LATTN_SYNTAX);
    cr_expect_str_eq(complaint.text, "line 2: it is no emission in JSON");
    expect_next(&recording, 2);
    expect_end(&recording);
    recording_close(&recording);
    folder_remove(&folder);
}

Test(recording, says_why_it_cannot_open)
{
    struct lattn_complaint complaint = {""};
    struct recording recording;

    cr_expect_eq(recording_open(&recording, "/nowhere/r", &complaint), LATTN_INPUT_OUTPUT);
    cr_expect_str_eq(complaint.text, "No such file or directory");
    recording_close(&recording);
    cr_expect_eq(recording_extend(&recording, "/", &complaint), LATTN_INPUT_OUTPUT);
    recording_close(&recording);
}

Test(recording, stays_whole_where_space_ends_within_a_line)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "r");
    struct lattn_complaint complaint = {""};
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    struct recording recording;
    unsigned char *bytes;
    size_t length;

    record(path, 1, 1);
    bytes = folder_read(path, &length);
    free(bytes);
    (void)signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = length + length / 2;
    cr_assert_eq(recording_extend(&recording, path, &complaint), LATTN_OK);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(add(&recording, 2), LATTN_INPUT_OUTPUT);
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    bytes = folder_read(path, &length);
    cr_expect_eq(bytes[length - 1], '\n', "what was begun is taken back");
    free(bytes);
    cr_expect_eq(add(&recording, 2), LATTN_OK);
    recording_close(&recording);
    expect_whole(path, 1, 2);
    folder_remove(&folder);
}
