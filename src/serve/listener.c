/*
 * Taking over a path, in this order: lock PATH.lock, which the kernel unlocks even when a daemon is
 * killed; ask whether somebody answers at PATH, for a daemon of another kind may; remove the dead
 * socket; bind. The lock file is removed while it is locked, and a lock only counts while the path
 * still names the locked file, so that two daemons never hold two files of one name.
 */
#include "serve/listener.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    /* Connections that may wait to be accepted; the system may allow fewer. */
    LISTENER_BACKLOG = 512,
    /* Another daemon may remove its lock file between our opening and locking it. */
    LOCK_ATTEMPTS_MAX = 16
};

static const char lock_suffix[] = ".lock";

enum { PATH_BYTES_MAX = sizeof((struct sockaddr_un *)NULL)->sun_path };

struct listener {
    uv_pipe_t pipe;
    listener_connect_fn connect;
    void *arg;
    char path[PATH_BYTES_MAX];
    char lock_path[PATH_BYTES_MAX + sizeof lock_suffix];
    int lock;
    int descriptor; /* until the pipe has it */
    int has_pipe;
    dev_t device; /* of the socket we made */
    ino_t inode;
};

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

static enum lattn_status lock_take(struct listener *listener, struct lattn_complaint *complaint)
{
    for (int attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt++) {
        int lock = open(listener->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
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
        if (is_same_file(lock, listener->lock_path)) {
            listener->lock = lock;
            return LATTN_OK;
        }
        close(lock);
    }
    return complain(complaint, LATTN_IN_USE, "another lattnd holds unix:%s", listener->path);
}

static void lock_drop(struct listener *listener)
{
    if (listener->lock < 0)
        return;
    (void)unlink(listener->lock_path); /* left behind it does no harm */
    close(listener->lock);
    listener->lock = -1;
}

/* ---- the path ---- */

static struct sockaddr_un address_of(const struct listener *listener)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, listener->path, sizeof address.sun_path);
    return address;
}

static int socket_make(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Connect to the path: 0 if somebody answers, or is too busy to; else why not. */
static int path_knock(const struct listener *listener)
{
    struct sockaddr_un address = address_of(listener);
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
static enum lattn_status path_clear(struct listener *listener, struct lattn_complaint *complaint)
{
    struct stat found;
    int error;

    if (lstat(listener->path, &found) != 0)
        return errno == ENOENT ? LATTN_OK : refuse(complaint, "cannot look at the path");
    if (!S_ISSOCK(found.st_mode))
        return complain(complaint, LATTN_ADDRESS, "%s exists and is no socket", listener->path);
    error = path_knock(listener);
    if (error == 0)
        return complain(complaint, LATTN_IN_USE, "another process serves unix:%s", listener->path);
    errno = error;
    if (error != ECONNREFUSED)
        return refuse(complaint, "cannot tell whether the socket is in use");
    if (unlink(listener->path) != 0)
        return refuse(complaint, "cannot remove the stale socket");
    log_event(LOG_LEVEL_INFO, "stale socket taken over",
              LOG_FIELDS(log_text("path", listener->path)));
    return LATTN_OK;
}

static enum lattn_status path_bind(struct listener *listener, struct lattn_complaint *complaint)
{
    struct sockaddr_un address = address_of(listener);
    struct stat made;
    mode_t mask;
    int error;

    listener->descriptor = socket_make();
    if (listener->descriptor < 0)
        return refuse(complaint, "cannot make a socket");
    mask = umask(0177);
    error = bind(listener->descriptor, (struct sockaddr *)&address, sizeof address);
    umask(mask);
    if (error != 0)
        return refuse(complaint, "cannot bind");
    if (chmod(listener->path, 0600) != 0 || lstat(listener->path, &made) != 0)
        return refuse(complaint, "cannot protect the socket");
    listener->device = made.st_dev;
    listener->inode = made.st_ino;
    return LATTN_OK;
}

/* Remove the socket if it is still the one we made. */
static void path_remove(const struct listener *listener)
{
    struct stat found;

    if (listener->inode == 0 || lstat(listener->path, &found) != 0)
        return;
    if (S_ISSOCK(found.st_mode) && found.st_dev == listener->device &&
        found.st_ino == listener->inode)
        (void)unlink(listener->path); /* a stale socket is taken over next time */
}

/* ---- listening ---- */

static void connection_came(uv_stream_t *stream, int error)
{
    struct listener *listener = stream->data;

    if (error == 0)
        listener->connect(listener->arg, stream);
    else
        log_event(LOG_LEVEL_ERROR, "cannot accept a connection",
                  LOG_FIELDS(log_text("error", uv_strerror(error))));
}

static enum lattn_status pipe_listen(struct listener *listener, uv_loop_t *loop,
                                     struct lattn_complaint *complaint)
{
    int error;

    (void)uv_pipe_init(loop, &listener->pipe, 0); /* cannot fail */
    listener->pipe.data = listener;
    listener->has_pipe = 1;
    error = uv_pipe_open(&listener->pipe, listener->descriptor);
    if (error == 0) {
        listener->descriptor = -1;
        error = uv_listen((uv_stream_t *)&listener->pipe, LISTENER_BACKLOG, connection_came);
    }
    if (error != 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "cannot listen: %s", uv_strerror(error));
    return LATTN_OK;
}

enum lattn_status listener_open(struct listener **ret_listener, uv_loop_t *loop, const char *path,
                                listener_connect_fn connect, void *arg,
                                struct lattn_complaint *complaint)
{
    struct listener *listener;
    enum lattn_status status;

    if (strlen(path) >= PATH_BYTES_MAX)
        return complain(complaint, LATTN_ADDRESS, "the path is longer than %d bytes",
                        PATH_BYTES_MAX - 1);
    listener = memory_zeroed(1, sizeof *listener);
    if (listener == NULL)
        return LATTN_NO_MEMORY;
    listener->connect = connect;
    listener->arg = arg;
    listener->lock = -1;
    listener->descriptor = -1;
    memcpy(listener->path, path, strlen(path));
    memcpy(listener->lock_path, path, strlen(path));
    memcpy(listener->lock_path + strlen(path), lock_suffix, sizeof lock_suffix);
    status = lock_take(listener, complaint);
    if (status == LATTN_OK)
        status = path_clear(listener, complaint);
    if (status == LATTN_OK)
        status = path_bind(listener, complaint);
    if (status == LATTN_OK)
        status = pipe_listen(listener, loop, complaint);
    if (status != LATTN_OK) {
        listener_close(&listener);
        return status;
    }
    *ret_listener = listener;
    return LATTN_OK;
}

static void pipe_closed(uv_handle_t *handle)
{
    memory_release(handle->data);
}

void listener_close(struct listener **listener)
{
    struct listener *old = *listener;

    if (old == NULL)
        return;
    path_remove(old);
    lock_drop(old);
    if (old->descriptor >= 0)
        close(old->descriptor);
    if (old->has_pipe)
        uv_close((uv_handle_t *)&old->pipe, pipe_closed);
    else
        memory_release(old);
    *listener = NULL;
}
