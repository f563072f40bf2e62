#ifndef COPY_H
#define COPY_H

#include "verbs.h"

#include <stddef.h>

/*
 * A directory that is made to hold the image of a state, for lattnd --state.
 *
 * directory, file  -1 where they are not open
 * is_made          the directory is ours;  is_begun: so is the file that is not finished
 */
struct copy {
    const char *verb;
    const char *path;
    int directory;
    int file;
    int is_made;
    int is_begun;
};

/*
 * Make the directory, or take an empty one, and begin the image. verb and path are kept.
 *
 * Says why not and returns VERB_REFUSED; copy_close follows in any case.
 */
enum verb_exit copy_open(struct copy *copy, const char *verb, const char *path);

/* Write the next bytes of the image. Returns 0, or -1 with errno. */
int copy_write(const struct copy *copy, const char *bytes, size_t length);

/* The image is whole: bring it to the disk, under its name. Says why not. */
enum verb_exit copy_finish(struct copy *copy);

/* Say that something cannot be done with it, by errno. Returns VERB_REFUSED. */
enum verb_exit copy_refuse(const struct copy *copy, const char *what);

/* Close it; unless `code` is VERB_DONE whatever was made for it is taken away again. */
void copy_close(struct copy *copy, enum verb_exit code);

#endif
