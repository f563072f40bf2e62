#ifndef ROUND_H
#define ROUND_H

#include <lattn/query.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Questions that are asked together: which of them wait, which are under way, and to which one an
 * answer belongs. Answers come in any order by id, or in the order of the questions without.
 */
enum round_state { ROUND_WAITS, ROUND_ASKED, ROUND_ANSWERED };

struct round_entry {
    uint64_t id;
    struct lattn_question *question;
    enum round_state state;
};

/*
 * entries   in the order of their ids
 * next      none before it waits
 * asked     under way
 * answered  so many
 * has_ids   an answer had one
 */
struct round {
    struct round_entry entries[LATTN_QUESTIONS_MAX];
    size_t count;
    size_t next;
    size_t asked;
    size_t answered;
    int has_ids;
};

/* Begin without questions. */
void round_init(struct round *round);

/* Add a question; ids rise, and there is room for LATTN_QUESTIONS_MAX. Borrowed. */
void round_add(struct round *round, uint64_t id, struct lattn_question *question);

/* The question to be asked next, NULL where none waits; and it is under way now. */
const struct round_entry *round_next(const struct round *round);
void round_ask(struct round *round);

/*
 * Find what an answer is to, and take it as answered.
 *
 * id         in   JSON text, "" for none
 * complaint  out  why it is to nothing
 *
 * Returns LATTN_OK or LATTN_FIELD.
 */
enum lattn_status round_answer(struct round *round, const char *id,
                               const struct round_entry **ret_entry,
                               struct lattn_complaint *complaint);

/* The first of those under way; NULL where none is. */
const struct round_entry *round_oldest(const struct round *round);

/* Whoever was asked is gone: what was under way waits again. */
void round_again(struct round *round);

int round_is_over(const struct round *round);

#endif
