/*
 * Rows of moments into pieces of a matrix. Row (a, b) of a moment is block (a, b) of G~, d x d,
 * symmetric in itself; it goes to the one rank that has this block, and whatever else is to be
 * known of it is found while it passes.
 */
#include "solve/assembly.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "core/feature.h"
#include "core/khatri.h"
#include "core/learner.h"
#include "core/moment.h"
#include "core/moment_turn.h"
#include "solve/ranks.h"

#include <math.h>
#include <string.h>

/*
 * What passes on the way.
 *
 * entries     of a row: pairs of query coordinates
 * pair_of     q: j where pair number a is (j, j), else -1
 * view        q x d: what pair a of S~ adds to each S_jj
 * rows        as many as one pair a can have, q x entries
 * pair_ratio  q, entry_ratio: entries, query_ratio: d: what scaling leads from a shard's frame here
 * delta       p x m row-major: weights at hand of the shard less the base, in the frame
 * has_delta   they differ
 * labels      p x m row-major: what that adds to sums of labels
 * block       d x d: the row as a block
 * is_first    blocks are set, not added to
 * is_finite   all that passed
 */
struct passage {
    struct assembly *assembly;
    const struct shards *shards;
    const struct frame *frame;
    struct grid *grid;
    size_t entries;
    int32_t *pair_of;
    double *view;
    double *rows;
    double *pair_ratio;
    double *entry_ratio;
    double *query_ratio;
    double *delta;
    int has_delta;
    double *labels;
    double *block;
    int is_first;
    int is_finite;
};

/* ---- frames ---------------------------------------------------------------------------------- */

static int has_features(const struct shard *shard)
{
    return shard->moment.columns > 0;
}

static int is_plain(const struct shard *shard)
{
    return frame_is_plain(shard->moment.d, shard->moment.A, shard->moment.B);
}

int32_t assembly_reference(const struct shards *shards)
{
    int32_t best = -1;

    for (int32_t i = 0; i < shards->count; i++) {
        const struct shard *shard = &shards->list[i];
        const struct shard *other = best < 0 ? NULL : &shards->list[best];

        if (!has_features(shard))
            continue;
        if (other == NULL || is_plain(shard) < is_plain(other) ||
            (is_plain(shard) == is_plain(other) && shard->pairs > other->pairs))
            best = i;
    }
    return best;
}

int assembly_is_turned(const struct shard *shard, const struct shard *reference)
{
    size_t bytes = (size_t)shard->moment.d * (size_t)shard->moment.d * sizeof(double);

    if (is_plain(shard) && is_plain(reference))
        return 0;
    return memcmp(shard->moment.A, reference->moment.A, bytes) != 0 ||
           memcmp(shard->moment.B, reference->moment.B, bytes) != 0;
}

/* Ratios of diagonals: 1 where the frames are the same, or the shard's has been turned. */
static void ratios_find(struct passage *passage, const struct shard *shard)
{
    int32_t d = passage->assembly->d, pair = 0;
    const struct frame *frame = passage->frame;
    int is_scaled = frame->is_plain && is_plain(shard);
    double *entry = passage->entry_ratio;

    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++, pair++) {
            size_t jj = (size_t)j * (size_t)(d + 1), kk = (size_t)k * (size_t)(d + 1);
            const double *A = shard->moment.A, *B = shard->moment.B;

            passage->pair_ratio[pair] =
                is_scaled ? frame->A[jj] / A[jj] * (frame->A[kk] / A[kk]) : 1;
            *entry++ = is_scaled ? frame->B[jj] / B[jj] * (frame->B[kk] / B[kk]) : 1;
            if (j == k)
                passage->query_ratio[j] = is_scaled ? frame->B[jj] / B[jj] : 1;
        }
}

/* ---- one row --------------------------------------------------------------------------------- */

/* Unpack a row into the block, in the coordinates and with the weight of the sum. */
static void block_make(struct passage *passage, double share, int32_t a, int32_t b,
                       const double *row)
{
    size_t d = (size_t)passage->assembly->d;
    const double *entry = passage->entry_ratio;
    double factor = share * passage->pair_ratio[a] * passage->pair_ratio[b];
    double *block = passage->block;

    for (size_t l = 0; l < d; l++)
        for (size_t k = l; k < d; k++) {
            double value = factor * *entry++ * *row++;

            passage->is_finite &= isfinite(value) != 0;
            block[l * d + k] = value;
            block[k * d + l] = value;
        }
}

