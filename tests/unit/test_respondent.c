/*
 * Oracles are shell scripts here, that answer a question with its own number unless they do
 * something else: so a wrong answer is a wrong number.
 */
#include "respondent.h"

#include "support/folder.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { D = 3, TIMEOUT_MS = 60000 };

/* Of a line {"id":17,... in $l the number. */
#define ID "i=${l#*:}; i=${i%%,*}; "
#define HONEST "while read -r l; do " ID "echo \"{\\\"id\\\":$i,\\\"y\\\":$i}\"; done"

static struct respondent_settings settings_of(const char *place, const char *log)
{
    return (struct respondent_settings){.place = place,
                                        .d = D,
                                        .timeout_ms = TIMEOUT_MS,
                                        .retries = 1,
                                        .log = log,
                                        .decided = "seed 1"};
}

static struct respondent *open_with(const struct respondent_settings *settings)
{
    struct lattn_complaint complaint = {""};
    struct respondent *respondent;
    enum lattn_status status = respondent_open(&respondent, settings, &complaint);

    cr_assert_eq(status, LATTN_OK, "%d: %s", status, complaint.text);
    return respondent;
}

static struct respondent *open_at(const char *place, const char *log)
{
    struct respondent_settings settings = settings_of(place, log);

    return open_with(&settings);
}

/* Ask so many questions, numbered from `first`; returns how many have their own number. */
static enum lattn_status ask(struct respondent *respondent, int first, int count, int *ret_right,
                             struct lattn_complaint *complaint)
{
    static struct lattn_question questions[LATTN_QUESTIONS_MAX];
    static double x[LATTN_QUESTIONS_MAX][D];
    static double y[LATTN_QUESTIONS_MAX];
    const struct lattn_oracle *oracle = respondent_oracle(respondent);
    enum lattn_status status;

    for (int i = 0; i < count; i++) {
        x[i][0] = first + i;
        y[i] = -1;
        questions[i] = (struct lattn_question){.n = 1, .x = x[i], .y = &y[i]};
    }
    status = oracle->ask(oracle->arg, (size_t)count, questions, complaint);
    *ret_right = 0;
    for (int i = 0; i < count; i++)
        *ret_right += !questions[i].is_refused && y[i] > first + i - .5 && y[i] < first + i + .5;
    return status;
}

/* How an oracle fails: what it is asked after 1 .. 3 */
static enum lattn_status fail(const struct respondent_settings *settings,
                              struct lattn_complaint *complaint)
{
    struct respondent *respondent;
    int right;
    enum lattn_status status = respondent_open(&respondent, settings, complaint);

    if (status != LATTN_OK)
        return status;
    status = ask(respondent, 1, 3, &right, complaint);
    respondent_close(&respondent);
    return status;
}

