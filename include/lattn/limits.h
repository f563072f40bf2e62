#ifndef LATTN_LIMITS_H
#define LATTN_LIMITS_H

#include <stddef.h>

/*
 * Hard ceilings. Settings may lower what a daemon accepts, never raise it above these.
 */
enum {
    /* p = d^2 (d+1) / 2 reaches 8.4 million features, whose table alone takes 160 MiB. */
    LATTN_DIM_MAX = 256,
    /* As many outputs as there can be symbols to predict. */
    LATTN_OUTPUTS_MAX = 1024,
    /* A sequence of this many 256-dimensional tokens is 128 MiB: beyond any frame we accept. */
    LATTN_TOKENS_MAX = 65536,
    /* Threads that learn together: blocks of pairs go one behind the other, 16 of them at most. */
    LATTN_THREADS_MAX = 16,
    /* Bytes of one name with its closing zero: long enough for a path, short enough for a table. */
    LATTN_NAME_MAX = 128,
    /* Blocks of coordinates (key, value, state, tape ...) that rounding treats as one symbol. */
    LATTN_BLOCKS_MAX = 64,
    /* Bytes of a producer's name with its closing zero. */
    LATTN_PRODUCER_MAX = 64,
    /* Bytes of a request's "id" as JSON text; echoed, so it must be bounded. */
    LATTN_ID_MAX = 128,
    /* Parts that a stream can be divided into; an aggregate keeps a state of each. */
    LATTN_SHARDS_MAX = 4096,
    /* Divisions of one stream: as many as fit into 31 bits. */
    LATTN_EPOCH_MAX = 2147483647,
    /* Bytes of a token that lets one in: 16 random letters cannot be guessed over a network. */
    LATTN_TOKEN_MIN = 16,
    /* With its closing zero; auth fits into the first kilobyte of a connection. */
    LATTN_TOKEN_MAX = 257,
    /* Inputs of one certify or suggest: the learner answers nobody else meanwhile. */
    LATTN_INPUTS_MAX = 4096,
    /*
     * Bytes of a request, as line or frame; pairs may be longer. 4096 inputs of 128 numbers fit,
     * and whoever waits for the reader of requests waits a second at most.
     */
    LATTN_REQUEST_BYTES_MAX = 4 << 20,
    /* Objects inside objects in one line: a pair needs three, a request six. */
    LATTN_DEPTH_MAX = 16,
    /* Producers remembered for duplicates; the one idle longest is forgotten first. */
    LATTN_PRODUCERS_MAX = 65536
};

/* A feature above this would overflow when squared and summed over 2^64 pairs. */
#define LATTN_FEATURE_MAX 1e140

/* The square of a weight, summed over 2^64 pairs, stays a normal double. */
#define LATTN_WEIGHT_MIN 1e-100
#define LATTN_WEIGHT_MAX 1e100

/* 16 MiB: a batch of 1000 sequences of 32 tokens at d = 32 as text still fits. */
#define LATTN_FRAME_BYTES_DEFAULT ((size_t)16 << 20)

#endif
