#ifndef WIRE_PAIR_H
#define WIRE_PAIR_H

#include "wire/writer.h"

/*
 * Write the field with the tokens of an item: "z", in JSON rows of numbers and in MessagePack a
 * tensor of <f8, or of <f4 where the item's precision is no better; or "t", the indices of the
 * ones.
 */
void pair_write_tokens(struct writer *writer, const struct lattn_item *item);

#endif
