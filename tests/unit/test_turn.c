#include "store/turn.h"

#include <criterion/criterion.h>
#include <sched.h>

static struct turn turn;
static int order[2];
static int taken;

struct taker {
    enum turn_urgency urgency;
    pthread_t thread;
};

static void *take(void *arg)
{
    struct taker *taker = arg;

    turn_take(&turn, taker->urgency);
    order[taken++] = (int)taker->urgency;
    turn_give(&turn);
    return NULL;
}

static void start(struct taker *taker)
{
    cr_assert_eq(pthread_create(&taker->thread, NULL, take, taker), 0);
}

static void wait_for_urgent(void)
{
    unsigned urgent = 0;

    while (urgent == 0) {
        sched_yield();
        pthread_mutex_lock(&turn.mutex);
        urgent = turn.urgent;
        pthread_mutex_unlock(&turn.mutex);
    }
}

Test(turn, goes_to_the_urgent_first)
{
    for (int run = 0; run < 50; run++) {
        struct taker patient = {.urgency = TURN_PATIENT}, urgent = {.urgency = TURN_URGENT};

        taken = 0;
        turn_init(&turn);
        turn_take(&turn, TURN_PATIENT);
        start(&patient);
        start(&urgent);
        wait_for_urgent();
        turn_give(&turn);
        cr_assert_eq(pthread_join(urgent.thread, NULL), 0);
        cr_assert_eq(pthread_join(patient.thread, NULL), 0);
        cr_assert_eq(order[0], TURN_URGENT);
        cr_assert_eq(order[1], TURN_PATIENT);
        turn_done(&turn);
    }
}

static int counter;

static void *count(void *arg)
{
    for (int i = 0; i < 1000; i++) {
        turn_take(&turn, i % 2 == 0 ? TURN_URGENT : TURN_PATIENT);
        counter++;
        turn_give(&turn);
    }
    return arg;
}

Test(turn, belongs_to_one_at_a_time)
{
    pthread_t threads[4];

    turn_init(&turn);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_assert_eq(counter, 4000);
    turn_done(&turn);
}
