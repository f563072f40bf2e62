/*
 * The process is killed at every write, sync and rename of a store's life, and the store is copied
 * while it is written to. What was acknowledged is there, at most the step that was under way
 * besides, and all of it to the bit of one that was never stopped.
 */
#include "store/recover.h"

#include "core/dense.h"
#include "support/diary.h"
#include "support/failing_io.h"
#include "support/folder.h"

#include <criterion/criterion.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COURSE = 2, SEED = 5, STEPS = 3, CALLS = 7 };

static struct folder folder;
static struct diary diary;
static struct lattn_complaint complaint;

static void set_up(void)
{
    dense_threads_one();
    folder = folder_make();
    diary_begin(&diary, COURSE, SEED);
}

static void tear_down(void)
{
    diary_done(&diary);
    folder_remove(&folder);
}

TestSuite(store_crash, .init = set_up, .fini = tear_down, .timeout = 600);

static void open_diary(const char *path)
{
    cr_assert_eq(diary_open(&diary, path, &complaint), LATTN_OK, "%s", complaint.text);
}

/* Recover, and compare with the course as it is after so many steps. */
static uint64_t assert_is_true(const char *path)
{
    struct diary back;
    struct state truth;
    uint64_t position;

    diary_begin(&back, COURSE, SEED);
    cr_assert_eq(diary_open(&back, path, &complaint), LATTN_OK, "%s", complaint.text);
    position = back.position;
    diary_truth(COURSE, SEED, position, &truth);
    cr_assert(diary_agrees(&truth, &back.state), "at %d", (int)position);
    state_done(&truth);
    diary_done(&back);
    return position;
}

/* ---- kills ----------------------------------------------------------------------------------- */

/* A life with two checkpoints; after each step that is on the disk a byte goes to the parent. */
_Noreturn static void live(uint64_t after, int pipe)
{
    failing_io_arm(folder.path, after, 1, 0, CALLS | FAILING_IO_KILL);
    open_diary(folder.path);
    for (int i = 0; i < STEPS; i++) {
        if (diary_step(&diary, &complaint) != LATTN_OK || write(pipe, "", 1) != 1)
            _exit(2);
        if (i > 0 &&
            store_checkpoint(diary.store, &diary.state, diary.position, &complaint) != LATTN_OK)
            _exit(3);
    }
    _exit(0);
}

/* Returns whether it was killed. */
static int run_life(uint64_t after, uint64_t *ret_acknowledged)
{
    int ends[2], how;
    char byte;
    pid_t child;

    cr_assert_eq(pipe(ends), 0);
    child = fork();
    if (child == 0)
        live(after, ends[1]);
    close(ends[1]);
    *ret_acknowledged = 0;
    while (read(ends[0], &byte, 1) == 1)
        ++*ret_acknowledged;
    close(ends[0]);
    cr_assert_eq(waitpid(child, &how, 0), child);
    cr_assert(WIFSIGNALED(how) ? WTERMSIG(how) == SIGKILL : WEXITSTATUS(how) == 0, "%d", how);
    return WIFSIGNALED(how);
}

Test(store_crash, at_any_write_loses_nothing_acknowledged)
{
    uint64_t after = 0, acknowledged, position;
    int was_killed;

    do {
        folder_remove(&folder);
        folder = folder_make();
        was_killed = run_life(++after, &acknowledged);
        position = assert_is_true(folder.path);
        cr_assert(position == acknowledged || (was_killed && position == acknowledged + 1),
                  "killed at %d: %d, %d acknowledged", (int)after, (int)position,
                  (int)acknowledged);
    } while (was_killed);
    cr_assert_gt(after, 40);
    cr_log_info("%d kills", (int)after - 1);
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* As mdb_copy does it: another process, with the store's own table of readers. */
static pid_t start_copy(const struct folder *to, unsigned flags)
{
    pid_t child = fork();
    MDB_env *env;

    if (child != 0)
        return child;
    if (mdb_env_create(&env) != 0 || mdb_env_open(env, folder.path, MDB_RDONLY, 0600) != 0)
        _exit(1);
    _exit(mdb_env_copy2(env, to->path, flags) == 0 ? 0 : 2);
}

static void assert_copies(unsigned flags)
{
    struct folder to = folder_make();
    uint64_t before = diary.position;
    pid_t child = start_copy(&to, flags);
    int how = 0, is_done = 0;

    while (!is_done) {
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK, "%s", complaint.text);
        cr_assert_eq(store_checkpoint(diary.store, &diary.state, diary.position, &complaint),
                     LATTN_OK);
        is_done = waitpid(child, &how, WNOHANG) == child;
    }
    cr_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0, "%d", how);
    cr_assert_geq(assert_is_true(to.path), before);
    folder_remove(&to);
}

Test(store_crash, copies_of_a_running_store_open_elsewhere)
{
    open_diary(folder.path);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK);
    assert_copies(0);
    assert_copies(MDB_CP_COMPACT);
}

/* As cp does it: page after page, while others change. */
static void copy_plainly(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    static char page[4096];
    size_t length;

    if (in == NULL || out == NULL)
        _exit(1);
    while ((length = fread(page, 1, sizeof page, in)) > 0)
        if (fwrite(page, 1, length, out) != length)
            _exit(2);
    fclose(in);
    fclose(out);
}

enum { PLAIN = 6 };

static pid_t start_plain_copies(const struct folder copies[PLAIN])
{
    pid_t child = fork();

    for (int i = 0; child == 0 && i < PLAIN; i++)
        copy_plainly(folder_file(&folder, "data.mdb"), folder_file(&copies[i], "data.mdb"));
    if (child == 0)
        _exit(0);
    return child;
}

/* No way to take a backup; but one who takes it so is told, or gets what was there at an instant.
 */
Test(store_crash, plain_copies_of_a_running_store_are_true_or_refused)
{
    struct folder copies[PLAIN];
    struct recover_info info;
    int how, refused = 0;
    pid_t child;

    open_diary(folder.path);
    for (int i = 0; i < PLAIN; i++)
        copies[i] = folder_make();
    child = start_plain_copies(copies);
    while (waitpid(child, &how, WNOHANG) != child) {
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK, "%s", complaint.text);
        cr_assert_eq(store_checkpoint(diary.store, &diary.state, diary.position, &complaint),
                     LATTN_OK);
    }
    cr_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0, "%d", how);
    for (int i = 0; i < PLAIN; i++) {
        enum lattn_status status = recover_check(copies[i].path, NULL, 0, &info, &complaint);

        cr_assert(status == LATTN_OK || status == LATTN_DAMAGED, "%s", complaint.text);
        refused += status != LATTN_OK;
        if (status == LATTN_OK)
            (void)assert_is_true(copies[i].path);
        folder_remove(&copies[i]);
    }
    cr_log_info("%d of %d refused, at %d steps", refused, PLAIN, (int)diary.position);
}
