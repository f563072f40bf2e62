#include "serve/dues.h"

#include "serve/bounds.h"

void dues_add(struct dues *dues, size_t length)
{
    dues->unpaid += length;
}

size_t dues_charge(struct dues *dues, size_t length, size_t extra)
{
    size_t due = length < dues->unpaid ? length : dues->unpaid;

    dues->unpaid -= due;
    dues->debt += due + extra;
    return length + extra;
}

void dues_hurry(struct dues *dues)
{
    /* The end of a line is no byte of a message. */
    if (dues->unpaid > 1)
        dues->debt += REQUEST_HURRY_BYTES;
}

void dues_charge_rest(struct dues *dues)
{
    (void)dues_charge(dues, dues->unpaid, 0);
}

int dues_settle(struct dues *dues)
{
    dues->debt -= dues->debt < TURN_BYTES ? dues->debt : TURN_BYTES;
    return dues->debt < TURN_BYTES;
}
