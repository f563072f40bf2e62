#ifndef STORE_TURN_H
#define STORE_TURN_H

#include <pthread.h>

/*
 * A lock that lets the urgent go first: whoever is patient waits until nobody urgent does. LMDB's
 * own lock for writers knows no order, so a long row of transactions would keep others out.
 *
 * urgent  threads that wait and may not be kept waiting
 * is_had  somebody has the turn
 */
struct turn {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned urgent;
    int is_had;
};

enum turn_urgency { TURN_URGENT, TURN_PATIENT };

void turn_init(struct turn *turn);
void turn_done(struct turn *turn);

/* Wait for the turn. One thread has it until it gives it back; it must not take it twice. */
void turn_take(struct turn *turn, enum turn_urgency urgency);
void turn_give(struct turn *turn);

#endif
