#include "serve/file.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LENGTH = 3 * FILE_READ_BYTES + 17 };

static uv_loop_t loop;
static struct file file;
static char bytes[LENGTH];
static size_t seen;
static ssize_t last;
static size_t stop_at;

static int came(void *arg, const char *read, ssize_t length)
{
    (void)arg;
    last = length;
    if (length > 0) {
        cr_assert_arr_eq(read, bytes + seen, (size_t)length);
        seen += (size_t)length;
        if (stop_at > 0 && seen >= stop_at)
            file_read_stop(&file);
    }
    return 1;
}

static void begin(int descriptor)
{
    seen = 0;
    last = 1;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(file_open(&file, &loop, descriptor, came, NULL), 0);
}

static void end(int descriptor)
{
    file_done(&file);
    cr_assert_eq(uv_loop_close(&loop), 0);
    cr_assert_eq(close(descriptor), 0);
}

static int file_make(void)
{
    char path[] = "/tmp/file-XXXXXX";
    int descriptor = mkstemp(path);

    for (int i = 0; i < LENGTH; i++)
        bytes[i] = (char)(i * 31 >> 3);
    cr_assert_eq(write(descriptor, bytes, LENGTH), LENGTH);
    cr_assert_eq(lseek(descriptor, 0, SEEK_SET), 0);
    cr_assert_eq(unlink(path), 0);
    return descriptor;
}

Test(file, brings_all_bytes_in_order_and_then_its_end)
{
    int descriptor = file_make();

    begin(descriptor);
    file_read_start(&file);
    cr_assert_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(seen, LENGTH);
    cr_assert_eq(last, 0);
    end(descriptor);
}

Test(file, stops_and_goes_on_where_it_stopped)
{
    int descriptor = file_make();

    begin(descriptor);
    stop_at = FILE_READ_BYTES;
    file_read_start(&file);
    cr_assert_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(seen, FILE_READ_BYTES);
    stop_at = 0;
    file_read_start(&file);
    cr_assert_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(seen, LENGTH);
    end(descriptor);
}

Test(file, tells_that_it_cannot_be_read)
{
    int descriptor = open("/tmp", O_RDONLY | O_DIRECTORY);

    begin(descriptor);
    file_read_start(&file);
    cr_assert_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(last, UV_EISDIR);
    end(descriptor);
}

Test(file, is_not_opened_without_memory)
{
    memory_fail(1, 0);
    cr_assert_eq(file_open(&file, &loop, 0, came, NULL), UV_ENOMEM);
    memory_fail(0, 0);
    file_done(&file);
}
