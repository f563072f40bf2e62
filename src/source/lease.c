#include "source/lease.h"

#include "base/complaint.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void lease_init(struct lease *lease, const char *worker)
{
    char host[65] = "";

    *lease = (struct lease){.text = ""};
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
        snprintf(host, sizeof host, "unknown");
    snprintf(lease->text, sizeof lease->text, "%s %s %ld", worker, host, (long)getpid());
}

/* Are both of one worker, whatever their processes are? */
static int is_same_worker(const char *a, const char *b)
{
    size_t length = strcspn(a, " ");

    return length == strcspn(b, " ") && memcmp(a, b, length) == 0;
}

enum lease_step lease_next(struct lease *lease, const char *newest, uint64_t seq, uint64_t now_ns)
{
    int is_first = lease->seen_ns == 0;
    int is_sign = seq != lease->seen_seq;

    if (is_first || is_sign) {
        snprintf(lease->seen, sizeof lease->seen, "%s", newest);
        lease->seen_seq = seq;
        lease->seen_ns = now_ns;
    }
    if (newest[0] == '\0' || strcmp(newest, lease->text) == 0)
        return LEASE_WRITE;
    lease->held_ns = 0;
    if (is_first && is_same_worker(newest, lease->text))
        return LEASE_WRITE;
    return now_ns - lease->seen_ns >= LEASE_STALE_NS ? LEASE_WRITE : LEASE_WAIT;
}

/* "WORKER HOST PID" in the words of a sentence. */
static enum lattn_status held_by(const struct lease *lease, const struct lattn_layout *layout,
                                 struct lattn_complaint *complaint)
{
    char worker[40] = "?";
    char host[65] = "?";
    long process = 0;

    (void)sscanf(lease->seen, "%39s %64s %ld", worker, host, &process); /* what is there */
    return complain(complaint, LATTN_BUSY,
                    "stream %s is held by another worker, %s, process %ld on %s", layout->stream,
                    worker, process, host);
}

/* The stream of the leases is made by whoever comes first. */
static enum lattn_status newest_look(struct jetstream *jetstream, const struct lattn_layout *layout,
                                     char ret_text[JETSTREAM_TEXT_MAX], uint64_t *ret_seq,
                                     struct lattn_complaint *complaint)
{
    const struct jetstream_plan plan = {
        .stream = layout->workers,
        .subject = layout->workers_subject,
        .per_subject = 1,
    };
    struct jetstream_stream stream;
    enum lattn_status status =
        jetstream_newest(jetstream, layout->workers, layout->worker, ret_text, ret_seq, complaint);

    if (status != LATTN_NO_DATA)
        return status;
    ret_text[0] = '\0';
    *ret_seq = 0;
    status = jetstream_look(jetstream, layout->workers, &stream, complaint);
    if (status == LATTN_NO_DATA)
        status = jetstream_make(jetstream, &plan, complaint);
    return status == LATTN_CONFLICT ? LATTN_OK : status;
}

enum lattn_status lease_renew(struct lease *lease, struct jetstream *jetstream,
                              const struct lattn_layout *layout, uint64_t now_ns,
                              struct lattn_complaint *complaint)
{
    char newest[JETSTREAM_TEXT_MAX];
    uint64_t seq;
    enum lattn_status status = newest_look(jetstream, layout, newest, &seq, complaint);

    if (status != LATTN_OK)
        return status;
    if (lease_next(lease, newest, seq, now_ns) == LEASE_WAIT)
        return held_by(lease, layout, complaint);
    status = jetstream_put(jetstream, layout->workers, layout->worker, lease->text, seq, &seq,
                           complaint);
    if (status == LATTN_CONFLICT)
        return complain(complaint, LATTN_BUSY, "another worker of stream %s was faster",
                        layout->stream);
    if (status != LATTN_OK)
        return status;
    memcpy(lease->seen, lease->text, sizeof lease->seen);
    lease->seen_seq = seq;
    lease->seen_ns = lease->held_ns = now_ns;
    return LATTN_OK;
}

void lease_release(struct lease *lease, struct jetstream *jetstream,
                   const struct lattn_layout *layout)
{
    uint64_t seq;

    if (lease->held_ns == 0)
        return;
    lease->held_ns = 0;
    (void)jetstream_put(jetstream, layout->workers, layout->worker, "", lease->seen_seq, &seq,
                        NULL); /* else it becomes stale */
}

int lease_is_due(const struct lease *lease, uint64_t now_ns)
{
    return now_ns - lease->held_ns >= LEASE_EVERY_NS;
}

int lease_is_doubtful(const struct lease *lease, uint64_t now_ns)
{
    return lease->held_ns == 0 || now_ns - lease->held_ns >= LEASE_STALE_NS - LEASE_EVERY_NS;
}
