#include "columns.h"

#include <lattn/limits.h>
#include <lattn/tasks.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As much of a name, or of a cell, as a message shows. */
#define SHOWN "\"%.60s\""

static const char byte_order_mark[] = "\xef\xbb\xbf";

__attribute__((format(printf, 3, 4))) static enum lattn_status
refuse(struct lattn_complaint *complaint, enum lattn_status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(complaint->text, sizeof complaint->text, format, arguments);
    va_end(arguments);
    return status;
}

/* Cut a copy of the text; ret_text is given in each case. */
static enum lattn_status copy_cut(const char *text, size_t length, char **ret_text,
                                  struct csv_cells *cells, struct lattn_complaint *complaint)
{
    *ret_text = malloc(length + 1);
    if (*ret_text == NULL)
        return LATTN_NO_MEMORY;
    memcpy(*ret_text, text, length);
    return csv_cells_cut(cells, *ret_text, length, complaint);
}

static enum lattn_status names_read(struct columns *columns, const char *header, size_t length,
                                    struct lattn_complaint *complaint)
{
    size_t mark = sizeof byte_order_mark - 1;
    int is_marked = length >= mark && memcmp(header, byte_order_mark, mark) == 0;

    return copy_cut(header + (is_marked ? mark : 0), length - (is_marked ? mark : 0),
                    &columns->text, &columns->names, complaint);
}

/* The place of a name at or behind `place`; names.count if it is not there. */
static size_t name_find(const struct columns *columns, size_t place, const char *name)
{
    while (place < columns->names.count && strcmp(columns->names.texts[place], name) != 0)
        place++;
    return place;
}

/* Columns that nobody asks for may be called as they like. */
static enum lattn_status column_find(const struct columns *columns, const char *name,
                                     size_t *ret_place, struct lattn_complaint *complaint)
{
    size_t count = columns->names.count;
    size_t place = name_find(columns, 0, name);
    size_t other = place < count ? name_find(columns, place + 1, name) : count;

    if (place == count)
        return refuse(complaint, LATTN_NAME, "there is no column " SHOWN, name);
    if (other < count)
        return refuse(complaint, LATTN_NAME, "columns %zu and %zu are both called " SHOWN,
                      place + 1, other + 1, name);
    *ret_place = place;
    return LATTN_OK;
}

/* Room for so many places; a count of 0 is refused as too few. */
static enum lattn_status list_init(struct columns_list *list, size_t count, int32_t count_max,
                                   const char *role, struct lattn_complaint *complaint)
{
    if (count == 0 || count > (size_t)count_max)
        return refuse(complaint, LATTN_RANGE, "%zu columns for the %s, accepted are 1 to %d", count,
                      role, count_max);
    list->places = malloc(count * sizeof *list->places);
    if (list->places == NULL)
        return LATTN_NO_MEMORY;
    list->count = (int32_t)count;
    return LATTN_OK;
}

static enum lattn_status list_read(const struct columns *columns, struct columns_list *list,
                                   const char *text, int32_t count_max, const char *role,
                                   struct lattn_complaint *complaint)
{
    struct csv_cells names = {0};
    char *copy;
    enum lattn_status status = copy_cut(text, strlen(text), &copy, &names, complaint);

    if (status == LATTN_OK)
        status = list_init(list, names.count, count_max, role, complaint);
    for (size_t i = 0; i < names.count && status == LATTN_OK; i++) {
        status = column_find(columns, names.texts[i], &list->places[i], complaint);
        for (size_t j = 0; j < i && status == LATTN_OK; j++)
            if (list->places[j] == list->places[i])
                status = refuse(complaint, LATTN_NAME, "column " SHOWN " is asked for twice",
                                names.texts[i]);
    }
    csv_cells_done(&names);
    free(copy);
    return status;
}

static enum lattn_status list_all_but_key(const struct columns *columns, struct columns_list *list,
                                          struct lattn_complaint *complaint)
{
    size_t all = columns->names.count;
    size_t at = 0;
    enum lattn_status status =
        list_init(list, all - (columns->key < all), LATTN_DIM_MAX, "tokens", complaint);

    for (size_t place = 0; place < all && status == LATTN_OK; place++)
        if (place != columns->key)
            status =
                column_find(columns, columns->names.texts[place], &list->places[at++], complaint);
    return status;
}

static enum lattn_status list_copy(const struct columns_list *from, struct columns_list *list)
{
    size_t bytes = (size_t)from->count * sizeof *list->places;

    list->places = malloc(bytes);
    if (list->places == NULL)
        return LATTN_NO_MEMORY;
    memcpy(list->places, from->places, bytes);
    list->count = from->count;
    return LATTN_OK;
}

enum lattn_status columns_find(struct columns *columns, const struct columns_wish *wish,
                               const char *header, size_t length, struct lattn_complaint *complaint)
{
    enum lattn_status status = names_read(columns, header, length, complaint);

    columns->key = columns->names.count;
    if (status == LATTN_OK && wish->key != NULL)
        status = column_find(columns, wish->key, &columns->key, complaint);
    if (status != LATTN_OK)
        return status;
    status = wish->tokens != NULL ? list_read(columns, &columns->tokens, wish->tokens,
                                              LATTN_DIM_MAX, "tokens", complaint)
                                  : list_all_but_key(columns, &columns->tokens, complaint);
    if (status != LATTN_OK)
        return status;
    return wish->labels != NULL ? list_read(columns, &columns->labels, wish->labels,
                                            LATTN_OUTPUTS_MAX, "label", complaint)
                                : list_copy(&columns->tokens, &columns->labels);
}

