/*
 * A shim for LD_PRELOAD under which the time of day jumps by years, forth and back, with every
 * look at it. Other clocks are as they are. Where the process ends, who looked is written to the
 * file that $CLOCK_LOOKS names: lines of an object's name and its number of looks.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { OBJECTS_MAX = 64 };

static const time_t ten_years = (time_t)10 * 365 * 24 * 3600;

/* By the base address of the object, which takes the place when it looks for the first time. */
static struct looks {
    _Atomic(void *) base;
    const char *name;
    atomic_long count;
} objects[OBJECTS_MAX];

static void looks_count(void *caller)
{
    Dl_info object;

    if (dladdr(caller, &object) == 0)
        return;
    for (int i = 0; i < OBJECTS_MAX; i++) {
        void *nobody = NULL;

        if (atomic_compare_exchange_strong(&objects[i].base, &nobody, object.dli_fbase))
            objects[i].name = object.dli_fname;
        if (atomic_load(&objects[i].base) == object.dli_fbase) {
            atomic_fetch_add(&objects[i].count, 1);
            return;
        }
    }
}

static time_t jump(void)
{
    static atomic_uint looks;
    unsigned look = atomic_fetch_add(&looks, 1);

    return (look % 2 == 0 ? ten_years : -ten_years) / (1 + look % 7);
}

static int clock_read(clockid_t clock, struct timespec *ret_time)
{
    static int (*next)(clockid_t, struct timespec *);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    return next(clock, ret_time);
}

static int is_time_of_day(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int failed = clock_read(clock, ret_time);

    if (failed == 0 && is_time_of_day(clock)) {
        looks_count(__builtin_return_address(0));
        ret_time->tv_sec += jump();
    }
    return failed;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict ret_time,
                                                        void *restrict zone)
{
    struct timespec now = {0};

    (void)zone;
    looks_count(__builtin_return_address(0));
    (void)clock_read(CLOCK_REALTIME, &now);
    ret_time->tv_sec = now.tv_sec + jump();
    ret_time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

__attribute__((visibility("default"))) time_t time(time_t *ret_time)
{
    struct timespec now = {0};

    looks_count(__builtin_return_address(0));
    (void)clock_read(CLOCK_REALTIME, &now);
    now.tv_sec += jump();
    if (ret_time != NULL)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}

__attribute__((destructor)) static void looks_write(void)
{
    const char *path = getenv("CLOCK_LOOKS");
    FILE *file = path == NULL ? NULL : fopen(path, "w");

    if (file == NULL)
        return;
    for (int i = 0; i < OBJECTS_MAX && objects[i].name != NULL; i++) {
        const char *name = strrchr(objects[i].name, '/');

        fprintf(file, "%s %ld\n", name == NULL ? objects[i].name : name + 1,
                atomic_load(&objects[i].count));
    }
    fclose(file);
}
