/*
 * What a probe found, as JSON: remarks, which any finding has, then the parameters, which only
 * those have that recovered some.
 */
#include "wire/finding_json.h"

#include "wire/member.h"
#include "wire/model_json.h"

#include <lattn/wire.h>

/* The freedoms as programs know them. */
static const struct {
    enum lattn_freedom freedom;
    const char *word;
} freedoms[] = {
    {LATTN_FREEDOM_SCALE, "scale"},   {LATTN_FREEDOM_ORDER, "order"},
    {LATTN_FREEDOM_SILENT, "silent"}, {LATTN_FREEDOM_NETWORK, "network"},
    {LATTN_FREEDOM_HEADS, "heads"},
};

/* ---- remarks --------------------------------------------------------------------------------- */

#define OF_FINDING(field) offsetof(struct lattn_finding, field)

static const struct member remarks_members[] = {
    {.word = "reason",
     .kind = MEMBER_REMARK,
     .offset = OF_FINDING(reason),
     .size = LATTN_REASON_MAX},
    {.word = "residual", .kind = MEMBER_NUMBER, .offset = OF_FINDING(residual)},
    {.word = "residual_max", .kind = MEMBER_NUMBER, .offset = OF_FINDING(threshold)},
    {.word = "noise", .kind = MEMBER_NUMBER, .offset = OF_FINDING(noise)},
    {.word = "noise_floor", .kind = MEMBER_NUMBER, .offset = OF_FINDING(noise_floor)},
    {.word = "rank", .kind = MEMBER_INT32, .offset = OF_FINDING(rank)},
    {.word = "norm_asked", .kind = MEMBER_NUMBER, .offset = OF_FINDING(norm)},
    {.word = "length_asked", .kind = MEMBER_INT32, .offset = OF_FINDING(length)},
    {.word = NULL},
};

/* Questions by purpose, and what the theory counts of those to learn from; 0: it does not say. */
static void queries_write(struct writer *writer, const struct lattn_asked *asked, uint64_t theory)
{
    writer_key(writer, "queries");
    writer_open(writer, '{');
    writer_key(writer, "learn");
    writer_count(writer, asked->learn);
    writer_key(writer, "trial");
    writer_count(writer, asked->trial);
    writer_key(writer, "verify");
    writer_count(writer, asked->verify);
    writer_close(writer, '}');
    writer_key(writer, "theory");
    if (theory == 0)
        writer_null(writer);
    else
        writer_count(writer, theory);
}

