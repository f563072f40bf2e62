#include "serve/emit_dir.h"

#include "base/complaint.h"
#include "serve/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum lattn_status path_join(char path[PATH_MAX], const char *dir, const char *prefix,
                                   const char *name)
{
    int length = snprintf(path, PATH_MAX, "%s/%s%s", dir, prefix, name);

    if (length < 0 || length >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return LATTN_INPUT_OUTPUT;
    }
    return LATTN_OK;
}

static enum lattn_status write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(file, bytes, length);

        if (n < 0 && errno != EINTR)
            return LATTN_INPUT_OUTPUT;
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
    }
    return LATTN_OK;
}

static enum lattn_status file_write(const char *path, const struct lattn_text *text,
                                    const char *end)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    enum lattn_status status;

    if (file < 0)
        return LATTN_INPUT_OUTPUT;
    status = write_all(file, text->data, text->length);
    if (status == LATTN_OK)
        status = write_all(file, end, strlen(end));
    if (close(file) != 0)
        status = LATTN_INPUT_OUTPUT;
    return status;
}

/* errno keeps saying why the file could not be made. */
static enum lattn_status file_abandon(const char *path)
{
    int error = errno;

    (void)unlink(path); /* it may not even be there */
    errno = error;
    return LATTN_INPUT_OUTPUT;
}

/* A file of the text and its end, or none where the text is empty. errno says why this fails. */
static enum lattn_status file_replace(const char *dir, const char *name,
                                      const struct lattn_text *text, const char *end)
{
    char path[PATH_MAX];
    char path_new[PATH_MAX];

    if (path_join(path, dir, "", name) != LATTN_OK ||
        path_join(path_new, dir, ".new-", name) != LATTN_OK)
        return LATTN_INPUT_OUTPUT;
    if (text->length == 0)
        return unlink(path) == 0 || errno == ENOENT ? LATTN_OK : LATTN_INPUT_OUTPUT;
    if (file_write(path_new, text, end) != LATTN_OK || rename(path_new, path) != 0)
        return file_abandon(path_new);
    return LATTN_OK;
}

enum lattn_status emit_dir_init(struct emit_dir *dir, const char *path,
                                struct lattn_complaint *complaint)
{
    struct stat found;

    *dir = (struct emit_dir){.path = path};
    if (stat(path, &found) != 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "cannot use the directory %.160s: %s", path,
                        strerror(errno));
    if (!S_ISDIR(found.st_mode))
        return complain(complaint, LATTN_INPUT_OUTPUT, "%.160s is not a directory", path);
    if (access(path, W_OK | X_OK) != 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "cannot write to the directory %.160s: %s",
                        path, strerror(errno));
    return LATTN_OK;
}

void emit_dir_write(struct emit_dir *dir, const struct lattn_text *status,
                    const struct lattn_text *model)
{
    int failed = file_replace(dir->path, "status.json", status, "\n") != LATTN_OK ||
                 file_replace(dir->path, "model.safetensors", model, "") != LATTN_OK;

    if (failed && !dir->failed)
        log_event(LOG_LEVEL_ERROR, "cannot write the emission",
                  LOG_FIELDS(log_text("dir", dir->path), log_text("error", strerror(errno))));
    if (!failed && dir->failed)
        log_event(LOG_LEVEL_INFO, "emissions are written again",
                  LOG_FIELDS(log_text("dir", dir->path)));
    dir->failed = failed;
}
