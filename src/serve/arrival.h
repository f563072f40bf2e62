#ifndef SERVE_ARRIVAL_H
#define SERVE_ARRIVAL_H

#include <lattn/limits.h>

#include "store/arrivals.h"

#include <stdint.h>

/*
 * What became of a message of a stream.
 *
 * ARRIVAL_PASSED     learned, or refused for good
 * ARRIVAL_DUPLICATE  its publisher's number was taken before
 * ARRIVAL_UNKEPT     it could not be kept, or something before it: it has to come again
 */
enum arrival_fate { ARRIVAL_PASSED, ARRIVAL_DUPLICATE, ARRIVAL_UNKEPT };

/*
 * How a message came from a stream.
 *
 * after      it follows behind this one, as the stream was taken; 0: it is the first
 * mark       of its stream, once it was taken
 * publisher  with the stream before its name, since it numbers the messages of each by itself; "":
 *            its message has no number
 * fate       told by whoever took it, as given_up
 * given_up   numbers that its stream's publishers will not get learned any more (arrivals.h)
 */
struct arrival {
    uint64_t after;
    struct arrivals_mark mark;
    char publisher[LATTN_NAME_MAX];
    uint64_t number;
    enum arrival_fate fate;
    uint64_t given_up;
};

#endif
