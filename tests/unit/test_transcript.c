#include <lattn/transcript.h>

#include <criterion/criterion.h>
#include <string.h>

static const struct lattn_transcript example = {
    .version = "1.2",
    .oracle = "exec:python3 \"my oracle.py\"",
    .d = 8,
    .m = 3,
    .positions = 1,
    .decided = "model auto, seed 1",
};

static enum lattn_status read_text(const char *text, struct lattn_transcript *ret_transcript,
                                   char ret_words[256])
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status =
        lattn_transcript_read(text, strlen(text), ret_transcript, &complaint);

    memcpy(ret_words, complaint.text, sizeof complaint.text);
    return status;
}

Test(transcript, reads_back_what_was_written)
{
    struct lattn_transcript read;
    struct lattn_text text;
    char words[256];

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_transcript(&text, &example), LATTN_OK);
    cr_assert_eq(read_text(text.data, &read, words), LATTN_OK, "%s", words);
    lattn_text_done(&text);
    cr_expect_str_eq(read.format, "lattn probe 1");
    cr_expect_str_eq(read.version, example.version);
    cr_expect_str_eq(read.oracle, example.oracle);
    cr_expect_str_eq(read.decided, example.decided);
    cr_expect_eq(read.d, 8);
    cr_expect_eq(read.m, 3);
    cr_expect_eq(read.positions, 1);
}

Test(transcript, refuses_what_is_none)
{
    static const struct {
        const char *text;
        enum lattn_status status;
    } cases[] = {
        {"", LATTN_SYNTAX},
        {"{\"z\": [[1]], \"y\": 1}", LATTN_OTHER_VERSION},
        {"{\"log\": \"lattn probe 2\", \"d\": 1, \"m\": 1}", LATTN_OTHER_VERSION},
        {"{\"log\": \"lattn probe 1\", \"d\": 0, \"m\": 1}", LATTN_RANGE},
        {"{\"log\": \"lattn probe 1\", \"d\": 257, \"m\": 1}", LATTN_RANGE},
        {"{\"log\": \"lattn probe 1\", \"d\": 1, \"m\": 1025}", LATTN_RANGE},
        {"{\"log\": \"lattn probe 1\", \"d\": \"1\", \"m\": 1}", LATTN_FIELD},
        {"{\"log\": \"lattn probe 1\", \"d\": 1, \"m\": 1} x", LATTN_SYNTAX},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_transcript transcript = {.d = -7};
        char words[256];

        cr_expect_eq(read_text(cases[i].text, &transcript, words), cases[i].status, "%s: %s",
                     cases[i].text, words);
        cr_expect_eq(transcript.d, -7);
    }
}
