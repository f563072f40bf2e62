#include "store/record.h"

#include "base/memory.h"
#include "base/random.h"
#include "support/corpus.h"
#include "support/leaks.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct lattn_complaint complaint;

/* Dense tokens, tokens that name two coordinates and none, and a label for every prefix. */
static const double dense_z[] = {1, -0.0, 0.1, 1e-300}, dense_y[] = {2.5};
static const double ones_z[] = {2, 0, 4, 0}, ones_y[] = {1, 2, 3, 4};
static const double causal_z[] = {1, 2, 3}, causal_y[] = {-1, -2, -3};

static const struct lattn_item items[] = {
    {.z = dense_z, .y = dense_y, .weight = 1, .n = 2, .d = 2, .m = 1},
    {.z = ones_z,
     .y = ones_y,
     .weight = 0.5,
     .n = 2,
     .d = 5,
     .m = 2,
     .labels = LATTN_LABELS_FULL,
     .tokens = LATTN_TOKENS_ONES},
    {.z = causal_z,
     .y = causal_y,
     .weight = 3,
     .precision = LATTN_PRECISION_F32,
     .n = 3,
     .d = 1,
     .m = 1,
     .labels = LATTN_LABELS_CAUSAL},
};

static const struct record_note notes[] = {{"a", 1}, {"feed-5d41", UINT64_MAX}};
static const struct arrivals_mark marks[] = {
    {.stream = "lattn_0@1", .seq = 8, .time_ns = -3, .known = 9, .lost = 1, .rolled_back = 2}};
static const struct arrivals_span spans[] = {{"lattn_0/5d41", 3, 7}, {"q", 0, UINT64_MAX}};
static const char *const append[] = {"x", "seven77", "eight888"}, *const outputs[] = {""};
static const struct lattn_block blocks[] = {{"state", 1, 2}, {"tape", -3, 0}};

static const struct record block = {.kind = RECORD_BLOCK,
                                    .items = items,
                                    .items_count = 3,
                                    .notes = notes,
                                    .notes_count = 2,
                                    .tally = {.accepted = 5, .rejected = 6, .duplicates = 7}};
static const struct record streamed = {.kind = RECORD_BLOCK,
                                       .items = items,
                                       .items_count = 1,
                                       .marks = marks,
                                       .marks_count = 1,
                                       .spans = spans,
                                       .spans_count = 2,
                                       .tally = {.accepted = 1}};
static const struct record naming = {.kind = RECORD_NAMES,
                                     .append = append,
                                     .append_count = 3,
                                     .outputs = outputs,
                                     .outputs_count = 1,
                                     .blocks = blocks,
                                     .blocks_count = 2};
static const struct record reset = {.kind = RECORD_RESET};
static const struct record nothing = {.kind = RECORD_BLOCK};

static const struct record *const examples[] = {&block, &naming, &reset, &nothing, &streamed};
enum { EXAMPLES = 5 };

static unsigned char *bytes_of(const struct record *record)
{
    unsigned char *bytes = memory_raw(1, record_bytes(record));

    cr_assert_not_null(bytes);
    record_write(record, bytes);
    return bytes;
}

static void assert_same_item(const struct lattn_item *got, const struct lattn_item *want)
{
    size_t rows = (size_t)lattn_item_rows(want);

    cr_assert_eq(got->weight, want->weight);
    cr_assert_eq(got->precision, want->precision);
    cr_assert(got->n == want->n && got->d == want->d && got->m == want->m);
    cr_assert(got->labels == want->labels && got->tokens == want->tokens);
    cr_assert_eq(lattn_item_numbers(got), lattn_item_numbers(want));
    cr_assert_eq(memcmp(got->z, want->z, (size_t)lattn_item_numbers(want) * sizeof(double)), 0);
    cr_assert_eq(memcmp(got->y, want->y, rows * (size_t)want->m * sizeof(double)), 0);
}

