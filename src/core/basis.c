/*
 * A basis among given rows, by block Gram-Schmidt with pivoting.
 *
 * What is left of a row only gets shorter, so a length found before a round bounds it in the round:
 * only rows that may be long enough are looked at again.
 */
#include "core/basis.h"

#include "base/memory.h"
#include "core/dense.h"

enum {
    /* Directions per round: enough to make the products fast. */
    BLOCK = 64,
    /* Rows looked at per round: those that turn out too short wait for the next one. */
    LOOKS = 2 * BLOCK
};

/* A choice is at least this long beside the longest there is. */
static const double share_least = 0.5;

/*
 * left    count: length of what is left of a row; 0 where it was chosen or is rounding
 * bound   count: the same for this round; 0 where the row was looked at
 * block   BLOCK x width, orthonormal: the directions of this round
 * along   count x BLOCK
 */
struct basis {
    int32_t count;
    int32_t width;
    double *rows;
    const double *floors;
    double *left;
    double *bound;
    double *block;
    double *along;
};

static double *row_of(const struct basis *basis, int32_t row)
{
    return basis->rows + (size_t)row * (size_t)basis->width;
}

static void row_measure(struct basis *basis, int32_t row)
{
    double length = dense_norm(basis->width, row_of(basis, row));

    basis->left[row] = length > basis->floors[row] ? length : 0;
}

static int32_t longest(int32_t count, const double *lengths)
{
    int32_t best = 0;

    for (int32_t i = 1; i < count; i++)
        if (lengths[i] > lengths[best])
            best = i;
    return best;
}

/* Take the round's directions out of a row; twice, so that nothing of them is left. */
static void row_project(struct basis *basis, int32_t directions, double *row)
{
    for (int32_t pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < directions; i++) {
            const double *direction = basis->block + (size_t)i * (size_t)basis->width;

            dense_add(basis->width, -dense_dot(basis->width, direction, row), direction, row);
        }
}

/* Fill the block with rows that stay long enough. Returns how many were chosen; 0: none is left. */
static int32_t round_choose(struct basis *basis, size_t most, struct basis_choice *ret_choices)
{
    double least = share_least * basis->left[longest(basis->count, basis->left)];
    int32_t chosen = 0;

    for (int32_t i = 0; i < basis->count; i++)
        basis->bound[i] = basis->left[i];
    for (int32_t look = 0; look < LOOKS && chosen < BLOCK && (size_t)chosen < most; look++) {
        int32_t row = longest(basis->count, basis->bound);
        double *direction = basis->block + (size_t)chosen * (size_t)basis->width;

        if (basis->bound[row] == 0 || basis->bound[row] < least)
            break;
        basis->bound[row] = 0;
        row_project(basis, chosen, row_of(basis, row));
        row_measure(basis, row);
        if (basis->left[row] == 0 || basis->left[row] < least)
            continue;
        for (int32_t c = 0; c < basis->width; c++)
            direction[c] = row_of(basis, row)[c] / basis->left[row];
        ret_choices[chosen++] = (struct basis_choice){(size_t)row, basis->left[row]};
        basis->left[row] = 0;
    }
    return chosen;
}

/* Take the round's directions out of all rows. */
static void rows_project(struct basis *basis, int32_t directions)
{
    size_t width = (size_t)basis->width;

    dense_multiply_rows(basis->count, directions, basis->width, 1, basis->rows, width, basis->block,
                        width, 0, basis->along, BLOCK);
    dense_multiply(DENSE_PLAIN, basis->count, basis->width, directions, -1, basis->along, BLOCK,
                   basis->block, width, 1, basis->rows, width);
    for (int32_t i = 0; i < basis->count; i++)
        if (basis->left[i] > 0)
            row_measure(basis, i);
}

static size_t room_numbers(int32_t count, int32_t width)
{
    return (size_t)count * (BLOCK + 2) + (size_t)width * BLOCK;
}

size_t basis_bytes(int32_t count, int32_t width)
{
    return room_numbers(count, width) * sizeof(double);
}

enum lattn_status basis_choose(int32_t count, int32_t width, double *rows, const double *floors,
                               size_t most, struct basis_choice *ret_choices, size_t *ret_count)
{
    struct basis basis = {.count = count, .width = width, .rows = rows, .floors = floors};
    size_t chosen = 0;
    int32_t taken;
    double *room;

    *ret_count = 0;
    room = memory_raw(room_numbers(count, width), sizeof *room);
    if (room == NULL)
        return LATTN_NO_MEMORY;
    basis.block = room;
    basis.along = basis.block + (size_t)width * BLOCK;
    basis.left = basis.along + (size_t)count * BLOCK;
    basis.bound = basis.left + count;
    for (int32_t i = 0; i < count; i++)
        row_measure(&basis, i);
    while ((taken = round_choose(&basis, most - chosen, ret_choices + chosen)) > 0) {
        chosen += (size_t)taken;
        rows_project(&basis, taken);
    }
    memory_release(room);
    *ret_count = chosen;
    return LATTN_OK;
}
