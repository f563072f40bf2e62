#ifndef SERVE_OPTION_SHARD_H
#define SERVE_OPTION_SHARD_H

#include <lattn/status.h>

#include "serve/config.h"
#include "serve/option.h"

/* What the options of workers and aggregates take; each is an option_take_fn. */
enum lattn_status option_shard_take_shard(struct config *config, const char *value,
                                          struct lattn_complaint *complaint);
enum lattn_status option_shard_take_epoch(struct config *config, const char *value,
                                          struct lattn_complaint *complaint);
enum lattn_status option_shard_take_source(struct config *config, const char *value,
                                           struct lattn_complaint *complaint);
enum lattn_status option_shard_take_source_creds(struct config *config, const char *value,
                                                 struct lattn_complaint *complaint);
enum lattn_status option_shard_take_source_token(struct config *config, const char *value,
                                                 struct lattn_complaint *complaint);
enum lattn_status option_shard_take_source_ca(struct config *config, const char *value,
                                              struct lattn_complaint *complaint);
enum lattn_status option_shard_take_push(struct config *config, const char *value,
                                         struct lattn_complaint *complaint);
enum lattn_status option_shard_take_push_every(struct config *config, const char *value,
                                               struct lattn_complaint *complaint);
enum lattn_status option_shard_take_push_ca(struct config *config, const char *value,
                                            struct lattn_complaint *complaint);
enum lattn_status option_shard_take_push_token(struct config *config, const char *value,
                                               struct lattn_complaint *complaint);
enum lattn_status option_shard_take_expect(struct config *config, const char *value,
                                           struct lattn_complaint *complaint);
enum lattn_status option_shard_take_max_age(struct config *config, const char *value,
                                            struct lattn_complaint *complaint);
enum lattn_status option_shard_take_from(struct config *config, const char *value,
                                         struct lattn_complaint *complaint);

/* Of --source, which comes several times. */
extern const struct option_list option_shard_sources;

#endif
