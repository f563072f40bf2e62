/*
 * A crowd at a daemon's Unix socket, from one thread so that it takes little of the machine:
 *
 *     crowd PATH KIND[,KIND]... COUNT SECONDS
 *
 * Peers are of these kinds in turn, by the names below. The honest ones feed numbered pairs and
 * await every answer; the others come again when they are dropped.
 *
 * Prints one line of JSON at the end, with the processor's time it took itself; exit 0, or 2 where
 * it could not even begin.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum kind {
    HONEST_FRAMES,
    HONEST_LINES,
    IDLE,       /* connects */
    HALF_FRAME, /* sends 100 KB of a frame of 8 MB */
    CLAIM,      /* claims 4 GiB */
    DEAF,       /* asks as long as it can write, and never reads */
    DEAF_MODEL, /* the same for models */
    TRICKLE,    /* a byte a second */
    GARBAGE,    /* lines that are none, as fast as they go; reads what is said to that */
    ENDLESS,    /* a line without end, as fast as it goes */
    CHURN,      /* connects, sends half a line, closes, again */
    KINDS_COUNT
};

static const char *const names[KINDS_COUNT] = {
    [HONEST_FRAMES] = "frames", [HONEST_LINES] = "lines", [IDLE] = "idle",
    [HALF_FRAME] = "half",      [CLAIM] = "claim",        [DEAF] = "deaf",
    [DEAF_MODEL] = "models",    [TRICKLE] = "trickle",    [GARBAGE] = "garbage",
    [ENDLESS] = "endless",      [CHURN] = "churn"};

enum {
    DIM = 4,
    LENGTH = 8,
    BATCH = 16,
    WINDOW_FRAMES = 4,
    WINDOW_LINES = 16,
    BLOCK_BYTES = 64 << 10,
    HALF_BYTES = 100000,
    MESSAGE_BYTES_MAX = 8192,
    ANSWER_BYTES_MAX = 4096,
    EVENTS_MAX = 256,
    TICK_MS = 10,
    PATIENCE_S = 60,
    KINDS_MAX = 16
};

/*
 * message    of an honest peer: the same each time, but for its numbers at id_at and seq_at
 * unsent     bytes of it, or of what a hostile one repeats, that are still to go
 * watched    the events epoll reports of it
 */
struct peer {
    enum kind kind;
    int fd;
    uint32_t watched;
    uint32_t sent;
    uint32_t answered;
    size_t unsent;
    size_t length;
    size_t id_at;
    size_t seq_at;
    size_t answers_length;
    char answers[ANSWER_BYTES_MAX];
    char message[MESSAGE_BYTES_MAX];
};

/* What a hostile kind sends again and again. */
struct block {
    size_t length;
    char bytes[BLOCK_BYTES];
};

