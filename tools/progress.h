#ifndef PROGRESS_H
#define PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/*
 * How far long work is: one line on standard error, rewritten a few times a second, and nothing at
 * all where that is no terminal that can do so. There is one at a time. It appears when the work
 * has lasted a moment, and is gone at its end.
 */

/* When the results of the work are printed. */
enum progress_results {
    PROGRESS_AT_END,
    PROGRESS_ALL_ALONG /* nothing is shown but where a file takes them: others have the terminal */
};

/*
 * What is said.
 *
 * verb    of lattn
 * word    what is counted
 * count   so many until now
 * rate    of these in a second; NaN: not known
 * share   of the work that is done, 0 to 1; NaN: not known how much there is
 * left_s  seconds until the end; NaN: not known
 * more    what else there is to say; "" if nothing
 */
struct progress_facts {
    const char *verb;
    const char *word;
    uint64_t count;
    double rate;
    double share;
    double left_s;
    const char *more;
};

/* Write them as a line of at most `columns` letters, size >= 1. */
void progress_write(const struct progress_facts *facts, int32_t columns, char *ret_line,
                    size_t size);

/*
 * Begin.
 *
 * verb, word  in  kept until progress_end
 * input       in  a descriptor that is read, from where it stands on; where it is a file its size
 *                 tells how much there is to do. -1: none
 * total       in  without one, as many there are to be counted; 0: not known
 */
void progress_begin(const char *verb, const char *word, int input, uint64_t total,
                    enum progress_results results);

/* There are as many to be counted in all, as is known by now; 0: not known. */
void progress_aim(uint64_t total);

/* Is it time to show something new? Cheap enough to be asked for each unit of the work. */
int progress_is_due(void);

/* Say how far it is, where it is time to; more may be NULL. */
void progress_show(uint64_t count, const char *more);

/* Take the line away, before something else is written; the next progress_show brings it back. */
void progress_hide(void);

/* The work is over; without a beginning nothing happens. Both leave errno as it is. */
void progress_end(void);

#endif