/* Put the block, which is symmetric, at a place of the piece. */
static void block_put(const struct passage *passage, int32_t height, int32_t width)
{
    size_t d = (size_t)passage->assembly->d, ld = (size_t)passage->grid->ld;
    double *to = passage->grid->a + (size_t)width * ld + (size_t)height;

    for (size_t x = 0; x < d; x++, to += ld)
        for (size_t y = 0; y < d; y++)
            to[y] = passage->block[x * d + y] + (passage->is_first ? 0 : to[y]);
}

/* Its place below the diagonal, and above where that is in the same block of the grid. */
static void block_place(const struct passage *passage, int32_t a, int32_t b)
{
    const struct grid *grid = passage->grid;
    int32_t first = a * passage->assembly->d, last = b * passage->assembly->d;
    int32_t unit = grid->block;

    block_put(passage, grid_place(last, unit, grid->rows, grid->row),
              grid_place(first, unit, grid->columns, grid->column));
    if (a != b && first / unit == last / unit)
        block_put(passage, grid_place(first, unit, grid->rows, grid->row),
                  grid_place(last, unit, grid->columns, grid->column));
}

/* What the shard's own weights at hand left of its labels, from what ours leave. */
static void block_move(struct passage *passage, int32_t a, int32_t b)
{
    struct assembly *assembly = passage->assembly;
    size_t d = (size_t)assembly->d, m = (size_t)assembly->m;
    size_t from_a = (size_t)a * d * m, from_b = (size_t)b * d * m;
    double *answer = passage->block + d * d; /* d x m */

    dense_multiply(DENSE_PLAIN, (int32_t)d, (int32_t)m, (int32_t)d, 1, passage->block, d,
                   passage->delta + from_a, m, 0, answer, m);
    for (size_t i = 0; i < d * m; i++) {
        passage->labels[from_b + i] += answer[i];
        assembly->energy[i % m] += (a == b ? 1 : 2) * answer[i] * passage->delta[from_b + i];
    }
    if (a != b)
        dense_multiply(DENSE_PLAIN, (int32_t)d, (int32_t)m, (int32_t)d, 1, passage->block, d,
                       passage->delta + from_b, m, 1, passage->labels + from_a, m);
}

/* The a-priori scales, and the second moment of the queries in the frame. */
static void block_note(struct passage *passage, int32_t a, int32_t b)
{
    struct assembly *assembly = passage->assembly;
    int32_t d = assembly->d, j = passage->pair_of[a], k = passage->pair_of[b];
    double share = (a == b ? 1 : 2) * dense_dot(d, passage->view + (size_t)a * (size_t)d,
                                                passage->view + (size_t)b * (size_t)d);

    if (j >= 0 && k >= 0)
        for (int32_t l = 0; l < d; l++)
            assembly->scale[feature_pair(d, j, k) * d + l] += passage->block[l * (d + 1)];
    if (share != 0)
        dense_add(d * d, share, passage->block, assembly->tokens);
}

/* Rows (a, b), (a, b + 1) ..., all of this rank's. */
static void rows_take(struct passage *passage, double share, int32_t a, int32_t b, int32_t count,
                      const double *rows)
{
    for (int32_t i = 0; i < count; i++, rows += passage->entries) {
        block_make(passage, share, a, b + i, rows);
        block_place(passage, a, b + i);
        block_note(passage, a, b + i);
        if (passage->has_delta)
            block_move(passage, a, b + i);
    }
}

/* ---- rows of one shard ----------------------------------------------------------------------- */

static int owns_column(const struct grid *grid, int32_t index)
{
    return grid_place(index, grid->block, grid->columns, grid->column) >= 0;
}

static int owns_row(const struct grid *grid, int32_t index)
{
    return grid_place(index, grid->block, grid->rows, grid->row) >= 0;
}

/* The first pair behind b whose rows may be another rank's. */
static int32_t run_end(const struct passage *passage, int32_t b)
{
    int32_t q = passage->frame->q, unit = passage->grid->block / passage->assembly->d;
    int32_t end = (b / unit + 1) * unit;

    return passage->grid->rows == 1 || end > q ? q : end;
}

/* All rows of this rank that begin with pair a; given whole, or to be read. */
static enum lattn_status pair_take(struct passage *passage, const struct shard *shard, double share,
                                   int32_t a, const double *whole,
                                   struct lattn_complaint *complaint)
{
    int32_t q = passage->frame->q, d = passage->assembly->d;

    for (int32_t b = a, end; b < q; b = end) {
        const double *rows = passage->rows;

        end = run_end(passage, b);
        if (!owns_row(passage->grid, b * d))
            continue;
        if (whole == NULL) {
            uint64_t at =
                shard->moment.M_at + khatri_row(q, a, b) * passage->entries * sizeof *passage->rows;
            enum lattn_status status = shard_read(shard, at, (size_t)(end - b) * passage->entries,
                                                  passage->rows, complaint);

            if (status != LATTN_OK)
                return status;
        } else {
            rows = whole + (size_t)(b - a) * passage->entries;
        }
        rows_take(passage, share, a, b, end - b, rows);
    }
    return LATTN_OK;
}

