/*
 * The order of recovery: a child reads everything; then this process opens the store, loads the
 * newest checkpoint that is of use and takes the steps behind it. Only when the state stands,
 * agrees with what was asked for and is to be kept, is anything in the directory changed: a new
 * store is made, or one that is damaged anywhere is made anew, so that LMDB never writes to a
 * damaged file.
 */
#include "store/recover.h"

#include "base/complaint.h"
#include "core/learner.h"
#include "store/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- an image ------------------------------------------------------------------------------- */

static enum lattn_status read_file(void *arg, void *ret_bytes, size_t length)
{
    FILE *file = arg;

    if (fread(ret_bytes, 1, length, file) == length)
        return LATTN_OK;
    return ferror(file) ? LATTN_INPUT_OUTPUT : LATTN_DAMAGED;
}

static enum lattn_status load_file(FILE *file, struct state *ret_state, uint64_t *ret_bytes,
                                   struct lattn_complaint *complaint)
{
    struct stat found;

    if (fstat(fileno(file), &found) != 0 || !S_ISREG(found.st_mode))
        return complain(complaint, LATTN_INPUT_OUTPUT, "it is no file");
    *ret_bytes = (uint64_t)found.st_size;
    return state_load(ret_state, read_file, file, *ret_bytes, complaint);
}

static enum lattn_status load_image(const char *path, struct state *ret_state, uint64_t *ret_bytes,
                                    struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    char name[PATH_MAX];
    enum lattn_status status;
    FILE *file;

    snprintf(name, sizeof name, "%s/%s", path, DIRECTORY_IMAGE);
    file = fopen(name, "rbe");
    if (file == NULL)
        return complain(complaint, LATTN_INPUT_OUTPUT, "state %.100s: cannot open the image: %s",
                        path, strerror(errno));
    status = load_file(file, ret_state, ret_bytes, &said);
    fclose(file);
    if (status == LATTN_OK)
        return status;
    return complain(complaint, status, "state %.100s: image: %.130s", path,
                    said.text[0] == '\0' ? lattn_status_text(status) : said.text);
}

/* ---- from the store ------------------------------------------------------------------------- */

static enum lattn_status replay(struct store *store, uint64_t from, struct state *state,
                                struct lattn_complaint *complaint)
{
    for (uint64_t position = from + 1; position <= store_position(store); position++) {
        struct lattn_complaint said = {""};
        struct record_copy copy;
        enum lattn_status status = store_read(store, position, &copy, complaint);

        if (status == LATTN_NO_DATA)
            return complain(complaint, LATTN_DAMAGED, "record %" PRIu64 " is missing", position);
        if (status != LATTN_OK)
            return status;
        status = state_apply(state, &copy.record, &said);
        record_copy_done(&copy);
        if (status != LATTN_OK)
            return complain(complaint, status, "record %" PRIu64 ": %.200s", position, said.text);
    }
    return LATTN_OK;
}

static enum lattn_status restore_from(struct store *store, uint64_t position,
                                      struct state *ret_state, struct lattn_complaint *complaint)
{
    struct state state = {0};
    enum lattn_status status = store_load(store, position, &state, complaint);

    if (status == LATTN_OK)
        status = replay(store, position, &state, complaint);
    if (status == LATTN_OK)
        *ret_state = state;
    else
        state_done(&state);
    return status;
}

/* The newest checkpoint that leads to the last record. What another one lacks is in info->damage.
 */
static enum lattn_status restore(struct store *store, const struct examination *examination,
                                 struct state *ret_state, struct recover_info *info,
                                 struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    uint64_t positions[CONTENTS_CHECKPOINTS];
    int count = store_checkpoints(store, positions);

    snprintf(info->damage, sizeof info->damage, "%s", examination->damage);
    for (int i = 0; i < count; i++) {
        enum lattn_status status;

        if ((examination->usable >> i & 1) == 0)
            continue;
        status = restore_from(store, positions[i], ret_state, &said);
        if (status == LATTN_OK) {
            info->checkpoint = positions[i];
            info->records = store_position(store) - positions[i];
            info->is_previous = i > 0;
            return status;
        }
        if (status != LATTN_DAMAGED)
            return complain(complaint, status, "%s", said.text);
        if (info->damage[0] == '\0')
            snprintf(info->damage, sizeof info->damage, "%s", said.text);
    }
    return complain(complaint, LATTN_DAMAGED, "no checkpoint leads to the last record: %.150s",
                    info->damage);
}

