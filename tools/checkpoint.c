/*
 * checkpoint: let a daemon write down what it has learned, or carry a copy of it away.
 *
 * The copy is a directory with one file, `image`, which lattnd --state takes as its beginning. It
 * is fetched in parts, so that neither side sends gigabytes at once.
 */
#include "client.h"
#include "copy.h"
#include "options.h"
#include "progress.h"
#include "talk.h"
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>

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
    struct lattn_image image;
    struct copy copy;
    enum verb_exit code = copy_open(&copy, client->verb, path);

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
