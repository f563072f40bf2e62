#ifndef LATTN_TASKS_H
#define LATTN_TASKS_H

#include <lattn/batch.h>
#include <lattn/limits.h>
#include <lattn/model.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/*
 * A source of labelled sequences. Equal settings give equal pairs, on every machine that rounds
 * sines and logarithms alike; src/tasks/README.md says which number is drawn when.
 */
struct lattn_task;

/* Release it and set the pointer to NULL; accepts NULL. */
LATTN_API void lattn_task_close(struct lattn_task **task);

/*
 * The next sequence; borrowed until the next call on the same task.
 *
 * Where it has a label at every prefix these stay right if the caller cuts ret_item->n short.
 * Allocates nothing.
 */
LATTN_API void lattn_task_next(struct lattn_task *task, struct lattn_item *ret_item);

/* The layer that makes the labels, largest head first, with names; borrowed until close. */
LATTN_API const struct lattn_model *lattn_task_truth(const struct lattn_task *task);

/* ---- random: a random linear attention layer (arXiv 2410.10101, section 4.1) ---------------- */

/*
 * V and Q with standard deviation 1/sqrt(dim), tokens with 1/sqrt(length), and noise on the labels
 * if there is any. A sequence costs O(length d^2 + rows heads d (d + outputs)) flops.
 */
struct lattn_random_settings {
    int32_t dim;
    int32_t heads; /* >= 1 */
    int32_t outputs;
    int32_t length;           /* tokens of a sequence */
    double noise;             /* standard deviation added to every label */
    enum lattn_labels labels; /* LATTN_LABELS_CAUSAL or LATTN_LABELS_LAST */
    uint64_t seed;
};

/* d = 4, one head, one output, 100 tokens, no noise, labels at every prefix, seed 1. */
LATTN_API struct lattn_random_settings lattn_random_settings_default(void);

/* Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_task is given. */
LATTN_API enum lattn_status lattn_random_open(struct lattn_task **ret_task,
                                              const struct lattn_random_settings *settings);

/* ---- memory: values stored under keys (arXiv 2410.10101, section 4.2) ----------------------- */

/*
 * d/2 tokens of a key and a value, then a query: one of the keys beside noise. Its label is the
 * value, as one head of linear attention recalls it.
 */
struct lattn_memory_settings {
    int32_t dim;  /* even: keys take the first half of a token, values the second */
    double mix;   /* share of sequences whose keys and whose values are orthonormal; or normal */
    double noise; /* standard deviation added to every label; tokens are the same with any */
    uint64_t seed;
};

/* d = 8, mix 0.95, no noise, seed 1. */
LATTN_API struct lattn_memory_settings lattn_memory_settings_default(void);

/* Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_task is given. */
LATTN_API enum lattn_status lattn_memory_open(struct lattn_task **ret_task,
                                              const struct lattn_memory_settings *settings);

/* ---- automaton: a finite automaton, given its table ------------------------------------------ */

enum lattn_automaton_query {
    LATTN_AUTOMATON_STEP, /* a state and a symbol are asked, the next state is the label */
    LATTN_AUTOMATON_WORD  /* the word stands in the context; a label is the next query */
};

/* Random machines, `length` pairs for each; tokens of ones. */
struct lattn_automaton_settings {
    int32_t states;
    int32_t symbols;
    int32_t length; /* of the word that each machine reads */
    enum lattn_automaton_query query;
    uint64_t seed;
};

/* 2 states, 2 symbols, 8 steps, step by step, seed 1. */
LATTN_API struct lattn_automaton_settings lattn_automaton_settings_default(void);

/*
 * Coordinates of a token, which may be more than LATTN_DIM_MAX.
 *
 * settings  in  states and symbols within 1..LATTN_DIM_MAX, length within 1..LATTN_TOKENS_MAX
 */
LATTN_API int32_t lattn_automaton_dim(const struct lattn_automaton_settings *settings);

/* Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_task is given. */
LATTN_API enum lattn_status lattn_automaton_open(struct lattn_task **ret_task,
                                                 const struct lattn_automaton_settings *settings);

/* ---- turing: a universal Turing machine (arXiv 2410.10101, Lemma B.1) ------------------------ */

/* Steps of a machine, two tokens each; its context has fewer than a token can have coordinates. */
enum { LATTN_TURING_LENGTH_MAX = (LATTN_TOKENS_MAX - LATTN_DIM_MAX) / 2 };

/* Random machines on a circular tape, 2 length pairs for each; a label is the next token. */
struct lattn_turing_settings {
    int32_t states;
    int32_t symbols;
    int32_t cells;
    int32_t length; /* steps of a machine, at most LATTN_TURING_LENGTH_MAX */
    uint64_t seed;
};

