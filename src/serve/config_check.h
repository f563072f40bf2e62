#ifndef SERVE_CONFIG_CHECK_H
#define SERVE_CONFIG_CHECK_H

#include <lattn/status.h>

#include "serve/config.h"

#include <stdio.h>

/*
 * What --check-config does: look at the files and folders that the configuration names.
 *
 * Returns LATTN_OK, or LATTN_INPUT_OUTPUT where a folder cannot be written to.
 */
enum lattn_status config_check(const struct config *config, struct lattn_complaint *complaint);

/* Write what holds as a configuration file, with a comment on who said so behind each value. */
void config_check_print(const struct config *config, FILE *out);

#endif
