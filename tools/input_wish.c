#include "input_wish.h"

#include "talk.h"

#include <string.h>

static enum options_outcome csv_check(const char *verb, const struct input_wish *wish)
{
    const struct columns_wish *columns = &wish->columns;

    if (wish->is_autoregressive && wish->window == 0)
        talk(verb, "--autoregressive", "needs --window W");
    else if (!wish->is_autoregressive && columns->tokens == NULL)
        talk(verb, "--from", "csv needs --tokens COLS and --label COLS, or --autoregressive");
    else if (!wish->is_autoregressive && columns->labels == NULL)
        talk(verb, "--tokens", "needs --label COLS, or --autoregressive");
    else
        return OPTIONS_READ;
    return OPTIONS_MISUSED;
}

static enum options_outcome others_check(const char *verb, const struct input_wish *wish)
{
    const struct columns_wish *columns = &wish->columns;
    const char *stray = columns->tokens != NULL   ? "--tokens"
                        : columns->labels != NULL ? "--label"
                        : columns->key != NULL    ? "--key"
                        : wish->is_autoregressive ? "--autoregressive"
                                                  : NULL;
    int is_events = strcmp(wish->from, "events") == 0;

    if (stray != NULL)
        talk(verb, stray, "goes with --from csv only");
    else if (is_events && wish->window == 0)
        talk(verb, "--from", "events need --window W");
    else if (!is_events && wish->window != 0)
        talk(verb, "--window", "goes with --from csv or events only");
    else
        return OPTIONS_READ;
    return OPTIONS_MISUSED;
}

enum options_outcome input_wish_check(const char *verb, const struct input_wish *wish)
{
    return strcmp(wish->from, "csv") == 0 ? csv_check(verb, wish) : others_check(verb, wish);
}
