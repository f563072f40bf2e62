#ifndef LATTN_STATUS_H
#define LATTN_STATUS_H

#include <lattn/version.h>

LATTN_BEGIN

/*
 * Status of every call that can fail, one row per cause: name, number, word, sentence.
 *
 *   0    done
 *   > 0  done or under way, with a caveat
 *   < 0  refused: everything the caller can see is as before
 *
 * The numbers and the words travel on the wire, so neither is ever reused.
 */
/* clang-format off */
#define LATTN_STATUS_TABLE(row) \
    row(OK, 0, "ok", "done") \
    row(MORE, 1, "more", "more input is needed") \
    row(DUPLICATE, 2, "duplicate", "learned before under the same producer and number") \
    row(RANK, 3, "rank", "the data leaves the answer open") \
    row(NO_MEMORY, -1, "no_memory", "the system has no memory left") \
    row(MEMORY_LIMIT, -2, "memory_limit", "the memory limit would be exceeded") \
    row(SHAPE, -3, "shape", "sizes do not agree") \
    row(RANGE, -4, "range", "a value lies outside its range") \
    row(NOT_FINITE, -5, "not_finite", "a number is not finite") \
    row(FEATURE_OVERFLOW, -6, "feature_overflow", "a feature leaves the range of doubles") \
    row(EMPTY, -7, "empty", "a sequence has no token") \
    row(SYNTAX, -8, "syntax", "the text is not what the format asks for") \
    row(FIELD, -9, "field", "a field is missing, unknown or of another type") \
    row(METHOD, -10, "method", "there is no such method") \
    row(TOO_BIG, -11, "too_big", "the message is larger than the limit") \
    row(GAP, -12, "gap", "numbers are missing before this one") \
    row(NO_DATA, -13, "no_data", "nothing has been learned yet") \
    row(NO_CONVERGENCE, -14, "no_convergence", "an iteration did not converge") \
    row(NAME, -15, "name", "a name is empty, too long or used twice") \
    row(ADDRESS, -16, "address", "the address cannot be used") \
    row(IN_USE, -17, "in_use", "another process holds the address") \
    row(INPUT_OUTPUT, -18, "input_output", "reading or writing failed") \
    row(CLOSED, -19, "closed", "the other side is gone") \
    row(CONFIRM, -20, "confirm", "the request asks to be confirmed") \
    row(BUSY, -21, "busy", "a limit on concurrent use is reached") \
    row(DAMAGED, -22, "damaged", "what was stored is damaged") \
    row(OTHER_VERSION, -23, "version", "it was written in a format that is not known here") \
    row(CONFLICT, -24, "conflict", "the state was made with other settings") \
    row(NO_SPACE, -25, "no_space", "there is no space to keep it") \
    row(DENIED, -26, "denied", "access is refused") \
    row(TIMEOUT, -27, "timeout", "it took longer than it may") \
    row(BUDGET, -28, "budget", "the budget of questions is spent") \
    row(REFUSED, -29, "refused", "the oracle does not take the question") \
    row(READ_ONLY, -30, "read_only", "what is served here is learned elsewhere")
/* clang-format on */

enum lattn_status {
#define LATTN_STATUS_ENUM(name, number, word, sentence) LATTN_##name = (number),
    LATTN_STATUS_TABLE(LATTN_STATUS_ENUM)
#undef LATTN_STATUS_ENUM
};

/* What exactly was wrong, for people: "z[3] has 2 coordinates, the learner has 4". */
struct lattn_complaint {
    char text[256];
};

/* The word of a status as it travels on the wire, for example "shape". Static. */
LATTN_API const char *lattn_status_word(enum lattn_status status);

/* The sentence of a status: lower case, no full stop. Static. */
LATTN_API const char *lattn_status_text(enum lattn_status status);

LATTN_END

#endif
