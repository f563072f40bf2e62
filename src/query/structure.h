#ifndef QUERY_STRUCTURE_H
#define QUERY_STRUCTURE_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"
#include "query/sample.h"

#include <lattn/query.h>
#include <lattn/status.h>

/* What the tests say together. */
enum structure {
    STRUCTURE_SOFTMAX,     /* nothing speaks against softmax heads */
    STRUCTURE_LINEAR,      /* single tokens count to the third power */
    STRUCTURE_NETWORK,     /* single tokens do not add up, all else is as of a head */
    STRUCTURE_LABELS,      /* 0 and 1, and nothing else */
    STRUCTURE_CONSTANT,    /* one answer to every token, not 0 */
    STRUCTURE_SILENT,      /* 0 to every single token */
    STRUCTURE_NORMED,      /* answers do not grow with tokens */
    STRUCTURE_PLACES,      /* the order of tokens matters */
    STRUCTURE_COPIES,      /* equal tokens do not answer as one */
    STRUCTURE_BIAS,        /* what a token of zeros is answered is added */
    STRUCTURE_RESIDUAL,    /* the last token is added, apart from attention */
    STRUCTURE_SCORES_BIAS, /* attention is uneven where scores should be zero */
    STRUCTURE_SHORT        /* linear in single tokens, and longer sequences are not taken */
};

/*
 * Ask what tells architectures apart: sums, multiples and copies of tokens, tokens beside zeros, in
 * 55 trials or fewer. Each test is put down among the checks.
 *
 * sample      in      asked before; its norms are used
 * conditions  in/out  epsilon becomes that of floats where sums show it
 * may_refine  in      0: epsilon was told
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or what oracle_ask returned.
 */
enum lattn_status structure_find(struct oracle *oracle, struct conditions *conditions,
                                 const struct sample *sample, int may_refine, struct random *random,
                                 struct lattn_finding *finding, enum structure *ret_structure);

/*
 * Are sequences of two and three tokens answered by zero as well? Twelve trials, of all norms.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or what oracle_ask returned.
 */
enum lattn_status structure_silence(struct oracle *oracle, const struct conditions *conditions,
                                    struct random *random, struct lattn_finding *finding,
                                    int *ret_is_silent);

/* Put down as the reason that single tokens are answered by zero, and longer sequences are not. */
void structure_cancel(struct lattn_finding *finding);

#endif
