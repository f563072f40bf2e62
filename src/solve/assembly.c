/*
 * Shards one after the other, the one whose frame is that of all first: each rank takes the rows
 * that its pieces need.
 */
#include "solve/assembly.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "core/learner.h"
#include "solve/passage.h"
#include "solve/ranks.h"
#include "solve/turning.h"

#include <math.h>
#include <string.h>

/*
 * What is under way.
 *
 * rows  as many as begin with one pair, q x q
 */
struct gathering {
    struct assembly *assembly;
    const struct shards *shards;
    const struct frame *frame;
    struct passage passage;
    double *rows;
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

/* ---- rows of one shard ----------------------------------------------------------------------- */

/* All rows of this rank that begin with pair a. */
static enum lattn_status pair_read(struct gathering *gathering, const struct shard *shard,
                                   int32_t a, struct lattn_complaint *complaint)
{
    struct passage *passage = &gathering->passage;
    const struct passage_strip whole = {0, passage->d};
    int32_t q = passage->q;
    enum lattn_status status = LATTN_OK;

    for (int32_t b = a, end; b < q && status == LATTN_OK; b = end) {
        end = passage_run_end(passage->grid, passage->d, q, b);
        if (passage_owner(passage->grid, passage->d, a, b) != ranks_mine())
            continue;
        status = shard_rows(shard, a, b, end - b, gathering->rows, complaint);
        if (status == LATTN_OK)
            passage_take(passage, whole, a, b, end - b, gathering->rows, 1, (size_t)q);
    }
    return status;
}

static enum lattn_status rows_read(struct gathering *gathering, const struct shard *shard,
                                   struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    for (int32_t a = 0; status == LATTN_OK && a < gathering->passage.q; a++)
        status = pair_read(gathering, shard, a, complaint);
    return status;
}

/* Rows of this rank, column by column, in the order in which they are dealt. */
static void strip_take(struct gathering *gathering, struct passage_strip strip, const double *rows,
                       size_t lead)
{
    struct passage *passage = &gathering->passage;
    int32_t q = passage->q;

    for (int32_t a = 0; a < q; a++)
        for (int32_t b = a, end; b < q; b = end) {
            end = passage_run_end(passage->grid, passage->d, q, b);
            if (passage_owner(passage->grid, passage->d, a, b) != ranks_mine())
                continue;
            passage_take(passage, strip, a, b, end - b, rows, lead, 1);
            rows += end - b;
        }
}

static enum lattn_status strips_turn(struct gathering *gathering, struct turning *turning,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    for (int32_t first = 0, end; first < gathering->passage.d && status == LATTN_OK; first = end) {
        struct passage_strip strip = turning_strip(turning, first);
        const double *rows;
        size_t lead;

        end = strip.end;
        status = turning_make(turning, strip, &rows, &lead, complaint);
        if (status == LATTN_OK)
            strip_take(gathering, strip, rows, lead);
    }
    return status;
}

/* ---- labels ---------------------------------------------------------------------------------- */

/* C and the energy of a shard, C in its frame but for scaling. */
static void labels_take(struct passage *passage, const double *C, const double *energy)
{
    size_t d = (size_t)passage->d, m = (size_t)passage->m, p = d * (size_t)passage->q;

    for (size_t c = 0; c < p; c++)
        for (size_t a = 0; a < m; a++) {
            double value = passage->share * passage->pair_ratio[c / d] *
                           passage->query_ratio[c % d] * C[c / d * m * d + a * d + c % d];

            passage->labels[c * m + a] += value;
            passage->energy[a] += 2 * value * passage->delta[c * m + a];
        }
    for (size_t a = 0; a < m; a++)
        passage->energy[a] += passage->share * energy[a];
}

/* By one rank. turning: NULL where rows are only scaled. */
static enum lattn_status labels_read(struct gathering *gathering, const struct shard *shard,
                                     const struct turning *turning,
                                     struct lattn_complaint *complaint)
{
    const struct assembly *assembly = gathering->assembly;
    size_t m = (size_t)assembly->m, count = (size_t)assembly->p * m;
    double *C = memory_raw(count + m, sizeof *C);
    enum lattn_status status;

    if (C == NULL)
        return complain(complaint, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
    status =
        shard_read(shard, shard->moment.C_at, count + m, C, complaint); /* energy is behind C */
    if (status == LATTN_OK && turning != NULL)
        congruence_turn_labels(&turning->congruence, assembly->m, C);
    if (status == LATTN_OK)
        labels_take(&gathering->passage, C, C + count);
    memory_release(C);
    return status;
}

/* Weights at hand of a shard less the base, in the frame: W~ = K^-T W. Needs q x d at a time. */
static enum lattn_status delta_read(struct gathering *gathering, const struct shard *shard,
                                    struct lattn_complaint *complaint)
{
    const struct assembly *assembly = gathering->assembly;
    struct passage *passage = &gathering->passage;
    size_t p = (size_t)assembly->p, m = (size_t)assembly->m;
    double *column = gathering->rows; /* p numbers at least */
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
        frame_apply(gathering->frame, FRAME_OUT_TRANSPOSED, column);
        for (size_t c = 0; c < p; c++)
            passage->delta[c * m + a] = column[c];
    }
    return LATTN_OK;
}

/* ---- shards ---------------------------------------------------------------------------------- */

static enum lattn_status shard_add(struct gathering *gathering, const struct shard *shard,
                                   struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    if (gathering->frame->is_plain && is_plain(shard))
        passage_scale(&gathering->passage, shard->moment.A, shard->moment.B);
    else
        passage_scale_none(&gathering->passage); /* it is the same frame */
    if (ranks_mine() == 0)
        status = labels_read(gathering, shard, NULL, complaint);
    return status == LATTN_OK ? rows_read(gathering, shard, complaint) : status;
}

static enum lattn_status shard_add_turned(struct gathering *gathering, const struct shard *shard,
                                          struct lattn_complaint *complaint)
{
    struct assembly *assembly = gathering->assembly;
    struct passage *passage = &gathering->passage;
    struct turning turning;
    enum lattn_status status =
        turning_open(&turning, shard, gathering->frame, passage->grid, gathering->rows, complaint);

