#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <limits.h>
#include <stddef.h>

/* A folder of a test, below the system's place for such things. */
struct folder {
    char path[PATH_MAX];
};

struct folder folder_make(void);
/* Remove it with all that is in it. */
void folder_remove(const struct folder *folder);

/* The path of something in it; borrowed until the next call but three. */
const char *folder_file(const struct folder *folder, const char *name);

/* Is there such a file? */
int folder_has(const struct folder *folder, const char *name);

/* Copy all files of one folder into another, sparse ones too. */
void folder_copy(const struct folder *from, const struct folder *to);

/* All bytes of a file, released with free; and a file of bytes. What fails fails the test. */
unsigned char *folder_read(const char *path, size_t *ret_length);
void folder_write(const char *path, const void *bytes, size_t length);

#endif
