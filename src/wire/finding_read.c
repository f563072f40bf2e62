/*
 * A layer of softmax attention out of what a probe found (finding_json.c): the places of the
 * parameters first, then the parameters, once their sizes are known.
 */
#include <lattn/wire.h>

#include "base/complaint.h"
#include "wire/member.h"

#include <math.h>
#include <string.h>

enum { WORD_MAX = 32 };

/* What a finding says of its parameters. Where they do not stand, `at` is NULL. */
struct outline {
    char kind[WORD_MAX];
    char verdict[WORD_MAX];
    int32_t d;
    int32_t m;
    struct scan heads;
    struct scan network;
    double threshold;
};

#define OF_OUTLINE(field) offsetof(struct outline, field)

static const struct member outline_members[] = {
    {.word = "kind", .kind = MEMBER_TEXT, .offset = OF_OUTLINE(kind), .size = WORD_MAX},
    {.word = "verdict", .kind = MEMBER_TEXT, .offset = OF_OUTLINE(verdict), .size = WORD_MAX},
    {.word = "d", .kind = MEMBER_INT32, .offset = OF_OUTLINE(d)},
    {.word = "m", .kind = MEMBER_INT32, .offset = OF_OUTLINE(m)},
    {.word = "heads", .kind = MEMBER_PLACE, .offset = OF_OUTLINE(heads)},
    {.word = "network", .kind = MEMBER_PLACE, .offset = OF_OUTLINE(network)},
    {.word = "threshold", .kind = MEMBER_NUMBER, .offset = OF_OUTLINE(threshold)},
    {.word = NULL},
};

struct head_places {
    struct scan W;
    struct scan v;
    struct scan V;
};

static const struct member head_members[] = {
    {.word = "W", .kind = MEMBER_PLACE, .offset = offsetof(struct head_places, W)},
    {.word = "v", .kind = MEMBER_PLACE, .offset = offsetof(struct head_places, v)},
    {.word = "V", .kind = MEMBER_PLACE, .offset = offsetof(struct head_places, V)},
    {.word = NULL},
};

struct network_places {
    struct scan J;
    struct scan c;
    struct scan s;
    struct scan p;
    struct scan q;
};

static const struct member network_members[] = {
    {.word = "J", .kind = MEMBER_PLACE, .offset = offsetof(struct network_places, J)},
    {.word = "c", .kind = MEMBER_PLACE, .offset = offsetof(struct network_places, c)},
    {.word = "s", .kind = MEMBER_PLACE, .offset = offsetof(struct network_places, s)},
    {.word = "p", .kind = MEMBER_PLACE, .offset = offsetof(struct network_places, p)},
    {.word = "q", .kind = MEMBER_PLACE, .offset = offsetof(struct network_places, q)},
    {.word = NULL},
};

/* ---- matrices -------------------------------------------------------------------------------- */

static enum lattn_status shape_refuse(const struct scan_matrix *matrix, int32_t rows,
                                      int32_t columns, struct lattn_complaint *complaint)
{
    return complain(complaint, LATTN_SHAPE, "%s is %d x %d, %d x %d is expected", matrix->name,
                    matrix->rows, matrix->columns, rows, columns);
}

static enum lattn_status matrix_read(const struct scan *place, const char *name, int32_t rows,
                                     int32_t columns, double *ret_numbers,
                                     struct lattn_complaint *complaint)
{
    struct scan scan = *place;
    struct scan_matrix matrix = {.name = name,
                                 .row_unit = "rows",
                                 .unit = "columns",
                                 .rows_max = rows,
                                 .columns_max = columns,
                                 .numbers = ret_numbers};
    enum lattn_status status;

    if (scan.at == NULL)
        return complain(complaint, LATTN_FIELD, "%s is missing", name);
    status = scan_matrix(&scan, &matrix);
    /* A matrix without rows has no columns to be told. */
    if (status == LATTN_OK && (matrix.rows != rows || (rows > 0 && matrix.columns != columns)))
        return shape_refuse(&matrix, rows, columns, complaint);
    return status;
}

