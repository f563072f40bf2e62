#include "support/storing.h"

#include "core/dense.h"
#include "support/leaks.h"

#include <criterion/criterion.h>

struct folder folder;
struct diary diary;
struct lattn_complaint complaint;

void storing_begin(void)
{
    dense_threads_one();
    folder = folder_make();
    diary_begin(&diary, STORING_COURSE, STORING_SEED);
}

void storing_end(void)
{
    diary_done(&diary);
    folder_remove(&folder);
    cr_assert_eq(leaks(), 0);
}

const char *place(void)
{
    return folder_file(&folder, "state");
}

void step(int count)
{
    while (count-- > 0)
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK, "%s", complaint.text);
}

void checkpoint(void)
{
    cr_assert_eq(store_checkpoint(diary.store, &diary.state, diary.position, &complaint), LATTN_OK,
                 "%s", complaint.text);
}
