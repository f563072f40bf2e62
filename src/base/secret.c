/*
 * The file is looked at through the descriptor it is read by, so that what was checked is what is
 * read; the bytes are cleared before their memory goes back.
 */
#include <lattn/secret.h>

#include <lattn/limits.h>

#include "base/complaint.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* A hundred keys, or a thousand of the longest tokens: more is another file by mistake. */
    SECRET_BYTES_MAX = 256 << 10
};

static enum lattn_status file_check(int descriptor, size_t *ret_length,
                                    struct lattn_complaint *complaint)
{
    struct stat found;

    if (fstat(descriptor, &found) != 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "%s", strerror(errno));
    if (!S_ISREG(found.st_mode))
        return complain(complaint, LATTN_FIELD, "not a regular file");
    if ((found.st_mode & S_IRWXO) != 0)
        return complain(complaint, LATTN_DENIED,
                        "everybody has access to it, mode %04o; it needs 0600 or 0640",
                        (unsigned)found.st_mode & 07777);
    if (found.st_size > SECRET_BYTES_MAX)
        return complain(complaint, LATTN_TOO_BIG, "larger than %d bytes", SECRET_BYTES_MAX);
    *ret_length = (size_t)found.st_size;
    return LATTN_OK;
}

/* Read up to `length` bytes; a file that was cut meanwhile has fewer. */
static enum lattn_status bytes_read(int descriptor, size_t length, struct lattn_secret *secret,
                                    struct lattn_complaint *complaint)
{
    secret->bytes = memory_raw(length + 1, 1);
    if (secret->bytes == NULL)
        return LATTN_NO_MEMORY;
    while (secret->length < length) {
        ssize_t got = read(descriptor, secret->bytes + secret->length, length - secret->length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return complain(complaint, LATTN_INPUT_OUTPUT, "%s", strerror(errno));
        if (got == 0)
            break;
        secret->length += (size_t)got;
    }
    secret->bytes[secret->length] = '\0';
    return LATTN_OK;
}

enum lattn_status lattn_secret_read(const char *path, struct lattn_secret *ret_secret,
                                    struct lattn_complaint *complaint)
{
    /* Opening a pipe would wait for whoever writes into it. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct lattn_secret secret = {0};
    size_t length = 0;
    enum lattn_status status;

    if (descriptor < 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "%s", strerror(errno));
    status = file_check(descriptor, &length, complaint);
    if (status == LATTN_OK)
        status = bytes_read(descriptor, length, &secret, complaint);
    close(descriptor);
    if (status != LATTN_OK)
        lattn_secret_done(&secret);
    else
        *ret_secret = secret;
    return status;
}

void lattn_secret_done(struct lattn_secret *secret)
{
    if (secret == NULL || secret->bytes == NULL)
        return;
    explicit_bzero(secret->bytes, secret->length);
    memory_release(secret->bytes);
    *secret = (struct lattn_secret){0};
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The line from `start`, without blanks around it. Returns where the next one begins. */
static size_t line_find(const struct lattn_secret *secret, size_t start, const char **ret_line,
                        size_t *ret_length)
{
    const char *line = secret->bytes + start;
    const char *newline = memchr(line, '\n', secret->length - start);
    size_t length = newline == NULL ? secret->length - start : (size_t)(newline - line);
    size_t next = start + length + (newline != NULL);

    while (length > 0 && is_blank(line[length - 1]))
        length--;
    for (; length > 0 && is_blank(*line); length--)
        line++;
    *ret_line = line;
    *ret_length = length;
    return next;
}

static int is_token(const char *line, size_t length)
{
    if (length < LATTN_TOKEN_MIN || length >= LATTN_TOKEN_MAX)
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (line[i] < '!' || line[i] > '~')
            return 0;
    }
    return 1;
}

static size_t line_number(const struct lattn_secret *secret, size_t at)
{
    size_t number = 1;

    for (size_t i = 0; i < at; i++)
        number += secret->bytes[i] == '\n';
    return number;
}

enum lattn_status lattn_secret_token(const struct lattn_secret *secret, size_t *at,
                                     const char **ret_token, size_t *ret_length,
                                     struct lattn_complaint *complaint)
{
    while (*at < secret->length) {
        const char *line;
        size_t length;
        size_t start = *at;

        *at = line_find(secret, start, &line, &length);
        if (length == 0 || line[0] == '#')
            continue;
        if (!is_token(line, length))
            return complain(complaint, LATTN_FIELD,
                            "line %zu is no token: %d to %d printable characters without blanks",
                            line_number(secret, start), LATTN_TOKEN_MIN, LATTN_TOKEN_MAX - 1);
        *ret_token = line;
        *ret_length = length;
        return LATTN_OK;
    }
    return LATTN_MORE;
}

enum lattn_status lattn_secret_first(const char *path, char ret_token[LATTN_TOKEN_MAX],
                                     struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    struct lattn_secret secret = {0};
    const char *token;
    size_t length;
    size_t at = 0;
    enum lattn_status status = lattn_secret_read(path, &secret, &why);

    if (status == LATTN_OK)
        status = lattn_secret_token(&secret, &at, &token, &length, &why);
    if (status == LATTN_MORE)
        status = complain(&why, LATTN_FIELD, "there is no token in it");
    if (status == LATTN_OK) {
        memcpy(ret_token, token, length);
        ret_token[length] = '\0';
    }
    lattn_secret_done(&secret);
    if (status == LATTN_OK)
        return status;
    return complaint_blame(complaint, LATTN_DENIED, path,
                           why.text[0] != '\0' ? why.text : lattn_status_text(status));
}
