#ifndef SERVE_FOOTPRINT_H
#define SERVE_FOOTPRINT_H

#include <lattn/status.h>

#include "serve/config.h"

#include <stddef.h>

/*
 * The memory of the whole process at most, whatever clients send: a sum of the sizes of the learner
 * and of the settings. In bytes.
 *
 * process     program, libraries, stacks, what the heap keeps for the next messages
 * state       3 states: the learner, its copy for emissions, that for checkpoints, both kept for
 *             the next ones; each in its larger form with the quarter that features may leave which
 *             came one by one, or with all that --max-memory allows
 * judging     two evaluations, of an emission and of a request, each with an R of its own where
 *             the state has none that can be used as it is
 * image       of the state, for whoever carries it away
 * block       the items of the greatest batch one by one, and with --state its record
 * queue       messages waiting for the learner, and one of the greatest length in hand
 * answers     on their way from the learner: short ones of all messages, long ones of all requests
 * request     while one of the greatest length is read and answered
 * input       --max-input
 * output      --max-output, and one answer more
 * clients     what each has of its own, times --max-clients
 * sources     of each --source: messages fetched, two batches of them read, its connection and
 *             threads; and what the states know of publishers
 * web         connections and event streams of --http, its ring of events, emissions that are held
 * total       the sum, and an eighth of all but the states for what the heap cannot use again
 */
struct footprint {
    size_t process;
    size_t state;
    size_t judging;
    size_t image;
    size_t block;
    size_t queue;
    size_t answers;
    size_t request;
    size_t input;
    size_t output;
    size_t clients;
    size_t sources;
    size_t web;
    size_t total;
};

/* Bytes of a checkpoint or image of all features, but for names and producers. d with the bias. */
size_t footprint_image(int32_t d, int32_t m, enum lattn_engine engine);

/*
 * Does the state of tokens without zeros fit into --max-memory, where --dim and that are given? One
 * output is assumed where --outputs is not.
 *
 * Returns LATTN_OK; LATTN_MEMORY_LIMIT, saying what it takes and the largest dim that fits.
 */
enum lattn_status footprint_check(const struct config *config, struct lattn_complaint *complaint);

/* config->learner.dim is known; m: outputs, 1 or more. Allocates nothing. */
struct footprint footprint_of(const struct config *config, int32_t m);

#endif
