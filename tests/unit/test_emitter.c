#include "serve/emitter.h"

#include "base/memory.h"
#include "support/folding.h"

#include <criterion/criterion.h>
#include <uv.h>

enum { TRIES_MAX = 1000 };

static uv_sem_t done;

static void made(void *arg)
{
    uv_sem_post(arg);
}

static void nothing_to_tell(void *arg, struct lattn_service *ret_service)
{
    (void)arg;
    *ret_service = (struct lattn_service){.accepted = 0};
}

static struct emitter *emitter_make(void)
{
    const struct emitter_settings settings = {
        .every_ns = UINT64_MAX,
        .every_pairs = UINT64_MAX,
        .heads = LATTN_HEADS_SVD,
        .service = nothing_to_tell,
        .done = made,
        .arg = &done,
    };
    struct emitter *emitter = NULL;

    cr_assert_eq(uv_sem_init(&done, 0), 0);
    cr_assert_eq(emitter_open(&emitter, &settings, fold, NULL), LATTN_OK);
    return emitter;
}

/* Learn a pair and emit. */
static void emit(struct emitter *emitter)
{
    read_line("{\"z\":[[1,2,3,4,5,6,7,8]],\"y\":[1]}");
    fold_next();
    emitter_ask(emitter);
    emitter_tend(emitter, uv_hrtime());
    uv_sem_wait(&done);
    emitter_tend(emitter, 0);
}

/* Only for an older spectrum one is due without news, and only while there is memory for a copy. */
Test(emitter, waits_for_news_where_there_is_no_memory_for_a_copy)
{
    struct emitter *emitter;
    int tries = 0;

    open_fold(NULL);
    emitter = emitter_make();
    emit(emitter);
    cr_assert_eq(emitter_due(emitter), UINT64_MAX);
    emitter_want_spectrum(emitter, 1);
    while (emitter_due(emitter) == 0 || (emitter_due(emitter) == UINT64_MAX && tries < TRIES_MAX)) {
        emit(emitter);
        tries++;
    }
    cr_assert_lt(tries, TRIES_MAX, "a spectrum is never repeated");
    memory_fail(1, 1);
    emitter_tend(emitter, emitter_due(emitter));
    memory_fail(0, 0);
    cr_assert_eq(emitter_tally(emitter).failed, 1);
    cr_assert_eq(emitter_due(emitter), UINT64_MAX);
    emit(emitter);
    cr_assert_eq(emitter_tally(emitter).failed, 1);
    emitter_close(&emitter);
    uv_sem_destroy(&done);
    close_fold();
}