static void freedoms_write(struct writer *writer, uint32_t bits)
{
    writer_open(writer, '[');
    for (size_t i = 0; i < sizeof freedoms / sizeof *freedoms; i++) {
        if ((bits & (uint32_t)freedoms[i].freedom) == 0)
            continue;
        writer_open(writer, '{');
        writer_key(writer, "name");
        writer_string(writer, freedoms[i].word);
        writer_key(writer, "text");
        writer_string(writer, lattn_freedom_text(freedoms[i].freedom));
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

static void checks_write(struct writer *writer, const struct lattn_finding *finding)
{
    writer_open(writer, '[');
    for (int32_t i = 0; i < finding->checks_count; i++) {
        const struct lattn_check *check = &finding->checks[i];

        writer_open(writer, '{');
        writer_key(writer, "name");
        writer_string(writer, check->name);
        writer_key(writer, "value");
        writer_number(writer, check->value);
        writer_key(writer, "threshold");
        writer_number(writer, check->threshold);
        writer_key(writer, "passed");
        writer_flag(writer, check->is_passed);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

static void defences_write(struct writer *writer, const struct lattn_finding *finding)
{
    writer_open(writer, '[');
    for (int32_t i = 0; i < finding->defences_count; i++) {
        const struct lattn_defence *defence = &finding->defences[i];

        writer_open(writer, '{');
        writer_key(writer, "name");
        writer_string(writer, defence->name);
        writer_key(writer, "questions");
        writer_number(writer, defence->questions);
        writer_key(writer, "error");
        writer_number(writer, defence->error);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

void finding_json_remarks(struct writer *writer, const struct lattn_finding *finding)
{
    writer_key(writer, "kind");
    writer_string(writer, lattn_architecture_text(finding->architecture));
    writer_key(writer, "verdict");
    writer_string(writer, lattn_outcome_text(finding->outcome));
    writer_key(writer, "freedoms");
    freedoms_write(writer, finding->freedoms);
    member_write_more(writer, remarks_members, finding);
    queries_write(writer, &finding->asked, finding->theory);
    writer_key(writer, "checks");
    checks_write(writer, finding);
    writer_key(writer, "defences");
    defences_write(writer, finding);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static void sizes_write(struct writer *writer, int32_t d, int32_t m)
{
    writer_key(writer, "d");
    writer_count(writer, (uint64_t)d);
    writer_key(writer, "m");
    writer_count(writer, (uint64_t)m);
}

static void matrix_write(struct writer *writer, const char *word, const double *numbers,
                         int32_t rows, int32_t columns)
{
    writer_key(writer, word);
    writer_matrix(writer, numbers, rows, columns);
}

static void row_write(struct writer *writer, const char *word, const double *numbers,
                      int32_t columns)
{
    writer_key(writer, word);
    writer_row(writer, numbers, columns);
}

/* A single answer has a vector v, several have a matrix V. */
static void values_write(struct writer *writer, const struct lattn_attention *attention,
                         size_t head)
{
    size_t start = head * (size_t)attention->m * (size_t)attention->d;

    if (attention->m == 1) {
        row_write(writer, "v", attention->V + start, attention->d);
        row_write(writer, "v_error", attention->V_error + start, attention->d);
    } else {
        matrix_write(writer, "V", attention->V + start, attention->m, attention->d);
        matrix_write(writer, "V_error", attention->V_error + start, attention->m, attention->d);
    }
}

static void heads_write(struct writer *writer, const struct lattn_attention *attention)
{
    size_t weights = (size_t)attention->d * (size_t)attention->d;

    writer_key(writer, "heads");
    writer_open(writer, '[');
    for (size_t h = 0; h < (size_t)attention->heads; h++) {
        writer_open(writer, '{');
        matrix_write(writer, "W", attention->W + h * weights, attention->d, attention->d);
        matrix_write(writer, "W_error", attention->W_error + h * weights, attention->d,
                     attention->d);
        if (attention->V != NULL)
            values_write(writer, attention, h);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

static void network_write(struct writer *writer, const struct lattn_network *network, int32_t d)
{
    writer_key(writer, "network");
    writer_open(writer, '{');
    matrix_write(writer, "J", network->J, network->width, d);
    row_write(writer, "c", network->c, network->width);
    row_write(writer, "s", network->s, network->width);
    row_write(writer, "p", network->p, d);
    writer_key(writer, "q");
    writer_number(writer, network->q);
    writer_close(writer, '}');
}

static void attention_write(struct writer *writer, const struct lattn_finding *finding)
{
    const struct lattn_attention *attention = finding->attention;

    sizes_write(writer, attention->d, attention->m);
    heads_write(writer, attention);
    if (attention->network != NULL)
        network_write(writer, attention->network, attention->d);
    if (finding->architecture == LATTN_ARCHITECTURE_LABEL) {
        writer_key(writer, "threshold");
        writer_number(writer, attention->threshold);
    }
}

static void linear_write(struct writer *writer, const struct lattn_finding *finding)
{
    sizes_write(writer, finding->linear->d, finding->linear->m);
    writer_key(writer, "heads");
    model_json_heads(writer, finding->linear);
    writer_key(writer, "coefficient_error");
    writer_number(writer, finding->linear_error);
}

enum lattn_status lattn_write_finding(struct lattn_text *text, const struct lattn_finding *finding)
{
    struct writer writer;

    writer_begin(&writer, text, LATTN_FORMAT_JSON);
    writer_open(&writer, '{');
    finding_json_remarks(&writer, finding);
    if (finding->attention != NULL)
        attention_write(&writer, finding);
    if (finding->linear != NULL)
        linear_write(&writer, finding);
    writer_close(&writer, '}');
    return writer_end(&writer);
}

/* ---- a plan ---------------------------------------------------------------------------------- */

enum lattn_status lattn_write_plan(struct lattn_text *text, const struct lattn_probe_plan *plan)
{
    struct writer writer;

    writer_begin(&writer, text, LATTN_FORMAT_JSON);
    writer_open(&writer, '{');
    queries_write(&writer, &plan->asked, plan->theory);
    writer_key(&writer, "bound");
    writer_flag(&writer, plan->is_bound);
    writer_close(&writer, '}');
    return writer_end(&writer);
}
