/* Two exchanges for each strip: of rows into columns, and of turned columns into rows. */
#include "solve/turning.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "core/feature.h"
#include "core/khatri.h"

#include <string.h>

/* ---- sizes ----------------------------------------------------------------------------------- */

/* A strip has those of one query coordinate at least, and each rank should have one of them. */
static int32_t columns_most(int32_t d, int32_t ranks)
{
    return d > ranks ? d : ranks;
}

/* Of a strip's columns the ones before a rank's. */
static int32_t columns_before(int32_t columns, int32_t rank)
{
    return (int32_t)((int64_t)columns * rank / ranks_count());
}

static int32_t columns_of(int32_t columns, int32_t rank)
{
    return columns_before(columns, rank + 1) - columns_before(columns, rank);
}

static int32_t strip_columns(const struct turning *turning, struct passage_strip strip)
{
    return feature_pair(turning->d, strip.end, strip.end) -
           feature_pair(turning->d, strip.first, strip.first);
}

/* Rows (a, b) of pair a are read by one rank, and kept by one or, where its rows are several, some.
 */
static int32_t reader_of(int32_t a)
{
    return a % ranks_count();
}

static void rows_count(struct turning *turning)
{
    int32_t q = turning->q;

    for (int32_t a = 0; a < q; a++) {
        turning->rows_read[reader_of(a)] += q - a;
        for (int32_t b = a, end; b < q; b = end) {
            end = passage_run_end(turning->grid, turning->d, q, b);
            turning->rows_kept[passage_owner(turning->grid, turning->d, a, b)] += end - b;
        }
    }
}

uint64_t turning_bytes(int32_t d, int32_t ranks)
{
    uint64_t q = (uint64_t)d * (uint64_t)(d + 1) / 2;
    uint64_t rows = khatri_rows((int32_t)q) / (uint64_t)ranks + q;

    return 8 * (2 * rows * (uint64_t)columns_most(d, ranks) + 2 * q * (uint64_t)d +
                (uint64_t)congruence_numbers(d, d));
}

/* ---- life ------------------------------------------------------------------------------------ */

static int counts_make(struct turning *turning)
{
    size_t ranks = (size_t)ranks_count();

    turning->rows_read = memory_zeroed(7 * ranks, sizeof *turning->rows_read);
    if (turning->rows_read == NULL)
        return 0;
    turning->rows_kept = turning->rows_read + ranks;
    turning->to = (struct ranks_parts){turning->rows_kept + ranks, turning->rows_kept + 2 * ranks};
    turning->from =
        (struct ranks_parts){turning->rows_kept + 3 * ranks, turning->rows_kept + 4 * ranks};
    turning->done = turning->rows_kept + 5 * ranks;
    rows_count(turning);
    return 1;
}

/* What is read or kept are a rank's rows of all columns, and what is turned all rows of its own. */
static int numbers_make(struct turning *turning)
{
    size_t q = (size_t)turning->q, p = q * (size_t)turning->d;
    size_t columns = (size_t)turning->columns_most, ranks = (size_t)ranks_count();
    size_t turned = khatri_rows(turning->q) * ((columns + ranks - 1) / ranks);
    size_t read = (size_t)turning->rows_read[ranks_mine()] * columns;
    size_t kept = (size_t)turning->rows_kept[ranks_mine()] * columns;

    turning->one = memory_raw(read > turned ? read : turned, sizeof *turning->one);
    turning->two = memory_raw(kept > turned ? kept : turned, sizeof *turning->two);
    turning->before = memory_zeroed(2 * p, sizeof *turning->before);
    if (turning->one == NULL || turning->two == NULL || turning->before == NULL)
        return 0;
    turning->after = turning->before + p;
    return 1;
}

