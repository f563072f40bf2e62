#include "base/complaint.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lattn_complaint complaint;

Test(complaint, returns_the_status_and_says_why)
{
    cr_expect_eq(complain(&complaint, LATTN_RANGE, "d is %d", 7), LATTN_RANGE);
    cr_expect_str_eq(complaint.text, "d is 7");
    cr_expect_eq(complain((struct lattn_complaint *)NULL, LATTN_RANGE, "d is %d", 7), LATTN_RANGE);
}

Test(complaint, names_a_file)
{
    cr_expect_eq(complaint_blame(&complaint, LATTN_FIELD, "/a/b", "no key"), LATTN_FIELD);
    cr_expect_str_eq(complaint.text, "/a/b: no key");
    (void)complaint_blame(&complaint, LATTN_NO_MEMORY, "/a/b", "");
    cr_expect_str_eq(complaint.text + strlen("/a/b: "), lattn_status_text(LATTN_NO_MEMORY));
}

Test(complaint, has_room_for_the_reason_behind_a_long_path)
{
    char path[300];

    memset(path, 'a', sizeof path - 1);
    memcpy(path + sizeof path - 5, ".pem", 5);
    (void)complaint_blame(&complaint, LATTN_FIELD, path, "no key");
    cr_expect_not_null(strstr(complaint.text, "a.pem: no key"), "%s", complaint.text);
}
