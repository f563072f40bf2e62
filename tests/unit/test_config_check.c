#include "serve/config_check.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char file_path[] = "/tmp/test_config_check_XXXXXX";
static char *no_environment[] = {NULL};

static void file_make(void)
{
    int descriptor = mkstemp(file_path);

    cr_assert_geq(descriptor, 0);
    close(descriptor);
}

static void file_remove(void)
{
    unlink(file_path);
}

static enum lattn_status check_state(const char *path)
{
    struct lattn_complaint complaint = {""};
    struct config config = {.state_dir = path};
    enum lattn_status status = config_check(&config, stderr, &complaint);

    cr_assert(status == LATTN_OK || strstr(complaint.text, "state") != NULL, "%s", complaint.text);
    return status;
}

Test(config_check, looks_whether_a_state_could_be_kept, .init = file_make, .fini = file_remove)
{
    char folder[] = "/tmp/test_config_check_XXXXXX";
    char inside[64];

    snprintf(inside, sizeof inside, "%s/state", file_path);
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(check_state(folder), LATTN_OK);
    cr_assert_eq(rmdir(folder), 0, "it is as empty as it was");
    cr_assert_eq(check_state("/usr"), LATTN_DAMAGED, "what is there is no state");
    cr_assert_eq(check_state("/tmp/test_config_check_none"), LATTN_OK, "it can be made");
    cr_assert_eq(check_state("/no/such/place"), LATTN_INPUT_OUTPUT);
    cr_assert_eq(check_state(file_path), LATTN_INPUT_OUTPUT, "a file");
    cr_assert_eq(check_state(inside), LATTN_INPUT_OUTPUT, "in a file");
}

/* What is printed is read again, and must mean the same. */
Test(config_check, prints_a_file_that_says_the_same, .init = file_make, .fini = file_remove)
{
    static char *lines[][8] = {
        {"lattnd", "--listen", "stdin"},
        {"lattnd", "--listen", "unix:/tmp/ a #b", "--bias", "--dim=4", "--emit-dir", " \"a\\b# "},
        {"lattnd", "--listen", "stdin", "--listen", "fd:7", "--emit-every=9pairs", "--heads=2"},
        {"lattnd", "--listen", "stdin", "--emit-dir", "#", "--max-memory=3K", "--precision=f32"},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *again[] = {"lattnd", "--config", file_path};
        int count = 0;
        struct config first;
        struct config second;
        struct lattn_complaint complaint;
        FILE *file = fopen(file_path, "w");

        while (count < 8 && lines[i][count] != NULL)
            count++;
        cr_assert_eq(config_read(count, lines[i], no_environment, &first, &complaint), LATTN_OK,
                     "%s", complaint.text);
        config_check_print(&first, file);
        fclose(file);
        cr_assert_eq(config_read(3, again, no_environment, &second, &complaint), LATTN_OK, "%s",
                     complaint.text);
        cr_assert_eq(memcmp(&first.learner, &second.learner, sizeof first.learner), 0);
        cr_assert_eq(first.addresses_count, second.addresses_count);
        for (size_t a = 0; a < first.addresses_count; a++)
            cr_assert_str_eq(first.addresses[a].text, second.addresses[a].text);
        cr_assert_eq(first.emit_every_pairs, second.emit_every_pairs);
        cr_assert_eq(first.heads_count, second.heads_count);
        cr_assert_eq(first.emit_dir == NULL, second.emit_dir == NULL);
        if (first.emit_dir != NULL)
            cr_assert_str_eq(first.emit_dir, second.emit_dir);
        config_done(&first);
        config_done(&second);
    }
}
