/*
 * Taking over a path, in this order: lock PATH.lock, which the kernel unlocks even when a daemon is
 * killed; ask whether somebody answers at PATH, for a daemon of another kind may; remove the dead
 * socket; bind. The lock file is removed while it is locked, and a lock only counts while the path
 * still names the locked file, so that two daemons never hold two files of one name.
 */
#include "serve/socket_path.h"

#include "base/complaint.h"
#include "serve/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    /* Another daemon may remove its lock file between our opening and locking it. */
    LOCK_ATTEMPTS_MAX = 16
};

static_assert(sizeof((struct socket_path *)NULL)->text ==
                  sizeof((struct sockaddr_un *)NULL)->sun_path,
              "a path of lattn/address.h is one of the system");

static enum lattn_status refuse(struct lattn_complaint *complaint, const char *what)
{
    return complain(complaint, LATTN_INPUT_OUTPUT, "%s: %s", what, strerror(errno));
}

/* ---- the lock ---- */

static int is_same_file(int descriptor, const char *path)
{
    struct stat held;
    struct stat named;

    return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static enum lattn_status lock_take(struct socket_path *path, struct lattn_complaint *complaint)
{
    for (int attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt++) {
        int lock = open(path->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        int error;

        if (lock < 0)
            return refuse(complaint, "cannot open the lock file");
        if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
            error = errno;
            close(lock);
            errno = error;
            if (error == EWOULDBLOCK)
                break;
            return refuse(complaint, "cannot lock the lock file");
        }
        if (is_same_file(lock, path->lock_path)) {
            path->lock = lock;
            return LATTN_OK;
        }
        close(lock);
    }
    return complain(complaint, LATTN_IN_USE, "another lattnd holds unix:%s", path->text);
}

static void lock_drop(struct socket_path *path)
{
    if (path->lock < 0)
        return;
    (void)unlink(path->lock_path); /* left behind it does no harm */
    close(path->lock);
    path->lock = -1;
}

/* ---- the path ---- */

static struct sockaddr_un address_of(const struct socket_path *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, path->text, sizeof address.sun_path);
    return address;
}

static int socket_make(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Connect to the path: 0 if somebody answers, or is too busy to; else why not. */
static int path_knock(const struct socket_path *path)
{
    struct sockaddr_un address = address_of(path);
    int descriptor = socket_make();
    int error = 0;

    if (descriptor < 0)
        return errno;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0 && errno != EAGAIN)
        error = errno;
    close(descriptor);
    return error;
}

/* Make sure that nothing is at the path, removing a socket that nobody serves any more. */
static enum lattn_status path_clear(struct socket_path *path, struct lattn_complaint *complaint)
{
    struct stat found;
    int error;

    if (lstat(path->text, &found) != 0)
        return errno == ENOENT ? LATTN_OK : refuse(complaint, "cannot look at the path");
    if (!S_ISSOCK(found.st_mode))
        return complain(complaint, LATTN_ADDRESS, "%s exists and is no socket", path->text);
    error = path_knock(path);
    if (error == 0)
        return complain(complaint, LATTN_IN_USE, "another process serves unix:%s", path->text);
    errno = error;
    if (error != ECONNREFUSED)
        return refuse(complaint, "cannot tell whether the socket is in use");
    if (unlink(path->text) != 0)
        return refuse(complaint, "cannot remove the stale socket");
    log_event(LOG_LEVEL_INFO, "stale socket taken over", LOG_FIELDS(log_text("path", path->text)));
    return LATTN_OK;
}

/* Until here nobody but the owner can connect. */
static enum lattn_status path_share(const struct socket_path *path, const gid_t *group,
                                    struct lattn_complaint *complaint)
{
    if (group == NULL)
        return chmod(path->text, 0600) == 0 ? LATTN_OK
                                            : refuse(complaint, "cannot protect the socket");
    if (lchown(path->text, (uid_t)-1, *group) != 0)
        return refuse(complaint, "cannot give the socket to the group");
    return chmod(path->text, 0660) == 0 ? LATTN_OK : refuse(complaint, "cannot share the socket");
}

static enum lattn_status path_bind(struct socket_path *path, const gid_t *group,
                                   int *ret_descriptor, struct lattn_complaint *complaint)
{
    struct sockaddr_un address = address_of(path);
    struct stat made;
    mode_t mask;
    int error;

    *ret_descriptor = socket_make();
    if (*ret_descriptor < 0)
        return refuse(complaint, "cannot make a socket");
    mask = umask(0177);
    error = bind(*ret_descriptor, (struct sockaddr *)&address, sizeof address);
    umask(mask);
    if (error != 0)
        return refuse(complaint, "cannot bind");
    if (lstat(path->text, &made) != 0)
        return refuse(complaint, "cannot look at the socket");
    path->device = made.st_dev;
    path->inode = made.st_ino;
    return path_share(path, group, complaint);
}

/* Remove the socket if it is still the one we made. */
static void path_remove(const struct socket_path *path)
{
    struct stat found;

    if (path->inode == 0 || lstat(path->text, &found) != 0)
        return;
    if (S_ISSOCK(found.st_mode) && found.st_dev == path->device && found.st_ino == path->inode)
        (void)unlink(path->text); /* a stale socket is taken over next time */
}

enum lattn_status socket_path_open(struct socket_path *ret_path, const char *text,
                                   const gid_t *group, int *ret_descriptor,
                                   struct lattn_complaint *complaint)
{
    struct socket_path path = {.lock = -1};
    int descriptor = -1;
    enum lattn_status status;

    snprintf(path.text, sizeof path.text, "%s", text);
    snprintf(path.lock_path, sizeof path.lock_path, "%s.lock", path.text);
    status = lock_take(&path, complaint);
    if (status == LATTN_OK)
        status = path_clear(&path, complaint);
    if (status == LATTN_OK)
        status = path_bind(&path, group, &descriptor, complaint);
    if (status != LATTN_OK) {
        if (descriptor >= 0)
            close(descriptor);
        socket_path_close(&path);
        return status;
    }
    *ret_path = path;
    *ret_descriptor = descriptor;
    return LATTN_OK;
}

void socket_path_close(struct socket_path *path)
{
    path_remove(path);
    lock_drop(path);
}
