/*
 * Sums of the information form: a block of rows that waited is added to M and C by products of
 * matrices.
 */
#include "core/moment.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/even.h"
#include "core/khatri.h"
#include "core/khatri_shares.h"
#include "core/moment_turn.h"

#include <assert.h>
#include <string.h>

enum { ARRAYS = 13 };

/* One array of a moment: where its address is kept, and how many numbers it has. */
struct array {
    double **at;
    size_t count;
};

static int32_t pairs_of(int32_t d)
{
    return d * (d + 1) / 2;
}

static size_t greater(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* For a fold, and for answers e x m of all rows. */
static size_t work_room(int32_t q, int32_t columns, size_t answers)
{
    size_t fold = khatri_workspace(q, columns, MOMENT_ROWS);

    return greater(fold, MOMENT_ROWS * answers);
}

/* The arrays that hold numbers of the sizes given; M comes first. */
static void arrays_list(struct moment *moment, struct array *ret_arrays)
{
    size_t d = (size_t)moment->d, e = (size_t)moment->e;
    size_t q = (size_t)moment->q, m = (size_t)moment->m;
    size_t columns = (size_t)moment_columns(moment);
    const struct array arrays[ARRAYS] = {
        {&moment->M, khatri_rows(moment->q) * moment->ldm},
        {&moment->C, q * m * e},
        {&moment->energy, m},
        {&moment->A, d * d},
        {&moment->B, e * e},
        {&moment->AA, q * q},
        {&moment->BB, columns * columns},
        {&moment->s, MOMENT_ROWS * moment->lds},
        {&moment->zz, MOMENT_ROWS * moment->ldz},
        {&moment->zy, MOMENT_ROWS * m * e},
        {&moment->question, MOMENT_ROWS * (e + m)},
        {&moment->errors, MOMENT_ROWS * m},
        {&moment->work, work_room(moment->q, moment_columns(moment), e * m)},
    };

    memcpy(ret_arrays, arrays, sizeof arrays);
}

static struct moment moment_of(int32_t d, int32_t e, int32_t m)
{
    return (struct moment){
        .d = d,
        .e = e,
        .q = pairs_of(d),
        .m = m,
        .ldm = memory_lines(pairs_of(e)),
        .lds = memory_lines(pairs_of(d)),
        .ldz = memory_lines(pairs_of(e)),
        .only_scales = 1,
        .fade = 1,
    };
}

static void arrays_release(struct moment *moment)
{
    struct array arrays[ARRAYS];

    arrays_list(moment, arrays);
    for (int32_t i = 0; i < ARRAYS; i++)
        memory_release(*arrays[i].at);
}

/* Arrays for the sizes that stand in the moment, all zero; M is taken over where it is given. */
static enum lattn_status arrays_make(struct moment *moment, double *M)
{
    struct array arrays[ARRAYS];
    int is_whole = 1;

    arrays_list(moment, arrays);
    moment->M = M;
    for (int32_t i = M == NULL ? 0 : 1; i < ARRAYS; i++) {
        *arrays[i].at = memory_zeroed(arrays[i].count, sizeof(double));
        is_whole &= *arrays[i].at != NULL;
    }
    if (is_whole)
        return LATTN_OK;
    arrays_release(moment);
    return LATTN_NO_MEMORY;
}

static void identity_set(int32_t n, double *a)
{
    for (int32_t i = 0; i < n; i++)
        a[(size_t)i * (size_t)(n + 1)] = 1;
}

enum lattn_status moment_open(struct moment **ret_moment, int32_t d, int32_t e, int32_t m)
{
    struct moment *moment = memory_raw(1, sizeof *moment);

    if (moment == NULL)
        return LATTN_NO_MEMORY;
    *moment = moment_of(d, e, m);
    if (arrays_make(moment, NULL) != LATTN_OK) {
        memory_release(moment);
        return LATTN_NO_MEMORY;
    }
    identity_set(d, moment->A);
    identity_set(e, moment->B);
    identity_set(moment->q, moment->AA);
    identity_set(moment_columns(moment), moment->BB);
    *ret_moment = moment;
    return LATTN_OK;
}

void moment_close(struct moment **moment)
{
    struct moment *closed = *moment;

    *moment = NULL;
    if (closed == NULL)
        return;
    arrays_release(closed);
    memory_release(closed);
}

size_t moment_bytes(int32_t d, int32_t e, int32_t m)
{
    struct moment moment = moment_of(d, e, m);
    struct array arrays[ARRAYS];
    size_t bytes = sizeof moment;

    arrays_list(&moment, arrays);
    for (int32_t i = 0; i < ARRAYS; i++)
        bytes += arrays[i].count * sizeof(double);
    return bytes;
}

/* What a fold does not empty, outputs aside. */
static void numbers_copy(const struct moment *from, struct moment *to)
{
    struct moment source = *from;
    struct array ours[ARRAYS], theirs[ARRAYS];

    arrays_list(to, ours);
    arrays_list(&source, theirs);
    for (int32_t i = 0; i < ARRAYS; i++)
        if (ours[i].at == &to->M || ours[i].at == &to->A || ours[i].at == &to->B ||
            ours[i].at == &to->AA || ours[i].at == &to->BB)
            memcpy(*ours[i].at, *theirs[i].at, ours[i].count * sizeof(double));
    to->only_scales = from->only_scales;
    to->noise = from->noise;
    to->fade = from->fade;
    to->rows = from->rows;
}

/* The sums with labels, where there may be more outputs than there were. */
static void labels_copy(const struct moment *from, struct moment *to)
{
    size_t width = (size_t)from->m * (size_t)from->e;

    for (size_t i = 0; i < (size_t)from->q; i++)
        memcpy(to->C + i * (size_t)to->m * (size_t)to->e, from->C + i * width,
               width * sizeof(double));
    memcpy(to->energy, from->energy, (size_t)from->m * sizeof(double));
}

static int sizes_agree(const struct moment *a, const struct moment *b)
{
    return a->d == b->d && a->e == b->e && a->m == b->m;
}

enum lattn_status moment_copy(const struct moment *moment, struct moment *earlier,
                              struct moment **ret_copy)
{
    struct moment *copy = memory_raw(1, sizeof *copy);
    double *M = NULL;

    assert(moment->waiting == 0);
    if (copy == NULL)
        return LATTN_NO_MEMORY;
    if (earlier != NULL && sizes_agree(moment, earlier)) {
        M = earlier->M;
        earlier->M = NULL;
    }
    *copy = moment_of(moment->d, moment->e, moment->m);
    if (arrays_make(copy, M) != LATTN_OK) {
        memory_release(copy);
        return LATTN_NO_MEMORY;
    }
    numbers_copy(moment, copy);
    labels_copy(moment, copy);
    *ret_copy = copy;
    return LATTN_OK;
}

enum lattn_status moment_widen(struct moment *moment, int32_t m)
{
    struct moment next = moment_of(moment->d, moment->e, m);

    assert(m >= moment->m && moment->waiting == 0);
    if (m == moment->m)
        return LATTN_OK;
    if (arrays_make(&next, NULL) != LATTN_OK)
        return LATTN_NO_MEMORY;
    numbers_copy(moment, &next);
    labels_copy(moment, &next);
    arrays_release(moment);
    *moment = next;
    return LATTN_OK;
}

/* ---- folding ------------------------------------------------------------------------------- */

void moment_absorb(struct moment *moment, const double *weights, const double *fades,
                   struct team *team)
{
    int32_t rows = moment->waiting;
    int32_t width = moment->m * moment->e;

    for (int32_t a = 0; a < moment->m; a++)
        moment->energy[a] *= moment->fade;
    moment_rows_turn(moment, weights, fades, team);
    moment_turn_dilute(moment);
    khatri_shares_absorb(team, moment->q, moment_columns(moment), rows, moment->s, moment->lds,
                         moment->zz, moment->ldz, moment->fade, moment->M, moment->ldm,
                         moment->work);
    dense_multiply(DENSE_TRANSPOSED, moment->q, width, rows, 1, moment->s, moment->lds, moment->zy,
                   (size_t)width, moment->fade, moment->C, (size_t)width);
    moment->fade = 1;
    moment->rows += (uint64_t)rows;
    moment->waiting = 0;
}

void moment_rebase(struct moment *moment, const double *residual)
{
    assert(moment->waiting == 0);
    memset(moment->C, 0,
           (size_t)moment->q * (size_t)moment->m * (size_t)moment->e * sizeof *moment->C);
    for (int32_t a = 0; a < moment->m; a++)
        moment->energy[a] = residual[a] / moment->fade;
}

static int is_diagonal(int32_t n, const double *a)
{
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < i; j++)
            if (a[(size_t)i * (size_t)n + (size_t)j] != 0)
                return 0;
    return 1;
}

void moment_turned(struct moment *moment)
{
    even_lift(moment->d, moment->A, moment->AA);
    even_lift(moment->e, moment->B, moment->BB);
    moment->only_scales = is_diagonal(moment->d, moment->A) && is_diagonal(moment->e, moment->B);
}

void moment_fade(struct moment *moment, double fade)
{
    moment->fade *= fade;
}

void moment_add(struct moment *moment, const struct moment *other, double fade)
{
    size_t numbers = khatri_rows(moment->q) * moment->ldm;
    size_t labels = (size_t)moment->q * (size_t)moment->m * (size_t)moment->e;
    double share = fade * other->fade / moment->fade;

    assert(sizes_agree(moment, other) && moment->waiting == 0 && other->waiting == 0);
    for (size_t i = 0; i < numbers; i++)
        moment->M[i] += share * other->M[i];
    for (size_t i = 0; i < labels; i++)
        moment->C[i] += share * other->C[i];
    for (int32_t a = 0; a < moment->m; a++)
        moment->energy[a] += share * other->energy[a];
    moment->noise = moment->noise > other->noise ? moment->noise : other->noise;
    moment->rows += other->rows;
}
