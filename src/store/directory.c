#include "store/directory.h"

#include "base/complaint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* More damaged stores than that nobody wants to look at. */
    KEPT_MAX = 100
};

static const char lock_name[] = "lock.mdb";

static enum lattn_status status_of(int error)
{
    return error == ENOSPC || error == EDQUOT ? LATTN_NO_SPACE : LATTN_INPUT_OUTPUT;
}

static enum lattn_status refuse(const char *what, int error, struct lattn_complaint *complaint)
{
    return complain(complaint, status_of(error), "cannot %s: %s", what, strerror(error));
}

/* ---- what is there -------------------------------------------------------------------------- */

/* The kernel's own, and what a state's directory may hold besides the store and the image. */
static int is_of_no_account(const char *name)
{
    int number, length = 0;

    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0 ||
           strcmp(name, lock_name) == 0 || strcmp(name, DIRECTORY_NEW) == 0 ||
           (sscanf(name, "damaged-%d.mdb%n", &number, &length) == 1 && name[length] == '\0');
}

/*
 * Look through a directory. A store is one whatever lies beside it; else it must hold nothing that
 * is not ours, since a wrong path is more likely than a wish to mix them.
 */
static enum lattn_status look(struct directory *directory, DIR *stream,
                              struct lattn_complaint *complaint)
{
    struct lattn_complaint foreign = {""};
    const struct dirent *entry;
    int has_store = 0, has_image = 0;

    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, DIRECTORY_DATA) == 0)
            has_store = 1;
        else if (strcmp(entry->d_name, DIRECTORY_IMAGE) == 0)
            has_image = 1;
        else if (!is_of_no_account(entry->d_name))
            snprintf(foreign.text, sizeof foreign.text, "%.100s", entry->d_name);
    }
    directory->holds = has_store   ? DIRECTORY_HAS_STORE
                       : has_image ? DIRECTORY_HAS_IMAGE
                                   : DIRECTORY_EMPTY;
    if (!has_store && foreign.text[0] != '\0')
        return complain(complaint, LATTN_DAMAGED,
                        "it holds no state but other things, as %.100s; name a new directory",
                        foreign.text);
    return LATTN_OK;
}

static enum lattn_status take_stock(struct directory *directory, struct lattn_complaint *complaint)
{
    int descriptor = openat(directory->descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = descriptor < 0 ? NULL : fdopendir(descriptor);
    enum lattn_status status;

    if (stream == NULL) {
        status = refuse("read the directory", errno, complaint);
        if (descriptor >= 0)
            close(descriptor);
        return status;
    }
    status = look(directory, stream, complaint);
    closedir(stream);
    return status;
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum lattn_status make(struct directory *directory, struct lattn_complaint *complaint)
{
    if (mkdir(directory->path, 0700) == 0)
        directory->was_made = 1;
    else if (errno != EEXIST)
        return refuse("make the directory", errno, complaint);
    return LATTN_OK;
}

static enum lattn_status lock(const struct directory *directory, enum directory_use use,
                              struct lattn_complaint *complaint)
{
    int how = use == DIRECTORY_WRITE ? LOCK_EX : LOCK_SH;

    if (flock(directory->descriptor, how | LOCK_NB) == 0)
        return LATTN_OK;
    if (errno == EWOULDBLOCK)
        return complain(complaint, LATTN_IN_USE, "another process has it open");
    return refuse("lock the directory", errno, complaint);
}

static enum lattn_status enter(struct directory *directory, enum directory_use use,
                               struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    if (use == DIRECTORY_WRITE)
        status = make(directory, complaint);
    if (status != LATTN_OK)
        return status;
    directory->descriptor = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->descriptor < 0 && errno == ENOENT)
        return complain(complaint, LATTN_NO_DATA, "there is no such directory");
    if (directory->descriptor < 0)
        return refuse("open the directory", errno, complaint);
    status = lock(directory, use, complaint);
    if (status == LATTN_OK && use == DIRECTORY_WRITE &&
        faccessat(directory->descriptor, ".", W_OK | X_OK, AT_EACCESS) != 0)
        status = refuse("write to the directory", errno, complaint);
    return status == LATTN_OK ? take_stock(directory, complaint) : status;
}

enum lattn_status directory_open(struct directory *ret_directory, const char *path,
                                 enum directory_use use, struct lattn_complaint *complaint)
{
    struct directory directory = {.descriptor = -1};
    struct lattn_complaint said = {""};
    enum lattn_status status;

