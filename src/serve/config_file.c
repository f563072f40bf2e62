#include "serve/config_file.h"

#include "base/complaint.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    /* What is longer was meant for somebody else. */
    FILE_BYTES_MAX = 1 << 20
};

static const char blanks[] = " \t\r";

/* ---- the file ---- */

/* Read up to size bytes; returns how many, or -1. */
static ssize_t read_all(int descriptor, char *bytes, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t n = read(descriptor, bytes + length, size - length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        length += (size_t)n;
    }
    return (ssize_t)length;
}

static enum lattn_status text_read(int descriptor, char *text, struct lattn_complaint *complaint)
{
    ssize_t length = read_all(descriptor, text, FILE_BYTES_MAX + 1);

    if (length < 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "cannot be read: %s", strerror(errno));
    if (length > FILE_BYTES_MAX)
        return complain(complaint, LATTN_TOO_BIG, "is longer than 1M");
    if (memchr(text, '\0', (size_t)length) != NULL)
        return complain(complaint, LATTN_SYNTAX, "is no text: it has a zero byte");
    text[length] = '\0';
    return LATTN_OK;
}

enum lattn_status config_file_open(struct config_file *ret_file, const char *path,
                                   struct lattn_complaint *complaint)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    char *text;
    enum lattn_status status;

    if (descriptor < 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "cannot be opened: %s", strerror(errno));
    text = memory_raw(FILE_BYTES_MAX + 1, 1);
    status = text == NULL ? complain(complaint, LATTN_NO_MEMORY, "no memory to read it")
                          : text_read(descriptor, text, complaint);
    close(descriptor);
    if (status != LATTN_OK) {
        memory_release(text);
        return status;
    }
    *ret_file = (struct config_file){.text = text, .next = text};
    return LATTN_OK;
}

void config_file_close(struct config_file *file)
{
    memory_release(file->text);
    *file = (struct config_file){0};
}

/* ---- its lines ---- */

static char *line_next(struct config_file *file)
{
    char *line = file->next;
    size_t length = strcspn(line, "\n");

    file->line++;
    file->next = line + length;
    if (*file->next == '\n')
        *file->next++ = '\0';
    return line + strspn(line, blanks);
}

/* Is nothing left but a comment? */
static int is_over(const char *text)
{
    text += strspn(text, blanks);
    return *text == '\0' || *text == '#';
}

/* End the value at a comment, and at the blanks before that. */
static void value_trim(char *value)
{
    char *end = value;

    for (char *at = value; *at != '\0'; at++) {
        if (*at == '#' && (at == value || strchr(blanks, at[-1]) != NULL))
            break;
        if (strchr(blanks, *at) == NULL)
            end = at + 1;
    }
    *end = '\0';
}

/* Take the quotes off, in place. */
static enum lattn_status value_unquote(char *value, struct lattn_complaint *complaint)
{
    char *to = value;
    char *from = value + 1;

    for (; *from != '"' && *from != '\0'; from++) {
        if (*from == '\\' && *++from != '"' && *from != '\\')
            return complain(complaint, LATTN_SYNTAX,
                            "in quotes a backslash stands before \" or \\");
        *to++ = *from;
    }
    if (*from == '\0')
        return complain(complaint, LATTN_SYNTAX, "the quotes are not closed");
    if (!is_over(from + 1))
        return complain(complaint, LATTN_SYNTAX, "after the quotes only a comment may follow");
    *to = '\0';
    return LATTN_OK;
}

static enum lattn_status line_cut(char *line, struct config_file_entry *entry,
                                  struct lattn_complaint *complaint)
{
    size_t length = strcspn(line, " \t\r=");
    char *equals = line + length + strspn(line + length, blanks);
    char *value;
    enum lattn_status status = LATTN_OK;

    if (length == 0 || *equals != '=')
        return complain(complaint, LATTN_SYNTAX, "not of the form name = value");
    value = equals + 1 + strspn(equals + 1, blanks);
    line[length] = '\0';
    if (*value == '"')
        status = value_unquote(value, complaint);
    else
        value_trim(value);
    if (status != LATTN_OK)
        return status;
    entry->name = line;
    entry->value = value;
    return LATTN_OK;
}

enum lattn_status config_file_next(struct config_file *file, struct config_file_entry *ret_entry,
                                   struct lattn_complaint *complaint)
{
    *ret_entry = (struct config_file_entry){.line = file->line};
    while (*file->next != '\0') {
        char *line = line_next(file);

        ret_entry->line = file->line;
        if (!is_over(line))
            return line_cut(line, ret_entry, complaint);
    }
    return LATTN_OK;
}