/* Scales are in rows of squares, S_jj S_kk z_l^2. */
static enum lattn_status scales_read(struct turning *turning, struct lattn_complaint *complaint)
{
    int32_t d = turning->d;
    double *row = turning->square, *scale = turning->before;
    enum lattn_status status = LATTN_OK;

    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d && status == LATTN_OK; k++, scale += d) {
            status = shard_rows(turning->shard, feature_pair(d, j, j), feature_pair(d, k, k), 1,
                                row, complaint);
            for (int32_t l = 0; l < d && status == LATTN_OK; l++)
                scale[l] = row[feature_pair(d, l, l)];
        }
    return status;
}

/* NN by columns, as rows are multiplied by it: nothing else asks for it. */
static void lift_transpose(struct turning *turning)
{
    size_t q = (size_t)turning->q;
    double *NN = turning->congruence.NN;

    for (size_t k = 0; k < q; k++)
        for (size_t c = k + 1; c < q; c++) {
            NN[c * q + k] = NN[k * q + c];
            NN[k * q + c] = 0;
        }
}

enum lattn_status turning_open(struct turning *turning, const struct shard *shard,
                               const struct frame *frame, const struct grid *grid, double *square,
                               struct lattn_complaint *complaint)
{
    *turning = (struct turning){
        .square = square,
        .shard = shard,
        .grid = grid,
        .d = frame->d,
        .q = frame->q,
        .columns_most = columns_most(frame->d, ranks_count()),
    };
    if (congruence_open(&turning->congruence, frame->d, frame->d) != LATTN_OK ||
        !counts_make(turning) || !numbers_make(turning))
        return complain(complaint, LATTN_NO_MEMORY, "state %.150s: cannot turn it: %s", shard->path,
                        lattn_status_text(LATTN_NO_MEMORY));
    congruence_find(&turning->congruence, shard->moment.A, shard->moment.B, frame->A, frame->B);
    lift_transpose(turning);
    return scales_read(turning, complaint);
}

void turning_close(struct turning *turning)
{
    congruence_close(&turning->congruence);
    memory_release(turning->rows_read);
    memory_release(turning->one);
    memory_release(turning->two);
    memory_release(turning->before);
    *turning = (struct turning){0};
}

/* ---- a strip --------------------------------------------------------------------------------- */

struct passage_strip turning_strip(const struct turning *turning, int32_t first)
{
    struct passage_strip strip = {first, first + 1};

    while (strip.end < turning->d &&
           strip_columns(turning, strip) + turning->d - strip.end <= turning->columns_most)
        strip.end++;
    return strip;
}

/* Rows that this rank reads, times the strip's columns of N2'. */
static enum lattn_status rows_read(struct turning *turning, struct passage_strip strip,
                                   struct lattn_complaint *complaint)
{
    int32_t q = turning->q, mine = ranks_mine();
    int32_t first = feature_pair(turning->d, strip.first, strip.first);
    int32_t columns = strip_columns(turning, strip);
    double *to = turning->one;

    for (int32_t a = mine; a < q; to += q - a, a += ranks_count()) {
        enum lattn_status status =
            shard_rows(turning->shard, a, a, q - a, turning->square, complaint);

        if (status != LATTN_OK)
            return status;
        dense_multiply_rows(columns, q - a, first + columns, 1,
                            turning->congruence.NN + (size_t)first * (size_t)q, (size_t)q,
                            turning->square, (size_t)q, 0, to, (size_t)turning->rows_read[mine]);
    }
    return LATTN_OK;
}

/* Let parts have so many numbers, one behind the other. */
static void parts_lay(struct ranks_parts parts, int32_t rank, int32_t count)
{
    parts.counts[rank] = count;
    parts.firsts[rank] = rank == 0 ? 0 : parts.firsts[rank - 1] + parts.counts[rank - 1];
}

static void columns_gather(struct turning *turning, int32_t columns)
{
    int32_t mine = ranks_mine();

    for (int32_t r = 0; r < ranks_count(); r++) {
        parts_lay(turning->to, r, turning->rows_read[mine] * columns_of(columns, r));
        parts_lay(turning->from, r, turning->rows_read[r] * columns_of(columns, mine));
    }
    ranks_exchange(turning->one, turning->to, turning->two, turning->from);
}

