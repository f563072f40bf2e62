/*
 * Numbers, alone and in rows. scan_row_at is where a busy daemon reads most of its bytes.
 */
#include "wire/scan.h"

#include "base/complaint.h"
#include "wire/number.h"

#include <math.h>
#include <strings.h>

/* What people write for numbers that JSON does not have. */
static int is_not_finite_word(const char *at, const char *end)
{
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    return end - at > 3 && (strncasecmp(at, "nan", 3) == 0 || strncasecmp(at, "inf", 3) == 0);
}

/* Say why the number here was refused: not a number at all, or none that a double can hold. */
static enum lattn_status refuse_number(struct scan *scan, const char *name)
{
    char excerpt[SCAN_EXCERPT_MAX];
    double number;
    const char *behind = scan_peek(scan) == '\0' ? NULL : number_read(scan->at, scan->end, &number);

    if (behind == NULL && !is_not_finite_word(scan->at, scan->end))
        return scan_mismatch(scan, name, "a number");
    scan_excerpt(scan, excerpt);
    return complain(scan->complaint, LATTN_NOT_FINITE, "%s is %s, which is not finite as a double",
                    name, excerpt);
}

enum lattn_status scan_number(struct scan *scan, const char *name, double *ret_number)
{
    const char *behind = scan_peek(scan) == '\0' && scan->at == scan->end
                             ? NULL
                             : number_read(scan->at, scan->end, ret_number);

    if (behind == NULL || !isfinite(*ret_number))
        return refuse_number(scan, name);
    scan->at = behind;
    return LATTN_OK;
}

enum lattn_status scan_count_to(struct scan *scan, const char *name, uint64_t max,
                                uint64_t *ret_count)
{
    uint64_t count = 0;
    const char *at;
    const char *first;
    int fits = 1;

    (void)scan_peek(scan);
    first = at = scan->at;
    for (; at < scan->end && *at >= '0' && *at <= '9'; at++) {
        fits &= !__builtin_mul_overflow(count, 10, &count);
        fits &= !__builtin_add_overflow(count, (uint64_t)(*at - '0'), &count);
    }
    if (at == first || (*first == '0' && at > first + 1) ||
        (at < scan->end && (*at == '.' || *at == 'e' || *at == 'E')))
        return scan_mismatch(scan, name, "a whole number that is not negative");
    if (!fits || count > max)
        return complain(scan->complaint, LATTN_RANGE, "%s is %.*s, at most %ju is accepted", name,
                        (int)(at - first > 40 ? 40 : at - first), first, (uintmax_t)max);
    scan->at = at;
    *ret_count = count;
    return LATTN_OK;
}

enum lattn_status scan_flag(struct scan *scan, const char *name, int32_t *ret_flag)
{
    int is_true = scan_take_word(scan, "true");

    if (!is_true && !scan_take_word(scan, "false"))
        return scan_mismatch(scan, name, "true or false");
    *ret_flag = is_true;
    return LATTN_OK;
}

/* ---- rows ---------------------------------------------------------------------------------- */

enum { ROW_ALONE = -1 };

/* "z[2]", or "y" for a row that is not in a matrix. */
static void row_name(const struct scan_matrix *matrix, int32_t row, char *ret_name, size_t size)
{
    if (row == ROW_ALONE)
        snprintf(ret_name, size, "%s", matrix->name);
    else
        snprintf(ret_name, size, "%s[%d]", matrix->name, row);
}

static enum lattn_status refuse_element(struct scan *scan, const struct scan_matrix *matrix,
                                        int32_t row, int32_t column)
{
    char of_row[64];
    char name[80];

    row_name(matrix, row, of_row, sizeof of_row);
    if (column == matrix->columns_max)
        return complain(scan->complaint, LATTN_RANGE, "%s has more than %d %s", of_row,
                        matrix->columns_max, matrix->unit);
    snprintf(name, sizeof name, "%s[%d]", of_row, column);
    return refuse_number(scan, name);
}

static const char *space_end(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    return at;
}

/*
 * Take "[1, 2, 3]". The last byte of the text is '}', which nothing below passes: so the loop need
 * not ask whether the text ends.
 */
static enum lattn_status scan_row_at(struct scan *scan, const struct scan_matrix *matrix,
                                     int32_t row, double *ret_numbers, int32_t *ret_columns)
{
    int32_t columns = 0;
    char name[64];

    if (scan_peek(scan) != '[') {
        row_name(matrix, row, name, sizeof name);
        return scan_mismatch(scan, name, "a row of numbers");
    }
    scan->at = space_end(scan->at + 1);
    if (*scan->at == ']') {
        scan->at++;
        *ret_columns = 0;
        return LATTN_OK;
    }
    for (;;) {
        const char *behind;

        scan->at = space_end(scan->at);
        if (columns == matrix->columns_max)
            return refuse_element(scan, matrix, row, columns);
        behind = number_read(scan->at, scan->end, &ret_numbers[columns]);
        if (behind == NULL || !isfinite(ret_numbers[columns]))
            return refuse_element(scan, matrix, row, columns);
        columns++;
        scan->at = space_end(behind);
        if (*scan->at == ']')
            break;
        if (*scan->at != ',')
            return scan_refuse(scan, "',' or ']'");
        scan->at++;
    }
    scan->at++;
    *ret_columns = columns;
    return LATTN_OK;
}

static enum lattn_status scan_row_next(struct scan *scan, int64_t row, void *arg)
{
    struct scan_matrix *matrix = arg;
    int32_t columns;
    enum lattn_status status;

    if (row == matrix->rows_max)
        return complain(scan->complaint, LATTN_RANGE, "%s has more than %d %s", matrix->name,
                        matrix->rows_max, matrix->row_unit);
    status = scan_row_at(scan, matrix, (int32_t)row,
                         matrix->numbers + (size_t)row * (size_t)matrix->columns, &columns);
    if (status != LATTN_OK)
        return status;
    if (row == 0)
        matrix->columns = columns;
    else if (columns != matrix->columns)
        return complain(scan->complaint, LATTN_SHAPE, "%s[%d] has %d %s, %s[0] has %d",
                        matrix->name, (int)row, columns, matrix->unit, matrix->name,
                        matrix->columns);
    matrix->rows = (int32_t)row + 1;
    return LATTN_OK;
}

enum lattn_status scan_matrix(struct scan *scan, struct scan_matrix *matrix)
{
    matrix->rows = 0;
    matrix->columns = 0;
    return scan_array(scan, matrix->name, scan_row_next, matrix);
}

enum lattn_status scan_row(struct scan *scan, struct scan_matrix *matrix)
{
    enum lattn_status status =
        scan_row_at(scan, matrix, ROW_ALONE, matrix->numbers, &matrix->columns);

    if (status == LATTN_OK)
        matrix->rows = 1;
    return status;
}
