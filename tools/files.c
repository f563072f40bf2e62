#include "files.h"

#include "talk.h"

#include <lattn/limits.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum lattn_status bytes_write(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = write(fd, bytes, length);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return LATTN_INPUT_OUTPUT;
        bytes += done;
        length -= (size_t)done;
    }
    return LATTN_OK;
}

/* mkstemp makes files for the owner only; the result shall be as any other new file. */
static mode_t mode_usual(void)
{
    mode_t mask = umask(0);

    (void)umask(mask);
    return 0666 & ~mask;
}

static enum lattn_status beside_write(int fd, const struct lattn_text *text)
{
    enum lattn_status status = bytes_write(fd, text->data, text->length);

    if (status == LATTN_OK && fchmod(fd, mode_usual()) != 0)
        status = LATTN_INPUT_OUTPUT;
    if (close(fd) != 0)
        status = LATTN_INPUT_OUTPUT;
    return status;
}

/* A device, a pipe or a link is written to where it is: renaming over it would put it away. */
static int is_written_in_place(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static enum lattn_status place_write(const char *path, const struct lattn_text *text)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    enum lattn_status status;

    if (fd < 0)
        return LATTN_INPUT_OUTPUT;
    status = bytes_write(fd, text->data, text->length);
    if (close(fd) != 0)
        status = LATTN_INPUT_OUTPUT;
    return status;
}

enum lattn_status files_replace(const char *path, const struct lattn_text *text)
{
    enum lattn_status status = LATTN_INPUT_OUTPUT;
    char *beside;
    int fd;

    if (is_written_in_place(path))
        return place_write(path, text);
    if (asprintf(&beside, "%s.XXXXXX", path) < 0)
        return LATTN_NO_MEMORY;
    fd = mkstemp(beside);
    if (fd >= 0)
        status = beside_write(fd, text);
    if (status == LATTN_OK && rename(beside, path) != 0)
        status = LATTN_INPUT_OUTPUT;
    if (fd >= 0 && status != LATTN_OK) {
        int reason = errno;

        (void)unlink(beside);
        errno = reason;
    }
    free(beside);
    return status;
}

static enum lattn_status file_read(const char *path, struct lattn_text *text)
{
    enum lattn_status status = LATTN_OK;
    char bytes[16384];
    FILE *file = fopen(path, "re");
    size_t got;

    if (file == NULL)
        return LATTN_INPUT_OUTPUT;
    while (status == LATTN_OK && (got = fread(bytes, 1, sizeof bytes, file)) > 0)
        status = lattn_text_add(text, bytes, got);
    if (status == LATTN_OK && ferror(file))
        status = LATTN_INPUT_OUTPUT;
    /* An empty file is an empty text, not none. */
    if (status == LATTN_OK)
        status = lattn_text_add(text, "", 0);
    (void)fclose(file); /* nothing was written to it */
    return status;
}

/* What a zip archive begins with, and so an npz. */
static int is_archive(const struct lattn_text *text)
{
    return text->length >= 2 && memcmp(text->data, "PK", 2) == 0;
}

/* A finding of softmax attention, or else a model. */
static enum lattn_status layer_read(const struct lattn_text *text, struct files_layer *ret_layer,
                                    struct lattn_complaint *complaint)
{
    struct lattn_complaint ignored;
    enum lattn_status status = lattn_attention_read(
        text->data, text->length, &ret_layer->architecture, &ret_layer->attention, complaint);

    if (status == LATTN_OK || status == LATTN_NO_MEMORY)
        return status;
    /* Of what is neither, the complaint is that about a model: it knows more formats. */
    return lattn_model_read(text->data, text->length, &ret_layer->model,
                            status == LATTN_NO_DATA || status == LATTN_SYNTAX ? complaint
                                                                              : &ignored);
}

enum lattn_status files_read_layer(const char *verb, const char *path,
                                   struct files_layer *ret_layer)
{
    struct lattn_complaint complaint = {""};
    struct lattn_text text;
    enum lattn_status status;

    *ret_layer = (struct files_layer){.architecture = LATTN_ARCHITECTURE_LINEAR};
    lattn_text_init(&text);
    status = file_read(path, &text);
    if (status == LATTN_INPUT_OUTPUT) {
        talk(verb, path, "cannot read: %s", strerror(errno));
    } else if (status == LATTN_OK && is_archive(&text)) {
        status = LATTN_SYNTAX;
        talk(verb, path, "not a model to be read: npz is not, JSON and safetensors are");
    } else if (status == LATTN_OK) {
        status = layer_read(&text, ret_layer, &complaint);
        if (status != LATTN_OK)
            talk(verb, path, "not a model: %s",
                 complaint.text[0] ? complaint.text : lattn_status_text(status));
    } else {
        talk(verb, path, "%s", lattn_status_text(status));
    }
    lattn_text_done(&text);
    return status;
}

void files_layer_done(struct files_layer *layer)
{
    lattn_attention_close(&layer->attention);
    lattn_model_close(&layer->model);
}

enum lattn_status files_read_model(const char *verb, const char *path,
                                   struct lattn_model **ret_model)
{
    struct files_layer layer;
    enum lattn_status status = files_read_layer(verb, path, &layer);

    if (status != LATTN_OK)
        return status;
    *ret_model = layer.model;
    if (layer.model != NULL)
        return LATTN_OK;
    files_layer_done(&layer);
    talk(verb, path, "is softmax attention, which has no coefficients as models have");
    return LATTN_FIELD;
}
