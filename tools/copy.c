/* The file has its name once all of it is on the disk; until then it is image.part. */
#include "copy.h"

#include "talk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char image_name[] = "image";
static const char image_name_unfinished[] = "image.part";

enum verb_exit copy_refuse(const struct copy *copy, const char *what)
{
    talk(copy->verb, copy->path, "cannot %s: %s", what, strerror(errno));
    return VERB_REFUSED;
}

/* Errno is 0 where it is empty. */
static int directory_is_empty(int directory)
{
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry;
    int count = 0;

    if (listing == NULL)
        return 0;
    errno = 0;
    while ((entry = readdir(listing)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (count > 0)
        errno = ENOTEMPTY;
    (void)closedir(listing); /* nothing was written to it */
    return count == 0 && errno == 0;
}

enum verb_exit copy_open(struct copy *copy, const char *verb, const char *path)
{
    *copy = (struct copy){.verb = verb, .path = path, .directory = -1, .file = -1};
    copy->is_made = mkdir(copy->path, 0700) == 0;
    if (!copy->is_made && errno != EEXIST)
        return copy_refuse(copy, "make the directory");
    copy->directory = open(copy->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy->directory < 0 || !directory_is_empty(copy->directory))
        return copy_refuse(copy, "use it for a copy");
    copy->file = openat(copy->directory, image_name_unfinished,
                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    copy->is_begun = copy->file >= 0;
    return copy->is_begun ? VERB_DONE : copy_refuse(copy, "write there");
}

int copy_write(const struct copy *copy, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = write(copy->file, bytes, length);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        bytes += done;
        length -= (size_t)done;
    }
    return 0;
}

/* Names are in directories: what is new in one is on the disk with it. */
static int names_sync(const struct copy *copy)
{
    int parent = openat(copy->directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = parent < 0 || fsync(copy->directory) != 0 || fsync(parent) != 0 ? errno : 0;

    if (parent >= 0)
        (void)close(parent); /* it was only read */
    errno = error;
    return error == 0 ? 0 : -1;
}

enum verb_exit copy_finish(struct copy *copy)
{
    if (fsync(copy->file) != 0 ||
        renameat(copy->directory, image_name_unfinished, copy->directory, image_name) != 0)
        return copy_refuse(copy, "write the copy");
    copy->is_begun = 0;
    return names_sync(copy) == 0 ? VERB_DONE : copy_refuse(copy, "write the copy");
}

void copy_close(struct copy *copy, enum verb_exit code)
{
    if (copy->file >= 0)
        (void)close(copy->file); /* it is on the disk, or given up */
    if (copy->is_begun)
        (void)unlinkat(copy->directory, image_name_unfinished, 0); /* it is of no use either way */
    if (copy->directory >= 0)
        (void)close(copy->directory); /* nothing is written through it */
    if (code != VERB_DONE && copy->is_made)
        (void)rmdir(copy->path); /* somebody may have put something there */
}
