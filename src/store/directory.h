#ifndef STORE_DIRECTORY_H
#define STORE_DIRECTORY_H

#include <lattn/status.h>

#include <limits.h>

/*
 * The directory of a state, locked as long as it is open: by one that writes, or by many that read.
 * The lock is on the directory itself, so that nothing has to be made for it or left behind.
 *
 * data.mdb, lock.mdb   LMDB's (store/volume.c)
 * new.mdb              a store that is being made; not looked at, removed when another is made
 * damaged-N.mdb        a store that was replaced, kept for whoever wants to look at it
 * image                an image of a state (store/state.h), from which a store can begin
 */
#define DIRECTORY_DATA "data.mdb"
#define DIRECTORY_NEW "new.mdb"
#define DIRECTORY_IMAGE "image"

/* What is in it: a store, an image alone, or nothing. */
enum directory_holds { DIRECTORY_EMPTY, DIRECTORY_HAS_IMAGE, DIRECTORY_HAS_STORE };

struct directory {
    char path[PATH_MAX];
    int descriptor;
    int was_made;
    enum directory_holds holds;
};

enum directory_use { DIRECTORY_READ, DIRECTORY_WRITE };

/*
 * Open and lock a directory. Where it does not exist DIRECTORY_WRITE makes it (0700).
 *
 * Returns LATTN_OK; LATTN_NO_DATA: there is none to read; LATTN_IN_USE: another process has it;
 * LATTN_DAMAGED: it holds other things than a state; LATTN_NO_SPACE; LATTN_INPUT_OUTPUT: it is no
 * directory, or may not be used. The complaint names the path.
 */
enum lattn_status directory_open(struct directory *ret_directory, const char *path,
                                 enum directory_use use, struct lattn_complaint *complaint);

/* Unlock it; one that was made and is empty is removed again. */
void directory_close(struct directory *directory);

/* The path of a file in it. ret_path has PATH_MAX bytes. */
void directory_file(const struct directory *directory, const char *name, char *ret_path);

/* Make way for a new store: remove DIRECTORY_NEW if it is there. */
enum lattn_status directory_clear(const struct directory *directory,
                                  struct lattn_complaint *complaint);

/* Keep a second name, damaged-N.mdb, for the store that is there. */
enum lattn_status directory_keep(const struct directory *directory,
                                 struct lattn_complaint *complaint);

/*
 * Let DIRECTORY_NEW take the place of the store and bring the names to the disk.
 *
 * Returns LATTN_OK, or LATTN_INPUT_OUTPUT or LATTN_NO_SPACE: either of them is there.
 */
enum lattn_status directory_replace(struct directory *directory, struct lattn_complaint *complaint);

#endif