Test(respondent, answers_a_large_batch)
{
    struct respondent *respondent = open_at("exec:" HONEST, NULL);
    struct lattn_complaint complaint = {""};
    int right;

    cr_expect_eq(respondent_oracle(respondent)->d, D);
    cr_expect_eq(respondent_oracle(respondent)->m, 1);
    cr_expect_eq(respondent_oracle(respondent)->answers, LATTN_ANSWERS_LAST);
    cr_expect_eq(ask(respondent, 1, LATTN_QUESTIONS_MAX, &right, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_expect_eq(right, LATTN_QUESTIONS_MAX);
    cr_expect_eq(ask(respondent, LATTN_QUESTIONS_MAX + 1, 7, &right, &complaint), LATTN_OK);
    cr_expect_eq(right, 7);
    cr_expect_eq(respondent_info(respondent)->asked, LATTN_QUESTIONS_MAX + 8);
    cr_expect_eq(respondent_info(respondent)->restarts, 0);
    respondent_close(&respondent);
}

/* An oracle that says each question back as y: more than pipes hold goes both ways at a time. */
Test(respondent, takes_questions_larger_than_pipes)
{
    enum { WIDE = 64, LONG = 48, COUNT = 4 };
    static double x[COUNT * LONG * WIDE];
    static double y[COUNT * LONG * WIDE];
    struct respondent_settings settings = settings_of("exec:sed -u 's/\"z\"/\"y\"/'", NULL);
    struct lattn_question questions[COUNT];
    struct lattn_complaint complaint = {""};
    struct respondent *respondent;

    settings.d = WIDE;
    respondent = open_with(&settings);
    cr_assert_eq(respondent_oracle(respondent)->m, WIDE);
    cr_assert_eq(respondent_oracle(respondent)->answers, LATTN_ANSWERS_POSITIONS);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = 1 / (3 + (double)i);
    for (size_t i = 0; i < COUNT; i++)
        questions[i] =
            (struct lattn_question){.n = LONG, .x = x + i * LONG * WIDE, .y = y + i * LONG * WIDE};
    cr_expect_eq(respondent_ask(respondent, COUNT, questions, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_expect_eq(memcmp(x, y, sizeof x), 0);
    respondent_close(&respondent);
}

Test(respondent, finds_the_form_of_answers)
{
    static const struct {
        const char *y;
        int32_t m;
        enum lattn_answers answers;
    } cases[] = {
        {"true", 1, LATTN_ANSWERS_LAST},
        {"[1]", 1, LATTN_ANSWERS_LAST},
        {"[1,2,3]", 3, LATTN_ANSWERS_LAST},
        {"[[1],[2]]", 1, LATTN_ANSWERS_POSITIONS},
        {"[[1,2,3],[4,5,6]]", 3, LATTN_ANSWERS_POSITIONS},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct respondent *respondent;
        char place[128];

        snprintf(place, sizeof place, "exec:while read -r l; do echo '{\"y\":%s}'; done",
                 cases[i].y);
        respondent = open_at(place, NULL);
        cr_expect_eq(respondent_oracle(respondent)->m, cases[i].m);
        cr_expect_eq(respondent_oracle(respondent)->answers, cases[i].answers);
        respondent_close(&respondent);
    }
}

Test(respondent, asks_one_token_where_two_are_refused)
{
    struct respondent *respondent =
        open_at("exec:while read -r l; do case $l in *],[*) echo '{\"error\":\"one\"}';; "
                "*) echo '{\"y\":[7,8]}';; esac; done",
                NULL);

    cr_expect_eq(respondent_oracle(respondent)->m, 2);
    cr_expect_str_eq(respondent_info(respondent)->refusal, "one");
    respondent_close(&respondent);
}

/* Also the first question keeps to what an oracle is said to take. */
Test(respondent, asks_for_the_form_within_the_caps)
{
    struct respondent_settings settings =
        settings_of("exec:read -r l; case $l in '{\"id\":0,\"z\":[[0.0625,0,0]]}') " ID
                    "echo \"{\\\"id\\\":$i,\\\"y\\\":$i}\";; *) echo \"$l\";; esac; " HONEST,
                    NULL);
    struct respondent *respondent;

    settings.norm_max = 0.0625;
    settings.length_max = 1;
    respondent = open_with(&settings);
    cr_expect_eq(respondent_oracle(respondent)->m, 1);
    respondent_close(&respondent);
}

Test(respondent, fails_in_clear_words)
{
    static const struct {
        const char *command;
        enum lattn_status status;
        const char *words;
    } cases[] = {
        {"echo Loading; cat >/dev/null", LATTN_SYNTAX, "belongs on standard error"},
        {"read -r l; echo '{\"y\":NaN}'; cat >/dev/null", LATTN_NOT_FINITE, "question 0"},
        {"read -r l; echo '{\"y\":\"a\"}'; cat >/dev/null", LATTN_FIELD, "question 0"},
        {"read -r l; echo '{\"y\":[1,2]}'; " HONEST, LATTN_SHAPE, "1 number, 2 numbers"},
        {"read -r l; printf '{\"y\":1}\\n{\"y\":2}\\n'; cat >/dev/null", LATTN_FIELD,
         "more answers"},
        {"read -r l; echo '{\"y\":[[1],[2],[3]]}'; cat >/dev/null", LATTN_SHAPE,
         "3 rows for 2 tokens"},
        {"while read -r l; do echo '{\"y\":1,\"id\":99}'; done", LATTN_FIELD, "no such question"},
        {"while read -r l; do " ID "echo \"{\\\"id\\\":$i,\\\"y\\\":$i}\"; "
         "[ $i = 0 ] || echo \"{\\\"id\\\":$i,\\\"y\\\":$i}\"; done",
         LATTN_FIELD, ""},
        {"while read -r l; do echo '{\"error\":\"3 is wrong, I take 7\"}'; done", LATTN_REFUSED,
         "3 coordinates: 3 is wrong, I take 7"},
        {"exit 3", LATTN_CLOSED, "exit status 3, 2 times in a row"},
        {"kill -9 $$", LATTN_CLOSED, "signal 9"},
        {"printf '{\"y\": 0.'", LATTN_CLOSED, "before question 0 was answered: exit status 0"},
        {"exec 1>&-; sleep 0", LATTN_CLOSED, "before question 0 was answered"},
        {"/no/such/thing 2>/dev/null", LATTN_CLOSED, "the shell cannot run the command"},
        {"exec cat /dev/zero", LATTN_TOO_BIG, "more than 16 MiB"},
        {"exec yes", LATTN_SYNTAX, "\"y\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char place[512];
        struct respondent_settings settings = settings_of(place, NULL);
        struct lattn_complaint complaint = {""};

        snprintf(place, sizeof place, "exec:%s", cases[i].command);
        cr_expect_eq(fail(&settings, &complaint), cases[i].status, "%s: %s", cases[i].command,
                     complaint.text);
        cr_expect(strstr(complaint.text, cases[i].words) != NULL, "%s: %s", cases[i].command,
                  complaint.text);
    }
}

Test(respondent, names_the_question_that_takes_too_long)
{
    struct respondent_settings settings = settings_of(
        "exec:read -r l; echo '{\"y\":0}'; read -r l; echo '{\"y\":1}'; cat >/dev/null", NULL);
    struct lattn_complaint complaint = {""};

    settings.timeout_ms = 200;
    cr_expect_eq(fail(&settings, &complaint), LATTN_TIMEOUT);
    cr_expect(strstr(complaint.text, "was not answered within 200ms") != NULL, "%s",
              complaint.text);
    cr_expect_null(strstr(complaint.text, "flush"));
}

Test(respondent, that_never_answers_may_not_flush)
{
    struct respondent_settings settings = settings_of("exec:cat >/dev/null", NULL);
    struct lattn_complaint complaint = {""};

    settings.timeout_ms = 100;
    cr_expect_eq(fail(&settings, &complaint), LATTN_TIMEOUT);
    cr_expect(strstr(complaint.text, "question 0") != NULL, "%s", complaint.text);
    cr_expect(strstr(complaint.text, "flush") != NULL, "%s", complaint.text);
}

/* Each start answers two questions, out of order, and dies within the next answer. */
Test(respondent, asks_what_is_left_of_one_that_died)
{
    struct lattn_complaint complaint = {""};
    struct respondent *respondent =
        open_at("exec:read -r l; " ID "a=$i; [ $a = 0 ] && echo '{\"y\":0}' && exit; "
                "read -r l; " ID "echo \"{\\\"id\\\":$i,\\\"y\\\":$i}\"; "
                "echo \"{\\\"id\\\":$a,\\\"y\\\":$a}\"; printf '{\"id\":'; exit 1",
                NULL);
    int right;

    cr_expect_eq(ask(respondent, 1, 6, &right, &complaint), LATTN_OK, "%s", complaint.text);
    cr_expect_eq(right, 6);
    cr_expect_eq(respondent_info(respondent)->asked, 7);
    cr_expect_eq(respondent_info(respondent)->restarts, 3);
    respondent_close(&respondent);
}

Test(respondent, is_not_asked_what_the_log_knows)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "log");
    struct lattn_complaint complaint = {""};
    struct respondent *respondent = open_at("exec:" HONEST, path);
    char place[64];
    int right;

    cr_expect_eq(ask(respondent, 1, 20, &right, &complaint), LATTN_OK, "%s", complaint.text);
    respondent_close(&respondent);

    respondent = open_at("exec:false", path);
    cr_expect_eq(ask(respondent, 1, 20, &right, &complaint), LATTN_OK, "%s", complaint.text);
    cr_expect_eq(right, 20);
    cr_expect_eq(respondent_info(respondent)->asked, 0);
    cr_expect_eq(respondent_info(respondent)->recalled, 20);
    respondent_close(&respondent);

    snprintf(place, sizeof place, "log:%s", path);
    respondent = open_at(place, NULL);
    cr_expect_eq(ask(respondent, 1, 20, &right, &complaint), LATTN_OK, "%s", complaint.text);
    cr_expect_eq(right, 20);
    cr_expect_eq(ask(respondent, 21, 1, &right, &complaint), LATTN_NO_DATA);
    cr_expect(strstr(complaint.text, "ends before question 21") != NULL, "%s", complaint.text);
    respondent_close(&respondent);
    folder_remove(&folder);
}

/* An oracle that dies for good keeps what it said; another one is asked the rest. */
Test(respondent, goes_on_where_another_one_died)
{
    struct folder folder = folder_make();
    const char *path = folder_file(&folder, "log");
    struct lattn_complaint complaint = {""};
    char place[2 * PATH_MAX + 256];
    struct respondent *respondent;
    int right;

    snprintf(place, sizeof place, "exec:[ -e %s/died ] && exit 1; %s : >%s/died", folder.path,
             "for k in 1 2 3 4 5; do read -r l; " ID "echo \"{\\\"id\\\":$i,\\\"y\\\":$i}\"; done;",
             folder.path);
    respondent = open_at(place, path);
    cr_expect_eq(ask(respondent, 1, 9, &right, &complaint), LATTN_CLOSED);
    cr_expect(strstr(complaint.text, "question 5") != NULL, "%s", complaint.text);
    respondent_close(&respondent);
    respondent = open_at("exec:" HONEST, path);
    cr_expect_eq(ask(respondent, 1, 9, &right, &complaint), LATTN_OK, "%s", complaint.text);
    cr_expect_eq(right, 9);
    cr_expect_eq(respondent_info(respondent)->recalled, 4);
    cr_expect_eq(respondent_info(respondent)->asked, 5);
    respondent_close(&respondent);
    folder_remove(&folder);
}

Test(respondent, is_named_in_one_of_six_ways)
{
    static const struct {
        const char *place;
        const char *words;
    } cases[] = {
        {"", "an oracle is exec:COMMAND"},
        {"exec:", "an oracle is exec:COMMAND"},
        {"log:", "an oracle is exec:COMMAND"},
        {"python3 oracle.py", "an oracle is exec:COMMAND"},
        {"lattnd:stdin", "one connects to unix:PATH"},
        {"unix:", ""},
        {"tcp:here", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct respondent_settings settings = settings_of(cases[i].place, NULL);
        struct lattn_complaint complaint = {""};

        cr_expect_eq(fail(&settings, &complaint), LATTN_ADDRESS, "%s", cases[i].place);
        cr_expect(strstr(complaint.text, cases[i].words) != NULL, "%s", complaint.text);
    }
}

Test(respondent, has_to_be_told_d)
{
    struct respondent_settings settings = settings_of("exec:" HONEST, NULL);
    struct lattn_complaint complaint = {""};

    settings.d = 0;
    cr_expect_eq(fail(&settings, &complaint), LATTN_ADDRESS);
    cr_expect(strstr(complaint.text, "--dim") != NULL, "%s", complaint.text);
}

Test(respondent, shows_its_token_to_daemons_alone)
{
    struct respondent_settings settings = settings_of("tcp:127.0.0.1:1", NULL);
    struct lattn_complaint complaint = {""};

    settings.link.files[LINK_TOKEN_FILE] = "/some/file";
    cr_expect_eq(fail(&settings, &complaint), LATTN_ADDRESS);
    cr_expect(strstr(complaint.text, "lattnd:ADDR alone") != NULL, "%s", complaint.text);
    settings.place = "exec:" HONEST;
    cr_expect_eq(fail(&settings, &complaint), LATTN_ADDRESS);
    cr_expect(strstr(complaint.text, "--token-file does not go") != NULL, "%s", complaint.text);
}

Test(respondent, ends_when_it_is_told_to)
{
    struct respondent *respondent =
        open_at("exec:read -r l; echo '{\"y\":0}'; cat >/dev/null", NULL);
    struct lattn_complaint complaint = {""};
    int right;

    cr_assert_eq(raise(SIGTERM), 0);
    cr_expect_eq(ask(respondent, 1, 3, &right, &complaint), LATTN_CLOSED);
    cr_expect_str_eq(complaint.text, "interrupted");
    respondent_close(&respondent);
    cr_expect_null(respondent);
}
