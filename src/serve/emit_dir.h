#ifndef SERVE_EMIT_DIR_H
#define SERVE_EMIT_DIR_H

#include <lattn/status.h>
#include <lattn/wire.h>

/*
 * The newest emission as files of a directory. Each file is written under another name and renamed,
 * so that a reader finds the old one or the new one, never a part. Nothing is synced to the disk:
 * the files repeat what the daemon knows, and nothing is recovered from them. Files of an earlier
 * run stay until the first emission replaces them.
 */
struct emit_dir {
    const char *path;
    int failed; /* the last emission could not be written, and the log says so */
};

/* path is kept until the end. Returns LATTN_OK, or LATTN_INPUT_OUTPUT where no file can be made. */
enum lattn_status emit_dir_init(struct emit_dir *dir, const char *path,
                                struct lattn_complaint *complaint);

/*
 * Replace status.json and model.safetensors. The first of several failures in a row is logged.
 *
 * status  in  JSON; the file ends with a newline
 * model   in  safetensors; without a byte its file is removed
 */
void emit_dir_write(struct emit_dir *dir, const struct lattn_text *status,
                    const struct lattn_text *model);

#endif
