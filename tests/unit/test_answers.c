#include "answers.h"

#include "support/folder.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { D = 2, ENTRIES = 6, REFUSED_ID = 4 };

static const struct lattn_transcript head = {
    .version = "1", .oracle = "exec:x", .d = D, .m = 1, .decided = "model auto, seed 1"};

/* Question number id, of one token and more; the token is what a test asks again with. */
static double x_of[ENTRIES][3 * D];
static double y_of[ENTRIES];

static struct lattn_question question_of(uint64_t id)
{
    struct lattn_question question = {.n = 1 + (int32_t)(id % 3), .x = x_of[id], .y = &y_of[id]};

    for (int32_t i = 0; i < question.n * D; i++)
        x_of[id][i] = 0.1 * (double)id - i / 3.0;
    y_of[id] = 1.0 / (1 + (double)id);
    question.is_refused = id == REFUSED_ID;
    return question;
}

static struct answers *open_at(const char *path, enum answers_use use)
{
    struct lattn_complaint complaint = {""};
    struct answers *answers;

    cr_assert_eq(answers_open(&answers, path, use, &complaint), LATTN_OK, "%s", complaint.text);
    return answers;
}

static enum lattn_status add(struct answers *answers, uint64_t id)
{
    struct lattn_complaint complaint = {""};
    struct lattn_question question = question_of(id);

    return answers_add(answers, id, &question, "too long", &complaint);
}

/* Make a file with the answers to these. */
static void file_make(const char *path, const uint64_t *ids, size_t count)
{
    struct answers *answers = open_at(path, ANSWERS_EXTEND);
    struct lattn_complaint complaint;

    cr_assert_eq(answers_begin(answers, &head, &complaint), LATTN_OK);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(add(answers, ids[i]), LATTN_OK);
    answers_close(&answers);
}

static enum lattn_status recall(struct answers *answers, uint64_t id,
                                struct lattn_complaint *complaint)
{
    struct lattn_question question = question_of(id);
    double y = -7;
    char words[32] = "";
    enum lattn_status status;

    question.y = &y;
    question.is_refused = -7;
    status = answers_recall(answers, id, &question, words, sizeof words, complaint);
    if (status == LATTN_OK) {
        cr_expect_eq(question.is_refused, id == REFUSED_ID);
        cr_expect_str_eq(words, id == REFUSED_ID ? "too long" : "");
        cr_expect_eq(memcmp(&y, id == REFUSED_ID ? &(double){-7} : &y_of[id], sizeof y), 0);
    }
    return status;
}

/* How many of them are there. */
static int count_recalled(const char *path, enum answers_use use)
{
    struct answers *answers = open_at(path, use);
    struct lattn_complaint complaint = {""};
    int count = 0;

    for (uint64_t id = 0; id < ENTRIES; id++) {
        enum lattn_status status = recall(answers, id, &complaint);

        cr_assert(status == LATTN_OK || status == LATTN_MORE, "%s", complaint.text);
        count += status == LATTN_OK;
    }
    answers_close(&answers);
    return count;
}

Test(answers, are_recalled_in_any_order)
{
    static const uint64_t ids[] = {0, 3, 1, 5, 4};
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "log");

    file_make(path, ids, 5);
    cr_expect_eq(count_recalled(path, ANSWERS_READ), 5);
    cr_expect_eq(count_recalled(path, ANSWERS_EXTEND), 5);
    folder_remove(&folder);
}

Test(answers, are_for_the_owner_alone)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "log");
    struct stat facts;

    file_make(path, NULL, 0);
    cr_assert_eq(stat(path, &facts), 0);
    cr_expect_eq(facts.st_mode & 0777, 0600);
    folder_remove(&folder);
}