static enum lattn_status rows_read(struct passage *passage, const struct shard *shard,
                                   struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    for (int32_t a = 0; status == LATTN_OK && a < passage->frame->q; a++)
        if (owns_column(passage->grid, a * passage->assembly->d))
            status = pair_take(passage, shard, shard->share, a, NULL, complaint);
    return status;
}

/* Rows of pair a as they lie together in a file. */
static void rows_pack(const struct passage *passage, const struct moment *moment, int32_t a)
{
    for (int32_t b = a; b < moment->q; b++)
        memcpy(passage->rows + (size_t)(b - a) * passage->entries,
               moment->M + khatri_row(moment->q, a, b) * moment->ldm,
               passage->entries * sizeof *passage->rows);
}

/* One rank has the shard, turned; the others have NULL. */
static void rows_hand_round(struct passage *passage, const struct shard *shard, int32_t turner,
                            const struct moment *moment)
{
    int32_t q = passage->frame->q;

    for (int32_t a = 0; a < q; a++) {
        if (moment != NULL)
            rows_pack(passage, moment, a);
        ranks_share(turner, passage->rows,
                    (size_t)(q - a) * passage->entries * sizeof *passage->rows);
        if (owns_column(passage->grid, a * passage->assembly->d))
            (void)pair_take(passage, shard, shard->share, a, passage->rows, NULL); /* reads none */
    }
}

/* ---- labels ---------------------------------------------------------------------------------- */

/* C and the energy of a shard, C in its frame but for scaling; by one rank. */
static void labels_take(struct passage *passage, double share, const double *C,
                        const double *energy)
{
    struct assembly *assembly = passage->assembly;
    size_t d = (size_t)assembly->d, m = (size_t)assembly->m;

    for (size_t c = 0; c < (size_t)assembly->p; c++)
        for (size_t a = 0; a < m; a++) {
            double value = share * passage->pair_ratio[c / d] * passage->query_ratio[c % d] *
                           C[c / d * m * d + a * d + c % d];

            passage->labels[c * m + a] += value;
            assembly->energy[a] += 2 * value * passage->delta[c * m + a];
        }
    for (size_t a = 0; a < m; a++)
        assembly->energy[a] += share * energy[a];
}

static enum lattn_status labels_read(struct passage *passage, const struct shard *shard,
                                     struct lattn_complaint *complaint)
{
    size_t count = (size_t)passage->assembly->p * (size_t)passage->assembly->m;
    double *C = memory_raw(count + (size_t)passage->assembly->m, sizeof *C);
    enum lattn_status status;

    if (C == NULL)
        return complain(complaint, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
    /* The energy stands behind C. */
    status =
        shard_read(shard, shard->moment.C_at, count + (size_t)passage->assembly->m, C, complaint);
    if (status == LATTN_OK)
        labels_take(passage, shard->share, C, C + count);
    memory_release(C);
    return status;
}

/* Weights at hand of a shard less the base, in the frame: W~ = K^-T W. Needs q x d at a time. */
static enum lattn_status delta_read(struct passage *passage, const struct shard *shard,
                                    struct lattn_complaint *complaint)
{
    struct assembly *assembly = passage->assembly;
    size_t p = (size_t)assembly->p, m = (size_t)assembly->m;
    double *column = passage->rows; /* p numbers at least */
    enum lattn_status status =
        shard_read(shard, shard->moment.weights_at, p * m, passage->delta, complaint);

    passage->has_delta = 0;
    if (status != LATTN_OK)
        return status;
    for (size_t a = 0; a < m; a++) {
        for (size_t c = 0; c < p; c++) {
            column[c] = passage->delta[c * m + a] - assembly->base[c * m + a];
            passage->has_delta |= column[c] != 0;
        }
        frame_apply(passage->frame, FRAME_OUT_TRANSPOSED, column);
        for (size_t c = 0; c < p; c++)
            passage->delta[c * m + a] = column[c];
    }
    return LATTN_OK;
}

/* ---- shards ---------------------------------------------------------------------------------- */

static enum lattn_status shard_add(struct passage *passage, const struct shard *shard,
                                   struct lattn_complaint *complaint)
{
    enum lattn_status status =
        ranks_mine() == 0 ? labels_read(passage, shard, complaint) : LATTN_OK;

