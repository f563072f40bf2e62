#ifndef PROBE_WISH_H
#define PROBE_WISH_H

#include "options.h"
#include "respondent.h"

#include <lattn/query.h>

enum { PROBE_DECIDED_MAX = 512 };

enum probe_format { PROBE_JSON, PROBE_SAFETENSORS };

/*
 * What the command line of probe asks for.
 *
 * respondent  settings but for what decides the questions, which is in `decided`
 * outputs     numbers of an answer; 0: not said
 * positions   1: answers have a row for each token
 * path        where the finding is written, in this format; NULL: nowhere
 */
struct probe_wish {
    struct respondent_settings respondent;
    struct lattn_probe_settings probe;
    char decided[PROBE_DECIDED_MAX];
    int32_t outputs;
    int positions;
    int is_dry;
    int is_json;
    const char *path;
    enum probe_format format;
};

/* Read it; the texts are borrowed from argv, decided is kept where the wish is. */
enum options_outcome probe_wish_read(int argc, char **argv, struct probe_wish *ret_wish);

#endif