/* Wherever a file is cut off, whole lines are recalled and the rest is written again. */
Test(answers, go_on_behind_any_cut)
{
    static const uint64_t ids[] = {1, 2, 4};
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "log");
    struct lattn_complaint complaint;
    unsigned char *bytes;
    size_t length;

    file_make(path, ids, 3);
    bytes = folder_read(path, &length);
    for (size_t cut = 0; cut < length; cut++) {
        struct answers *answers;
        int whole = -1;

        folder_write(path, bytes, cut);
        for (size_t i = 0; i < cut; i++)
            whole += bytes[i] == '\n';
        cr_expect_eq(count_recalled(path, ANSWERS_READ), whole < 0 ? 0 : whole, "cut %zu", cut);
        answers = open_at(path, ANSWERS_EXTEND);
        cr_expect_eq(answers_head(answers) != NULL, whole >= 0);
        cr_assert_eq(answers_begin(answers, &head, &complaint), LATTN_OK);
        for (int i = whole < 0 ? 0 : whole; i < 3; i++)
            cr_assert_eq(add(answers, ids[i]), LATTN_OK);
        answers_close(&answers);
        cr_expect_eq(count_recalled(path, ANSWERS_READ), 3, "cut %zu", cut);
    }
    free(bytes);
    folder_remove(&folder);
}

Test(answers, are_those_of_the_same_questions_only)
{
    static const uint64_t ids[] = {1, 2};
    struct folder folder = folder_make();
    struct lattn_complaint complaint;
    struct answers *answers;
    struct lattn_question question;
    double x[3 * D];
    double y;
    char words[8];

    file_make(folder_file(&folder, "log"), ids, 2);
    answers = open_at(folder_file(&folder, "log"), ANSWERS_READ);
    question = question_of(2);
    memcpy(x, question.x, sizeof x);
    question.x = x;
    question.y = &y;
    cr_expect_eq(answers_recall(answers, 2, &question, words, sizeof words, &complaint), LATTN_OK);
    x[3] *= 1 + 4e-16;
    cr_expect_eq(answers_recall(answers, 2, &question, words, sizeof words, &complaint),
                 LATTN_CONFLICT);
    cr_expect(strstr(complaint.text, "other settings") != NULL, "%s", complaint.text);
    question = question_of(2);
    question.n--;
    question.y = &y;
    cr_expect_eq(answers_recall(answers, 2, &question, words, sizeof words, &complaint),
                 LATTN_CONFLICT);
    answers_close(&answers);
    folder_remove(&folder);
}

Test(answers, name_the_setting_that_differs)
{
    static const struct {
        struct lattn_transcript head;
        const char *words;
    } cases[] = {
        {{.d = 3, .m = 1, .decided = "model auto, seed 1"}, "d = 2, and not 3"},
        {{.d = 2, .m = 4, .decided = "model auto, seed 1"}, "m = 1, and not 4"},
        {{.d = 2, .m = 1, .positions = 1, .decided = "model auto, seed 1"}, "last position"},
        {{.d = 2, .m = 1, .decided = "model auto, seed 12"}, "\"seed 1\", and not \"seed 12\""},
        {{.d = 2, .m = 1, .decided = "model softmax, seed 1"},
         "\"model auto\", and not \"model softmax\""},
        {{.d = 2, .m = 1, .decided = "model auto"}, "\"seed 1\", and not \"\""},
        {{.d = 2, .m = 1, .decided = "model auto, seed 1, rank 2"}, "\"\", and not \"rank 2\""},
    };
    struct folder folder = folder_make();
    struct answers *answers;

    file_make(folder_file(&folder, "log"), NULL, 0);
    answers = open_at(folder_file(&folder, "log"), ANSWERS_EXTEND);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_complaint complaint = {""};

        cr_expect_eq(answers_begin(answers, &cases[i].head, &complaint), LATTN_CONFLICT);
        cr_expect(strstr(complaint.text, cases[i].words) != NULL, "%s", complaint.text);
    }
    answers_close(&answers);
    folder_remove(&folder);
}

Test(answers, leave_other_files_alone)
{
#define HEAD "{\"log\":\"lattn probe 1\",\"d\":2,\"m\":1}\n"
    static const char *const texts[] = {
        "hello",
        "hello\n",
        "{\"z\": [[1, 2]], \"y\": 1}\n",
        "\n",
        HEAD "x\n",
        HEAD "{\"id\":1}\n",
        HEAD "{\"y\":1}\n",
        HEAD "{\"id\":1,\"y\":1}\n{\"id\":1,\"y\":1}\n",
        HEAD "{\"id\":99999,\"y\":1}\n",
        HEAD "{\"id\":18446744073709551615,\"y\":1}\n",
        HEAD "{\"id\":1,\"y\":NaN}\n",
    };
    struct folder folder = folder_make();

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *path = folder_file(&folder, "log");
        struct lattn_complaint complaint = {""};
        struct answers *answers = NULL;
        unsigned char *bytes;
        size_t length;

        folder_write(path, texts[i], strlen(texts[i]));
        cr_expect_eq(answers_open(&answers, path, ANSWERS_EXTEND, &complaint), LATTN_DAMAGED,
                     "%s: %s", texts[i], complaint.text);
        cr_expect_null(answers);
        bytes = folder_read(path, &length);
        cr_expect(length == strlen(texts[i]) && memcmp(bytes, texts[i], length) == 0);
        free(bytes);
    }
    folder_remove(&folder);
}