/* Whatever state the directory holds; LATTN_NO_DATA where it holds none. */
static enum lattn_status recover(struct store *store, const char *path,
                                 const struct examination *examination, struct state *ret_state,
                                 struct recover_info *info, struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    enum lattn_status status = LATTN_NO_DATA;

    switch (store_holds(store)) {
    case DIRECTORY_EMPTY:
        return complain(complaint, LATTN_NO_DATA, "state %.100s: there is none yet", path);
    case DIRECTORY_HAS_IMAGE:
        info->is_imported = 1;
        return load_image(path, ret_state, &info->checkpoint_bytes, complaint);
    case DIRECTORY_HAS_STORE:
        status = restore(store, examination, ret_state, info, &said);
        if (status != LATTN_OK)
            return complain(complaint, status, "state %.100s: %.140s", path, said.text);
        info->checkpoint_bytes = store_checkpoint_bytes(store, info->checkpoint);
    }
    return status;
}

static void describe(const struct state *state, struct recover_info *info)
{
    info->settings = lattn_learner_settings_get(state->learner);
    info->origin = state->origin;
    info->pairs = state->learner->factor.pairs;
    info->d = state->learner->d;
    info->m = state->learner->m;
}

/* ---- wishes --------------------------------------------------------------------------------- */

static enum lattn_status conflict_number(struct lattn_complaint *complaint, const char *option,
                                         int32_t wish, int32_t have)
{
    if (have == 0)
        return complain(complaint, LATTN_CONFLICT,
                        "--%s is %d, the state leaves it to the first pair", option, wish);
    return complain(complaint, LATTN_CONFLICT, "--%s is %d, the state has %d", option, wish, have);
}

/* A width that tokens or labels had at some time is no contradiction: names let them grow. */
static enum lattn_status check_sizes(const struct lattn_learner *learner,
                                     const struct lattn_learner_settings *wish, unsigned given,
                                     struct lattn_complaint *complaint)
{
    int32_t bias = learner->settings.bias;
    int32_t dim = learner->d > 0 ? learner->d - bias : learner->settings.dim;
    int32_t outputs = learner->m > 0 ? learner->m : learner->settings.outputs;

    if ((given & RECOVER_DIM) && wish->dim != dim && wish->dim != learner->settings.dim &&
        !(wish->dim + bias <= LATTN_DIM_MAX && learner->dim_was[wish->dim + bias]))
        return conflict_number(complaint, "dim", wish->dim, dim);
    if ((given & RECOVER_OUTPUTS) && wish->outputs != outputs &&
        wish->outputs != learner->settings.outputs &&
        !(wish->outputs <= LATTN_OUTPUTS_MAX && learner->outputs_was[wish->outputs]))
        return conflict_number(complaint, "outputs", wish->outputs, outputs);
    return LATTN_OK;
}

/* Does the state have what was asked for? What does not enter the state is taken over. */
static enum lattn_status agree(struct state *state, const struct lattn_learner_settings *wish,
                               unsigned given, struct recover_info *info,
                               struct lattn_complaint *complaint)
{
    struct lattn_learner_settings have = lattn_learner_settings_get(state->learner);
    enum lattn_status status;

    if ((given & RECOVER_BIAS) && (wish->bias != 0) != (have.bias != 0))
        return complain(complaint, LATTN_CONFLICT, "--bias is %s, the state %s",
                        wish->bias ? "given" : "off", have.bias ? "has one" : "has none");
    if ((given & RECOVER_FORGET) && (wish->forget < have.forget || wish->forget > have.forget))
        return complain(complaint, LATTN_CONFLICT, "--forget is %.15g, the state has %.15g",
                        wish->forget, have.forget);
    if ((given & RECOVER_ENGINE) && wish->engine != have.engine)
        return complain(complaint, LATTN_CONFLICT, "--engine is %s, the state has %s",
                        lattn_engine_text(wish->engine), lattn_engine_text(have.engine));
    status = check_sizes(state->learner, wish, given, complaint);
    if (status != LATTN_OK)
        return status;
    status = lattn_learner_adjust(state->learner, wish);
    if (status != LATTN_OK)
        return complain(complaint, status, "--precision, --ridge or --max-memory: %s",
                        lattn_status_text(status));
    info->is_adjusted = wish->precision < have.precision || wish->precision > have.precision ||
                        (have.engine == LATTN_ENGINE_GRAM && wish->memory_max != have.memory_max);
    return LATTN_OK;
}