    /* Room for the names of files behind it. */
    if (strlen(path) + NAME_MAX >= sizeof directory.path)
        return complain(complaint, LATTN_INPUT_OUTPUT, "state: the path is too long");
    snprintf(directory.path, sizeof directory.path, "%s", path);
    status = enter(&directory, use, &said);
    if (status != LATTN_OK) {
        directory_close(&directory);
        return complain(complaint, status, "state %.100s: %.140s", path, said.text);
    }
    *ret_directory = directory;
    return LATTN_OK;
}

void directory_close(struct directory *directory)
{
    if (directory->was_made)
        (void)rmdir(directory->path); /* it is left where it holds something by now */
    if (directory->descriptor >= 0)
        close(directory->descriptor);
    directory->descriptor = -1;
}

/* ---- files ---------------------------------------------------------------------------------- */

void directory_file(const struct directory *directory, const char *name, char *ret_path)
{
    int length =
        snprintf(ret_path, PATH_MAX, "%.*s/%s", PATH_MAX - NAME_MAX, directory->path, name);

    (void)length; /* directory_open left room */
}

enum lattn_status directory_clear(const struct directory *directory,
                                  struct lattn_complaint *complaint)
{
    if (unlinkat(directory->descriptor, DIRECTORY_NEW, 0) == 0 || errno == ENOENT)
        return LATTN_OK;
    return refuse("remove an unfinished store", errno, complaint);
}

/* Is it the same file, kept before by somebody who came no further? */
static int is_same(const struct directory *directory, const char *one, const char *other)
{
    struct stat a, b;

    return fstatat(directory->descriptor, one, &a, 0) == 0 &&
           fstatat(directory->descriptor, other, &b, 0) == 0 && a.st_ino == b.st_ino;
}

enum lattn_status directory_keep(const struct directory *directory,
                                 struct lattn_complaint *complaint)
{
    int at = directory->descriptor;
    char name[32];

    for (int number = 1; number <= KEPT_MAX; number++) {
        snprintf(name, sizeof name, "damaged-%d.mdb", number);
        if (linkat(at, DIRECTORY_DATA, at, name, 0) == 0 ||
            is_same(directory, DIRECTORY_DATA, name))
            return LATTN_OK;
        if (errno != EEXIST)
            return refuse("keep the damaged store", errno, complaint);
    }
    return complain(complaint, LATTN_INPUT_OUTPUT,
                    "cannot keep the damaged store: there are %d already", KEPT_MAX);
}

/* The directory may be as new as what it holds; one above that we may not read was there before. */
static int sync_parent(int at)
{
    int parent = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result, error;

    if (parent < 0)
        return errno == EACCES ? 0 : -1;
    result = fsync(parent);
    error = errno;
    close(parent);
    errno = error;
    return result;
}

enum lattn_status directory_replace(struct directory *directory, struct lattn_complaint *complaint)
{
    int at = directory->descriptor;

    /* LMDB's table of readers is of the old store; it makes a new one. */
    if (unlinkat(at, lock_name, 0) != 0 && errno != ENOENT)
        return refuse("remove the old store's lock", errno, complaint);
    if (renameat(at, DIRECTORY_NEW, at, DIRECTORY_DATA) != 0)
        return refuse("replace the store", errno, complaint);
    directory->holds = DIRECTORY_HAS_STORE;
    directory->was_made = 0;
    if (fsync(at) != 0)
        return refuse("sync the directory", errno, complaint);
    if (sync_parent(at) != 0)
        return refuse("sync the directory above", errno, complaint);
    return LATTN_OK;
}
