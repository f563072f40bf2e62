#ifndef COLUMNS_H
#define COLUMNS_H

#include "csv.h"

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Which columns are wanted, as people say it: names with commas between them, quoted as in CSV.
 *
 * tokens  NULL: all but the key
 * labels  NULL: the tokens
 * key     NULL: none
 */
struct columns_wish {
    const char *tokens;
    const char *labels;
    const char *key;
};

/* Columns by their place in a record. */
struct columns_list {
    size_t *places;
    int32_t count;
};

/* What the cells of a record are for. Zeroed is empty. */
struct columns {
    char *text; /* what the names point into */
    struct csv_cells names;
    struct columns_list tokens;
    struct columns_list labels;
    size_t key; /* names.count where there is none */
};

/*
 * Find the columns in a header.
 *
 * header  in  length bytes of a record
 *
 * Returns LATTN_OK; LATTN_NO_MEMORY; LATTN_SYNTAX, LATTN_NAME or LATTN_RANGE with a complaint. In
 * each case release it with columns_done.
 */
enum lattn_status columns_find(struct columns *columns, const struct columns_wish *wish,
                               const char *header, size_t length,
                               struct lattn_complaint *complaint);

/*
 * Put the columns of a list in the order of the names that a learner has.
 *
 * what   in  "coordinate" or "output", for the complaint
 * names  in  count of them, "" for a place without a name; where none has one the order stays
 *
 * Returns LATTN_OK if each column has its own place and each place its column; LATTN_NO_MEMORY; or
 * LATTN_NAME, LATTN_SHAPE with a complaint, the order as it was.
 */
enum lattn_status columns_order(const struct columns *columns, struct columns_list *list,
                                const char *what, const char *const *names, int32_t count,
                                struct lattn_complaint *complaint);

void columns_done(struct columns *columns);

/*
 * Read a record that was cut into cells.
 *
 * ret_token  out  tokens.count numbers
 * ret_label  out  labels.count numbers
 * ret_key    out  "" where there is no key; borrowed from the cells
 *
 * Returns LATTN_OK, or LATTN_FIELD with a complaint that names the column.
 */
enum lattn_status columns_read(const struct columns *columns, const struct csv_cells *cells,
                               double *ret_token, double *ret_label, const char **ret_key,
                               struct lattn_complaint *complaint);

#endif
