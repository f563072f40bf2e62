#ifndef SERVE_OPTION_H
#define SERVE_OPTION_H

#include <lattn/status.h>

#include "serve/config.h"

#include <stddef.h>
#include <stdio.h>

/*
 * The options of lattnd, one row of a table each. The names are those of the configuration file;
 * the command line puts "--" in front, the environment says LATTND_EMIT_EVERY for emit-every.
 */
enum option_kind {
    OPTION_VALUE,
    OPTION_LIST,  /* a value, several times; a stronger source replaces all of a weaker one */
    OPTION_FLAG,  /* true or false; on the command line the name alone is true */
    OPTION_FILE,  /* names the configuration file, so it cannot stand in one */
    OPTION_ACTION /* only on the command line */
};

/* Checks a value and puts it into the config; refused, nothing is changed. */
typedef enum lattn_status (*option_take_fn)(struct config *config, const char *value,
                                            struct lattn_complaint *complaint);

/* The values of a list. */
struct option_list {
    /* Forget those of a weaker source. */
    void (*clear)(struct config *config);
    /* Who gave the one that was taken last. */
    void (*note)(struct config *config, struct config_origin origin);
};

/*
 * value    the word for the value in --help
 * initial  the default, taken like any other value; NULL: there is none
 * without  what holds then
 * list     of OPTION_LIST
 * action   of OPTION_ACTION, which may have a value as well
 */
struct option {
    enum option_kind kind;
    const char *name;
    const char *value;
    const char *initial;
    const char *without;
    const char *help;
    option_take_fn take;
    const struct option_list *list;
    enum config_action action;
};

/* Row `index` of the table; NULL behind its end. */
const struct option *option_at(size_t index);

/* The place of a row in the table. */
size_t option_index(const struct option *option);

/* The option of this name, without dashes; NULL if there is none. */
const struct option *option_find(const char *name, size_t length);

/* Write what --help says. */
void options_help(FILE *out);

#endif
