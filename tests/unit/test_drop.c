#include "serve/drop.h"

#include "support/folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHARDS = 3 };

static struct folder folder;
static struct drop *drop;
static struct lattn_complaint complaint;

static void drop_begin(void)
{
    folder = folder_make();
    cr_assert_eq(drop_open(&drop, folder.path, SHARDS, 100), LATTN_OK);
}

static void drop_end(void)
{
    drop_close(&drop);
    folder_remove(&folder);
}

TestSuite(drop, .init = drop_begin, .fini = drop_end);

static const char *path_of(uint64_t shard)
{
    static char path[PATH_MAX];

    cr_assert_eq(drop_path(folder.path, shard, SHARDS, path), LATTN_OK);
    return path;
}

static struct drop_mark put(uint64_t shard, const char *text)
{
    struct drop_mark mark;

    cr_assert_eq(drop_put(path_of(shard), text, strlen(text), &mark, &complaint), LATTN_OK);
    return mark;
}

/* Its time is what it is looked at for: files of a test are too close to each other. */
static void age(uint64_t shard, time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = 1000000000 - seconds},
                                      {.tv_sec = 1000000000 - seconds}};

    cr_assert_eq(utimensat(AT_FDCWD, path_of(shard), times, 0), 0);
}

/* What is found next: the shard, or SHARDS where it is of none. */
static uint64_t look(enum lattn_status status, const char *text)
{
    struct drop_find find;

    complaint.text[0] = '\0';
    cr_assert_eq(drop_look(drop, &find, &complaint), status, "%s", complaint.text);
    cr_expect_eq(find.is_other, text != NULL);
    if (text != NULL) {
        cr_expect_eq(find.bytes.length, strlen(text));
        cr_expect_arr_eq(find.bytes.data, text, strlen(text));
    }
    lattn_text_done(&find.bytes);
    return find.shard;
}

static uint64_t look_refused(enum lattn_status status)
{
    struct drop_find find;

    cr_assert_eq(drop_look(drop, &find, &complaint), status);
    lattn_text_done(&find.bytes);
    return find.shard;
}

Test(drop, finds_each_file_once)
{
    (void)look(LATTN_MORE, NULL);
    put(1, "the state of one");
    put(2, "the state of two");
    cr_expect_eq(look(LATTN_OK, "the state of one"), 1);
    cr_expect_eq(look(LATTN_OK, "the state of two"), 2);
    (void)look(LATTN_MORE, NULL);
    put(1, "another of shard one");
    cr_expect_eq(look(LATTN_OK, "another of shard one"), 1);
    cr_expect_not(folder_has(&folder, "shard-0-of-3.state"));
}

Test(drop, tells_a_sign_of_life_from_another_state)
{
    put(1, "the state of one");
    cr_expect_eq(look(LATTN_OK, "the state of one"), 1);
    age(1, 9);
    cr_expect_eq(look(LATTN_OK, NULL), 1);
    drop_refuse(drop, 1);
    (void)look(LATTN_MORE, NULL);
    age(1, 5);
    cr_expect_eq(look(LATTN_OK, "the state of one"), 1, "what was refused is read again");
}

/* A worker whose file changes between any two looks. */
Test(drop, lets_each_shard_have_its_turn)
{
    put(0, "the state of none");
    put(2, "the state of two");
    cr_expect_eq(look(LATTN_OK, "the state of none"), 0);
    age(0, 9);
    cr_expect_eq(look(LATTN_OK, "the state of two"), 2);
    cr_expect_eq(look(LATTN_OK, NULL), 0);
}

