#include "serve/state_dir.h"

#include "base/complaint.h"
#include "serve/footprint.h"
#include "serve/log.h"
#include "store/recover.h"

#include <inttypes.h>
#include <string.h>
#include <uv.h>

/* What somebody asked for by name: of that a state that differs is refused. */
static unsigned given_of(const struct config *config)
{
    static const struct {
        const char *name;
        enum recover_given given;
    } options[] = {
        {"dim", RECOVER_DIM},       {"outputs", RECOVER_OUTPUTS}, {"bias", RECOVER_BIAS},
        {"forget", RECOVER_FORGET}, {"engine", RECOVER_ENGINE},
    };
    unsigned given = 0;

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (config_is_given(config, options[i].name))
            given |= options[i].given;
    }
    return given;
}

static void damage_log(const struct recover_info *info)
{
    if (info->is_previous)
        log_event(LOG_LEVEL_WARN, "the newest checkpoint is damaged, the one before served",
                  LOG_FIELDS(log_text("damage", info->damage)));
    else if (info->damage[0] != '\0')
        log_event(LOG_LEVEL_WARN, "the state was damaged, nothing is lost",
                  LOG_FIELDS(log_text("damage", info->damage)));
}

static void recovery_log(const char *path, const struct recover_info *info, uint64_t ns)
{
    damage_log(info);
    if (!info->is_new)
        log_event(LOG_LEVEL_INFO, info->is_imported ? "state taken over" : "state recovered",
                  LOG_FIELDS(log_text("state", path), log_count("pairs", (int64_t)info->pairs),
                             log_count("checkpoint", (int64_t)info->checkpoint),
                             log_count("records", (int64_t)info->records),
                             log_count("ms", (int64_t)(ns / UINT64_C(1000000)))));
}

static enum lattn_status refusal_log(const struct config *config, enum lattn_status status,
                                     const struct lattn_complaint *complaint)
{
    const char *why = complaint->text[0] != '\0' ? complaint->text : lattn_status_text(status);

    log_event(LOG_LEVEL_ERROR, "cannot open the state",
              LOG_FIELDS(log_text("state", config->state_dir), log_text("error", why)));
    return status;
}

/* Of whose shard the state is, told in the log where it became that just now. */
static enum lattn_status shard_take(const struct config *config, struct state *state,
                                    struct recover_info *info, struct lattn_complaint *complaint)
{
    int is_bound;
    enum lattn_status status = origin_bind(&state->origin, &config->shard, &is_bound, complaint);

    if (status != LATTN_OK || !is_bound)
        return status;
    info->is_adjusted = 1;
    log_event(LOG_LEVEL_INFO, "new shard",
              LOG_FIELDS(log_count("shard", state->origin.shard),
                         log_count("shards", state->origin.shards),
                         log_count("epoch", (int64_t)state->origin.epoch),
                         log_text("worker", state->origin.worker)));
    return LATTN_OK;
}

enum lattn_status state_dir_open(const struct config *config, struct store **ret_store,
                                 struct state *ret_state, struct recover_info *ret_info)
{
    uint64_t begin_ns = uv_hrtime();
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    *ret_store = NULL;
    if (config->state_dir == NULL) {
        status = state_open(ret_state, &config->learner);
        if (status == LATTN_OK)
            status = shard_take(config, ret_state, ret_info, &complaint);
        if (status != LATTN_OK)
            log_refusal("cannot start", "state", status, &complaint);
        return status;
    }
    status = recover_open(config->state_dir, &config->learner, given_of(config), ret_store,
                          ret_state, ret_info, &complaint);
    if (status == LATTN_OK) {
        status = shard_take(config, ret_state, ret_info, &complaint);
        if (status != LATTN_OK) {
            state_done(ret_state);
            store_close(ret_store);
        }
    }
    if (status != LATTN_OK)
        return refusal_log(config, status, &complaint);
    recovery_log(config->state_dir, ret_info, uv_hrtime() - begin_ns);
    return LATTN_OK;
}

enum lattn_status state_dir_keep(const struct config *config, struct store *store,
                                 const struct state *state, struct recover_info *info)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    if (store == NULL)
        return LATTN_OK;
    status = recover_keep(store, state, info, &complaint);
    if (status != LATTN_OK)
        return refusal_log(config, status, &complaint);
    if (info->is_new)
        log_event(LOG_LEVEL_INFO, "new state", LOG_FIELDS(log_text("state", config->state_dir)));
    return LATTN_OK;
}

enum lattn_status state_dir_compare(const struct config *config, struct lattn_complaint *complaint)
{
    struct recover_info info = {0};
    int is_bound;
    enum lattn_status status = LATTN_NO_DATA;

    if (config->state_dir != NULL)
        status =
            recover_check(config->state_dir, &config->learner, given_of(config), &info, complaint);
    if (status == LATTN_OK)
        status = origin_bind(&info.origin, &config->shard, &is_bound, complaint);
    if (status == LATTN_NO_DATA || (status == LATTN_OK && info.pairs == 0))
        return footprint_check(config, complaint);
    return status;
}

/* ---- --check-state ---- */

static void count_print(FILE *out, const char *name, uint64_t count)
{
    fprintf(out, "%s %" PRIu64 "\n", name, count);
}

static void info_print(FILE *out, const char *path, const struct recover_info *info)
{
    const char *damage = info->damage;

    fprintf(out, "directory %s\n", path);
    fprintf(out, "engine %s\n", lattn_engine_text(info->settings.engine));
    count_print(out, "d", (uint64_t)info->d);
    count_print(out, "m", (uint64_t)info->m);
    count_print(out, "bias", (uint64_t)info->settings.bias);
    fprintf(out, "forget %.17g\n", info->settings.forget);
    if (info->origin.shards > 0) {
        fprintf(out, "shard %d/%d\n", info->origin.shard, info->origin.shards);
        count_print(out, "epoch", info->origin.epoch);
        fprintf(out, "worker %s\n", info->origin.worker);
    }
    count_print(out, "pairs", info->pairs);
    count_print(out, "position", info->checkpoint + info->records);
    count_print(out, "checkpoint", info->checkpoint);
    count_print(out, "checkpoint_bytes", info->checkpoint_bytes);
    count_print(out, "records", info->records);
    fprintf(out, "damage %s\n", damage[0] == '\0' ? "none" : damage);
}

static const char *advice_on(enum lattn_status status)
{
    switch (status) {
    case LATTN_DAMAGED:
        return "Keep it as it is, and start from a copy or from another directory.";
    case LATTN_OTHER_VERSION:
        return "Use a lattnd of the version that wrote it, or a newer one.";
    case LATTN_IN_USE:
        return "Stop the daemon that has it, or check a copy made by lattn checkpoint.";
    default:
        return NULL;
    }
}

enum lattn_status state_dir_check(const char *path, FILE *out, const char **ret_advice,
                                  struct lattn_complaint *complaint)
{
    struct recover_info info;
    enum lattn_status status = recover_check(path, NULL, 0, &info, complaint);

    *ret_advice = advice_on(status);
    if (status != LATTN_OK)
        return status;
    info_print(out, path, &info);
    if (info.damage[0] == '\0')
        return LATTN_OK;
    *ret_advice = "Start lattnd on it: nothing is lost, all is written anew, and the file as it "
                  "is now remains beside it as damaged-N.mdb.";
    return complain(complaint, LATTN_DAMAGED, "%s: damaged, and can be recovered", path);
}
