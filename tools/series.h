#ifndef SERIES_H
#define SERIES_H

#include "columns.h"
#include "past.h"

#include <lattn/batch.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Rows of CSV as pairs. The header tells the columns; then each row completes at most one pair with
 * the rows that its key had before: the last `window` rows, itself the last, with its own label; or
 * autoregressive, the rows before it with it as the label. Zeroed but for the first three is before
 * the header.
 */
struct series {
    struct columns_wish wish; /* texts borrowed */
    int is_autoregressive;
    int32_t window;
    int has_header;
    struct csv_cells cells;
    struct columns columns;
    struct pasts pasts;
    double *token; /* of the row under way */
    double *label;
};

/*
 * Takes the pair of a row; item and key are borrowed. What it returns other than LATTN_OK ends
 * series_push.
 */
typedef enum lattn_status (*series_pair_fn)(void *arg, const char *key,
                                            const struct lattn_item *item);

void series_done(struct series *series);

/*
 * Take the header.
 *
 * header  in  length bytes of a record
 *
 * Returns as columns_find, or LATTN_NO_MEMORY.
 */
enum lattn_status series_begin(struct series *series, const char *header, size_t length,
                               struct lattn_complaint *complaint);

/*
 * Read a row behind the header into token and label. One that is refused is as if it were not
 * there.
 *
 * row      in, lost  length bytes of a record, and one more that may be written to
 * ret_key  out       "" where there is no key; borrowed until the next row
 *
 * Returns LATTN_OK; LATTN_SYNTAX or LATTN_FIELD with a complaint; or LATTN_NO_MEMORY.
 */
enum lattn_status series_read(struct series *series, char *row, size_t length, const char **ret_key,
                              struct lattn_complaint *complaint);

/*
 * Let the row that was read join its key's past, and hand over the pair that it completes, if it
 * does.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or what `take` returned.
 */
enum lattn_status series_push(struct series *series, const char *key, series_pair_fn take,
                              void *arg);

#endif
