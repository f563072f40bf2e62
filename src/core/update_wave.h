#ifndef CORE_UPDATE_WAVE_H
#define CORE_UPDATE_WAVE_H

#include <stddef.h>
#include <stdint.h>

struct team;

/*
 * More rows than are folded best at once, in blocks: one block behind the other, at the same time
 * where there are threads.
 *
 * A block meets each row of the factor once, from the top down. So the next block may begin with
 * a panel of columns as soon as the one before is through with it, and they all go down the
 * triangle as waves do, a panel apart. Each does exactly what it would do alone and in turn: the
 * bits are the same for any number of threads.
 */

/* Blocks of a call at most; about so many panels of a small factor are worth going behind. */
enum { UPDATE_WAVE_MAX = 16 };

/* Blocks that k rows make: as few as can be with at most `rows_max` rows each. */
int32_t update_wave_blocks(int32_t k, int32_t rows_max);

/*
 * Fold k rows into the factor, as update_block does, in blocks of at most rows_max rows.
 *
 * team  NULL: the caller alone; without memory for the scratch of the others as well
 * k     in  at most UPDATE_WAVE_MAX * rows_max
 * work  scratch  update_workspace(rows_max) doubles, aligned to 64 bytes
 */
void update_wave(struct team *team, int32_t p, int32_t q, int32_t k, int32_t rows_max,
                 double *factor, size_t ldf, double *rows, size_t ldr, double *work);

#endif
