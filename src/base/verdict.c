/*
 * The verdict in words.
 */
#include <lattn/certificate.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Digits of 2^64, a space between every three, and the end. */
enum { COUNT_TEXT_MAX = 20 + 6 + 1 };

const char *lattn_verdict_text(enum lattn_verdict verdict)
{
    switch (verdict) {
    case LATTN_IDENTIFYING:
        return "identifying";
    case LATTN_CANNOT_TELL:
        return "cannot tell";
    case LATTN_NOT_IDENTIFYING:
        break;
    }
    return "not identifying";
}

/* In groups of three digits: "1 234 567". */
static const char *count_text(uint64_t count, char text[COUNT_TEXT_MAX])
{
    char *at = text + COUNT_TEXT_MAX;
    int digits = 0;

    *--at = '\0';
    do {
        if (digits > 0 && digits % 3 == 0)
            *--at = ' ';
        *--at = (char)('0' + count % 10);
        count /= 10;
        digits++;
    } while (count > 0);
    return at;
}

/* What is only about so many has one digit that says something, from a hundred on two. */
static double round_about(double count)
{
    double unit = 1;

    while (count / unit >= 100)
        unit *= 10;
    if (count < 100 && count >= 10)
        unit = 10;
    return unit * round(count / unit);
}

/* Where all are seen and nothing is wrong with them, it is pairs that are missing. */
static void directions_write(char *text, size_t size, const struct lattn_certificate *certificate)
{
    int is_whole = certificate->rank == certificate->p;
    char rank[COUNT_TEXT_MAX];
    char p[COUNT_TEXT_MAX];

    snprintf(text, size, "%s of %s directions seen%s",
             count_text((uint64_t)certificate->rank, rank), count_text((uint64_t)certificate->p, p),
             is_whole && certificate->verdict == LATTN_NOT_IDENTIFYING
                 ? ", by fewer effective pairs"
                 : "");
}

/* What is beyond a day's pairs at any speed is not worth a number. */
static void outlook_add(char *text, size_t size, double pairs_to_go)
{
    static const double pairs_most = 1e15;
    size_t length = strlen(text);
    char count[COUNT_TEXT_MAX];
    double about;

    if (!(pairs_to_go > 0) || pairs_to_go > pairs_most)
        return;
    about = round_about(ceil(pairs_to_go));
    snprintf(text + length, size - length, "; about %s more pair%s at this rate",
             count_text((uint64_t)about, count), about > 1 ? "s" : "");
}

void lattn_verdict_sentence(const struct lattn_certificate *certificate, double pairs_to_go,
                            char ret_sentence[LATTN_SENTENCE_MAX])
{
    char seen[2 * COUNT_TEXT_MAX + 64];
    char pair[COUNT_TEXT_MAX];

    directions_write(seen, sizeof seen, certificate);
    if (certificate->pairs == 0) {
        snprintf(ret_sentence, LATTN_SENTENCE_MAX, "nothing has been learned yet");
        return;
    }
    switch (certificate->verdict) {
    case LATTN_IDENTIFYING:
        snprintf(ret_sentence, LATTN_SENTENCE_MAX, "identifying since pair %s",
                 count_text((uint64_t)certificate->identifying_since, pair));
        return;
    case LATTN_CANNOT_TELL:
        snprintf(ret_sentence, LATTN_SENTENCE_MAX, "cannot tell: %s, some of them too weakly",
                 seen);
        return;
    case LATTN_NOT_IDENTIFYING:
        break;
    }
    if (certificate->lost_at != LATTN_NEVER)
        snprintf(ret_sentence, LATTN_SENTENCE_MAX, "no longer identifying since pair %s: %s",
                 count_text((uint64_t)certificate->lost_at, pair), seen);
    else
        snprintf(ret_sentence, LATTN_SENTENCE_MAX, "not yet identifying: %s", seen);
    outlook_add(ret_sentence, LATTN_SENTENCE_MAX, pairs_to_go);
}
