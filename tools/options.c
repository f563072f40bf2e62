#include "options.h"

#include "talk.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t rows_total(const struct options *options)
{
    return options->rows_count + (options->link != NULL ? LINK_FILES_COUNT : 0);
}

/* The verb's own rows, and behind them those of a connection. */
static struct option_row row_at(const struct options *options, size_t index)
{
    size_t file = index - options->rows_count;

    if (index < options->rows_count)
        return options->rows[index];
    return (struct option_row){
        .name = link_file_names[file].option,
        .argument = "FILE",
        .kind = OPTION_TEXT,
        .value = &options->link->files[file],
        .help = link_file_names[file].help,
    };
}

static void help_print(const struct options *options)
{
    size_t count = rows_total(options);
    char left[64];

    printf("usage: lattn %s\n\n%s\n", options->usage, options->about);
    if (count > 0)
        printf("\n");
    for (size_t i = 0; i < count; i++) {
        struct option_row row = row_at(options, i);

        snprintf(left, sizeof left, "%s %s", row.name, row.argument ? row.argument : "");
        printf("  %-22s%s\n", left, row.help);
    }
}

/* The row of an argument "--name" or "--name=value". Returns 0 where there is none. */
static int row_find(const struct options *options, const char *argument, size_t length,
                    struct option_row *ret_row)
{
    for (size_t i = 0; i < rows_total(options); i++) {
        *ret_row = row_at(options, i);
        if (strlen(ret_row->name) == length && strncmp(ret_row->name, argument, length) == 0)
            return 1;
    }
    return 0;
}

static enum options_outcome whole_read(const char *verb, const struct option_row *row,
                                       const char *text)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < row->whole_min ||
        value > row->whole_max) {
        talk(verb, row->name, "\"%s\" is not a whole number from %llu to %llu", text,
             (unsigned long long)row->whole_min, (unsigned long long)row->whole_max);
        return OPTIONS_MISUSED;
    }
    *(uint64_t *)row->value = value;
    return OPTIONS_READ;
}

/* Milliseconds in one of a unit; 0 where it is none. */
static uint64_t time_unit(const char *name)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(name, units[i].name) == 0)
            return units[i].ms;
    return 0;
}

/* Nothing needs no unit. */
static enum options_outcome time_read(const char *verb, const struct option_row *row,
                                      const char *text)
{
    char *end;
    unsigned long long count;
    uint64_t unit;

    errno = 0;
    count = strtoull(text, &end, 10);
    unit = count == 0 && *end == '\0' ? 1 : time_unit(end);
    if (text[0] < '0' || text[0] > '9' || errno != 0 || unit == 0 ||
        count > row->whole_max / unit || count * unit < row->whole_min) {
        talk(verb, row->name, "\"%s\" is no time from %llums to %llus, like 250ms, 5s or 2m", text,
             (unsigned long long)row->whole_min, (unsigned long long)(row->whole_max / 1000));
        return OPTIONS_MISUSED;
    }
    *(uint64_t *)row->value = count * unit;
    return OPTIONS_READ;
}

/* Bytes in one of a unit; 0 where it is none. */
static uint64_t size_unit(const char *name)
{
    static const char letters[] = "KMGT";
    const char *letter = name[0] == '\0' ? NULL : strchr(letters, name[0]);

    if (name[0] == '\0')
        return 1;
    return letter == NULL || name[1] != '\0' ? 0 : (uint64_t)1 << (10 * (letter - letters + 1));
}

static enum options_outcome size_read(const char *verb, const struct option_row *row,
                                      const char *text)
{
    char *end;
    unsigned long long count;
    uint64_t unit;

    errno = 0;
    count = strtoull(text, &end, 10);
    unit = size_unit(end);
    if (text[0] < '0' || text[0] > '9' || errno != 0 || unit == 0 ||
        count > row->whole_max / unit || count * unit < row->whole_min) {
        talk(verb, row->name, "\"%s\" is no size from %llu bytes to %lluG, like 64K, 256M or 2G",
             text, (unsigned long long)row->whole_min, (unsigned long long)(row->whole_max >> 30));
        return OPTIONS_MISUSED;
    }
    *(uint64_t *)row->value = count * unit;
    return OPTIONS_READ;
}

