/*
 * A state as a file that many processes read at once, each what it needs from where it stands.
 */
#include "solve/shard.h"

#include "base/complaint.h"
#include "core/khatri.h"
#include "core/learner.h"
#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are read as they stand");

enum { MARK_BYTES = 8 };

/* Where the next bytes come from. */
struct place {
    int descriptor;
    uint64_t at;
};

static enum lattn_status place_source(void *arg, void *ret_bytes, size_t length)
{
    struct place *place = arg;
    unsigned char *to = ret_bytes;

    while (length > 0) {
        ssize_t got = pread(place->descriptor, to, length, (off_t)place->at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return LATTN_INPUT_OUTPUT;
        to += got;
        place->at += (uint64_t)got;
        length -= (size_t)got;
    }
    return LATTN_OK;
}

/* A directory of a daemon is refused: what it holds changes, and stands in another form. */
static enum lattn_status directory_name(const char *path, char ret_name[PATH_MAX],
                                        struct lattn_complaint *complaint)
{
    struct stat found;
    int length = snprintf(ret_name, PATH_MAX, "%s/" DIRECTORY_DATA, path);

    if (length >= 0 && length < PATH_MAX && stat(ret_name, &found) == 0)
        return complain(complaint, LATTN_CONFLICT,
                        "state %.120s: it is a directory of lattnd --state: copy it by lattn "
                        "checkpoint ADDR -o COPY, or lattn merge",
                        path);
    length = snprintf(ret_name, PATH_MAX, "%s/" DIRECTORY_IMAGE, path);
    if (length < 0 || length >= PATH_MAX)
        return complain(complaint, LATTN_NO_DATA, "state %.120s...: the path is too long", path);
    return LATTN_OK;
}

static enum lattn_status file_open(struct shard *shard, struct lattn_complaint *complaint)
{
    char name[PATH_MAX];
    const char *path = shard->path;
    struct stat found;
    enum lattn_status status = LATTN_OK;

    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
        status = directory_name(path, name, complaint);
        path = name;
    }
    if (status != LATTN_OK)
        return status;
    shard->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (shard->descriptor < 0 || fstat(shard->descriptor, &found) != 0)
        return complain(
            complaint, errno == ENOENT || errno == ENOTDIR ? LATTN_NO_DATA : LATTN_INPUT_OUTPUT,
            "state %.150s: %s", shard->path, errno == ENOENT ? "it is missing" : strerror(errno));
    if (!S_ISREG(found.st_mode))
        return complain(complaint, LATTN_DAMAGED, "state %.150s: it is no file", shard->path);
    shard->bytes = (uint64_t)found.st_size;
    return LATTN_OK;
}

/* What was said of an image, behind its name. */
static enum lattn_status blame(const struct shard *shard, enum lattn_status status,
                               const struct lattn_complaint *said,
                               struct lattn_complaint *complaint)
{
    const char *why = said->text[0] != '\0' ? said->text : lattn_status_text(status);

    return complain(complaint, status, "state %.100s: %.140s", shard->path, why);
}

static enum lattn_status head_read(struct shard *shard, struct lattn_complaint *complaint)
{
    struct place place = {shard->descriptor, 0};
    struct lattn_complaint said = {""};
    const struct factor *factor;
    enum lattn_status status = state_load_head(&shard->state, &shard->base, &shard->moment,
                                               place_source, &place, shard->bytes, &said);

    shard->is_whole = status == LATTN_MORE;
    if (status < 0)
        return blame(shard, status, &said, complaint);
    factor = &shard->state.learner->factor;
    shard->origin = shard->state.origin;
    shard->pairs = factor->pairs;
    shard->share =
        shard->moment.fade * pow(factor->forget, (double)(factor->pairs - shard->moment.time));
    place.at = shard->bytes - MARK_BYTES;
    return place_source(&place, &shard->mark, MARK_BYTES);
}

enum lattn_status shard_open(struct shard *shard, const char *path,
                             struct lattn_complaint *complaint)
{
    enum lattn_status status;

    *shard = (struct shard){.path = path, .descriptor = -1};
    status = file_open(shard, complaint);
    return status == LATTN_OK ? head_read(shard, complaint) : status;
}

void shard_close(struct shard *shard)
{
    if (shard->descriptor >= 0)
        (void)close(shard->descriptor); /* it was only read */
    image_walk_done(&shard->moment);
    state_done(&shard->state);
    shard->descriptor = -1;
}

int shard_has_data(const struct shard *shard)
{
    return shard->pairs > 0;
}

enum lattn_status shard_verify(const struct shard *shard, struct lattn_complaint *complaint)
{
    struct place place = {shard->descriptor, 0};
    struct lattn_complaint said = {""};
    enum lattn_status status = state_verify(place_source, &place, shard->bytes, &said);

    return status == LATTN_OK ? status : blame(shard, status, &said, complaint);
}

enum lattn_status shard_load(const struct shard *shard, struct state *ret_state,
                             struct lattn_complaint *complaint)
{
    struct place place = {shard->descriptor, 0};
    struct lattn_complaint said = {""};
    enum lattn_status status = state_load(ret_state, place_source, &place, shard->bytes, &said);

    return status == LATTN_OK ? status : blame(shard, status, &said, complaint);
}

enum lattn_status shard_read(const struct shard *shard, uint64_t at, size_t count,
                             double *ret_numbers, struct lattn_complaint *complaint)
{
    struct place place = {shard->descriptor, shard->base + at};
    enum lattn_status status = place_source(&place, ret_numbers, count * sizeof *ret_numbers);

    return status == LATTN_OK ? status
                              : complain(complaint, status, "state %.150s: cannot read it: %s",
                                         shard->path, strerror(errno));
}

enum lattn_status shard_rows(const struct shard *shard, int32_t a, int32_t b, int32_t count,
                             double *ret_rows, struct lattn_complaint *complaint)
{
    int32_t q = shard->moment.d * (shard->moment.d + 1) / 2;
    uint64_t at = shard->moment.M_at + khatri_row(q, a, b) * (uint64_t)q * sizeof *ret_rows;

    return shard_read(shard, at, (size_t)count * (size_t)q, ret_rows, complaint);
}
