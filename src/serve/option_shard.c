/*
 * Shards of a stream: which one is learned, where its pairs are taken from, who is shown it, how
 * many are added up.
 */
#include "serve/option_shard.h"

#include "base/complaint.h"
#include "serve/courier.h"
#include "serve/option_value.h"
#include "source/tap.h"

#include <stdio.h>
#include <string.h>

/* "2/8": the third of eight. */
enum lattn_status option_shard_take_shard(struct config *config, const char *value,
                                          struct lattn_complaint *complaint)
{
    int shard, shards, used = 0;

    if (sscanf(value, "%4d/%5d%n", &shard, &shards, &used) != 2 || value[used] != '\0')
        return complain(complaint, LATTN_SYNTAX, "K/P: the number of a shard, and how many");
    if (shards < 1 || shards > LATTN_SHARDS_MAX)
        return complain(complaint, LATTN_RANGE, "%d shards: outside 1..%d", shards,
                        LATTN_SHARDS_MAX);
    if (shard < 0 || shard >= shards)
        return complain(complaint, LATTN_RANGE, "shard %d: outside 0..%d", shard, shards - 1);
    config->shard.shard = shard;
    config->shard.shards = shards;
    return LATTN_OK;
}

enum lattn_status option_shard_take_epoch(struct config *config, const char *value,
                                          struct lattn_complaint *complaint)
{
    int32_t epoch;
    enum lattn_status status = option_value_size(value, LATTN_EPOCH_MAX, &epoch, complaint);

    if (status == LATTN_OK)
        config->shard.epoch = (uint64_t)epoch;
    return status;
}

enum lattn_status option_shard_take_source(struct config *config, const char *value,
                                           struct lattn_complaint *complaint)
{
    struct config_stream *place = &config->sources[config->sources_count];
    struct lattn_stream_url url;
    enum lattn_status status;

    if (!tap_is_built())
        return complain(complaint, LATTN_METHOD, "this lattnd was built without NATS");
    status = lattn_stream_url_read(value, &url, complaint);
    if (status != LATTN_OK)
        return status;
    if (config->sources_count == CONFIG_SOURCES_MAX)
        return complain(complaint, LATTN_RANGE, "at most %d sources", CONFIG_SOURCES_MAX);
    for (size_t i = 0; i < config->sources_count; i++) {
        if (strcmp(config->sources[i].url.prefix, url.prefix) == 0)
            return complain(complaint, LATTN_ADDRESS, "a source with the prefix %s is there",
                            url.prefix);
    }
    place->url = url;
    memcpy(place->text, value, strlen(value) + 1);
    config->sources_count++;
    return LATTN_OK;
}

static void source_clear(struct config *config)
{
    config->sources_count = 0;
}

static void source_note(struct config *config, struct config_origin origin)
{
    config->sources[config->sources_count - 1].origin = origin;
}

const struct option_list option_shard_sources = {source_clear, source_note};

enum lattn_status option_shard_take_source_creds(struct config *config, const char *value,
                                                 struct lattn_complaint *complaint)
{
    return option_value_file(value, &config->source_creds, complaint);
}

enum lattn_status option_shard_take_source_token(struct config *config, const char *value,
                                                 struct lattn_complaint *complaint)
{
    return option_value_file(value, &config->source_token, complaint);
}

enum lattn_status option_shard_take_source_ca(struct config *config, const char *value,
                                              struct lattn_complaint *complaint)
{
    return option_value_file(value, &config->source_ca, complaint);
}

enum lattn_status option_shard_take_push(struct config *config, const char *value,
                                         struct lattn_complaint *complaint)
{
    enum lattn_status status = courier_check(value, complaint);

    if (status == LATTN_OK)
        config->push = value;
    return status;
}

enum lattn_status option_shard_take_push_every(struct config *config, const char *value,
                                               struct lattn_complaint *complaint)
{
    return option_value_timeout(value, &config->push_every_ns, complaint);
}

enum lattn_status option_shard_take_push_ca(struct config *config, const char *value,
                                            struct lattn_complaint *complaint)
{
    return option_value_file(value, &config->push_ca_file, complaint);
}

enum lattn_status option_shard_take_push_token(struct config *config, const char *value,
                                               struct lattn_complaint *complaint)
{
    return option_value_file(value, &config->push_token_file, complaint);
}

enum lattn_status option_shard_take_expect(struct config *config, const char *value,
                                           struct lattn_complaint *complaint)
{
    return option_value_size(value, LATTN_SHARDS_MAX, &config->expect, complaint);
}

enum lattn_status option_shard_take_max_age(struct config *config, const char *value,
                                            struct lattn_complaint *complaint)
{
    return option_value_timeout(value, &config->max_age_ns, complaint);
}

enum lattn_status option_shard_take_from(struct config *config, const char *value,
                                         struct lattn_complaint *complaint)
{
    return option_value_directory(value, &config->from, complaint);
}