static void assert_same(const struct record *got, const struct record *want)
{
    cr_assert(got->kind == want->kind && got->items_count == want->items_count &&
              got->notes_count == want->notes_count && got->marks_count == want->marks_count &&
              got->spans_count == want->spans_count);
    cr_assert(got->append_count == want->append_count &&
              got->outputs_count == want->outputs_count && got->blocks_count == want->blocks_count);
    cr_assert_eq(memcmp(&got->tally, &want->tally, sizeof want->tally), 0);
    for (size_t i = 0; i < want->items_count; i++)
        assert_same_item(&got->items[i], &want->items[i]);
    for (size_t i = 0; i < want->notes_count; i++) {
        cr_assert_str_eq(got->notes[i].producer, want->notes[i].producer);
        cr_assert_eq(got->notes[i].seq, want->notes[i].seq);
    }
    for (size_t i = 0; i < want->marks_count; i++)
        cr_assert_eq(memcmp(&got->marks[i], &want->marks[i], sizeof *want->marks), 0);
    for (size_t i = 0; i < want->spans_count; i++) {
        cr_assert_str_eq(got->spans[i].publisher, want->spans[i].publisher);
        cr_assert(got->spans[i].first == want->spans[i].first &&
                  got->spans[i].last == want->spans[i].last);
    }
    for (size_t i = 0; i < want->append_count; i++)
        cr_assert_str_eq(got->append[i], want->append[i]);
    for (size_t i = 0; i < want->outputs_count; i++)
        cr_assert_str_eq(got->outputs[i], want->outputs[i]);
    for (size_t i = 0; i < want->blocks_count; i++) {
        cr_assert_str_eq(got->blocks[i].name, want->blocks[i].name);
        cr_assert_eq(got->blocks[i].start, want->blocks[i].start);
        cr_assert_eq(got->blocks[i].size, want->blocks[i].size);
    }
}

Test(record, comes_back_as_it_was)
{
    for (int i = 0; i < EXAMPLES; i++) {
        unsigned char *bytes = bytes_of(examples[i]);
        struct record_copy copy;

        cr_assert_eq(record_bytes(examples[i]) % 8, 0);
        cr_assert_eq(record_read(bytes, record_bytes(examples[i]), &copy, &complaint), LATTN_OK);
        assert_same(&copy.record, examples[i]);
        record_copy_done(&copy);
        cr_assert_null(copy.bytes);
        memory_release(bytes);
    }
    cr_assert_eq(leaks(), 0);
}

Test(record, is_read_and_written_wherever_it_lies)
{
    unsigned char *bytes = bytes_of(&block);
    unsigned char *room = memory_zeroed(1, record_bytes(&block) + 8);

    for (size_t offset = 1; offset < 8; offset++) {
        struct record_copy copy;

        record_write(&block, room + offset);
        cr_assert_eq(memcmp(room + offset, bytes, record_bytes(&block)), 0);
        cr_assert_eq(record_read(room + offset, record_bytes(&block), &copy, NULL), LATTN_OK);
        assert_same(&copy.record, &block);
        record_copy_done(&copy);
    }
    memory_release(room);
    memory_release(bytes);
}

/* Written down once, by hand: a record of version 1 is read for ever. */
static const unsigned char golden[] = {
    1, 0, 0, 0, 1,   0,   0,    0,    /* version 1, a block */
    2, 0, 0, 0, 0,   0,   0,    0,    /* accepted */
    0, 1, 0, 0, 0,   0,   0,    0,    /* rejected */
    3, 0, 0, 0, 0,   0,   0,    0,    /* duplicates */
    1, 0, 0, 0, 1,   0,   0,    0,    /* one item, one note */
    0, 0, 0, 0, 0,   0,   0xf0, 0x3f, /* weight 1 */
    0, 0, 0, 0, 0,   0,   0,    0,    /* precision */
    2, 0, 0, 0, 3,   0,   0,    0,    /* n, d */
    1, 0, 0, 0, 1,   1,   0,    0,    /* m, causal, tokens of ones */
    0, 0, 0, 0, 0,   0,   0xf0, 0x3f, /* the first token names one, */
    0, 0, 0, 0, 0,   0,   0,    0x40, /* number 2 */
    0, 0, 0, 0, 0,   0,   0,    0,    /* the second none */
    0, 0, 0, 0, 0,   0,   0xe0, 0x3f, /* labels 0.5 */
    0, 0, 0, 0, 0,   0,   0xe0, 0xbf, /* and -0.5 */
    9, 0, 0, 0, 0,   0,   0,    0,    /* the note: seq, */
    4, 0, 0, 0, 'a', 'b', 'c',  'd',  /* producer */
    0, 0, 0, 0, 0,   0,   0,    0,    /* and how its text ends */
};

Test(record, of_version_1_is_read_and_written)
{
    static const double z[] = {1, 2, 0}, y[] = {0.5, -0.5};
    static const struct lattn_item item = {.z = z,
                                           .y = y,
                                           .weight = 1,
                                           .n = 2,
                                           .d = 3,
                                           .m = 1,
                                           .labels = LATTN_LABELS_CAUSAL,
                                           .tokens = LATTN_TOKENS_ONES};
    static const struct record_note note = {"abcd", 9};
    static const struct record want = {
        .kind = RECORD_BLOCK,
        .items = &item,
        .items_count = 1,
        .notes = &note,
        .notes_count = 1,
        .tally = {.accepted = 2, .rejected = 256, .duplicates = 3},
    };
    unsigned char *bytes = bytes_of(&want);
    struct record_copy copy;

    cr_assert_eq(record_bytes(&want), sizeof golden);
    cr_assert_eq(memcmp(bytes, golden, sizeof golden), 0);
    cr_assert_eq(record_read(golden, sizeof golden, &copy, &complaint), LATTN_OK);
    assert_same(&copy.record, &want);
    record_copy_done(&copy);
    memory_release(bytes);
}

