#ifndef CORE_SHELF_H
#define CORE_SHELF_H

#include <lattn/learner.h>
#include <lattn/model.h>
#include <lattn/status.h>

#include <stdint.h>

enum { SHELF_KINDS = LATTN_HEADS_FEWEST + 1 };

/*
 * The heads of one generation, one model for each way to ask, so that asking twice costs nothing:
 * also where the fewest were asked for and not found. Models here have neither names nor
 * certificate, which may change while heads do not.
 *
 * A shelf of zeros is empty.
 *
 * count  that models[LATTN_HEADS_COUNT] was asked for
 */
struct shelf {
    uint64_t generation;
    struct lattn_model *models[SHELF_KINDS];
    int32_t count;
};

/* Release what is there; the shelf is empty then. */
void shelf_clear(struct shelf *shelf);

/* Put copies of all models into another shelf, which is empty. LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status shelf_copy(const struct shelf *shelf, struct shelf *ret_copy);

/* Keep a copy of a model's heads; those of another generation go. LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status shelf_put(struct shelf *shelf, uint64_t generation, enum lattn_heads heads,
                            int32_t count, const struct lattn_model *model);

/*
 * A copy of the heads that were put here under the same terms.
 *
 * ret_model  out  given
 *
 * Returns LATTN_OK, LATTN_MORE where there are none, or LATTN_NO_MEMORY.
 */
enum lattn_status shelf_take(const struct shelf *shelf, uint64_t generation, enum lattn_heads heads,
                             int32_t count, struct lattn_model **ret_model);

#endif
