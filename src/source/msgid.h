#ifndef SOURCE_MSGID_H
#define SOURCE_MSGID_H

#include <stdint.h>

/* Bytes of a publisher's name with its closing zero. */
enum { MSGID_PUBLISHER_MAX = 49 };

/* Who published a message, and as its how manieth of this stream, from 1 on. */
struct msgid {
    char publisher[MSGID_PUBLISHER_MAX];
    uint64_t number;
};

/*
 * Read the header Nats-Msg-Id, "PUBLISHER.NUMBER", where a publisher has letters, digits, - and _.
 *
 * Returns 1, or 0 where it says something else: then it is nobody's number.
 */
int msgid_read(const char *text, struct msgid *ret_id);

#endif
