#ifndef MONITOR_PROCESS_H
#define MONITOR_PROCESS_H

/*
 * What the system says about this process, in the units in which Prometheus has it. NaN: it does
 * not say.
 *
 * start_time_s  since 1970, by the clock as it was at the first call
 */
struct process {
    double cpu_s;
    double resident_bytes;
    double virtual_bytes;
    double open_fds;
    double max_fds;
    double start_time_s;
};

/* A few system calls, and one for every hundred open descriptors. On one thread. */
void process_read(struct process *ret_process);

#endif
