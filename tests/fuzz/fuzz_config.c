/*
 * Configuration from all of its sources: what is accepted, and printed as --check-config does, is
 * accepted as a file and says the same. The input is a file, variables and arguments, with a zero
 * byte behind each of the first two; the latter two are lines.
 */
#include "serve/config.h"
#include "serve/config_check.h"
#include "serve/option.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 32 };

/* A list as main gets it; the last is NULL. */
struct words {
    char *word[WORDS_MAX + 1];
    int count;
};

static struct lattn_complaint complaint;

static void require(int holds)
{
    if (!holds)
        abort();
}

static void words_add(struct words *words, char *word)
{
    if (words->count < WORDS_MAX)
        words->word[words->count++] = word;
    words->word[words->count] = NULL;
}

/* Cut lines; those that name a file of this machine are left out. */
static void lines_add(struct words *words, char *text, const char *forbidden)
{
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        if (strncmp(line, forbidden, strlen(forbidden)) != 0)
            words_add(words, line);
}

/* A file that exists in memory only; it is opened by its path. */
static int file_make(const char *bytes, size_t length, char path[32])
{
    int descriptor = memfd_create("config", MFD_CLOEXEC);

    require(descriptor >= 0 && write(descriptor, bytes, length) == (ssize_t)length);
    snprintf(path, 32, "/proc/self/fd/%d", descriptor);
    return descriptor;
}

static enum lattn_status file_read(const char *bytes, size_t length, struct config *ret_config)
{
    char path[32];
    char *arguments[] = {"lattnd", "--config", path, NULL};
    char *environment[] = {NULL};
    int descriptor = file_make(bytes, length, path);
    enum lattn_status status = config_read(3, arguments, environment, ret_config, &complaint);

    close(descriptor);
    return status;
}

static void require_same(const struct config *a, const struct config *b)
{
    const struct option *option;

    require(a->addresses_count == b->addresses_count);
    for (size_t i = 0; i < a->addresses_count; i++)
        require(strcmp(a->addresses[i].text, b->addresses[i].text) == 0);
    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        const char *text_a = a->values[i].text;
        const char *text_b = b->values[i].text;

        if (option->kind == OPTION_VALUE || option->kind == OPTION_FLAG)
            require(text_a == NULL ? text_b == NULL : text_b != NULL && !strcmp(text_a, text_b));
    }
}

static void config_try(const struct config *config)
{
    struct config again;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    config_check_print(config, out);
    fclose(out);
    require(file_read(text, length, &again) == LATTN_OK);
    require_same(config, &again);
    config_done(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(size + 3, 1); /* so that each part ends with a zero byte */
    char *variables;
    struct words environment = {.count = 0};
    struct words arguments = {.count = 0};
    struct config config;
    char path[32];
    int descriptor;

    if (size > 0)
        memcpy(text, data, size);
    variables = text + strlen(text) + 1;
    descriptor = file_make(text, strlen(text), path);
    words_add(&arguments, "lattnd");
    words_add(&arguments, "--config");
    words_add(&arguments, path);
    lines_add(&arguments, variables + strlen(variables) + 1, "--config");
    lines_add(&environment, variables, "LATTND_CONFIG");
    if (config_read(arguments.count, arguments.word, environment.word, &config, &complaint) ==
        LATTN_OK) {
        if (config.addresses_count > 0)
            config_try(&config);
        config_done(&config);
    }
    close(descriptor);
    free(text);
    return 0;
}
