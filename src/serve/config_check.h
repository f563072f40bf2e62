#ifndef SERVE_CONFIG_CHECK_H
#define SERVE_CONFIG_CHECK_H

#include <lattn/status.h>

#include "serve/config.h"

#include <stdio.h>

/*
 * What --check-config does: look at the files and folders that the configuration names, and at the
 * state that it would go on with. Nothing is changed.
 *
 * talk  in  what does not keep the daemon from starting is said there, a line each
 *
 * Returns LATTN_OK; LATTN_INPUT_OUTPUT where a folder cannot be written to; or as access_open and
 * state_dir_compare.
 */
enum lattn_status config_check(const struct config *config, FILE *talk,
                               struct lattn_complaint *complaint);

/* Write what holds as a configuration file, with a comment on who said so behind each value. */
void config_check_print(const struct config *config, FILE *out);

#endif
