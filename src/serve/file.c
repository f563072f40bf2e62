#include "serve/file.h"

#include "base/memory.h"

int file_open(struct file *file, uv_loop_t *loop, int descriptor,
              int (*came)(void *arg, const char *bytes, ssize_t length), void *arg)
{
    *file = (struct file){.loop = loop, .descriptor = descriptor, .came = came, .arg = arg};
    file->bytes = memory_raw(FILE_READ_BYTES, 1);
    return file->bytes == NULL ? UV_ENOMEM : 0;
}

void file_done(struct file *file)
{
    memory_release(file->bytes);
    file->bytes = NULL;
}

static void read_next(struct file *file);

static void read_came(uv_fs_t *request)
{
    struct file *file = request->data;
    ssize_t length = request->result;

    uv_fs_req_cleanup(request);
    file->is_busy = 0;
    if (length <= 0)
        file->is_wanted = 0;
    if (file->came(file->arg, file->bytes, length))
        read_next(file);
}

static void read_next(struct file *file)
{
    uv_buf_t buffer = uv_buf_init(file->bytes, FILE_READ_BYTES);
    int error;

    if (!file->is_wanted || file->is_busy)
        return;
    file->request.data = file;
    error = uv_fs_read(file->loop, &file->request, file->descriptor, &buffer, 1, -1, read_came);
    if (error == 0) {
        file->is_busy = 1;
    } else {
        file->is_wanted = 0;
        (void)file->came(file->arg, file->bytes, error);
    }
}

void file_read_start(struct file *file)
{
    file->is_wanted = 1;
    read_next(file);
}

void file_read_stop(struct file *file)
{
    file->is_wanted = 0;
}