/* ---- both ----------------------------------------------------------------------------------- */

/* Bring about the state. */
static enum lattn_status bring_about(struct store *store, const char *path,
                                     const struct lattn_learner_settings *wish, unsigned given,
                                     const struct examination *examination, struct state *ret_state,
                                     struct recover_info *info, struct lattn_complaint *complaint)
{
    enum lattn_status status = recover(store, path, examination, ret_state, info, complaint);

    if (status == LATTN_OK)
        return agree(ret_state, wish, given, info, complaint);
    if (status != LATTN_NO_DATA)
        return status;
    info->is_new = 1;
    status = state_open(ret_state, wish);
    if (status != LATTN_OK)
        return complain(complaint, status, "state %.100s: %s", path, lattn_status_text(status));
    return LATTN_OK;
}

/* A refusal is never without a word, even where there was no memory for more. */
static enum lattn_status refuse(const char *path, enum lattn_status status,
                                const struct lattn_complaint *said,
                                struct lattn_complaint *complaint)
{
    if (said->text[0] != '\0')
        return complain(complaint, status, "%s", said->text);
    return complain(complaint, status, "state %.100s: %s", path, lattn_status_text(status));
}

enum lattn_status recover_open(const char *path, const struct lattn_learner_settings *wish,
                               unsigned given, struct store **ret_store, struct state *ret_state,
                               struct recover_info *ret_info, struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    struct recover_info info = {0};
    struct examination examination = {0};
    struct store *store = NULL;
    struct state state = {0};
    enum lattn_status status = trial(path, &examination, &said);

    if (status == LATTN_OK || status == LATTN_NO_DATA)
        status = store_open(&store, path, STORE_WRITE, &said);
    if (status == LATTN_OK)
        status = bring_about(store, path, wish, given, &examination, &state, &info, &said);
    if (status != LATTN_OK) {
        state_done(&state);
        store_close(&store);
        return refuse(path, status, &said, complaint);
    }
    describe(&state, &info);
    *ret_store = store;
    *ret_state = state;
    *ret_info = info;
    return LATTN_OK;
}

enum lattn_status recover_keep(struct store *store, const struct state *state,
                               struct recover_info *info, struct lattn_complaint *complaint)
{
    int is_sound = info->damage[0] == '\0';
    enum lattn_status status;

    if (store_holds(store) == DIRECTORY_HAS_STORE && is_sound && !info->is_adjusted)
        return store_write(store, complaint);
    status = store_renew(store, state, !is_sound, complaint);
    info->is_renewed = status == LATTN_OK && !is_sound;
    return status;
}

/* Read it and let it agree with a wish, if there is one. */
static enum lattn_status look(const char *path, const struct lattn_learner_settings *wish,
                              unsigned given, struct state *ret_state,
                              struct recover_info *ret_info, struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    struct recover_info info = {0};
    struct examination examination = {0};
    struct store *store = NULL;
    struct state state = {0};
    enum lattn_status status = trial(path, &examination, &said);

    if (status == LATTN_OK)
        status = store_open(&store, path, STORE_READ, &said);
    if (status == LATTN_OK)
        status = recover(store, path, &examination, &state, &info, &said);
    if (status == LATTN_OK && wish != NULL)
        status = agree(&state, wish, given, &info, &said);
    store_close(&store);
    if (status != LATTN_OK) {
        state_done(&state);
        return refuse(path, status, &said, complaint);
    }
    describe(&state, &info);
    *ret_info = info;
    *ret_state = state;
    return LATTN_OK;
}

enum lattn_status recover_read(const char *path, struct state *ret_state,
                               struct recover_info *ret_info, struct lattn_complaint *complaint)
{
    return look(path, NULL, 0, ret_state, ret_info, complaint);
}

enum lattn_status recover_check(const char *path, const struct lattn_learner_settings *wish,
                                unsigned given, struct recover_info *ret_info,
                                struct lattn_complaint *complaint)
{
    struct state state = {0};
    enum lattn_status status = look(path, wish, given, &state, ret_info, complaint);

    state_done(&state);
    return status;
}
