/*
 * The program gnuplot: a script goes in by its standard input, a figure comes out by its standard
 * output, so that no shell and no name of a file is between us. Both are files in memory, and so
 * neither side ever waits for the other.
 */
#include "gnuplot.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Its three standard files, by their numbers. */
enum { SCRIPT = STDIN_FILENO, FIGURE = STDOUT_FILENO, SAID = STDERR_FILENO, FILES };

static enum lattn_status refuse(struct lattn_complaint *complaint, int reason)
{
    snprintf(complaint->text, sizeof complaint->text, "cannot run gnuplot: %s", strerror(reason));
    return LATTN_INPUT_OUTPUT;
}

static int files_open(int files[FILES])
{
    for (int i = 0; i < FILES; i++)
        files[i] = -1;
    for (int i = 0; i < FILES; i++) {
        files[i] = memfd_create("gnuplot", MFD_CLOEXEC);
        if (files[i] < 0)
            return -1;
    }
    return 0;
}

static void files_close(const int files[FILES])
{
    for (int i = 0; i < FILES; i++)
        if (files[i] >= 0)
            (void)close(files[i]); /* in memory */
}

static int script_put(int file, const struct lattn_text *script)
{
    size_t written = 0;

    while (written < script->length) {
        ssize_t count = write(file, script->data + written, script->length - written);

        if (count < 0)
            return -1;
        written += (size_t)count;
    }
    return lseek(file, 0, SEEK_SET) == 0 ? 0 : -1;
}

/* Returns 0, or the reason as errno names it. */
static int process_start(const int files[FILES], pid_t *ret_process)
{
    char *arguments[] = {"gnuplot", "--default-settings", "-", NULL};
    posix_spawn_file_actions_t actions;
    int reason = posix_spawn_file_actions_init(&actions);

    if (reason != 0)
        return reason;
    for (int i = 0; i < FILES && reason == 0; i++)
        reason = posix_spawn_file_actions_adddup2(&actions, files[i], i);
    if (reason == 0)
        reason = posix_spawnp(ret_process, arguments[0], &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions); /* it cannot fail */
    return reason;
}

static int process_wait(pid_t process, int *ret_end)
{
    while (waitpid(process, ret_end, 0) < 0)
        if (errno != EINTR)
            return -1;
    return 0;
}

/* Why it failed, as it says on its last line behind a place in a script that nobody has seen. */
static void blame(int said, int end, struct lattn_complaint *complaint)
{
    static const char place[] = "line 0: ";
    char text[512];
    ssize_t length = pread(said, text, sizeof text - 1, 0);
    const char *line;

    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    text[length > 0 ? length : 0] = '\0';
    line = strrchr(text, '\n');
    line = line == NULL ? text : line + 1;
    line += strspn(line, " \t");
    if (strncmp(line, place, sizeof place - 1) == 0)
        line += sizeof place - 1;
    if (line[0] != '\0')
        snprintf(complaint->text, sizeof complaint->text, "gnuplot refuses: %.200s", line);
    else if (WIFSIGNALED(end))
        snprintf(complaint->text, sizeof complaint->text, "gnuplot was ended by signal %d",
                 WTERMSIG(end));
    else
        snprintf(complaint->text, sizeof complaint->text, "gnuplot drew nothing");
}

static enum lattn_status figure_get(int file, struct lattn_text *figure,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;
    char bytes[16384];
    off_t at = 0;
    ssize_t count;

    while (status == LATTN_OK && (count = pread(file, bytes, sizeof bytes, at)) != 0) {
        if (count < 0)
            return refuse(complaint, errno);
        status = lattn_text_add(figure, bytes, (size_t)count);
        at += count;
    }
    return status;
}

static enum lattn_status script_run(const int files[FILES], const struct lattn_text *script,
                                    struct lattn_complaint *complaint)
{
    pid_t process = -1;
    int end = 0, reason;

    if (script_put(files[SCRIPT], script) != 0)
        return refuse(complaint, errno);
    reason = process_start(files, &process);
    if (reason == ENOENT) {
        snprintf(complaint->text, sizeof complaint->text,
                 "gnuplot draws it, and is not installed: Debian's package gnuplot-nox has it");
        return LATTN_INPUT_OUTPUT;
    }
    if (reason != 0)
        return refuse(complaint, reason);
    if (process_wait(process, &end) != 0)
        return refuse(complaint, errno);
    if (end == 0 && lseek(files[FIGURE], 0, SEEK_END) > 0)
        return LATTN_OK;
    blame(files[SAID], end, complaint);
    return LATTN_INPUT_OUTPUT;
}

enum lattn_status gnuplot_draw(const struct lattn_text *script, struct lattn_text *figure,
                               struct lattn_complaint *complaint)
{
    enum lattn_status status;
    int files[FILES];

    if (files_open(files) != 0)
        status = refuse(complaint, errno);
    else
        status = script_run(files, script, complaint);
    if (status == LATTN_OK)
        status = figure_get(files[FIGURE], figure, complaint);
    files_close(files);
    return status;
}
