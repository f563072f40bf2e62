/*
 * A store with two checkpoints and a journal is damaged at random, from a bit to a page, moved
 * pages and lost ends among them. Whatever it is, recovery gives the state that was there, to the
 * bit, or refuses with a reason; and most of what hits one checkpoint alone is made good.
 */
#include "store/recover.h"

#include "core/dense.h"
#include "support/corpus.h"
#include "support/diary.h"
#include "support/folder.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { COURSE = 3, SEED = 7, RUNS = 80, RUNS_LONG = 2000, PAGE = 4096, CHECKPOINTS = 2 };

static struct folder folder;
static struct diary diary;
static struct lattn_complaint complaint;

/*
 * bytes  of the store, `length` of them; those before `end` were used at some time
 * from, to  where the pieces of the checkpoints lie, in whole pages
 */
static struct {
    unsigned char *bytes;
    size_t length;
    size_t end;
    size_t from[CHECKPOINTS];
    size_t to[CHECKPOINTS];
} whole;

static struct {
    int exact;    /* nothing that matters was hit */
    int renewed;  /* from the newest checkpoint, but the store was made anew */
    int previous; /* from the one before */
    int refused;
    int hits; /* of one checkpoint alone */
    int recovered_hits;
} tally;

static void find_checkpoint(int number, const struct state *state)
{
    struct bytes image = diary_image(state);
    unsigned char *at = memmem(whole.bytes, whole.length, image.data, image.length);

    cr_assert_not_null(at, "a checkpoint of one piece");
    whole.from[number] = (size_t)(at - whole.bytes) / PAGE * PAGE;
    whole.to[number] = ((size_t)(at - whole.bytes) + image.length + 8 + PAGE - 1) / PAGE * PAGE;
    bytes_done(&image);
}

static void make_whole(void)
{
    struct state states[CHECKPOINTS];

    diary_begin(&diary, COURSE, SEED);
    cr_assert_eq(diary_open(&diary, folder.path, &complaint), LATTN_OK, "%s", complaint.text);
    for (int i = 0; i < CHECKPOINTS; i++) {
        for (int step = 0; step < 3; step++)
            cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK);
        cr_assert_eq(store_checkpoint(diary.store, &diary.state, diary.position, &complaint),
                     LATTN_OK);
        cr_assert_eq(state_copy(&diary.state, &states[i]), LATTN_OK);
    }
    for (int step = 0; step < 3; step++)
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK);
    store_close(&diary.store);
    whole.bytes = folder_read(folder_file(&folder, "data.mdb"), &whole.length);
    whole.end = whole.length;
    while (whole.end > 0 && whole.bytes[whole.end - 1] == 0)
        whole.end--;
    for (int i = 0; i < CHECKPOINTS; i++) {
        find_checkpoint(i, &states[i]);
        state_done(&states[i]);
    }
}

/* ---- damage --------------------------------------------------------------------------------- */

struct damage {
    size_t from;
    size_t to;
    size_t length;
};

static int lies_in_checkpoint(size_t from, size_t to)
{
    for (int i = 0; i < CHECKPOINTS; i++)
        if (from >= whole.from[i] && to <= whole.to[i])
            return 1;
    return 0;
}

/* Checkpoints fill most of the file: some damage aims at its first pages, some at the journal. */
static size_t draw_place(struct random *random)
{
    uint32_t aim = random_below(random, 4);
    size_t at;

    do
        at = random_below(random, (uint32_t)(aim == 0 ? 16 * PAGE : whole.end));
    while (aim == 1 && lies_in_checkpoint(at, at + 1));
    return at;
}

static struct damage spoil(unsigned char *bytes, struct random *random)
{
    size_t at = draw_place(random), page = at / PAGE * PAGE;
    struct damage damage = {.from = at, .to = at + 1, .length = whole.length};

    switch (random_below(random, 7)) {
    case 0:
        bytes[at] ^= (unsigned char)(1 << random_below(random, 8));
        break;
    case 1:
        bytes[at] = (unsigned char)(bytes[at] + 1 + random_below(random, 255));
        break;
    case 2:
        damage.to = at + 8 < whole.length ? at + 8 : whole.length;
        for (size_t i = at; i < damage.to; i++)
            bytes[i] = (unsigned char)random_bits(random);
        break;
    case 3: /* a sector that was never written */
        damage = (struct damage){at / 512 * 512, at / 512 * 512 + 512, whole.length};
        memset(bytes + damage.from, 0, 512);
        break;
    case 4: /* a page of noise */
        damage = (struct damage){page, page + PAGE, whole.length};
        for (size_t i = page; i < page + PAGE; i++)
            bytes[i] = (unsigned char)random_bits(random);
        break;
    case 5: /* a page in the place of another */
        damage = (struct damage){page, page + PAGE, whole.length};
        memcpy(bytes + page, whole.bytes + draw_place(random) / PAGE * PAGE, PAGE);
        break;
    default: /* a file that ends early */
        damage = (struct damage){at, whole.length, at};
    }
    return damage;
}

/* ---- the campaign --------------------------------------------------------------------------- */

static void assert_true_or_refused(const struct damage *damage, int run)
{
    struct recover_info info;
    struct store *store = NULL;
    struct state state = {0};
    enum lattn_status status =
        recover_open(folder.path, &diary.course.settings, 0, &store, &state, &info, &complaint);
    int is_hit = lies_in_checkpoint(damage->from, damage->to);

    if (status == LATTN_OK)
        status = recover_keep(store, &state, &info, &complaint);
    tally.hits += is_hit;
    if (status == LATTN_OK) {
        cr_assert_eq(store_position(store), diary.position, "run %d lost records", run);
        cr_assert(diary_agrees(&state, &diary.state), "run %d: %zu .. %zu of %zu", run,
                  damage->from, damage->to, damage->length);
        tally.recovered_hits += is_hit;
        tally.previous += info.is_previous;
        tally.renewed += info.is_renewed && !info.is_previous;
        tally.exact += !info.is_renewed;
    } else {
        cr_assert(status == LATTN_DAMAGED || status == LATTN_OTHER_VERSION, "run %d: %d: %s", run,
                  status, complaint.text);
        cr_assert_eq(strncmp(complaint.text, "state ", 6), 0, "%s", complaint.text);
        tally.refused++;
    }
    store_close(&store);
    state_done(&state);
}

Test(corruption, is_made_good_or_refused, .timeout = 1800)
{
    struct random random = {.state = 20261122};
    int runs = corpus_is_long() ? RUNS_LONG : RUNS;
    unsigned char *bytes;

    dense_threads_one();
    folder = folder_make();
    make_whole();
    bytes = malloc(whole.length);
    for (int run = 0; run < runs; run++) {
        struct folder place = folder_make();
        struct damage damage;

        folder_remove(&folder);
        folder = place;
        memcpy(bytes, whole.bytes, whole.length);
        damage = spoil(bytes, &random);
        folder_write(folder_file(&folder, "data.mdb"), bytes, damage.length);
        assert_true_or_refused(&damage, run);
    }
    cr_log_info("of %d: %d exact, %d made anew, %d from the previous checkpoint, %d refused; of %d "
                "that hit one checkpoint %d recovered",
                runs, tally.exact, tally.renewed, tally.previous, tally.refused, tally.hits,
                tally.recovered_hits);
    cr_assert_gt(tally.hits, runs / 20);
    cr_assert_geq(2 * tally.recovered_hits, tally.hits);
    cr_assert_gt(tally.refused, 0);
    free(bytes);
    free(whole.bytes);
    diary_done(&diary);
    folder_remove(&folder);
}