/* 2 states, 2 symbols, 3 cells, 24 steps, seed 1. */
LATTN_API struct lattn_turing_settings lattn_turing_settings_default(void);

/*
 * Coordinates of a token, which may be more than LATTN_DIM_MAX.
 *
 * settings  in  states, symbols and cells within 1..LATTN_DIM_MAX
 */
LATTN_API int32_t lattn_turing_dim(const struct lattn_turing_settings *settings);

/* Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_task is given. */
LATTN_API enum lattn_status lattn_turing_open(struct lattn_task **ret_task,
                                              const struct lattn_turing_settings *settings);

/* ---- regression: linear regression in context ------------------------------------------------ */

/*
 * Examples (x, <w, x>), a new w for each sequence, then (x, 0) whose label is <w, x>. The truth is
 * the best that a layer can do, one gradient step; it does not reach the labels.
 */
struct lattn_regression_settings {
    int32_t dim;    /* of a token: the numbers of x, and one for the label */
    int32_t length; /* examples */
    double noise;   /* standard deviation added to every label, also to those in the context */
    uint64_t seed;
};

/* d = 5, 20 examples, no noise, seed 1. */
LATTN_API struct lattn_regression_settings lattn_regression_settings_default(void);

/* Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_task is given. */
LATTN_API enum lattn_status lattn_regression_open(struct lattn_task **ret_task,
                                                  const struct lattn_regression_settings *settings);

/* ---- events: a log of (key, symbol) as pairs ------------------------------------------------ */

/* Name of the coordinate that is always 1; no symbol may be called so. */
#define LATTN_EVENTS_BIAS "(bias)"

enum {
    /* Symbols that one coordinate each can be found for. */
    LATTN_EVENTS_SYMBOLS_MAX = LATTN_DIM_MAX,
    /* Attention over one-hot tokens counts them: longer windows add little but memory per key. */
    LATTN_EVENTS_WINDOW_MAX = 1024,
    /* Bytes of a key with its closing zero: a path, an address, a session. */
    LATTN_EVENTS_KEY_MAX = 1024,
    /* Keys remembered, about 200 MiB of them; the one idle longest is forgotten first. */
    LATTN_EVENTS_KEYS_MAX = 1 << 20
};

/*
 * Per key the last W symbols are the sequence, the next symbol is the label. A token has a constant
 * 1 (coordinate bias) and a 1 at its symbol's coordinate; an output is 1 where it is the symbol.
 * Symbols are known by their index in the order of first appearance; which coordinate and output
 * an index has is told from outside, since a daemon may have more names than this log.
 */
struct lattn_events;

struct lattn_event {
    int32_t symbol;      /* index of the event's own symbol; -1 if unknown and not added */
    int32_t context;     /* tokens its key had before the event, 0..W */
    const int32_t *past; /* their symbols, oldest first, -1 for an unknown one; borrowed */
    int32_t after;       /* tokens of the key now, the event included */
    const int32_t *next; /* their symbols, like past; both borrowed until the next event */
};

enum lattn_vocabulary {
    LATTN_VOCABULARY_GROWS, /* an event may bring a new symbol */
    LATTN_VOCABULARY_FIXED  /* only lattn_events_symbol adds symbols */
};

/*
 * window  1 <= window <= LATTN_EVENTS_WINDOW_MAX, symbols per key
 *
 * Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_events is given.
 */
LATTN_API enum lattn_status lattn_events_open(struct lattn_events **ret_events, int32_t window,
                                              enum lattn_vocabulary vocabulary);

/* Release it and set the pointer to NULL; accepts NULL. */
LATTN_API void lattn_events_close(struct lattn_events **events);

/*
 * Add a symbol to the vocabulary, or find it.
 *
 * Returns LATTN_OK, LATTN_NAME (empty, too long or LATTN_EVENTS_BIAS) or LATTN_RANGE (the
 * vocabulary is full).
 */
LATTN_API enum lattn_status lattn_events_symbol(struct lattn_events *events, const char *symbol,
                                                int32_t *ret_index);

/* Symbols known, and the text of one; borrowed until close. */
LATTN_API int32_t lattn_events_count(const struct lattn_events *events);
LATTN_API const char *lattn_events_text(const struct lattn_events *events, int32_t index);

/*
 * Take in one event: its symbol joins the context of its key.
 *
 * Returns LATTN_OK; LATTN_NAME (key or symbol empty or too long, or the symbol is
 * LATTN_EVENTS_BIAS), LATTN_RANGE (a new symbol, the vocabulary is full) or LATTN_NO_MEMORY with
 * the context as before.
 */
LATTN_API enum lattn_status lattn_events_push(struct lattn_events *events, const char *key,
                                              const char *symbol, struct lattn_event *ret_event);

LATTN_END

#endif
