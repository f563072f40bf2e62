#ifndef CHILD_H
#define CHILD_H

#include <lattn/status.h>

#include <stddef.h>
#include <sys/types.h>

/*
 * A command of the shell whose standard input and output are pipes to us, in a process group of its
 * own: what ends us at the terminal leaves it to child_end. Standard error stays ours.
 */
struct child {
    pid_t pid;  /* 0: none */
    int input;  /* what it reads; does not block. -1: closed */
    int output; /* what it writes; the same */
};

/* Words on how a child ended: "exit status 3", "signal 9, Killed". */
enum { CHILD_WORDS_MAX = 64 };

/*
 * Returns LATTN_OK, or LATTN_INPUT_OUTPUT with the complaint and no child.
 */
enum lattn_status child_start(struct child *child, const char *command,
                              struct lattn_complaint *complaint);

/*
 * Read or write what there is or fits, as read(2) and write(2); where nobody reads any more, that
 * is EPIPE and no signal.
 */
ssize_t child_read(const struct child *child, void *bytes, size_t length);
ssize_t child_write(const struct child *child, const void *bytes, size_t length);

/*
 * Close the pipes and wait until it has ended: a moment for itself, another one behind SIGTERM to
 * its group, then SIGKILL. Accepts one that was never started.
 *
 * ret_words  out  how it ended; may be NULL
 *
 * Returns the exit status; -1 where a signal ended it, or there was no child.
 */
int child_end(struct child *child, char ret_words[CHILD_WORDS_MAX]);

#endif