static enum lattn_status row_read(const struct scan *place, const char *name, int32_t columns,
                                  double *ret_numbers, struct lattn_complaint *complaint)
{
    struct scan scan = *place;
    struct scan_matrix matrix = {
        .name = name, .unit = "numbers", .columns_max = columns, .numbers = ret_numbers};
    enum lattn_status status;

    if (scan.at == NULL)
        return complain(complaint, LATTN_FIELD, "%s is missing", name);
    status = scan_row(&scan, &matrix);
    if (status == LATTN_OK && matrix.columns != columns)
        return shape_refuse(&matrix, 1, columns, complaint);
    return status;
}

/* ---- parameters ------------------------------------------------------------------------------ */

static enum lattn_status head_read(struct scan *scan, int64_t index, void *arg)
{
    struct lattn_attention *attention = arg;
    size_t d = (size_t)attention->d;
    size_t m = (size_t)attention->m;
    size_t head = (size_t)index;
    struct head_places places;
    enum lattn_status status = member_read(scan, "a head", head_members, &places);

    if (status == LATTN_OK)
        status = matrix_read(&places.W, "W", attention->d, attention->d,
                             attention->W + head * d * d, scan->complaint);
    if (status != LATTN_OK || attention->V == NULL)
        return status;
    if (attention->m == 1)
        return row_read(&places.v, "v", attention->d, attention->V + head * d, scan->complaint);
    return matrix_read(&places.V, "V", attention->m, attention->d, attention->V + head * m * d,
                       scan->complaint);
}

static enum lattn_status network_fill(struct lattn_attention *attention,
                                      const struct network_places *places,
                                      struct lattn_complaint *complaint)
{
    struct lattn_network *network = attention->network;
    struct scan q = places->q;
    enum lattn_status status =
        matrix_read(&places->J, "network.J", network->width, attention->d, network->J, complaint);

    if (status == LATTN_OK)
        status = row_read(&places->c, "network.c", network->width, network->c, complaint);
    if (status == LATTN_OK)
        status = row_read(&places->s, "network.s", network->width, network->s, complaint);
    if (status == LATTN_OK)
        status = row_read(&places->p, "network.p", attention->d, network->p, complaint);
    if (status == LATTN_OK && q.at == NULL)
        status = complain(complaint, LATTN_FIELD, "network.q is missing");
    return status == LATTN_OK ? scan_number(&q, "network.q", &network->q) : status;
}

/* A width that the text cannot hold is refused before memory is taken for it. */
static enum lattn_status network_open(const struct outline *outline, size_t length,
                                      struct lattn_attention **ret_attention,
                                      struct network_places *ret_places,
                                      struct lattn_complaint *complaint)
{
    struct scan scan = outline->network;
    enum lattn_status status = member_read(&scan, "network", network_members, ret_places);
    int64_t width;

    if (status != LATTN_OK)
        return status;
    if (ret_places->J.at == NULL)
        return complain(complaint, LATTN_FIELD, "network.J is missing");
    scan = ret_places->J;
    status = scan_count(&scan, "network.J", &width);
    if (status != LATTN_OK)
        return status;
    if (width > (int64_t)(length / 2) / outline->d)
        return complain(complaint, LATTN_SHAPE, "network.J has rows of less than %d numbers",
                        outline->d);
    return lattn_attention_open_network(ret_attention, outline->d, (int32_t)width);
}

static enum lattn_status attention_read(const struct outline *outline, size_t length,
                                        struct lattn_attention **ret_attention,
                                        struct lattn_complaint *complaint)
{
    struct scan heads = outline->heads;
    int has_network = outline->network.at != NULL;
    struct network_places places;
    size_t count;
    enum lattn_status status =
        scan_count_within(&heads, "heads", has_network ? 1 : LATTN_PROBE_HEADS_MAX, &count);

