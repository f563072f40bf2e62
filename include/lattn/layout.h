#ifndef LATTN_LAYOUT_H
#define LATTN_LAYOUT_H

#include <lattn/limits.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/*
 * How a stream that is divided into shards is laid out on servers of NATS JetStream, as publishers
 * and workers agree on: where the servers are, what the parts are called and how they are set up,
 * and how messages are numbered. All of it is text; nothing here speaks to a server.
 */

/* ---- where the servers are ------------------------------------------------------------------ */

enum {
    /* Bytes of a URL with its closing zero: eight servers with the long names of a cluster. */
    LATTN_STREAM_URL_MAX = 512,
    /* Servers of one URL: enough to find the others of a cluster. */
    LATTN_STREAM_SERVERS_MAX = 8,
    /* Bytes of one of them with scheme, port and closing zero: names of hosts have 253. */
    LATTN_STREAM_SERVER_MAX = 272,
    /* Bytes of a prefix with its closing zero. */
    LATTN_STREAM_PREFIX_MAX = 33
};

/*
 * is_secure  the servers have certificates, and all is encrypted
 * servers    each with its scheme and port, "nats://HOST:PORT" or "tls://HOST:PORT"
 * prefix     what names of streams and subjects begin with
 */
struct lattn_stream_url {
    int32_t is_secure;
    int32_t servers_count;
    char servers[LATTN_STREAM_SERVERS_MAX][LATTN_STREAM_SERVER_MAX];
    char prefix[LATTN_STREAM_PREFIX_MAX];
};

/*
 * Read a URL as people type it:
 *
 *     nats://HOST[:PORT][,HOST[:PORT]...][/[PREFIX]]     or tls:// for servers with certificates
 *
 * A host that is an address of IPv6 stands in brackets. The port is 4222 where none is given, the
 * prefix "lattn". Nothing is looked up.
 *
 * text     in   up to LATTN_STREAM_URL_MAX - 1 bytes
 * ret_url  out  untouched on refusal
 *
 * Returns LATTN_OK, or LATTN_ADDRESS with the reason: also where a user, a password or a token
 * stands before a host, which everybody could see. The complaint shows nothing of the text.
 */
LATTN_API enum lattn_status lattn_stream_url_read(const char *text,
                                                  struct lattn_stream_url *ret_url,
                                                  struct lattn_complaint *complaint);

/* Is it made of letters, digits, - and _, at least one of them, and shorter than size? As prefixes
 * and publishers are. Returns 1 or 0. */
LATTN_API int32_t lattn_stream_url_is_name(const char *text, size_t size);

/* ---- what the parts are called -------------------------------------------------------------- */

enum {
    /* Bytes of a name, a subject or a description of ours with its closing zero. */
    LATTN_LAYOUT_TEXT_MAX = 52,
    /* The same of what others made: enough to see that it is not ours, and to show it. */
    LATTN_LAYOUT_FOUND_MAX = 128,
    /* For so many seconds a server knows the numbers of messages, and takes none twice. */
    LATTN_LAYOUT_DUPLICATES_S = 600
};

/*
 *     shard k of P     stream PREFIX_k, subject PREFIX.in.k, described as
 *                      "lattn shard k/P epoch E"
 *     its worker       durable consumer PREFIX_k_worker
 *     who that is      stream PREFIX_workers of the subjects PREFIX.worker.*, PREFIX.worker.k
 *
 * The stream is kept in files; it refuses what does not fit, and keeps what was taken.
 */
struct lattn_layout {
    char stream[LATTN_LAYOUT_TEXT_MAX];
    char subject[LATTN_LAYOUT_TEXT_MAX];
    char description[LATTN_LAYOUT_TEXT_MAX];
    char consumer[LATTN_LAYOUT_TEXT_MAX];
    char workers[LATTN_LAYOUT_TEXT_MAX];
    char workers_subject[LATTN_LAYOUT_TEXT_MAX]; /* of all shards */
    char worker[LATTN_LAYOUT_TEXT_MAX];
};

/*
 * Name the parts of shard k of P; cannot fail.
 *
 * prefix  in  as lattn_stream_url_read gives it
 * shard   in  0 <= shard < shards <= LATTN_SHARDS_MAX
 * epoch   in  from 1 on; a stream that is divided anew begins another one
 */
LATTN_API void lattn_layout_init(struct lattn_layout *layout, const char *prefix, int32_t shard,
                                 int32_t shards, uint64_t epoch);

/*
 * A stream as a server describes it; of longer texts the beginning.
 *
 * subject      its first one, "" for none
 * subjects     how many there are
 * description  "" for none
 * is_on_disk   it is kept in files, not in memory
 * keeps_old    full, it refuses new messages, and drops no old ones
 * keeps_taken  messages stay when they were taken
 */
struct lattn_layout_found {
    char subject[LATTN_LAYOUT_FOUND_MAX];
    int32_t subjects;
    char description[LATTN_LAYOUT_FOUND_MAX];
    int32_t is_on_disk;
    int32_t keeps_old;
    int32_t keeps_taken;
};

/*
 * Is the stream of a shard laid out so? Whoever made it by hand may describe it as he likes; but a
 * description that begins as ours does must be this shard's.
 *
 * Returns LATTN_OK, or LATTN_CONFLICT: "wrong layout: ..." says what differs, and how. The
 * complaint does not name the stream.
 */
LATTN_API enum lattn_status lattn_layout_check(const struct lattn_layout *layout,
                                               const struct lattn_layout_found *found,
                                               struct lattn_complaint *complaint);

/* ---- how messages are numbered -------------------------------------------------------------- */

/* Bytes of a number with its publisher and its closing zero. */
enum { LATTN_MSGID_MAX = LATTN_PRODUCER_MAX + 21 };

/*
 * Who published a message, and as its how manieth of this stream, from 1 on: what the header
 * Nats-Msg-Id says, as PUBLISHER.NUMBER.
 */
struct lattn_msgid {
    char publisher[LATTN_PRODUCER_MAX];
    uint64_t number;
};

/* Write it; publisher: as lattn_stream_url_is_name takes it below LATTN_PRODUCER_MAX. */
LATTN_API void lattn_msgid_write(const char *publisher, uint64_t number,
                                 char ret_text[LATTN_MSGID_MAX]);

/*
 * Read it.
 *
 * ret_id  out  untouched where 0 is returned
 *
 * Returns 1, or 0 where the header says something else: then it is nobody's number.
 */
LATTN_API int32_t lattn_msgid_read(const char *text, struct lattn_msgid *ret_id);

LATTN_END

#endif