/* Where a name stands among others; count if it does not. */
static int32_t place_find(const char *const *names, int32_t count, const char *name)
{
    int32_t place = 0;

    while (place < count && strcmp(names[place], name) != 0)
        place++;
    return place;
}

static enum lattn_status place_refuse(const char *what, int32_t place, const char *name,
                                      struct lattn_complaint *complaint)
{
    if (name[0] == '\0')
        return refuse(complaint, LATTN_NAME,
                      "the learner has names, but none for %s %d: no column can be it", what,
                      place);
    return refuse(complaint, LATTN_NAME, "no column gives the learner's %s " SHOWN, what, name);
}

/* Columns have names of their own, so no two of them come to the same place. */
static enum lattn_status order_find(const struct columns *columns, const struct columns_list *list,
                                    const char *what, const char *const *names, int32_t count,
                                    size_t *ret_places, struct lattn_complaint *complaint)
{
    for (int32_t place = 0; place < count; place++)
        ret_places[place] = columns->names.count;
    for (int32_t i = 0; i < list->count; i++) {
        const char *name = columns->names.texts[list->places[i]];
        int32_t place = name[0] == '\0' ? count : place_find(names, count, name);

        if (place == count)
            return refuse(complaint, LATTN_NAME,
                          "column " SHOWN ": the learner has no %s of that name", name, what);
        ret_places[place] = list->places[i];
    }
    for (int32_t place = 0; place < count; place++)
        if (ret_places[place] == columns->names.count)
            return place_refuse(what, place, names[place], complaint);
    return LATTN_OK;
}

enum lattn_status columns_order(const struct columns *columns, struct columns_list *list,
                                const char *what, const char *const *names, int32_t count,
                                struct lattn_complaint *complaint)
{
    enum lattn_status status;
    size_t *places;
    int32_t named = 0;

    for (int32_t place = 0; place < count; place++)
        named += names[place][0] != '\0';
    if (named == 0 && list->count == count)
        return LATTN_OK;
    if (named == 0)
        return refuse(complaint, LATTN_SHAPE, "%d columns, the learner has %d %ss without names",
                      list->count, count, what);
    places = malloc((size_t)count * sizeof *places);
    if (places == NULL)
        return LATTN_NO_MEMORY;
    status = order_find(columns, list, what, names, count, places, complaint);
    if (status != LATTN_OK) {
        free(places);
        return status;
    }
    free(list->places);
    list->places = places;
    return LATTN_OK;
}

void columns_done(struct columns *columns)
{
    free(columns->tokens.places);
    free(columns->labels.places);
    csv_cells_done(&columns->names);
    free(columns->text);
    *columns = (struct columns){0};
}

static enum lattn_status number_refuse(const struct columns *columns, size_t place,
                                       const char *cell, enum lattn_status status,
                                       struct lattn_complaint *complaint)
{
    const char *name = columns->names.texts[place];

    if (status == LATTN_EMPTY)
        return refuse(complaint, LATTN_FIELD, "column " SHOWN " is empty", name);
    return refuse(complaint, LATTN_FIELD, "column " SHOWN ": " SHOWN " is %s", name, cell,
                  status == LATTN_NOT_FINITE ? "beyond the doubles" : "not a number");
}

static enum lattn_status list_numbers(const struct columns *columns,
                                      const struct columns_list *list,
                                      const struct csv_cells *cells, double *ret_numbers,
                                      struct lattn_complaint *complaint)
{
    for (int32_t i = 0; i < list->count; i++) {
        size_t place = list->places[i];
        enum lattn_status status = csv_number_read(cells->texts[place], &ret_numbers[i]);

        if (status != LATTN_OK)
            return number_refuse(columns, place, cells->texts[place], status, complaint);
    }
    return LATTN_OK;
}

enum lattn_status columns_read(const struct columns *columns, const struct csv_cells *cells,
                               double *ret_token, double *ret_label, const char **ret_key,
                               struct lattn_complaint *complaint)
{
    size_t count = columns->names.count;
    enum lattn_status status;

    if (cells->count < count)
        return refuse(complaint, LATTN_FIELD, "column " SHOWN " is missing, %zu of %zu are there",
                      columns->names.texts[cells->count], cells->count, count);
    if (cells->count > count)
        return refuse(complaint, LATTN_FIELD, "%zu cells, the header names %zu columns",
                      cells->count, count);
    *ret_key = columns->key < count ? cells->texts[columns->key] : "";
    if (strlen(*ret_key) >= LATTN_EVENTS_KEY_MAX)
        return refuse(complaint, LATTN_FIELD, "column " SHOWN " has %zu bytes, at most %d are keys",
                      columns->names.texts[columns->key], strlen(*ret_key),
                      LATTN_EVENTS_KEY_MAX - 1);
    status = list_numbers(columns, &columns->tokens, cells, ret_token, complaint);
    if (status != LATTN_OK)
        return status;
    return list_numbers(columns, &columns->labels, cells, ret_label, complaint);
}
