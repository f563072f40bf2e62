#ifndef SERVE_DUES_H
#define SERVE_DUES_H

#include <stddef.h>

/*
 * What a client pays for with its turns, each worth TURN_BYTES: every byte that came, once, whether
 * it is a message yet or never becomes one, and what a message costs beside its bytes.
 *
 * unpaid  bytes that came and were not charged: messages that wait for a turn
 * debt    what was charged and has not been made up for by turns
 */
struct dues {
    size_t unpaid;
    size_t debt;
};

/* Bytes came. */
void dues_add(struct dues *dues, size_t length);

/*
 * A message was handed on or refused: of its length what is unpaid, and what it costs besides.
 * Returns what it costs in all.
 */
size_t dues_charge(struct dues *dues, size_t length, size_t extra);

/* It was a request: who has sent more behind it awaits no answer, and lets others pass. */
void dues_hurry(struct dues *dues);

/* No message is left: what came besides is a piece of one, or was passed over. */
void dues_charge_rest(struct dues *dues);

/* A turn came. Is all paid, so that the client may go on? Who took more lets some turns pass. */
int dues_settle(struct dues *dues);

#endif
