/*
 * distance: how far apart two saved models are as functions, whatever their heads look like.
 */
#include "files.h"
#include "options.h"
#include "talk.h"
#include "verbs.h"

#include <stdio.h>

static enum verb_exit distance_print(const char *verb, const char *const *paths,
                                     const struct lattn_model *a, const struct lattn_model *b)
{
    double absolute;
    double relative;
    enum lattn_status status = lattn_model_distance(a, b, &absolute, &relative);

    if (status == LATTN_SHAPE)
        talk(verb, paths[1], "has d = %d and m = %d, %s has d = %d and m = %d", b->d, b->m,
             paths[0], a->d, a->m);
    else if (status != LATTN_OK)
        talk(verb, paths[1], "%s", lattn_status_text(status));
    else
        printf("absolute %.17g\nrelative %.17g\n", absolute, relative);
    return status == LATTN_OK ? VERB_DONE : VERB_REFUSED;
}

enum verb_exit distance_run(int argc, char **argv)
{
    const struct options options = {
        .usage = "distance MODEL MODEL",
        .about = "Print the Frobenius distance of the coefficients of two saved models, and the\n"
                 "same over the norm of the first. It is 0 where both compute the same function.",
        .operands_count = 2,
    };
    const char *paths[2];
    enum options_outcome outcome = options_read(&options, argc, argv, paths);
    struct lattn_model *a = NULL;
    struct lattn_model *b = NULL;
    enum verb_exit code = VERB_REFUSED;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    if (files_read_model(argv[0], paths[0], &a) == LATTN_OK &&
        files_read_model(argv[0], paths[1], &b) == LATTN_OK)
        code = distance_print(argv[0], paths, a, b);
    lattn_model_close(&a);
    lattn_model_close(&b);
    return code;
}
