/*
 * A balanced tree of the C library by key, threaded by a list from the key idle longest to the
 * newest. Rows are allocated as they come, since most keys of a long log are seen a few times only.
 */
#include "past.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

void pasts_init(struct pasts *pasts, int32_t window, int32_t width, size_t count_max,
                size_t bytes_max)
{
    assert(window >= 1 && width >= 1 && count_max >= 1);
    *pasts = (struct pasts){
        .count_max = count_max, .bytes_max = bytes_max, .window = window, .width = width};
}

static int keys_compare(const void *a, const void *b)
{
    return strcmp(((const struct past *)a)->key, ((const struct past *)b)->key);
}

static size_t rows_bytes(const struct pasts *pasts, int32_t rows)
{
    return (size_t)rows * (size_t)pasts->width * sizeof(double);
}

static void list_append(struct pasts *pasts, struct past *past)
{
    past->newer = NULL;
    past->older = pasts->newest;
    if (pasts->newest != NULL)
        pasts->newest->newer = past;
    else
        pasts->oldest = past;
    pasts->newest = past;
}

static void list_remove(struct pasts *pasts, struct past *past)
{
    if (past->older != NULL)
        past->older->newer = past->newer;
    else
        pasts->oldest = past->newer;
    if (past->newer != NULL)
        past->newer->older = past->older;
    else
        pasts->newest = past->older;
}

static void oldest_forget(struct pasts *pasts)
{
    struct past *past = pasts->oldest;

    (void)tdelete(past, &pasts->tree, keys_compare); /* it is there */
    list_remove(pasts, past);
    pasts->count--;
    pasts->bytes -= rows_bytes(pasts, past->capacity);
    free(past->rows);
    free(past);
}

void pasts_done(struct pasts *pasts)
{
    while (pasts->count > 0)
        oldest_forget(pasts);
}

/* A key without rows; its text lies behind the struct. */
static struct past *past_make(const char *key)
{
    size_t length = strlen(key) + 1;
    struct past *past = malloc(sizeof *past + length);
    char *text = (char *)(past + 1);

    if (past == NULL)
        return NULL;
    memcpy(text, key, length);
    *past = (struct past){.key = text};
    return past;
}

static enum lattn_status past_add(struct pasts *pasts, const char *key)
{
    struct past *past = past_make(key);

    if (past == NULL || tsearch(past, &pasts->tree, keys_compare) == NULL) {
        free(past);
        return LATTN_NO_MEMORY;
    }
    if (pasts->count == pasts->count_max)
        oldest_forget(pasts);
    list_append(pasts, past);
    pasts->count++;
    return LATTN_OK;
}

enum lattn_status pasts_find(struct pasts *pasts, const char *key, struct past **ret_past)
{
    const struct past asked = {.key = key};
    struct past *const *found = tfind(&asked, &pasts->tree, keys_compare);
    enum lattn_status status = LATTN_OK;

    if (found == NULL) {
        status = past_add(pasts, key);
    } else {
        struct past *past = *found;

        list_remove(pasts, past);
        list_append(pasts, past);
    }
    if (status == LATTN_OK)
        *ret_past = pasts->newest;
    return status;
}

/* Room for one row more in the newest past, at the cost of others where there is too little. */
static enum lattn_status past_grow(struct pasts *pasts, struct past *past)
{
    int32_t capacity = past->capacity < pasts->window / 2 ? 2 * past->capacity + 1 : pasts->window;
    double *rows = realloc(past->rows, rows_bytes(pasts, capacity));

    if (rows == NULL)
        return LATTN_NO_MEMORY;
    pasts->bytes += rows_bytes(pasts, capacity - past->capacity);
    past->rows = rows;
    past->capacity = capacity;
    while (pasts->bytes > pasts->bytes_max && pasts->oldest != past)
        oldest_forget(pasts);
    return LATTN_OK;
}

enum lattn_status pasts_push(struct pasts *pasts, struct past *past, const double *row)
{
    assert(past == pasts->newest);
    if (past->count == pasts->window) {
        past->count--;
        memmove(past->rows, past->rows + pasts->width, rows_bytes(pasts, past->count));
    } else if (past->count == past->capacity && past_grow(pasts, past) != LATTN_OK) {
        return LATTN_NO_MEMORY;
    }
    memcpy(past->rows + (size_t)past->count * (size_t)pasts->width, row, rows_bytes(pasts, 1));
    past->count++;
    return LATTN_OK;
}