    passage_scale_none(passage);
    if (status == LATTN_OK && ranks_mine() == 0)
        status = labels_read(gathering, shard, &turning, complaint);
    ranks_agree(&status, complaint);
    if (status == LATTN_OK)
        status = strips_turn(gathering, &turning, complaint);
    if (status == LATTN_OK)
        assembly->noise = fmax(assembly->noise, turning_noise(&turning));
    turning_close(&turning);
    return status;
}

/* Called by all; what goes wrong on one is known to it alone until all agree. */
static enum lattn_status shards_add(struct gathering *gathering, int32_t reference,
                                    struct lattn_complaint *complaint)
{
    const struct shards *shards = gathering->shards;
    const struct shard *first = &shards->list[reference];
    struct passage *passage = &gathering->passage;
    enum lattn_status status = LATTN_OK;

    passage->is_first = 1;
    for (int32_t i = 0; i < shards->count && status == LATTN_OK; i++) {
        /* The reference comes first: its blocks are set. */
        int32_t number = i == 0 ? reference : i <= reference ? i - 1 : i;
        const struct shard *shard = &shards->list[number];

        if (!has_features(shard))
            continue;
        passage->share = shard->share;
        status = delta_read(gathering, shard, complaint);
        ranks_agree(&status, complaint);
        if (status == LATTN_OK)
            status = assembly_is_turned(shard, first)
                         ? shard_add_turned(gathering, shard, complaint)
                         : shard_add(gathering, shard, complaint);
        if (status == LATTN_OK && !passage->is_finite)
            status = complain(complaint, LATTN_DAMAGED, "state %.150s: its sums are not finite",
                              shard->path);
        ranks_agree(&status, complaint);
        passage->is_first = 0;
    }
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

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
static void sums_gather(struct assembly *assembly, struct passage *passage)
{
    const double *B_inverse = passage->frame->B_inverse;
    int32_t d = assembly->d;
    size_t p = (size_t)assembly->p, m = (size_t)assembly->m, n = (size_t)d;
    double *half = passage->block;

    ranks_sum(passage->scale, p);
    ranks_sum(passage->energy, m);
    ranks_sum(passage->labels, p * m);
    ranks_sum(passage->tokens, n * n);
    memcpy(assembly->energy, passage->energy, m * sizeof *assembly->energy);
    for (size_t c = 0; c < p; c++) {
        assembly->scale[c] = sqrt(fmax(0, passage->scale[c]));
        for (size_t a = 0; a < m; a++)
            assembly->labels[a * p + c] = passage->labels[c * m + a];
    }
    /* z = B^-1 z~ */
    dense_multiply(DENSE_PLAIN, d, d, d, 1, B_inverse, n, passage->tokens, n, 0, half, n);
    dense_multiply_rows(d, d, d, 1, half, n, B_inverse, n, 0, assembly->tokens, n);
}

static enum lattn_status gathering_open(struct gathering *gathering, struct grid *grid)
{
    size_t q = (size_t)gathering->frame->q;
    enum lattn_status status =
        passage_open(&gathering->passage, gathering->frame, grid, gathering->assembly->m);

    gathering->rows = memory_raw(q * q, sizeof *gathering->rows);
    return gathering->rows != NULL ? status : LATTN_NO_MEMORY;
}

static void gathering_close(struct gathering *gathering)
{
    passage_close(&gathering->passage);
    memory_release(gathering->rows);
}

enum lattn_status assembly_make(struct assembly *assembly, const struct shards *shards,
                                const struct frame *frame, struct grid *grid,
                                struct lattn_complaint *complaint)
{
    struct gathering gathering = {.assembly = assembly, .shards = shards, .frame = frame};
    int32_t reference = assembly_reference(shards);
    enum lattn_status status = assembly_init(assembly, shards, frame);

    if (status == LATTN_OK)
        status = gathering_open(&gathering, grid);
    if (status == LATTN_OK)
        status = shard_read(&shards->list[reference], shards->list[reference].moment.weights_at,
                            (size_t)assembly->p * (size_t)assembly->m, assembly->base, complaint);
    else
        status = complain(complaint, status, "%s", lattn_status_text(status));
    ranks_agree(&status, complaint);
    if (status == LATTN_OK)
        status = shards_add(&gathering, reference, complaint);
    if (status == LATTN_OK) {
        sums_gather(assembly, &gathering.passage);
        pieces_scale(assembly, grid);
    }
    gathering_close(&gathering);
    return status;
}