    return status == LATTN_OK ? rows_read(passage, shard, complaint) : status;
}

/* Load a shard and turn it, on one rank. */
static enum lattn_status shard_turn(const struct passage *passage, const struct shard *shard,
                                    struct state *ret_state, struct moment **ret_moment,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status = shard_load(shard, ret_state, complaint);
    const struct factor *factor;

    if (status != LATTN_OK)
        return status;
    factor = &ret_state->learner->factor;
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            *ret_moment = factor->components[i]->moment;
    status = moment_turn_to(*ret_moment, passage->frame->A, passage->frame->B);
    return status == LATTN_OK ? status
                              : complain(complaint, status, "state %.150s: cannot turn it: %s",
                                         shard->path, lattn_status_text(status));
}

static enum lattn_status shard_add_turned(struct passage *passage, const struct shard *shard,
                                          int32_t turner, struct lattn_complaint *complaint)
{
    struct state state = {0};
    struct moment *moment = NULL;
    enum lattn_status status = LATTN_OK;
    double noise = 0;

    if (ranks_mine() == turner)
        status = shard_turn(passage, shard, &state, &moment, complaint);
    ranks_agree(&status, complaint);
    if (status == LATTN_OK) {
        noise = moment != NULL ? moment->noise : 0;
        ranks_share(turner, &noise, sizeof noise);
        passage->assembly->noise = fmax(passage->assembly->noise, noise);
        if (moment != NULL)
            labels_take(passage, shard->share, moment->C, moment->energy);
        rows_hand_round(passage, shard, turner, moment);
    }
    state_done(&state);
    return status;
}

/* Called by all; what goes wrong on one is known to it alone until all agree. */
static enum lattn_status shards_add(struct passage *passage, int32_t reference,
                                    struct lattn_complaint *complaint)
{
    const struct shards *shards = passage->shards;
    const struct shard *first = &shards->list[reference];
    enum lattn_status status = LATTN_OK;

