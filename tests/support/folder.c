#include "support/folder.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder folder_make(void)
{
    const char *place = getenv("TMPDIR");
    struct folder folder;

    snprintf(folder.path, sizeof folder.path, "%s/lattn-test-XXXXXX",
             place == NULL ? "/tmp" : place);
    cr_assert_not_null(mkdtemp(folder.path));
    return folder;
}

static void remove_all(const char *path)
{
    DIR *stream = opendir(path);
    const struct dirent *entry;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        char name[PATH_MAX + NAME_MAX + 2];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (unlink(name) != 0)
            remove_all(name);
    }
    if (stream != NULL)
        closedir(stream);
    (void)rmdir(path);
}

void folder_remove(const struct folder *folder)
{
    remove_all(folder->path);
}

const char *folder_file(const struct folder *folder, const char *name)
{
    static char paths[4][PATH_MAX + NAME_MAX + 2];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder->path, name);
    return path;
}

int folder_has(const struct folder *folder, const char *name)
{
    return access(folder_file(folder, name), F_OK) == 0;
}

unsigned char *folder_read(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;
    struct stat found;

    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fstat(fileno(file), &found), 0);
    bytes = malloc((size_t)found.st_size + 1);
    cr_assert_not_null(bytes);
    cr_assert_eq(fread(bytes, 1, (size_t)found.st_size, file), (size_t)found.st_size);
    cr_assert_eq(fclose(file), 0);
    *ret_length = (size_t)found.st_size;
    return bytes;
}

void folder_write(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, length, file), length);
    cr_assert_eq(fclose(file), 0);
}

void folder_copy(const struct folder *from, const struct folder *to)
{
    DIR *stream = opendir(from->path);
    const struct dirent *entry;

    cr_assert_not_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        struct stat found;
        unsigned char *bytes;
        size_t length;

        if (stat(folder_file(from, entry->d_name), &found) != 0 || !S_ISREG(found.st_mode))
            continue;
        bytes = folder_read(folder_file(from, entry->d_name), &length);
        folder_write(folder_file(to, entry->d_name), bytes, length);
        free(bytes);
    }
    closedir(stream);
}