Test(answers, that_do_not_fit_their_question_are_damaged)
{
    static const char text[] = HEAD "{\"id\":1,\"z\":[[1,2]],\"y\":[1,2]}\n";
    struct folder folder = folder_make();
    const double x[] = {1, 2};
    double y;
    struct lattn_question question = {.n = 1, .x = x, .y = &y};
    struct lattn_complaint complaint = {""};
    struct answers *answers;

    folder_write(folder_file(&folder, "log"), text, sizeof text - 1);
    answers = open_at(folder_file(&folder, "log"), ANSWERS_READ);
    cr_expect_eq(answers_recall(answers, 1, &question, NULL, 0, &complaint), LATTN_DAMAGED);
    cr_expect(strstr(complaint.text, "question 1") != NULL, "%s", complaint.text);
    answers_close(&answers);
    folder_remove(&folder);
}

Test(answers, are_written_by_one_at_a_time)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "log");
    struct answers *answers = open_at(path, ANSWERS_EXTEND);
    struct answers *other = NULL;
    struct lattn_complaint complaint = {""};

    cr_expect_eq(answers_open(&other, path, ANSWERS_EXTEND, &complaint), LATTN_CONFLICT);
    answers_close(&answers);
    cr_expect_eq(answers_open(&other, path, ANSWERS_EXTEND, &complaint), LATTN_OK);
    answers_close(&other);
    folder_remove(&folder);
}

Test(answers, need_a_regular_file)
{
    struct folder folder = folder_make();
    struct answers *answers = NULL;
    struct lattn_complaint complaint = {""};

    cr_expect_eq(answers_open(&answers, folder.path, ANSWERS_EXTEND, &complaint),
                 LATTN_INPUT_OUTPUT);
    cr_expect_eq(answers_open(&answers, "/dev/null", ANSWERS_EXTEND, &complaint),
                 LATTN_INPUT_OUTPUT);
    cr_assert_eq(mkfifo(folder_file(&folder, "pipe"), 0600), 0);
    for (enum answers_use use = ANSWERS_READ; use <= ANSWERS_EXTEND; use++)
        cr_expect_eq(answers_open(&answers, folder_file(&folder, "pipe"), use, &complaint),
                     LATTN_INPUT_OUTPUT);
    cr_expect_eq(answers_open(&answers, folder_file(&folder, "none"), ANSWERS_READ, &complaint),
                 LATTN_INPUT_OUTPUT);
    cr_expect_not(folder_has(&folder, "none"));
    folder_remove(&folder);
}

/* Whatever a full disk takes of a line, the file ends with the line before. */
Test(answers, stay_whole_on_a_full_disk)
{
    static const uint64_t ids[] = {1, 2};
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "log");
    unsigned char *bytes;
    struct stat facts;
    size_t length;

    file_make(path, ids, 2);
    bytes = folder_read(path, &length);
    free(bytes);
    for (rlim_t room = length; room < length + 30; room += 7) {
        struct rlimit limit = {.rlim_cur = room, .rlim_max = RLIM_INFINITY};
        struct answers *answers = open_at(path, ANSWERS_EXTEND);

        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        cr_expect_eq(add(answers, 3), LATTN_NO_SPACE);
        cr_expect_eq(stat(path, &facts), 0);
        cr_expect_eq((size_t)facts.st_size, length);
        limit.rlim_cur = RLIM_INFINITY;
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        answers_close(&answers);
        cr_expect_eq(count_recalled(path, ANSWERS_READ), 2);
    }
    folder_remove(&folder);
}
