#include "monitor/process.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static struct process read_now(void)
{
    struct process process;

    process_read(&process);
    return process;
}

Test(process, counts_descriptors)
{
    struct process before = read_now();
    int fd = open("/dev/null", O_RDONLY);
    struct rlimit limit;

    cr_assert_geq(fd, 0);
    cr_expect_eq(read_now().open_fds, before.open_fds + 1);
    close(fd);
    cr_expect_eq(read_now().open_fds, before.open_fds);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_expect_eq(read_now().max_fds, (double)limit.rlim_cur);
}

Test(process, sees_memory_that_is_used)
{
    size_t bytes = (size_t)64 << 20;
    struct process before = read_now();
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct process mapped = read_now();

    cr_assert_neq(memory, MAP_FAILED);
    memset(memory, 1, bytes);
    cr_expect_geq(mapped.virtual_bytes, before.virtual_bytes + (double)bytes);
    cr_expect_geq(read_now().resident_bytes, mapped.resident_bytes + 0.9 * (double)bytes);
    cr_expect_lt(read_now().resident_bytes, read_now().virtual_bytes);
    munmap(memory, bytes);
}

Test(process, sees_time_that_is_spent)
{
    struct process before = read_now();
    struct process after = before;

    while (after.cpu_s < before.cpu_s + 0.02)
        after = read_now();
    cr_expect_geq(after.cpu_s, before.cpu_s + 0.02);
}

/* Within a second: the system counts the start in hundredths, other clocks besides. */
Test(process, knows_when_it_was_started)
{
    struct process process = read_now();
    double now = (double)time(NULL);

    cr_expect_leq(process.start_time_s, now + 1);
    cr_expect_geq(process.start_time_s, now - 60);
    cr_expect_eq(read_now().start_time_s, process.start_time_s);
}

/* The name stands in parentheses before the fields, and may be made to look like them. */
Test(process, is_not_misled_by_its_name)
{
    struct process before = read_now();

    cr_assert_eq(prctl(PR_SET_NAME, "x) R 1 2 (3", 0, 0, 0), 0);
    cr_expect_eq(read_now().virtual_bytes, before.virtual_bytes);
}
