#ifndef SUPPORT_FOLDING_H
#define SUPPORT_FOLDING_H

#include "serve/fold.h"

#include <stddef.h>
#include <stdint.h>

/* A fold, a chunk of messages for it, and the counters of their sender; one of each per test. */
extern struct fold *fold;
extern struct chunk *chunk;
extern struct tally tally;

/*
 * A journal that notes what it is told, of the last commit or of all, and says what it is to say.
 *
 * committed        items of all commits
 * committed_seq    the last number of the last commit, notes of how many producers it had
 */
extern const struct fold_journal journal;
extern size_t commits;
extern size_t committed;
extern uint64_t committed_seq;
extern size_t committed_notes;
extern struct tally committed_tally;
extern size_t retracted;
extern enum lattn_status commit_status;
extern const char *commit_message;

/* A new learner, and a chunk of lines or of this format; with: NULL for no journal. */
void open_fold(const struct fold_journal *with);
void open_fold_of(enum lattn_format format, const struct fold_journal *with);
void close_fold(void);

/* Put a message into the chunk. */
void read_bytes(const char *bytes, size_t length);
void read_line(const char *line);

/* The same of a batch of d = n = 1, m = 1; z is its label as well. */
void read_batch(int64_t id, const double *z, size_t count, const char *producer, uint64_t seq);

/* Fold in all that was read; the second leaves another chunk, which is empty. */
void fold_all(void);
void fold_next(void);

/* An empty chunk in the place of one whose answers were looked at. */
void chunk_renew(void);

/* Answers in the chunk, and how often a word stands in them. */
const char *answers(void);
int count_of(const char *word);

#endif
