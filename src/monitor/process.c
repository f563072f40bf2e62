/*
 * From /proc/self alone: where the service's unit hides the rest of /proc, the time at which the
 * system was started is not to be read, so the process's age comes from a clock.
 */
#include "monitor/process.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { STAT_BYTES_MAX = 1024, STAT_START_TIME = 22, STAT_VIRTUAL = 23, STAT_RESIDENT = 24 };

static double seconds_of(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) != 0)
        return NAN;
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The line of /proc/self/stat from its third field on: the second is a name of any characters. */
static const char *stat_read(char line[STAT_BYTES_MAX])
{
    FILE *file = fopen("/proc/self/stat", "re");
    size_t length = 0;
    const char *name_end;

    if (file != NULL) {
        length = fread(line, 1, STAT_BYTES_MAX - 1, file);
        (void)fclose(file); /* only read from */
    }
    line[length] = '\0';
    name_end = strrchr(line, ')');
    return name_end == NULL ? "" : name_end + 1;
}

/* Field `number` of the line, counted from 1 as in proc(5); `at` is before the third. */
static double stat_field(const char *at, int number)
{
    for (int i = 3; i <= number && at != NULL; i++)
        at = strchr(at + (i > 3), ' ');
    return at == NULL ? NAN : strtod(at, NULL);
}

static double fds_count(void)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    double count = 0;

    if (folder == NULL)
        return NAN;
    while ((entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    (void)closedir(folder); /* only read from */
    return count - 1;       /* its own */
}

static double fds_max(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return NAN;
    return limit.rlim_cur == RLIM_INFINITY ? INFINITY : (double)limit.rlim_cur;
}

/* Later calls give the same, whatever becomes of the time of day. */
static double start_time(const char *stat)
{
    static double started;

    if (started <= 0) {
        double ticks = stat_field(stat, STAT_START_TIME);
        double age = seconds_of(CLOCK_BOOTTIME) - ticks / (double)sysconf(_SC_CLK_TCK);

        if (isnan(age))
            return NAN;
        started = seconds_of(CLOCK_REALTIME) - age;
    }
    return started;
}

void process_read(struct process *ret_process)
{
    char line[STAT_BYTES_MAX];
    const char *stat = stat_read(line);

    *ret_process = (struct process){
        .cpu_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID),
        .resident_bytes = stat_field(stat, STAT_RESIDENT) * (double)sysconf(_SC_PAGESIZE),
        .virtual_bytes = stat_field(stat, STAT_VIRTUAL),
        .open_fds = fds_count(),
        .max_fds = fds_max(),
        .start_time_s = start_time(stat),
    };
}
