#ifndef SOLVE_RANKS_H
#define SOLVE_RANKS_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The processes that mpirun started, alike but for their number; the only file that calls MPI. But
 * for ranks_begin, ranks_end and the counts every function is called by all of them together, in
 * the same order.
 */

/* Join the others, take MPI's own arguments out, and leave them when all are done. */
void ranks_begin(int *argc, char ***argv);
void ranks_end(void);

int32_t ranks_mine(void); /* 0 ... ranks_count() - 1 */
int32_t ranks_count(void);
int32_t ranks_here(void); /* of them on this machine */

/*
 * One gives and goes on, one takes: no others take part. What is under way lies in room that is
 * borrowed until ranks_room_take, which waits for all that were given.
 *
 * ranks_room  bytes for so many times so many numbers under way, which must not be exceeded
 */
size_t ranks_room(size_t times, size_t count);
void ranks_room_give(void *room, size_t bytes);
void ranks_room_take(void);
void ranks_give(int32_t to, const double *numbers, size_t count);
void ranks_take(int32_t from, double *ret_numbers, size_t count);

/* Let all have what `from` has. */
void ranks_share(int32_t from, void *bytes, size_t length);

/* Let all have the sums over all; or one rank, where the others' numbers lose their meaning. */
void ranks_sum(double *numbers, size_t count);
void ranks_sum_to(int32_t to, double *numbers, size_t count);

/* What goes to each rank, or comes from it: so many numbers, from there on. */
struct ranks_parts {
    int32_t *counts;
    int32_t *firsts;
};

/* Give each rank some numbers, and get some from each. */
void ranks_exchange(const double *numbers, struct ranks_parts to, double *ret_numbers,
                    struct ranks_parts from);

/*
 * Does anybody have something to complain about? Then all have what the first of them has.
 *
 * status     in/out  of this rank: < 0 where it failed
 * complaint  in/out  why
 */
void ranks_agree(enum lattn_status *status, struct lattn_complaint *complaint);

/* Seconds since some moment. */
double ranks_clock(void);

#endif
