#ifndef WIRE_OFFER_H
#define WIRE_OFFER_H

#include <lattn/wire.h>

#include "wire/scan.h"
#include "wire/writer.h"

/* Take the value of one param of "offer" but for "part"; `word` is one of its words. */
enum lattn_status offer_read_param(struct scan *scan, const char *word, struct lattn_offer *offer);

/* What an offer cannot do without, and what does not go together; part is its number. */
enum lattn_status offer_check(const struct lattn_offer *offer, uint64_t part,
                              struct lattn_complaint *complaint);

/* Write the params, with their keys. */
void offer_write_params(struct writer *writer, const struct lattn_offer *offer, uint64_t part);

/* Release its bytes. */
void offer_done(struct lattn_offer *offer);

#endif
