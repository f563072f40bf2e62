/*
 * What src/solve asks of MPI and of ScaLAPACK's grid, by one process that has neither: in a program
 * that brings this file tests need no mpirun, and sanitizers see only what is ours.
 */
#include "solve/ranks.h"

#include <string.h>
#include <time.h>

void blacs_get_(const int *context, const int *what, int *ret_value);
void blacs_gridinit_(int *context, const char *order, const int *rows, const int *columns);
void blacs_gridinfo_(const int *context, int *rows, int *columns, int *row, int *column);
void blacs_gridexit_(const int *context);

void blacs_get_(const int *context, const int *what, int *ret_value)
{
    (void)context;
    (void)what;
    *ret_value = 0;
}

void blacs_gridinit_(int *context, const char *order, const int *rows, const int *columns)
{
    (void)context;
    (void)order;
    (void)rows;
    (void)columns;
}

void blacs_gridinfo_(const int *context, int *rows, int *columns, int *row, int *column)
{
    (void)context;
    *rows = *columns = 1;
    *row = *column = 0;
}

void blacs_gridexit_(const int *context)
{
    (void)context;
}

void ranks_begin(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
}

void ranks_end(void)
{
}

int32_t ranks_mine(void)
{
    return 0;
}

int32_t ranks_count(void)
{
    return 1;
}

int32_t ranks_here(void)
{
    return 1;
}

size_t ranks_room(size_t times, size_t count)
{
    return times * count * sizeof(double);
}

void ranks_room_give(void *room, size_t bytes)
{
    (void)room;
    (void)bytes;
}

void ranks_room_take(void)
{
}

void ranks_give(int32_t to, const double *numbers, size_t count)
{
    (void)to;
    (void)numbers;
    (void)count;
}

void ranks_take(int32_t from, double *ret_numbers, size_t count)
{
    (void)from;
    (void)ret_numbers;
    (void)count;
}

void ranks_share(int32_t from, void *bytes, size_t length)
{
    (void)from;
    (void)bytes;
    (void)length;
}

void ranks_sum(double *numbers, size_t count)
{
    (void)numbers;
    (void)count;
}

void ranks_sum_to(int32_t to, double *numbers, size_t count)
{
    (void)to;
    (void)numbers;
    (void)count;
}

void ranks_exchange(const double *numbers, struct ranks_parts to, double *ret_numbers,
                    struct ranks_parts from)
{
    memcpy(ret_numbers + from.firsts[0], numbers + to.firsts[0],
           (size_t)to.counts[0] * sizeof *numbers);
}

void ranks_agree(enum lattn_status *status, struct lattn_complaint *complaint)
{
    (void)status;
    (void)complaint;
}

double ranks_clock(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
