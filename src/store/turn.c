#include "store/turn.h"

#include <assert.h>

void turn_init(struct turn *turn)
{
    *turn = (struct turn){0};
    /* With default attributes neither asks for anything that could be missing. */
    (void)pthread_mutex_init(&turn->mutex, NULL);
    (void)pthread_cond_init(&turn->changed, NULL);
}

void turn_done(struct turn *turn)
{
    assert(!turn->is_had && turn->urgent == 0);
    (void)pthread_cond_destroy(&turn->changed);
    (void)pthread_mutex_destroy(&turn->mutex);
}

void turn_take(struct turn *turn, enum turn_urgency urgency)
{
    pthread_mutex_lock(&turn->mutex);
    turn->urgent += urgency == TURN_URGENT;
    while (turn->is_had || (urgency == TURN_PATIENT && turn->urgent > 0))
        pthread_cond_wait(&turn->changed, &turn->mutex);
    turn->urgent -= urgency == TURN_URGENT;
    turn->is_had = 1;
    pthread_mutex_unlock(&turn->mutex);
}

void turn_give(struct turn *turn)
{
    pthread_mutex_lock(&turn->mutex);
    assert(turn->is_had);
    turn->is_had = 0;
    pthread_cond_broadcast(&turn->changed);
    pthread_mutex_unlock(&turn->mutex);
}
