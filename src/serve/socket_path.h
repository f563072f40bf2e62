#ifndef SERVE_SOCKET_PATH_H
#define SERVE_SOCKET_PATH_H

#include <lattn/address.h>
#include <lattn/status.h>

#include <stddef.h>
#include <sys/types.h>

/*
 * A Unix socket in the file system, for its owner and perhaps a group. As long as it is open
 * PATH.lock is locked, so that there is one daemon per path, whatever was left behind by one that
 * was killed.
 *
 * lock           descriptor of the lock file
 * device, inode  of the socket that we made; 0 before that
 */
struct socket_path {
    char text[sizeof((struct lattn_address *)NULL)->path];
    char lock_path[sizeof((struct lattn_address *)NULL)->path + sizeof ".lock"];
    int lock;
    dev_t device;
    ino_t inode;
};

/*
 * Make the socket. One that nobody answers at is replaced; nothing else is ever removed. To be
 * called while no other thread makes files: it changes the umask for a moment.
 *
 * group           in   may connect as well; NULL: only the owner may. The folder is not ours to
 *                      change: the group has to be able to pass through it
 * ret_descriptor  out  bound, does not listen yet; given
 *
 * Returns LATTN_OK; LATTN_IN_USE: another process serves the path; LATTN_ADDRESS: the path cannot
 * be a socket; LATTN_INPUT_OUTPUT.
 */
enum lattn_status socket_path_open(struct socket_path *ret_path, const char *text,
                                   const gid_t *group, int *ret_descriptor,
                                   struct lattn_complaint *complaint);

/* Remove socket and lock. */
void socket_path_close(struct socket_path *path);

#endif
