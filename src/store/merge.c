/* Directories of disjoint streams, read one after the other into one state. */
#include <lattn/state.h>

#include "base/complaint.h"
#include "core/learner.h"
#include "store/recover.h"
#include "store/state.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Is this directory one of those before it, by whatever name? */
static enum lattn_status repetition_refuse(const char *const *paths, size_t place,
                                           struct lattn_complaint *complaint)
{
    struct stat found, earlier;

    if (stat(paths[place], &found) != 0)
        return complain(complaint, LATTN_NO_DATA, "state %.150s: %s", paths[place],
                        strerror(errno));
    for (size_t i = 0; i < place; i++)
        if (stat(paths[i], &earlier) == 0 && earlier.st_dev == found.st_dev &&
            earlier.st_ino == found.st_ino)
            return complain(complaint, LATTN_CONFLICT,
                            "state %.150s: it comes twice: its pairs would count twice",
                            paths[place]);
    return LATTN_OK;
}

/* Read one more; the first is where all others go. */
static enum lattn_status merge_next(const char *const *paths, size_t place, struct state *state,
                                    struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    struct recover_info info;
    struct state next = {0};
    enum lattn_status status = repetition_refuse(paths, place, complaint);

    if (status != LATTN_OK)
        return status;
    if (place == 0)
        return recover_read(paths[place], state, &info, complaint);
    status = recover_read(paths[place], &next, &info, complaint);
    if (status != LATTN_OK)
        return status;
    status = state_merge(state, &next, &said);
    state_done(&next);
    if (status != LATTN_OK)
        return complain(complaint, status, "state %.120s, beside %.40s: %.75s", paths[place],
                        paths[0], said.text[0] == '\0' ? lattn_status_text(status) : said.text);
    return LATTN_OK;
}

enum lattn_status lattn_state_merge(const char *const *paths, size_t count, lattn_sink_fn sink,
                                    void *arg, struct lattn_merged *ret_merged,
                                    struct lattn_complaint *complaint)
{
    struct state state = {0};
    enum lattn_status status = LATTN_OK;

    assert(count >= 1);
    for (size_t i = 0; status == LATTN_OK && i < count; i++)
        status = merge_next(paths, i, &state, complaint);
    if (status == LATTN_OK) {
        struct lattn_merged merged = {
            .pairs = lattn_learner_pairs(state.learner),
            .d = lattn_learner_dim(state.learner),
            .m = lattn_learner_outputs(state.learner),
            .bytes = state_bytes(&state),
        };

        status = state_save(&state, sink, arg);
        if (status == LATTN_OK)
            *ret_merged = merged;
    }
    state_done(&state);
    return status;
}
