/*
 * MPI, as far as a solve needs it. Its own error handler ends all ranks where one is lost, so that
 * nothing here fails.
 */
#include "solve/ranks.h"

#include <mpi.h>
#include <string.h>

/* Numbers that go at once: MPI counts in int, and has buffers of its own. */
enum { PIECE = 1 << 22 };

static int32_t here;

static void here_count(void)
{
    MPI_Comm machine;
    int count;

    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
    MPI_Comm_size(machine, &count);
    MPI_Comm_free(&machine);
    here = count;
}

void ranks_begin(int *argc, char ***argv)
{
    MPI_Init(argc, argv);
    here_count();
}

void ranks_end(void)
{
    MPI_Finalize();
}

int32_t ranks_mine(void)
{
    int mine;

    MPI_Comm_rank(MPI_COMM_WORLD, &mine);
    return mine;
}

int32_t ranks_count(void)
{
    int count;

    MPI_Comm_size(MPI_COMM_WORLD, &count);
    return count;
}

int32_t ranks_here(void)
{
    return here;
}

size_t ranks_room(size_t times, size_t count)
{
    return times * (count * sizeof(double) + MPI_BSEND_OVERHEAD);
}

void ranks_room_give(void *room, size_t bytes)
{
    MPI_Buffer_attach(room, (int)bytes);
}

void ranks_room_take(void)
{
    void *room;
    int bytes;

    MPI_Buffer_detach(&room, &bytes);
}

/* Without a buffer the sender waits until the receiver looks, however little it sends. */
void ranks_give(int32_t to, const double *numbers, size_t count)
{
    MPI_Bsend(numbers, (int)count, MPI_DOUBLE, to, 0, MPI_COMM_WORLD);
}

void ranks_take(int32_t from, double *ret_numbers, size_t count)
{
    MPI_Recv(ret_numbers, (int)count, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

void ranks_share(int32_t from, void *bytes, size_t length)
{
    for (unsigned char *at = bytes; length > 0;) {
        size_t now = length < PIECE ? length : PIECE;

        MPI_Bcast(at, (int)now, MPI_BYTE, from, MPI_COMM_WORLD);
        at += now;
        length -= now;
    }
}

void ranks_sum(double *numbers, size_t count)
{
    while (count > 0) {
        size_t now = count < PIECE ? count : PIECE;

        MPI_Allreduce(MPI_IN_PLACE, numbers, (int)now, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        numbers += now;
        count -= now;
    }
}

void ranks_sum_to(int32_t to, double *numbers, size_t count)
{
    int is_mine = ranks_mine() == to;

    while (count > 0) {
        size_t now = count < PIECE ? count : PIECE;

        MPI_Reduce(is_mine ? MPI_IN_PLACE : numbers, numbers, (int)now, MPI_DOUBLE, MPI_SUM, to,
                   MPI_COMM_WORLD);
        numbers += now;
        count -= now;
    }
}

void ranks_exchange(const double *numbers, struct ranks_parts to, double *ret_numbers,
                    struct ranks_parts from)
{
    MPI_Alltoallv(numbers, to.counts, to.firsts, MPI_DOUBLE, ret_numbers, from.counts, from.firsts,
                  MPI_DOUBLE, MPI_COMM_WORLD);
}

void ranks_agree(enum lattn_status *status, struct lattn_complaint *complaint)
{
    int count = ranks_count();
    int first = *status < 0 ? ranks_mine() : count;

    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (first == count)
        return;
    ranks_share(first, status, sizeof *status);
    ranks_share(first, complaint, sizeof *complaint);
}

double ranks_clock(void)
{
    return MPI_Wtime();
}
