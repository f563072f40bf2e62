#ifndef CORE_IMAGE_WALK_H
#define CORE_IMAGE_WALK_H

#include <lattn/status.h>

#include <stdint.h>

struct serial_reader;
struct lattn_learner;

/*
 * Read a learner's image as far as its components: settings, sizes, names, sums. What is wrong the
 * reader knows.
 *
 * ret_learner  out  given, also where the reader has refused, unless it is left as it was
 */
void image_read_head(struct serial_reader *reader, struct lattn_learner **ret_learner);

/*
 * The one component of a learner whose features are all in one moment (moment.h), d by d. Its large
 * arrays are not read: they stand at these bytes of the image.
 *
 * columns     0: nothing has been learned yet, and nothing else counts
 * time        label row up to which it has faded
 * A, B        d x d; owned
 * M_at        khatri_rows x d (d + 1) / 2 doubles;   C_at  q x m x d
 * energy_at   m;   weights_at  columns x m
 */
struct image_moment {
    int32_t d;
    int32_t m;
    int32_t columns;
    int is_cut;
    uint64_t time;
    uint64_t updates;
    double noise;
    double fade;
    double *A;
    double *B;
    uint64_t M_at;
    uint64_t C_at;
    uint64_t energy_at;
    uint64_t weights_at;
};

/*
 * Read on behind image_read_head, as far as the large arrays.
 *
 * ret_moment  out  given, release with image_walk_done
 *
 * Returns LATTN_OK; LATTN_MORE where components stand in another form, which is nothing wrong;
 * LATTN_DAMAGED and LATTN_NO_MEMORY, as the reader knows.
 */
enum lattn_status image_walk(struct serial_reader *reader, const struct lattn_learner *learner,
                             struct image_moment *ret_moment);
void image_walk_done(struct image_moment *moment);

#endif