Test(drop, is_not_held_up_by_a_file_it_cannot_take)
{
    char long_text[102] = "";

    memset(long_text, 'x', sizeof long_text - 1);
    put(0, long_text);
    put(1, "the state of one");
    folder_write(folder_file(&folder, "shard-0-of-4.state"), "x", 1);
    cr_expect_eq(symlink("shard-2-of-3.state", path_of(2)), 0);
    cr_expect_eq(look_refused(LATTN_MEMORY_LIMIT), 0);
    cr_expect_str_eq(complaint.text, "the state has 101 bytes, 100 are allowed");
    cr_expect_eq(look(LATTN_OK, "the state of one"), 1);
    cr_expect_eq(look_refused(LATTN_INPUT_OUTPUT), 2, "it leads in a circle");
    cr_expect_eq(look_refused(LATTN_CONFLICT), SHARDS);
    cr_expect_not_null(strstr(complaint.text, "mixed: shard-0-of-4.state is in "));
    cr_expect_eq(look_refused(LATTN_INPUT_OUTPUT), 2);
}

Test(drop, touches_only_what_was_left_there)
{
    const struct drop_mark none = {0};
    struct drop_mark mine;

    cr_expect_eq(drop_touch(path_of(0), &none, &complaint), LATTN_NO_DATA);
    folder_write(path_of(0), "", 0);
    cr_expect_eq(drop_touch(path_of(0), &none, &complaint), LATTN_NO_DATA);
    mine = put(0, "what I have learned");
    cr_expect_eq(drop_touch(path_of(0), &mine, &complaint), LATTN_OK);
    put(0, "what was learned by you");
    cr_expect_eq(drop_touch(path_of(0), &mine, &complaint), LATTN_NO_DATA);
    put(0, "what I have forgotten");
    cr_expect_eq(drop_touch(path_of(0), &mine, &complaint), LATTN_NO_DATA);
}

Test(drop, says_why_nothing_can_be_left)
{
    struct drop_mark mark = {.size = 7};
    char directory[PATH_MAX] = "";
    char path[PATH_MAX];

    cr_expect_eq(drop_path("/nowhere", 0, SHARDS, path), LATTN_OK);
    cr_expect_eq(drop_put(path, "x", 1, &mark, &complaint), LATTN_INPUT_OUTPUT);
    cr_expect_str_eq(complaint.text, "/nowhere/shard-0-of-3.state: No such file or directory");
    cr_expect_eq(mark.size, 7);
    memset(directory, 'x', sizeof directory - 1);
    cr_expect_eq(drop_path(directory, 0, SHARDS, path), LATTN_TOO_BIG);
}

/* A disk that is full in the middle of it, as far as a process can make one. */
Test(drop, leaves_the_old_state_where_the_new_one_does_not_fit)
{
    const struct rlimit little = {.rlim_cur = 8, .rlim_max = RLIM_INFINITY};
    const struct rlimit all = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    const char text[] = "a state of more than eight bytes";
    struct drop_mark old, mark;
    size_t length;

    old = mark = put(0, "the old");
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
    cr_expect_eq(drop_put(path_of(0), text, sizeof text, &mark, &complaint), LATTN_INPUT_OUTPUT);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
    cr_expect_not_null(strstr(complaint.text, "shard-0-of-3.state: File too large"));
    cr_expect_eq(mark.size, old.size);
    cr_expect_eq(drop_touch(path_of(0), &old, &complaint), LATTN_OK);
    free(folder_read(path_of(0), &length));
    cr_expect_eq(length, 7);
    cr_assert_eq(unlink(path_of(0)), 0);
    cr_expect_eq(rmdir(folder.path), 0, "nothing else is left");
    cr_assert_eq(mkdir(folder.path, 0700), 0);
}

Test(drop, sweeps_what_was_never_finished)
{
    put(0, "the state of none");
    folder_write(folder_file(&folder, "shard-0-of-3.state.a1B2c3"), "x", 1);
    folder_write(folder_file(&folder, "shard-1-of-3.state.a1B2c3"), "x", 1);
    folder_write(folder_file(&folder, "shard-0-of-3.state.backups"), "x", 1);
    drop_sweep(path_of(0));
    cr_expect_not(folder_has(&folder, "shard-0-of-3.state.a1B2c3"));
    cr_expect(folder_has(&folder, "shard-1-of-3.state.a1B2c3"));
    cr_expect(folder_has(&folder, "shard-0-of-3.state.backups"));
    cr_expect(folder_has(&folder, "shard-0-of-3.state"));
}
