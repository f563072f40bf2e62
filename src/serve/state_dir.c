#include "serve/state_dir.h"

#include "base/complaint.h"
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
    struct log_field directory = log_text("state", path);

    damage_log(info);
    if (info->is_new)
        log_event(LOG_LEVEL_INFO, "new state", LOG_FIELDS(directory));
    else
        log_event(LOG_LEVEL_INFO, info->is_imported ? "state taken over" : "state recovered",
                  LOG_FIELDS(directory, log_count("pairs", (int64_t)info->pairs),
                             log_count("checkpoint", (int64_t)info->checkpoint),
                             log_count("records", (int64_t)info->records),
                             log_count("ms", (int64_t)(ns / UINT64_C(1000000)))));
}

enum lattn_status state_dir_open(const struct config *config, struct store **ret_store,
                                 struct state *ret_state)
{
    uint64_t begin_ns = uv_hrtime();
    struct lattn_complaint complaint = {""};
    struct recover_info info;
    enum lattn_status status;

    *ret_store = NULL;
    if (config->state_dir == NULL) {
        status = state_open(ret_state, &config->learner);
        if (status != LATTN_OK)
            log_event(LOG_LEVEL_ERROR, "cannot start",
                      LOG_FIELDS(log_text("error", lattn_status_text(status))));
        return status;
    }
    status = recover_open(config->state_dir, &config->learner, given_of(config), ret_store,
                          ret_state, &info, &complaint);
    if (status == LATTN_OK)
        recovery_log(config->state_dir, &info, uv_hrtime() - begin_ns);
    else
        log_event(
            LOG_LEVEL_ERROR, "cannot open the state",
            LOG_FIELDS(log_text("state", config->state_dir),
                       log_text("error", complaint.text[0] != '\0' ? complaint.text
                                                                   : lattn_status_text(status))));
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
    fprintf(out, "engine %s\n", info->settings.engine == LATTN_ENGINE_RLS ? "rls" : "unknown");
    count_print(out, "d", (uint64_t)info->d);
    count_print(out, "m", (uint64_t)info->m);
    count_print(out, "bias", (uint64_t)info->settings.bias);
    fprintf(out, "forget %.17g\n", info->settings.forget);
    count_print(out, "pairs", info->pairs);
    count_print(out, "position", info->checkpoint + info->records);
    count_print(out, "checkpoint", info->checkpoint);
    count_print(out, "checkpoint_bytes", info->checkpoint_bytes);
    count_print(out, "records", info->records);
    fprintf(out, "damage %s\n", damage[0] == '\0' ? "none" : damage);
}

enum lattn_status state_dir_check(const char *path, FILE *out, struct lattn_complaint *complaint)
{
    struct recover_info info;
    enum lattn_status status = recover_check(path, &info, complaint);

    if (status != LATTN_OK)
        return status;
    info_print(out, path, &info);
    if (info.damage[0] != '\0')
        return complain(complaint, LATTN_DAMAGED, "%s: damaged, and can be recovered", path);
    return LATTN_OK;
}
