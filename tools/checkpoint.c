/*
 * checkpoint: let a daemon write down what it has learned, or carry a copy of it away.
 *
 * The copy is a directory with one file, `image`, which lattnd --state takes as its beginning. It
 * is fetched in parts, so that neither side sends gigabytes at once.
 */
#include "client.h"
#include "options.h"
#include "progress.h"
#include "talk.h"
#include "verbs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char image_name[] = "image";
static const char image_name_unfinished[] = "image.part";

/*
 * Where a copy goes.
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

static enum verb_exit copy_refuse(const struct copy *copy, const char *what)
{
    talk(copy->verb, copy->path, "cannot %s: %s", what, strerror(errno));
    return VERB_REFUSED;
}

/* ---- the directory ---- */

/* Errno is 0 where it is empty. */
static int directory_is_empty(int directory)
{
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry;
    int count = 0;

    if (listing == NULL)
        return 0;
    errno = 0;
    while ((entry = readdir(listing)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (count > 0)
        errno = ENOTEMPTY;
    (void)closedir(listing); /* nothing was written to it */
    return count == 0 && errno == 0;
}

static enum verb_exit copy_open(struct copy *copy)
{
    copy->is_made = mkdir(copy->path, 0700) == 0;
    if (!copy->is_made && errno != EEXIST)
        return copy_refuse(copy, "make the directory");
    copy->directory = open(copy->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy->directory < 0 || !directory_is_empty(copy->directory))
        return copy_refuse(copy, "use it for a copy");
    copy->file = openat(copy->directory, image_name_unfinished,
                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    copy->is_begun = copy->file >= 0;
    return copy->is_begun ? VERB_DONE : copy_refuse(copy, "write there");
}

static int copy_write(const struct copy *copy, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = write(copy->file, bytes, length);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        bytes += done;
        length -= (size_t)done;
    }
    return 0;
}

/* Names are in directories: what is new in one is on the disk with it. */
static int names_sync(const struct copy *copy)
{
    int parent = openat(copy->directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = parent < 0 || fsync(copy->directory) != 0 || fsync(parent) != 0 ? errno : 0;

    if (parent >= 0)
        (void)close(parent); /* it was only read */
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Let the copy have its name once all of it is on the disk. */
static enum verb_exit copy_finish(struct copy *copy)
{
    if (fsync(copy->file) != 0 ||
        renameat(copy->directory, image_name_unfinished, copy->directory, image_name) != 0)
        return copy_refuse(copy, "write the copy");
    copy->is_begun = 0;
    return names_sync(copy) == 0 ? VERB_DONE : copy_refuse(copy, "write the copy");
}

/* Whatever is not finished is taken away again. */
static void copy_close(struct copy *copy, enum verb_exit code)
{
    if (copy->file >= 0)
        (void)close(copy->file); /* it is on the disk, or given up */
    if (copy->is_begun)
        (void)unlinkat(copy->directory, image_name_unfinished, 0); /* it is of no use either way */
    if (copy->directory >= 0)
        (void)close(copy->directory); /* nothing is written through it */
    if (code != VERB_DONE && copy->is_made)
        (void)rmdir(copy->path); /* somebody may have put something there */
}

/* ---- the image ---- */

/* Fetch one part and write it; what it brings is at most `left` bytes. */
static enum verb_exit part_fetch(struct client *client, const struct copy *copy,
                                 const struct lattn_image *image, uint64_t part, uint64_t left,
                                 uint64_t *ret_length)
{
    const struct lattn_request request = {
        .method = LATTN_METHOD_CHECKPOINT, .id = "1", .image = image->id, .part = part};
    struct lattn_reply reply;
    struct lattn_text bytes;
    enum lattn_status status;
    enum verb_exit code = client_ask(client, &request, &reply);
    uint64_t part_said;

    if (code != VERB_DONE)
        return code;
    lattn_text_init(&bytes);
    status = lattn_reply_part(&reply, &part_said, &bytes);
    if (status == LATTN_OK && (part_said != part || bytes.length == 0 || bytes.length > left))
        status = LATTN_FIELD;
    if (status != LATTN_OK)
        code = client_refuse(client, status);
    else if (copy_write(copy, bytes.data, bytes.length) != 0)
        code = copy_refuse(copy, "write the copy");
    *ret_length = bytes.length;
    lattn_text_done(&bytes);
    lattn_reply_done(&reply);
    return code;
}

static enum verb_exit parts_fetch(struct client *client, const struct copy *copy,
                                  const struct lattn_image *image)
{
    enum verb_exit code = VERB_DONE;
    uint64_t done = 0;

    progress_begin(client->verb, "bytes", -1, image->bytes, PROGRESS_AT_END);
    for (uint64_t part = 0; part < image->parts && code == VERB_DONE; part++) {
        uint64_t length = 0;

        code = part_fetch(client, copy, image, part, image->bytes - done, &length);
        done += length;
        if (code == VERB_DONE)
            progress_show(done, NULL);
    }
    progress_end();
    return code == VERB_DONE && done != image->bytes ? client_refuse(client, LATTN_FIELD) : code;
}

static enum verb_exit image_ask(struct client *client, struct lattn_image *ret_image)
{
    const struct lattn_request request = {
        .method = LATTN_METHOD_CHECKPOINT, .id = "1", .makes_image = 1};
    struct lattn_reply reply;
    enum lattn_status status;
    enum verb_exit code = client_ask(client, &request, &reply);

    if (code != VERB_DONE)
        return code;
    status = lattn_reply_image(&reply, ret_image);
    lattn_reply_done(&reply);
    return status == LATTN_OK ? VERB_DONE : client_refuse(client, status);
}

static enum verb_exit image_copy(struct client *client, const char *path)
{
    struct copy copy = {.verb = client->verb, .path = path, .directory = -1, .file = -1};
    struct lattn_image image;
    enum verb_exit code = copy_open(&copy);

    if (code == VERB_DONE)
        code = image_ask(client, &image);
    if (code == VERB_DONE)
        code = parts_fetch(client, &copy, &image);
    if (code == VERB_DONE)
        code = copy_finish(&copy);
    if (code == VERB_DONE)
        printf("pairs %" PRIu64 "\nbytes %" PRIu64 "\n", image.pairs, image.bytes);
    copy_close(&copy, code);
    return code;
}

/* ---- the verb ---- */

static enum verb_exit checkpoint_ask(struct client *client)
{
    const struct lattn_request request = {.method = LATTN_METHOD_CHECKPOINT, .id = "1"};
    struct lattn_checkpoint checkpoint;
    struct lattn_reply reply;
    enum lattn_status status;
    enum verb_exit code = client_ask(client, &request, &reply);

    if (code != VERB_DONE)
        return code;
    status = lattn_reply_checkpoint(&reply, &checkpoint);
    lattn_reply_done(&reply);
    if (status != LATTN_OK)
        return client_refuse(client, status);
    printf("pairs %" PRIu64 "\nbytes %" PRIu64 "\nposition %" PRIu64 "\n", checkpoint.pairs,
           checkpoint.bytes, checkpoint.position);
    return VERB_DONE;
}

enum verb_exit checkpoint_run(int argc, char **argv)
{
    struct link_settings settings = {0};
    const char *path = NULL;
    const struct option_row rows[] = {
        {"-o", "STATE", OPTION_TEXT, &path, 0, 0,
         "carry a copy away: make the directory STATE, for lattnd --state STATE"},
    };
    const struct options options = {
        .usage = "checkpoint ADDR [-o STATE]",
        .about = "Let the daemon at ADDR write a checkpoint of its state, and wait for it.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .link = &settings,
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &settings.address);
    struct client client;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    code = client_open(&client, argv[0], &settings, LATTN_FORMAT_MSGPACK);
    if (code != VERB_DONE)
        return code;
    code = path == NULL ? checkpoint_ask(&client) : image_copy(&client, path);
    client_close(&client);
    return code;
}