    passage->is_first = 1;
    for (int32_t i = 0; i < shards->count && status == LATTN_OK; i++) {
        /* The reference comes first: its blocks are set. */
        int32_t number = i == 0 ? reference : i <= reference ? i - 1 : i;
        const struct shard *shard = &shards->list[number];

        if (!has_features(shard))
            continue;
        ratios_find(passage, shard);
        status = delta_read(passage, shard, complaint);
        if (assembly_is_turned(shard, first)) {
            ranks_agree(&status, complaint);
            if (status == LATTN_OK)
                status = shard_add_turned(passage, shard, number % ranks_count(), complaint);
        } else if (status == LATTN_OK) {
            status = shard_add(passage, shard, complaint);
        }
        if (status == LATTN_OK && !passage->is_finite)
            status = complain(complaint, LATTN_DAMAGED, "state %.150s: its sums are not finite",
                              shard->path);
        /* A rank that failed is waited for before the next one that is handed round. */
        ranks_agree(&status, complaint);
        passage->is_first = 0;
    }
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum lattn_status passage_init(struct passage *passage)
{
    const struct assembly *assembly = passage->assembly;
    const struct frame *frame = passage->frame;
    size_t d = (size_t)assembly->d, q = (size_t)frame->q;
    size_t labels = (size_t)assembly->p * (size_t)assembly->m;
    int32_t pair = 0;

    passage->entries = q;
    passage->pair_of = memory_raw(q, sizeof *passage->pair_of);
    passage->view = memory_raw(q * d, sizeof(double));
    passage->rows = memory_raw(q * q, sizeof(double));
    passage->pair_ratio = memory_raw(2 * q + d, sizeof(double));
    passage->delta = memory_raw(labels, sizeof(double));
    passage->labels = memory_zeroed(labels, sizeof(double));
    passage->block = memory_raw(d * (d + (size_t)assembly->m), sizeof(double));
    if (passage->pair_of == NULL || passage->view == NULL || passage->rows == NULL ||
        passage->pair_ratio == NULL || passage->delta == NULL || passage->labels == NULL ||
        passage->block == NULL)
        return LATTN_NO_MEMORY;
    passage->entry_ratio = passage->pair_ratio + q;
    passage->query_ratio = passage->entry_ratio + q;
    passage->is_finite = 1;
    /* S_jj = sum of C_jk C_jl S~_kl, C = A^-1. */
    for (size_t k = 0; k < d; k++)
        for (size_t l = k; l < d; l++, pair++) {
            passage->pair_of[pair] = k == l ? (int32_t)k : -1;
            for (size_t j = 0; j < d; j++)
                passage->view[(size_t)pair * d + j] =
                    (k == l ? 1 : 2) * frame->C[j * d + k] * frame->C[j * d + l];
        }
    return LATTN_OK;
}

static void passage_done(struct passage *passage)
{
    memory_release(passage->pair_of);
    memory_release(passage->view);
    memory_release(passage->rows);
    memory_release(passage->pair_ratio);
    memory_release(passage->delta);
    memory_release(passage->labels);
    memory_release(passage->block);
}

static enum lattn_status assembly_init(struct assembly *assembly, const struct shards *shards,
                                       const struct frame *frame)
{
    size_t d = (size_t)frame->d, p = (size_t)frame->q * d;
    size_t m = (size_t)shards->whole.learner->m;

    *assembly = (struct assembly){
        .d = frame->d,
        .p = (int32_t)p,
        .m = (int32_t)m,
        .noise = shards->noise,
        .scale = memory_zeroed(p, sizeof(double)),
        .labels = memory_raw(p * m, sizeof(double)),
        .base = memory_raw(p * m, sizeof(double)),
        .energy = memory_zeroed(m, sizeof(double)),
        .tokens = memory_zeroed(d * d, sizeof(double)),
    };
    return assembly->scale != NULL && assembly->labels != NULL && assembly->base != NULL &&
                   assembly->energy != NULL && assembly->tokens != NULL
               ? LATTN_OK
               : LATTN_NO_MEMORY;
}

void assembly_done(struct assembly *assembly)
{
    memory_release(assembly->scale);
    memory_release(assembly->labels);
    memory_release(assembly->base);
    memory_release(assembly->energy);
    memory_release(assembly->tokens);
    *assembly = (struct assembly){0};
}

/* H from G~, as far as the piece was filled. */
static void pieces_scale(const struct assembly *assembly, struct grid *grid)
{
    int32_t unit = grid->block;

    for (int32_t c = 0; c < assembly->p; c++) {
        int32_t width = grid_place(c, unit, grid->columns, grid->column);

        for (int32_t first = c / unit * unit; width >= 0 && first < assembly->p; first += unit) {
            int32_t height = grid_place(first, unit, grid->rows, grid->row);
            int32_t count = first + unit < assembly->p ? unit : assembly->p - first;
            double *to = grid->a + (size_t)width * (size_t)grid->ld + height;

            for (int32_t i = 0; height >= 0 && i < count; i++)
                to[i] /= assembly->scale[c] * assembly->scale[first + i];
        }
    }
}

/* The sums of what each rank found. */
static void sums_gather(struct passage *passage)
{
    struct assembly *assembly = passage->assembly;
    const double *B_inverse = passage->frame->B_inverse;
    int32_t d = assembly->d;
    size_t p = (size_t)assembly->p, m = (size_t)assembly->m;
    double *half = passage->block;

    ranks_sum(assembly->scale, p);
    ranks_sum(assembly->energy, m);
    ranks_sum(passage->labels, p * m);
    ranks_sum(assembly->tokens, (size_t)d * (size_t)d);
    for (size_t c = 0; c < p; c++) {
        assembly->scale[c] = sqrt(fmax(0, assembly->scale[c]));
        for (size_t a = 0; a < m; a++)
            assembly->labels[a * p + c] = passage->labels[c * m + a];
    }
    /* z = B^-1 z~ */
    dense_multiply(DENSE_PLAIN, d, d, d, 1, B_inverse, (size_t)d, assembly->tokens, (size_t)d, 0,
                   half, (size_t)d);
    dense_multiply_rows(d, d, d, 1, half, (size_t)d, B_inverse, (size_t)d, 0, assembly->tokens,
                        (size_t)d);
}

enum lattn_status assembly_make(struct assembly *assembly, const struct shards *shards,
                                const struct frame *frame, struct grid *grid,
                                struct lattn_complaint *complaint)
{
    struct passage passage = {.assembly = assembly, .shards = shards, .frame = frame, .grid = grid};
    int32_t reference = assembly_reference(shards);
    enum lattn_status status = assembly_init(assembly, shards, frame);

    if (status == LATTN_OK)
        status = passage_init(&passage);
    if (status == LATTN_OK)
        status = shard_read(&shards->list[reference], shards->list[reference].moment.weights_at,
                            (size_t)assembly->p * (size_t)assembly->m, assembly->base, complaint);
    else
        status = complain(complaint, status, "%s", lattn_status_text(status));
    ranks_agree(&status, complaint);
    if (status == LATTN_OK)
        status = shards_add(&passage, reference, complaint);
    if (status == LATTN_OK) {
        sums_gather(&passage);
        pieces_scale(assembly, grid);
    }
    passage_done(&passage);
    return status;
}
