#ifndef SERVE_OPTION_SHARD_H
#define SERVE_OPTION_SHARD_H

#include <lattn/status.h>

#include "serve/config.h"
#include "serve/option.h"

/*
 * What the options of a shard and of its streams take, as option_take_fn: --shard, --epoch,
 * --source, --source-creds, --source-token, --source-ca.
 */
enum lattn_status option_shard_take(struct config *config, const char *value,
                                    struct lattn_complaint *complaint);
enum lattn_status option_shard_epoch(struct config *config, const char *value,
                                     struct lattn_complaint *complaint);
enum lattn_status option_shard_source(struct config *config, const char *value,
                                      struct lattn_complaint *complaint);
enum lattn_status option_shard_creds(struct config *config, const char *value,
                                     struct lattn_complaint *complaint);
enum lattn_status option_shard_token(struct config *config, const char *value,
                                     struct lattn_complaint *complaint);
enum lattn_status option_shard_ca(struct config *config, const char *value,
                                  struct lattn_complaint *complaint);

extern const struct option_list option_shard_sources;

#endif
