#include "serve/config_check.h"

#include "base/complaint.h"
#include "serve/option.h"
#include "serve/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { COMMENT_COLUMN = 40 };

static enum lattn_status folder_check(const char *option, const char *dir,
                                      struct lattn_complaint *complaint)
{
    struct stat found;

    if (stat(dir, &found) == 0 && !S_ISDIR(found.st_mode))
        errno = ENOTDIR;
    else if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0)
        return LATTN_OK;
    return complain(complaint, LATTN_INPUT_OUTPUT, "%s %.120s: cannot be written to: %s", option,
                    dir, strerror(errno));
}

static enum lattn_status emit_dir_check(const struct config *config,
                                        struct lattn_complaint *complaint)
{
    if (config->emit_dir == NULL)
        return LATTN_OK;
    return folder_check("emit-dir", config->emit_dir, complaint);
}

/* It is made where it does not exist: then it must be possible to make it. */
static enum lattn_status state_folder_check(const struct config *config,
                                            struct lattn_complaint *complaint)
{
    const char *dir = config->state_dir;
    char parent[PATH_MAX];

    if (dir == NULL)
        return LATTN_OK;
    if (faccessat(AT_FDCWD, dir, F_OK, 0) == 0 || errno != ENOENT)
        return folder_check("state", dir, complaint);
    snprintf(parent, sizeof parent, "%s", dir);
    return folder_check("state: parent", dirname(parent), complaint);
}

static void expiry_warn(const struct config *config, const struct access *access, FILE *talk)
{
    char date[ACCESS_DATE_MAX];
    enum access_expiry expiry = access_expiry(access, time(NULL), date);

    if (expiry != ACCESS_VALID)
        fprintf(talk, "lattnd: tls-cert %s: %s %s\n", config->access.tls_cert,
                expiry == ACCESS_EXPIRED ? "expired at" : "expires at", date);
}

static enum lattn_status access_check(const struct config *config, FILE *talk,
                                      struct lattn_complaint *complaint)
{
    struct access *access = NULL;
    enum lattn_status status = access_open(&access, &config->access, complaint);

    if (status == LATTN_OK)
        expiry_warn(config, access, talk);
    access_close(&access);
    return status;
}

/* As a rule it is the daemon itself that has the state open, which is soon to be started again. */
static enum lattn_status state_check(const struct config *config, FILE *talk,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = state_folder_check(config, complaint);

    if (status == LATTN_OK)
        status = state_dir_compare(config, complaint);
    if (status != LATTN_IN_USE)
        return status;
    fprintf(talk, "lattnd: the options are not compared with the state: %s\n", complaint->text);
    return LATTN_OK;
}

enum lattn_status config_check(const struct config *config, FILE *talk,
                               struct lattn_complaint *complaint)
{
    enum lattn_status status = emit_dir_check(config, complaint);

    if (status == LATTN_OK)
        status = access_check(config, talk, complaint);
    return status == LATTN_OK ? state_check(config, talk, complaint) : status;
}

/* Would the file take it for something else? */
static int is_quoted(const char *value)
{
    size_t length = strlen(value);

    if (length == 0 || value[0] == ' ' || value[0] == '"' || value[0] == '#')
        return 1;
    return value[length - 1] == ' ' || strstr(value, " #") != NULL;
}

/* Returns the columns it took. */
static int value_print(const char *value, FILE *out)
{
    int columns = 2;

    if (!is_quoted(value))
        return fprintf(out, "%s", value);
    fputc('"', out);
    for (; *value != '\0'; value++)
        columns += fprintf(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
    fputc('"', out);
    return columns;
}

static void line_print(const struct config *config, const char *name, const char *value,
                       struct config_origin origin, FILE *out)
{
    int columns = fprintf(out, "%s = ", name);

    columns += value_print(value, out);
    fprintf(out, "%*s  # ", columns < COMMENT_COLUMN ? COMMENT_COLUMN - columns : 0, "");
    switch (origin.source) {
    case CONFIG_SOURCE_DEFAULT:
        fputs("default\n", out);
        break;
    case CONFIG_SOURCE_FILE:
        fprintf(out, "%s:%d\n", config->file_path, origin.line);
        break;
    case CONFIG_SOURCE_ENVIRONMENT:
        fputs("environment\n", out);
        break;
    case CONFIG_SOURCE_COMMAND_LINE:
        fputs("command line\n", out);
        break;
    }
}

void config_check_print(const struct config *config, FILE *out)
{
    const struct option *option;

    for (size_t i = 0; i < config->addresses_count; i++)
        line_print(config, "listen", config->addresses[i].text, config->addresses[i].origin, out);
    for (size_t i = 0; i < config->sources_count; i++)
        line_print(config, "source", config->sources[i].text, config->sources[i].origin, out);
    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        const struct config_value *value = &config->values[i];

        if (option->kind != OPTION_VALUE && option->kind != OPTION_FLAG)
            continue;
        if (value->text != NULL)
            line_print(config, option->name, value->text, value->origin, out);
        else
            fprintf(out, "# %s is not set: %s\n", option->name, option->without);
    }
}