    if (status == LATTN_OK && count == 0)
        status = complain(complaint, LATTN_EMPTY, "heads is empty");
    if (status == LATTN_OK)
        status = has_network
                     ? network_open(outline, length, ret_attention, &places, complaint)
                     : lattn_attention_open(ret_attention, outline->d, outline->m, (int32_t)count);
    if (status == LATTN_OK)
        status = scan_array(&heads, "heads", head_read, *ret_attention);
    if (status == LATTN_OK && has_network)
        status = network_fill(*ret_attention, &places, complaint);
    return status;
}

/* ---- the finding ----------------------------------------------------------------------------- */

static int is_softmax(const char *kind, enum lattn_architecture *ret_architecture)
{
    static const enum lattn_architecture all[] = {
        LATTN_ARCHITECTURE_SOFTMAX, LATTN_ARCHITECTURE_TRANSFORMER, LATTN_ARCHITECTURE_LABEL};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *ret_architecture = all[i];
        if (strcmp(kind, lattn_architecture_text(all[i])) == 0)
            return 1;
    }
    return 0;
}

static enum lattn_status outline_check(const struct outline *outline,
                                       enum lattn_architecture *ret_architecture,
                                       struct lattn_complaint *complaint)
{
    if (outline->verdict[0] != '\0' && outline->heads.at == NULL)
        return complain(complaint, LATTN_EMPTY, "it has no parameters, its verdict is \"%s\"",
                        outline->verdict);
    if (!is_softmax(outline->kind, ret_architecture))
        return complain(complaint, LATTN_NO_DATA, "it is no finding of softmax attention");
    if (outline->heads.at == NULL)
        return complain(complaint, LATTN_FIELD, "heads is missing");
    if (outline->d < 1 || outline->d > LATTN_DIM_MAX || outline->m < 1 ||
        outline->m > LATTN_OUTPUTS_MAX)
        return complain(complaint, LATTN_RANGE, "d is %d and m is %d", outline->d, outline->m);
    if (*ret_architecture != LATTN_ARCHITECTURE_SOFTMAX && outline->m != 1)
        return complain(complaint, LATTN_RANGE, "m is %d, 1 goes with %s", outline->m,
                        outline->kind);
    if ((*ret_architecture == LATTN_ARCHITECTURE_TRANSFORMER) != (outline->network.at != NULL))
        return complain(complaint, LATTN_FIELD, "kind is \"%s\", and network is %s", outline->kind,
                        outline->network.at != NULL ? "there" : "missing");
    if (*ret_architecture == LATTN_ARCHITECTURE_LABEL && !isfinite(outline->threshold))
        return complain(complaint, LATTN_FIELD, "threshold is missing");
    return LATTN_OK;
}

enum lattn_status lattn_attention_read(const char *text, size_t length,
                                       enum lattn_architecture *ret_architecture,
                                       struct lattn_attention **ret_attention,
                                       struct lattn_complaint *complaint)
{
    struct outline outline = {0};
    struct lattn_attention *attention = NULL;
    enum lattn_architecture architecture = LATTN_ARCHITECTURE_AUTO;
    struct scan scan;
    enum lattn_status status = scan_begin(&scan, text, length, complaint);

    if (status == LATTN_OK)
        status = member_read(&scan, "the finding", outline_members, &outline);
    if (status == LATTN_OK)
        status = scan_finish(&scan);
    if (status == LATTN_OK)
        status = outline_check(&outline, &architecture, complaint);
    if (status == LATTN_OK)
        status = attention_read(&outline, length, &attention, complaint);
    if (status != LATTN_OK) {
        lattn_attention_close(&attention);
        return status;
    }
    if (architecture == LATTN_ARCHITECTURE_LABEL)
        attention->threshold = outline.threshold;
    *ret_architecture = architecture;
    *ret_attention = attention;
    return LATTN_OK;
}