struct crowd {
    const char *path;
    int epoll;
    struct peer *peers;
    int count;
    int is_stopping;
    uint64_t dropped; /* honest peers that lost their connection */
    uint64_t refused; /* answers that were errors, to honest peers */
    uint64_t visits;  /* connections made */
    uint64_t bytes;   /* sent */
    int kinds_count;
    enum kind kinds[KINDS_MAX]; /* of the peers, in turn */
    struct block blocks[KINDS_COUNT];
    char answers[BLOCK_BYTES]; /* to hostile ones; nobody looks at them */
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double cpu_s(void)
{
    struct timespec spent;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (double)spent.tv_sec + 1e-9 * (double)spent.tv_nsec;
}

/* ---- what honest peers say ---- */

static void add(struct peer *peer, const void *bytes, size_t length)
{
    memcpy(peer->message + peer->length, bytes, length);
    peer->length += length;
}

/* {"shape": [...], "dtype": "<f8", "data": bin} */
static void tensor_add(struct peer *peer, const uint8_t *shape, size_t rank, const double *numbers,
                       size_t count)
{
    size_t bytes = count * sizeof *numbers;
    uint8_t head[3] = {0xc5, (uint8_t)(bytes >> 8), (uint8_t)bytes};
    uint8_t axes = (uint8_t)(0x90 + rank);

    add(peer, "\x83\xa5shape", 7);
    add(peer, &axes, 1);
    add(peer, shape, rank);
    add(peer,
        "\xa5"
        "dtype\xa3<f8\xa4"
        "data",
        15);
    add(peer, head, sizeof head);
    add(peer, numbers, bytes);
}

static void frame_make(struct peer *peer, const char *name, const double *numbers)
{
    const uint8_t z[] = {BATCH, LENGTH, DIM};
    const uint8_t y[] = {BATCH, 1};
    uint8_t length = (uint8_t)(0xa0 + strlen(name));

    add(peer, "\x94\x00\xce....\xa5learn\x84\xa8producer", 23);
    peer->id_at = 3;
    add(peer, &length, 1);
    add(peer, name, strlen(name));
    add(peer, "\xa3seq\xcf", 5);
    peer->seq_at = peer->length;
    add(peer, "........\xa1z", 10);
    tensor_add(peer, z, 3, numbers, (size_t)BATCH * LENGTH * DIM);
    add(peer, "\xa1y", 2);
    tensor_add(peer, y, 2, numbers, BATCH);
}

static void line_make(struct peer *peer, const char *name, const double *numbers)
{
    char *text = peer->message;
    size_t size = sizeof peer->message;
    int at = snprintf(text, size, "{\"id\":");

    peer->id_at = (size_t)at;
    at += snprintf(text + at, size - (size_t)at, "%10d,\"producer\":\"%s\",\"seq\":", 0, name);
    peer->seq_at = (size_t)at;
    at += snprintf(text + at, size - (size_t)at, "%10d,\"y\":[1],\"z\":", 0);
    for (int i = 0; i < LENGTH * DIM; i++)
        at += snprintf(text + at, size - (size_t)at, "%s%.6f%s",
                       i == 0         ? "[["
                       : i % DIM == 0 ? "["
                                      : "",
                       numbers[i],
                       i == LENGTH * DIM - 1 ? "]]}\n"
                       : i % DIM == DIM - 1  ? "],"
                                             : ",");
    peer->length = (size_t)at;
}

static void message_make(struct peer *peer, int index)
{
    double numbers[BATCH * LENGTH * DIM];
    char name[32];

    snprintf(name, sizeof name, "%d-%d", (int)getpid(), index);
    srand((unsigned)index + 1);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        numbers[i] = rand() / (double)RAND_MAX - 0.5;
    if (peer->kind == HONEST_FRAMES)
        frame_make(peer, name, numbers);
    else
        line_make(peer, name, numbers);
}

static void big_endian(char *at, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (char)(number >> (8 * (bytes - 1 - i)));
}

/* Blanks may stand before a number. */
static void decimal(char *at, uint64_t number)
{
    char digits[16];

    snprintf(digits, sizeof digits, "%10" PRIu64, number);
    memcpy(at, digits, 10);
}

static void message_number(struct peer *peer)
{
    uint64_t members = peer->kind == HONEST_FRAMES ? BATCH : 1;
    uint64_t seq = 1 + peer->sent * members;

    if (peer->kind == HONEST_FRAMES) {
        big_endian(peer->message + peer->id_at, peer->sent, 4);
        big_endian(peer->message + peer->seq_at, seq, 8);
    } else {
        decimal(peer->message + peer->id_at, peer->sent);
        decimal(peer->message + peer->seq_at, seq);
    }
}

/* ---- what they are answered ---- */

/* Bytes of the value of MessagePack here; 0 where it is not all here. */
static size_t value_length(const uint8_t *at, const uint8_t *end)
{
    static const uint8_t sizes[] = {1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 5, 9, 2, 3, 5, 9, 2, 3, 5, 9};
    size_t length = 1;
    size_t values = 0;

    if (at >= end)
        return 0;
    if (*at >= 0x80 && *at < 0xa0)
        values = *at < 0x90 ? 2 * (size_t)(*at & 15) : *at & 15;
    else if (*at >= 0xa0 && *at < 0xc0)
        length += *at & 31;
    else if (*at == 0xd9 && end - at > 1)
        length += 1 + (size_t)at[1];
    else if (*at >= 0xc0 && *at < 0xc0 + sizeof sizes)
        length = sizes[*at - 0xc0];
    for (; values > 0 && length > 0; values--) {
        size_t more = value_length(at + length, end);

        length = more == 0 ? 0 : length + more;
    }
    return length <= (size_t)(end - at) ? length : 0;
}

/* Bytes of the first answer; 0 where it is not all here. */
static size_t answer_length(const struct peer *peer)
{
    const char *newline;

    if (peer->kind == HONEST_FRAMES)
        return value_length((const uint8_t *)peer->answers,
                            (const uint8_t *)peer->answers + peer->answers_length);
    newline = memchr(peer->answers, '\n', peer->answers_length);
    return newline == NULL ? 0 : (size_t)(newline - peer->answers) + 1;
}

static void answers_count(struct crowd *crowd, struct peer *peer)
{
    size_t length;

    while ((length = answer_length(peer)) > 0) {
        if (memmem(peer->answers, length, "error", 5) != NULL ||
            memmem(peer->answers, length, "code", 4) != NULL)
            crowd->refused++;
        peer->answered++;
        peer->answers_length -= length;
        memmove(peer->answers, peer->answers + length, peer->answers_length);
    }
}

/* ---- connections ---- */

static int is_honest(const struct peer *peer)
{
    return peer->kind == HONEST_FRAMES || peer->kind == HONEST_LINES;
}

static uint32_t events_wanted(const struct peer *peer)
{
    int reads = peer->kind != DEAF && peer->kind != DEAF_MODEL;

    return (reads ? (uint32_t)EPOLLIN : 0) | (peer->unsent > 0 ? (uint32_t)EPOLLOUT : 0);
}

static void peer_watch(struct crowd *crowd, struct peer *peer)
{
    struct epoll_event event = {.events = events_wanted(peer), .data.ptr = peer};

    if (event.events == peer->watched)
        return;
    peer->watched = event.events;
    epoll_ctl(crowd->epoll, EPOLL_CTL_MOD, peer->fd, &event);
}

static void peer_leave(struct crowd *crowd, struct peer *peer)
{
    if (peer->fd < 0)
        return;
    close(peer->fd);
    peer->fd = -1;
    if (is_honest(peer))
        crowd->dropped++;
}

/* Where the daemon has no time for it now, it tries again at the next tick. */
static void peer_come(struct crowd *crowd, struct peer *peer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct epoll_event event;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", crowd->path);
    peer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (peer->fd < 0)
        return;
    if (connect(peer->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(peer->fd);
        peer->fd = -1;
        return;
    }
    crowd->visits++;
    peer->unsent = peer->kind == HALF_FRAME ? HALF_BYTES : SIZE_MAX;
    if (is_honest(peer) || peer->kind == IDLE || peer->kind == TRICKLE)
        peer->unsent = 0;
    peer->sent = is_honest(peer) ? peer->sent : 0;
    event = (struct epoll_event){.events = events_wanted(peer), .data.ptr = peer};
    peer->watched = event.events;
    epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, peer->fd, &event);
}

/* ---- what happens ---- */

/* 1: all of it went; 0: the socket is full; -1: the connection is lost. */
static int bytes_send(struct crowd *crowd, struct peer *peer, const char *bytes, size_t length)
{
    ssize_t n = send(peer->fd, bytes, length, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN ? 0 : -1;
    crowd->bytes += (size_t)n;
    peer->unsent -= (size_t)n;
    return (size_t)n == length;
}

static int honest_write(struct crowd *crowd, struct peer *peer)
{
    uint32_t window = peer->kind == HONEST_FRAMES ? WINDOW_FRAMES : WINDOW_LINES;
    int went = 1;

    while (went == 1) {
        if (peer->unsent == 0) {
            if (crowd->is_stopping || peer->sent - peer->answered >= window)
                break;
            message_number(peer);
            peer->unsent = peer->length;
            peer->sent++;
        }
        went = bytes_send(crowd, peer, peer->message + peer->length - peer->unsent, peer->unsent);
    }
    return went;
}

/* The beginning of each kind's message; behind it comes what crowd->block holds. */
static const char *const openings[KINDS_COUNT] = {
    [HALF_FRAME] = "\x93\x02\xa5learn\x81\xa1z\xc6\x00\x80\x00\x00",
    [CLAIM] = "\x93\x02\xa5learn\x81\xa1z\xc6\xff\xff\xff\xff",
    [DEAF] = "{\"id\":1,\"method\":\"status\"}\n",
    [DEAF_MODEL] = "{\"id\":1,\"method\":\"model\"}\n",
    [GARBAGE] = "{\"z\":[[1,2],[3]],\"y\":\"this is no pair, and it is not meant to be one\"}\n",
    [ENDLESS] = "{\"z\":[[1,",
    [CHURN] = "{\"z\":[[1,2",
};

static const size_t openings_length[KINDS_COUNT] = {
    [HALF_FRAME] = 14, [CLAIM] = 14,  [DEAF] = 27, [DEAF_MODEL] = 26,
    [GARBAGE] = 71,    [ENDLESS] = 9, [CHURN] = 10};

static int repeats(enum kind kind)
{
    return kind == DEAF || kind == DEAF_MODEL || kind == GARBAGE;
}

/* What follows the opening: the same again and again, or the rest of a number. */
static void blocks_fill(struct crowd *crowd)
{
    for (enum kind kind = 0; kind < KINDS_COUNT; kind++) {
        struct block *block = &crowd->blocks[kind];
        size_t length = openings_length[kind];

        block->length = repeats(kind) ? BLOCK_BYTES / length * length : BLOCK_BYTES;
        memset(block->bytes, '1', BLOCK_BYTES);
        for (size_t at = 0; repeats(kind) && at < block->length; at += length)
            memcpy(block->bytes + at, openings[kind], length);
    }
}

/* A line may be cut where the socket is full: then the next is garbage all the more. */
static int hostile_write(struct crowd *crowd, struct peer *peer)
{
    const struct block *block = &crowd->blocks[peer->kind];
    size_t length = peer->unsent < block->length ? peer->unsent : block->length;

    if (peer->sent++ == 0 && !repeats(peer->kind) &&
        bytes_send(crowd, peer, openings[peer->kind], openings_length[peer->kind]) < 0)
        return -1;
    if (peer->kind == CHURN)
        return -1;
    return bytes_send(crowd, peer, block->bytes, length) < 0 ? -1 : 0;
}

static int peer_write(struct crowd *crowd, struct peer *peer)
{
    return is_honest(peer) ? honest_write(crowd, peer) : hostile_write(crowd, peer);
}

static int peer_read(struct crowd *crowd, struct peer *peer)
{
    char *place = is_honest(peer) ? peer->answers + peer->answers_length : crowd->answers;
    size_t room = is_honest(peer) ? sizeof peer->answers - peer->answers_length : BLOCK_BYTES;
    ssize_t n = recv(peer->fd, place, room, 0);

    if (n == 0 || (n < 0 && errno != EAGAIN))
        return -1;
    if (n < 0 || !is_honest(peer))
        return 0;
    peer->answers_length += (size_t)n;
    answers_count(crowd, peer);
    return honest_write(crowd, peer);
}

static void event_take(struct crowd *crowd, const struct epoll_event *event)
{
    struct peer *peer = event->data.ptr;
    int went = 0;

    if (peer->fd < 0)
        return;
    if ((event->events & EPOLLIN) != 0)
        went = peer_read(crowd, peer);
    if (went >= 0 && (event->events & EPOLLOUT) != 0)
        went = peer_write(crowd, peer);
    if ((event->events & (EPOLLERR | EPOLLHUP)) != 0 && (event->events & EPOLLIN) == 0)
        went = -1;
    if (went < 0)
        peer_leave(crowd, peer);
    else
        peer_watch(crowd, peer);
}

static void trickle(struct crowd *crowd, struct peer *peer)
{
    peer->unsent = 1;
    if (bytes_send(crowd, peer, peer->sent++ == 0 ? "{" : " ", 1) < 0)
        peer_leave(crowd, peer);
}

/* What is done by the clock: who is away comes again; those who trickle send their byte. */
static void tick(struct crowd *crowd, int is_second)
{
    for (int i = 0; i < crowd->count; i++) {
        struct peer *peer = &crowd->peers[i];

        if (peer->fd < 0 && !is_honest(peer))
            peer_come(crowd, peer);
        else if (peer->fd >= 0 && is_second && peer->kind == TRICKLE)
            trickle(crowd, peer);
    }
}

static int is_all_answered(const struct crowd *crowd)
{
    for (int i = 0; i < crowd->count; i++) {
        const struct peer *peer = &crowd->peers[i];

        if (is_honest(peer) && peer->fd >= 0 && peer->answered < peer->sent)
            return 0;
    }
    return 1;
}

static void crowd_run(struct crowd *crowd, double seconds)
{
    double start = now_s();
    double ticked = start;
    double second = start;

    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(crowd->epoll, events, EVENTS_MAX, TICK_MS);
        double now = now_s();

        crowd->is_stopping = now - start >= seconds;
        for (int i = 0; i < count; i++)
            event_take(crowd, &events[i]);
        if (crowd->is_stopping && (is_all_answered(crowd) || now - start > seconds + PATIENCE_S))
            return;
        if (now - ticked < 1e-3 * TICK_MS)
            continue;
        tick(crowd, now - second >= 1);
        ticked = now;
        second = now - second >= 1 ? now : second;
    }
}

/* ---- all together ---- */

/* The kinds' names with commas between them. Returns 0, or -1 where one is none. */
static int kinds_take(struct crowd *crowd, char *text)
{
    for (char *word = strtok(text, ","); word != NULL; word = strtok(NULL, ",")) {
        int kind = 0;

        while (kind < KINDS_COUNT && strcmp(word, names[kind]) != 0)
            kind++;
        if (kind == KINDS_COUNT || crowd->kinds_count == KINDS_MAX)
            return -1;
        crowd->kinds[crowd->kinds_count++] = (enum kind)kind;
    }
    return crowd->kinds_count > 0 ? 0 : -1;
}

static int crowd_gather(struct crowd *crowd)
{
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    crowd->peers = calloc((size_t)crowd->count, sizeof *crowd->peers);
    if (crowd->epoll < 0 || crowd->peers == NULL)
        return -1;
    for (int i = 0; i < crowd->count; i++) {
        struct peer *peer = &crowd->peers[i];

        peer->fd = -1;
        peer->kind = crowd->kinds[i % crowd->kinds_count];
        if (is_honest(peer))
            message_make(peer, i);
        while (peer->fd < 0) {
            peer_come(crowd, peer);
            if (peer->fd < 0)
                usleep(1000);
        }
    }
    for (int i = 0; i < crowd->count; i++) {
        if (is_honest(&crowd->peers[i]) && honest_write(crowd, &crowd->peers[i]) < 0)
            return -1;
        peer_watch(crowd, &crowd->peers[i]);
    }
    return 0;
}

static uint64_t pairs_answered(const struct crowd *crowd)
{
    uint64_t pairs = 0;

    for (int i = 0; i < crowd->count; i++)
        pairs += (uint64_t)crowd->peers[i].answered *
                 (crowd->peers[i].kind == HONEST_FRAMES ? BATCH : 1);
    return pairs;
}

int main(int argc, char **argv)
{
    static struct crowd crowd;
    struct rlimit limit;
    double start;

    if (argc != 5)
        return 2;
    crowd.path = argv[1];
    crowd.count = (int)strtol(argv[3], NULL, 10);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    blocks_fill(&crowd);
    if (kinds_take(&crowd, argv[2]) != 0 || crowd_gather(&crowd) != 0)
        return 2;
    start = now_s();
    crowd_run(&crowd, strtod(argv[4], NULL));
    printf("{\"pairs\":%" PRIu64 ",\"seconds\":%.3f,\"dropped\":%" PRIu64 ",\"refused\":%" PRIu64
           ",\"visits\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"cpu\":%.3f}\n",
           pairs_answered(&crowd), now_s() - start, crowd.dropped, crowd.refused, crowd.visits,
           crowd.bytes, cpu_s());
    return 0;
}