static void rows_gather(struct turning *turning, int32_t columns)
{
    int32_t mine = ranks_mine();

    for (int32_t r = 0; r < ranks_count(); r++)
        parts_lay(turning->from, r, turning->rows_kept[mine] * columns_of(columns, r));
    ranks_exchange(turning->one, turning->to, turning->two, turning->from);
}

/* One of this rank's columns as a symmetric matrix. */
static void square_make(const struct turning *turning, int32_t column)
{
    size_t q = (size_t)turning->q;
    double *square = turning->square;

    for (int32_t r = 0; r < ranks_count(); r++) {
        const double *from =
            turning->two + turning->from.firsts[r] + (size_t)column * (size_t)turning->rows_read[r];

        for (size_t a = (size_t)r; a < q; from += q - a, a += (size_t)ranks_count())
            memcpy(square + a * (q + 1), from, (q - a) * sizeof *square);
    }
    for (size_t a = 0; a < q; a++)
        for (size_t b = a + 1; b < q; b++)
            square[b * q + a] = square[a * q + b];
}

static void square_deal(const struct turning *turning, int32_t column)
{
    int32_t q = turning->q;

    memset(turning->done, 0, (size_t)ranks_count() * sizeof *turning->done);
    for (int32_t a = 0; a < q; a++)
        for (int32_t b = a, end; b < q; b = end) {
            int32_t owner = passage_owner(turning->grid, turning->d, a, b);
            size_t at = (size_t)column * (size_t)turning->rows_kept[owner];

            end = passage_run_end(turning->grid, turning->d, q, b);
            memcpy(turning->one + (size_t)turning->to.firsts[owner] + at +
                       (size_t)turning->done[owner],
                   turning->square + (size_t)a * (size_t)q + (size_t)b,
                   (size_t)(end - b) * sizeof(double));
            turning->done[owner] += end - b;
        }
}

/* Scales are where queries are squared as well. */
static void square_note(const struct turning *turning, int32_t l)
{
    int32_t d = turning->d;
    double *after = turning->after + l;

    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++, after += d)
            *after = turning->square[(size_t)feature_pair(d, j, j) * (size_t)turning->q +
                                     (size_t)feature_pair(d, k, k)];
}

/* Query coordinate l where this entry is (l, l), else -1. */
static int32_t diagonal_of(const struct turning *turning, int32_t entry)
{
    for (int32_t l = 0; l < turning->d; l++)
        if (feature_pair(turning->d, l, l) == entry)
            return l;
    return -1;
}

static void columns_turn(struct turning *turning, int32_t first, int32_t columns)
{
    int32_t mine = ranks_mine(), count = columns_of(columns, mine);

    for (int32_t r = 0; r < ranks_count(); r++)
        parts_lay(turning->to, r, turning->rows_kept[r] * count);
    for (int32_t i = 0; i < count; i++) {
        int32_t l = diagonal_of(turning, first + columns_before(columns, mine) + i);

        square_make(turning, i);
        congruence_turn(&turning->congruence, 1, turning->square);
        square_deal(turning, i);
        if (l >= 0)
            square_note(turning, l);
    }
}

enum lattn_status turning_make(struct turning *turning, struct passage_strip strip,
                               const double **ret_rows, size_t *ret_lead,
                               struct lattn_complaint *complaint)
{
    int32_t columns = strip_columns(turning, strip);
    enum lattn_status status = rows_read(turning, strip, complaint);

    ranks_agree(&status, complaint);
    if (status != LATTN_OK)
        return status;
    columns_gather(turning, columns);
    columns_turn(turning, feature_pair(turning->d, strip.first, strip.first), columns);
    rows_gather(turning, columns);
    *ret_rows = turning->two;
    *ret_lead = (size_t)turning->rows_kept[ranks_mine()];
    return LATTN_OK;
}

double turning_noise(struct turning *turning)
{
    ranks_sum(turning->after, (size_t)turning->q * (size_t)turning->d);
    return congruence_noise(&turning->congruence, turning->shard->moment.noise, turning->before,
                            turning->after, turning->square);
}