Test(record, of_another_version_is_refused_by_name)
{
    unsigned char bytes[sizeof golden];
    struct record_copy copy;

    memcpy(bytes, golden, sizeof golden);
    bytes[0] = 7;
    cr_assert_eq(record_read(bytes, sizeof bytes, &copy, &complaint), LATTN_OTHER_VERSION);
    cr_assert_str_eq(complaint.text, "a record has version 7, versions up to 2 are known");
}

Test(record, cut_short_or_too_long_is_refused)
{
    for (int i = 0; i < EXAMPLES; i++) {
        size_t length = record_bytes(examples[i]);
        unsigned char *bytes = bytes_of(examples[i]);
        unsigned char *longer = memory_zeroed(1, length + 8);
        struct record_copy copy;

        for (size_t cut = 0; cut < length; cut++) {
            unsigned char *piece = memory_raw(1, cut);

            memcpy(piece, bytes, cut);
            cr_assert_eq(record_read(piece, cut, &copy, &complaint), LATTN_DAMAGED);
            memory_release(piece);
        }
        memcpy(longer, bytes, length);
        cr_assert_eq(record_read(longer, length + 8, &copy, &complaint), LATTN_DAMAGED);
        memory_release(longer);
        memory_release(bytes);
    }
}

/* Everything a record says is there: all numbers and all texts can be read. */
static double walk(const struct record *record)
{
    double sum = 0;

    for (size_t i = 0; i < record->items_count; i++) {
        const struct lattn_item *item = &record->items[i];
        int64_t numbers = lattn_item_numbers(item);

        for (int64_t k = 0; k < numbers; k++)
            sum += item->z[k];
        for (int64_t k = 0; k < (int64_t)lattn_item_rows(item) * item->m; k++)
            sum += item->y[k];
    }
    for (size_t i = 0; i < record->notes_count; i++)
        sum += (double)strlen(record->notes[i].producer);
    for (size_t i = 0; i < record->append_count; i++)
        sum += (double)strlen(record->append[i]);
    for (size_t i = 0; i < record->outputs_count; i++)
        sum += (double)strlen(record->outputs[i]);
    for (size_t i = 0; i < record->blocks_count; i++)
        sum += (double)strlen(record->blocks[i].name);
    return sum;
}

/* One to four bytes become others: mostly single bits and small numbers, which go furthest. */
static void spoil(unsigned char *bytes, size_t length, struct random *random)
{
    static const unsigned char likely[] = {0, 1, 2, 3, 4, 8, 16, 127, 128, 255};
    uint32_t count = 1 + random_below(random, 4);

    while (count-- > 0) {
        unsigned char *at = &bytes[random_below(random, (uint32_t)length)];

        if (random_below(random, 2) == 0)
            *at ^= (unsigned char)(1 << random_below(random, 8));
        else
            *at = likely[random_below(random, sizeof likely)];
    }
}

Test(record, is_sound_or_refused_whatever_its_bytes_are)
{
    struct random random = {.state = 20261122};
    int runs = corpus_is_long() ? 1000000 : 100000, read = 0;
    double sum = 0;

    for (int run = 0; run < runs; run++) {
        const struct record *record = examples[run % EXAMPLES];
        size_t length = record_bytes(record);
        unsigned char *bytes = bytes_of(record);
        struct record_copy copy;

        spoil(bytes, length, &random);
        if (record_read(bytes, length, &copy, &complaint) == LATTN_OK) {
            sum += walk(&copy.record);
            cr_assert_eq(record_bytes(&copy.record), length);
            record_copy_done(&copy);
            read++;
        }
        memory_release(bytes);
    }
    cr_assert(read > runs / 100 && read < runs, "%d of %d were read, sum %g", read, runs, sum);
    cr_assert_eq(leaks(), 0);
}

Test(record, without_memory_is_refused)
{
    unsigned char *bytes = bytes_of(&block);
    struct record_copy copy;
    uint64_t after = 0;
    enum lattn_status status;

    do {
        memory_fail(++after, 0);
        status = record_read(bytes, record_bytes(&block), &copy, &complaint);
        cr_assert_eq(status, memory_failed() ? LATTN_NO_MEMORY : LATTN_OK);
    } while (status != LATTN_OK);
    cr_assert_eq(after, 3);
    memory_fail(0, 0);
    record_copy_done(&copy);
    memory_release(bytes);
    cr_assert_eq(leaks(), 0);
}
