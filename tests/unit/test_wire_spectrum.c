/* The spectrum in an emission. */
#include <lattn/wire.h>

#include <criterion/criterion.h>
#include <string.h>

/* An emission with this part, as a client reads it. */
static struct lattn_reply emission_with(const struct lattn_text *spectrum, enum lattn_format format)
{
    char nothing[] = "{}";
    char no_keys[] = "\x80";
    const struct lattn_text status = {.data = format == LATTN_FORMAT_JSON ? nothing : no_keys,
                                      .length = format == LATTN_FORMAT_JSON ? 2 : 1};
    struct lattn_text text = {0};
    struct lattn_reply reply;

    cr_assert_eq(lattn_write_emission(&text, format, &status, NULL, spectrum), LATTN_OK);
    cr_assert_eq(lattn_reply_read(text.data, text.length, format, &reply, NULL), LATTN_OK);
    lattn_text_done(&text);
    return reply;
}

static void assert_comes_back(const struct lattn_spectrum *spectrum, enum lattn_format format)
{
    struct lattn_text text = {0};
    struct lattn_spectrum back;
    struct lattn_reply reply;

    cr_assert_eq(lattn_write_spectrum(&text, format, spectrum), LATTN_OK);
    reply = emission_with(&text, format);
    cr_assert_eq(lattn_reply_spectrum(&reply, &back), LATTN_OK);
    cr_expect_eq(back.seen, spectrum->seen);
    cr_expect_eq(back.generation, spectrum->generation);
    cr_assert_eq(back.largest_count, spectrum->largest_count);
    cr_assert_eq(back.smallest_count, spectrum->smallest_count);
    for (int32_t i = 0; i < back.largest_count; i++)
        cr_expect_eq(back.largest[i], spectrum->largest[i]);
    for (int32_t i = 0; i < back.smallest_count; i++)
        cr_expect_eq(back.smallest[i], spectrum->smallest[i]);
    cr_assert_eq(back.heads_count, spectrum->heads_count);
    for (int32_t i = 0; i < back.heads_count; i++)
        cr_expect_eq(back.heads[i], spectrum->heads[i]);
    lattn_spectrum_done(&back);
    lattn_reply_done(&reply);
    lattn_text_done(&text);
}

Test(wire_spectrum, comes_back_as_it_was)
{
    double values[] = {1, 0.1, 0x1.999p-30, 0};
    double sizes[] = {3.5, 0.25};
    const struct lattn_spectrum ends = {.seen = 2176,
                                        .generation = 1234,
                                        .largest = values,
                                        .largest_count = 2,
                                        .smallest = values + 2,
                                        .smallest_count = 2,
                                        .heads = sizes,
                                        .heads_count = 2};
    const struct lattn_spectrum all = {.seen = 4, .largest = values, .largest_count = 4};
    const struct lattn_spectrum none = {.generation = 0};

    for (int format = 0; format < 2; format++) {
        assert_comes_back(&ends, (enum lattn_format)format);
        assert_comes_back(&all, (enum lattn_format)format);
        assert_comes_back(&none, (enum lattn_format)format);
    }
}

Test(wire_spectrum, is_written_as_documented)
{
    double values[] = {1, 0.5};
    const struct lattn_spectrum spectrum = {
        .seen = 2, .generation = 7, .largest = values, .largest_count = 2};
    struct lattn_text text = {0};

    cr_assert_eq(lattn_write_spectrum(&text, LATTN_FORMAT_JSON, &spectrum), LATTN_OK);
    cr_expect_str_eq(
        text.data,
        "{\"generation\":7,\"seen\":2,\"largest\":[1,0.5],\"smallest\":[],\"heads\":[]}");
    lattn_text_done(&text);
}

Test(wire_spectrum, is_refused_where_it_makes_no_sense)
{
    static char *const bad[] = {
        "{\"seen\":1,\"largest\":[1,0.5],\"smallest\":[]}",
        "{\"seen\":2,\"largest\":[1],\"smallest\":[0.5,0.1]}",
        "{\"seen\":1,\"largest\":[1]}",
        "{\"seen\":1,\"largest\":null,\"smallest\":[]}",
        "{\"seen\":1,\"largest\":[\"1\"],\"smallest\":[]}",
        "{\"seen\":1,\"largest\":[1],\"smallest\":[],\"heads\":[true]}",
        "[]",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct lattn_text text = {.data = bad[i], .length = strlen(bad[i])};
        struct lattn_reply reply = emission_with(&text, LATTN_FORMAT_JSON);
        struct lattn_spectrum spectrum;

        cr_expect_eq(lattn_reply_spectrum(&reply, &spectrum), LATTN_FIELD, "%s", bad[i]);
        lattn_reply_done(&reply);
    }
}

Test(wire_spectrum, is_missing_where_it_was_not_sent)
{
    struct lattn_reply reply = emission_with(NULL, LATTN_FORMAT_JSON);
    struct lattn_spectrum spectrum;

    cr_expect_eq(lattn_reply_spectrum(&reply, &spectrum), LATTN_FIELD);
    lattn_reply_done(&reply);
}