static int real_is_allowed(enum option_kind kind, double value)
{
    return isfinite(value) && (kind == OPTION_POSITIVE ? value > 0 : value >= 0) &&
           (kind != OPTION_SHARE || value <= 1);
}

static enum options_outcome real_read(const char *verb, const struct option_row *row,
                                      const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !real_is_allowed(row->kind, value)) {
        talk(verb, row->name, "\"%s\" is not a number %s", text,
             row->kind == OPTION_POSITIVE ? "above 0"
             : row->kind == OPTION_SHARE  ? "from 0 to 1"
                                          : "from 0 on");
        return OPTIONS_MISUSED;
    }
    *(double *)row->value = value;
    return OPTIONS_READ;
}

static enum options_outcome value_read(const char *verb, const struct option_row *row,
                                       const char *text)
{
    switch (row->kind) {
    case OPTION_WHOLE:
        return whole_read(verb, row, text);
    case OPTION_REAL:
    case OPTION_POSITIVE:
    case OPTION_SHARE:
        return real_read(verb, row, text);
    case OPTION_TIME:
        return time_read(verb, row, text);
    case OPTION_SIZE:
        return size_read(verb, row, text);
    case OPTION_TEXT:
        *(const char **)row->value = text;
        break;
    case OPTION_FLAG:
        *(int *)row->value = 1;
        break;
    }
    return OPTIONS_READ;
}

/* One option with its argument; *index moves to the last argument that was used. */
static enum options_outcome option_read(const struct options *options, int argc, char **argv,
                                        int *index)
{
    const char *argument = argv[*index];
    const char *equals = strchr(argument, '=');
    size_t length = equals == NULL ? strlen(argument) : (size_t)(equals - argument);
    const char *value = equals == NULL ? NULL : equals + 1;
    struct option_row row;

    if (!row_find(options, argument, length, &row)) {
        talk(argv[0], NULL, "there is no option %.*s; lattn %s --help lists them", (int)length,
             argument, argv[0]);
        return OPTIONS_MISUSED;
    }
    if (row.kind == OPTION_FLAG && value != NULL) {
        talk(argv[0], row.name, "takes no argument");
        return OPTIONS_MISUSED;
    }
    if (row.kind != OPTION_FLAG && value == NULL) {
        if (*index + 1 == argc) {
            talk(argv[0], row.name, "needs an argument, %s", row.argument);
            return OPTIONS_MISUSED;
        }
        value = argv[++*index];
    }
    return value_read(argv[0], &row, value);
}

static size_t operands_most(const struct options *options)
{
    return options->operands_max > options->operands_count ? options->operands_max
                                                           : options->operands_count;
}

static enum options_outcome operands_check(const struct options *options, const char *verb,
                                           size_t count, const char *surplus)
{
    if (count >= options->operands_count && count <= operands_most(options))
        return OPTIONS_READ;
    if (count < options->operands_count)
        talk(verb, NULL, "an argument is missing; usage: lattn %s", options->usage);
    else
        talk(verb, surplus, "is one argument too many; usage: lattn %s", options->usage);
    return OPTIONS_MISUSED;
}

enum options_outcome options_read(const struct options *options, int argc, char **argv,
                                  const char **ret_operands)
{
    const char *surplus = NULL;
    size_t operands = 0;
    int options_ended = 0;

    for (int i = 1; i < argc; i++) {
        enum options_outcome outcome = OPTIONS_READ;

        if (options_ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            if (operands < operands_most(options))
                ret_operands[operands] = argv[i];
            else if (surplus == NULL)
                surplus = argv[i];
            operands++;
        } else if (strcmp(argv[i], "--") == 0) {
            options_ended = 1;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_print(options);
            return OPTIONS_HELPED;
        } else {
            outcome = option_read(options, argc, argv, &i);
        }
        if (outcome != OPTIONS_READ)
            return outcome;
    }
    return operands_check(options, argv[0], operands, surplus);
}
