/*
 * A learner from bytes that nobody vouches for. What is read must be what some stream could have
 * left behind, as far as the rest of core relies on it: sizes agree, features are told once and in
 * order, sums are finite and not negative, and R is no larger than the scales allow. Before memory
 * is asked for, as many bytes must be there as fill it.
 */
#include "core/image.h"

#include <lattn/state.h>

#include "base/memory.h"
#include "base/serial.h"
#include "core/image_walk.h"
#include "core/khatri.h"
#include "core/learner.h"
#include "core/moment.h"
#include "core/moment_turn.h"
#include "core/product.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What 2^64 rows of the largest features and weights add up to. */
static const double rows_most = 0x1p64;
static const double square_most = LATTN_FEATURE_MAX * LATTN_FEATURE_MAX * 0x1p64;
static const double entry_most = LATTN_FEATURE_MAX * 0x1p32;

/* Ends the reading where fewer bytes are to come than what follows needs. */
static int bytes_suffice(struct serial_reader *reader, const char *what, uint64_t bytes)
{
    if (serial_left(reader) < bytes)
        serial_refuse(reader, LATTN_DAMAGED, "%s: %" PRIu64 " bytes are missing", what,
                      bytes - serial_left(reader));
    return reader->status == LATTN_OK;
}

/* Takes the status of a call that may lack memory. */
static int is_done(struct serial_reader *reader, enum lattn_status status)
{
    if (status != LATTN_OK)
        serial_refuse(reader, status, "%s", lattn_status_text(status));
    return reader->status == LATTN_OK;
}

static void flags_read(struct serial_reader *reader, const char *name, size_t count,
                       uint8_t *ret_flags)
{
    serial_read_bytes(reader, count, ret_flags);
    for (size_t i = 0; i < count; i++)
        if (ret_flags[i] > 1)
            serial_refuse(reader, LATTN_DAMAGED, "%s[%zu] is %d, 0 or 1 is right", name, i,
                          ret_flags[i]);
}

/* A count of pairs, or LATTN_NEVER. */
static int64_t time_read(struct serial_reader *reader, const char *name)
{
    int64_t moment = (int64_t)serial_read_u64(reader);

    if (moment < LATTN_NEVER)
        serial_refuse(reader, LATTN_DAMAGED, "%s is %" PRId64, name, moment);
    return moment;
}

/* ---- the learner around its factor --------------------------------------------------------- */

static void settings_read(struct serial_reader *reader, struct lattn_learner_settings *settings)
{
    *settings = lattn_learner_settings_default();
    settings->dim = serial_read_int(reader, "dim", 0, LATTN_DIM_MAX);
    settings->outputs = serial_read_int(reader, "outputs", 0, LATTN_OUTPUTS_MAX);
    settings->bias = serial_read_int(reader, "bias", 0, 1);
    settings->forget = serial_read_number(reader, "forget", 0, 1);
    settings->precision = serial_read_number(reader, "precision", 0, 1);
    settings->ridge = serial_read_number(reader, "ridge", 0, INFINITY);
    settings->memory_max = (size_t)serial_read_count(reader, "memory_max", SIZE_MAX);
}

/* Sizes of before are smaller than those of now: a wider token would not fit. */
static void sizes_read(struct serial_reader *reader, struct lattn_learner *learner)
{
    const struct lattn_learner_settings *settings = &learner->settings;

    learner->d = serial_read_int(
        reader, "d", settings->dim > 0 ? settings->dim + settings->bias : 0, LATTN_DIM_MAX);
    learner->m = serial_read_int(reader, "m", settings->outputs, LATTN_OUTPUTS_MAX);
    learner->p_identified = time_read(reader, "p_identified");
    learner->identifying_since = time_read(reader, "identifying_since");
    learner->lost_at = time_read(reader, "lost_at");
    flags_read(reader, "dim_was", sizeof learner->dim_was, learner->dim_was);
    flags_read(reader, "outputs_was", sizeof learner->outputs_was, learner->outputs_was);
    if (memchr(learner->dim_was + learner->d, 1, sizeof learner->dim_was - (size_t)learner->d))
        serial_refuse(reader, LATTN_DAMAGED, "d was once larger than %d", learner->d);
    if (memchr(learner->outputs_was + learner->m, 1,
               sizeof learner->outputs_was - (size_t)learner->m))
        serial_refuse(reader, LATTN_DAMAGED, "m was once larger than %d", learner->m);
}

static void survey_read(struct serial_reader *reader, struct survey *survey)
{
    survey->random.state = serial_read_u64(reader);
    survey->tested = serial_read_u64(reader);
    survey->undetermined =
        serial_read_int(reader, "undetermined of the stream", 0, LATTN_STREAM_WINDOW);
    survey->found = serial_read_int(reader, "found of the stream", 0, INT32_MAX);
    survey->touched = serial_read_double(reader);
    flags_read(reader, "window", sizeof survey->window, survey->window);
    if (reader->status == LATTN_OK && survey_check(survey) != LATTN_OK)
        serial_refuse(reader, LATTN_DAMAGED, "the tests of the stream contradict each other");
}

/* A name that comes twice would be found at its first place only. */
static void array_read(struct serial_reader *reader, int32_t count, char (*names)[LATTN_NAME_MAX])
{
    for (int32_t i = 0; i < count && reader->status == LATTN_OK; i++) {
        serial_read_name(reader, LATTN_NAME_MAX, names[i]);
        for (int32_t j = 0; names[i][0] != '\0' && j < i; j++)
            if (strcmp(names[i], names[j]) == 0)
                serial_refuse(reader, LATTN_DAMAGED, "name %d comes again as name %d", j, i);
    }
}

static void blocks_read(struct serial_reader *reader, int32_t count, struct lattn_names *names)
{
    for (int32_t i = 0; i < count && reader->status == LATTN_OK; i++) {
        struct lattn_block block;
        enum lattn_status status;

        serial_read_name(reader, sizeof block.name, block.name);
        block.start = serial_read_int(reader, "start of a block", 0, LATTN_DIM_MAX);
        block.size = serial_read_int(reader, "size of a block", 1, LATTN_DIM_MAX);
        if (reader->status != LATTN_OK)
            return;
        status = lattn_names_block(names, &block);
        if (status == LATTN_NO_MEMORY)
            (void)is_done(reader, status); /* the reader keeps it */
        else if (status != LATTN_OK || names->blocks_count != i + 1)
            serial_refuse(reader, LATTN_DAMAGED, "block \"%.40s\" has no place of its own",
                          block.name);
    }
}

static void names_read(struct serial_reader *reader, struct lattn_learner *learner)
{
    struct lattn_names *names = &learner->names;
    int32_t bias = learner->settings.bias;
    int32_t coordinates =
        serial_read_int(reader, "named coordinates", 0, learner->d > bias ? learner->d : bias);
    int32_t outputs = serial_read_int(reader, "named outputs", 0, learner->m);
    int32_t blocks = serial_read_int(reader, "blocks", 0, LATTN_BLOCKS_MAX);

    lattn_names_done(names);
    if (!bytes_suffice(reader, "names", (uint64_t)coordinates + (uint64_t)outputs) ||
        !is_done(reader, lattn_names_extend(names, coordinates, outputs)))
        return;
    array_read(reader, coordinates, names->coordinates);
    array_read(reader, outputs, names->outputs);
    blocks_read(reader, blocks, names);
}

/* ---- the factor ---------------------------------------------------------------------------- */

static void weights_read(struct serial_reader *reader, struct factor *factor)
{
    double least = factor->pairs > 0 ? LATTN_WEIGHT_MIN : 0;
    double most = factor->pairs > 0 ? LATTN_WEIGHT_MAX * rows_most : 0;

    factor->weight = serial_read_number(reader, "weight", least, most);
    factor->weight2 =
        serial_read_number(reader, "weight2", least * least, most * fmin(most, LATTN_WEIGHT_MAX));
    factor->weight_ever = serial_read_number(reader, "weight_ever", factor->weight, most);
    /* Squares of innovations may add up to more than a double holds. */
    factor->progressive_sum = serial_read_number(reader, "progressive_sum", 0, INFINITY);
    factor->progressive_weight = serial_read_number(reader, "progressive_weight", 0, most);
    factor->recent_sum = serial_read_number(reader, "recent_sum", 0, INFINITY);
    factor->recent_weight = serial_read_number(reader, "recent_weight", 0, most);
}

/* The sizes of the factor are those of the learner, or it has none yet. */
static void factor_sizes_read(struct serial_reader *reader, const struct lattn_learner *learner,
                              int32_t *ret_d, int32_t *ret_m)
{
    int32_t d = serial_read_int(reader, "d of the factor", 0, learner->d);
    int32_t m = serial_read_int(reader, "m of the factor", 0, learner->m);

    if ((d != 0 || m != 0) && (d != learner->d || m != learner->m || d == 0 || m == 0))
        serial_refuse(reader, LATTN_DAMAGED, "the factor is of %d and %d, the learner of %d and %d",
                      d, m, learner->d, learner->m);
    *ret_d = d;
    *ret_m = m;
}

static void sums_read(struct serial_reader *reader, const struct lattn_learner *learner,
                      struct factor *factor)
{
    int32_t d, m;
    uint64_t generation, p;

    factor_sizes_read(reader, learner, &d, &m);
    p = (uint64_t)feature_count(d);
    factor->tokens_max = serial_read_int(reader, "tokens_max", 0, LATTN_TOKENS_MAX);
    factor->precision = serial_read_number(reader, "precision", 0, 1);
    factor->pairs = serial_read_count(reader, "pairs", p > 0 ? INT64_MAX : 0);
    generation = serial_read_u64(reader);
    weights_read(reader, factor);
    if (bytes_suffice(reader, "sums", 8 * (p + 2 * (uint64_t)m)) && p > 0 &&
        is_done(reader, factor_resize(factor, d, m))) {
        serial_read_numbers(reader, "yy", 0, square_most, (size_t)m, factor->yy);
        serial_read_numbers(reader, "rss_void", 0, square_most, (size_t)m, factor->rss_void);
        serial_read_numbers(reader, "scales", 0, square_most, (size_t)p, factor->scales);
    }
    factor->generation = generation;
}

/* ---- components ---------------------------------------------------------------------------- */

static void features_read(struct serial_reader *reader, struct factor *factor, int32_t place)
{
    struct component *component = factor->components[place];

    for (int32_t i = 0; i < component->columns && reader->status == LATTN_OK; i++) {
        struct feature feature;
        struct slot *slot;

        feature.j = serial_read_u16(reader);
        feature.k = serial_read_u16(reader);
        feature.l = serial_read_u16(reader);
        if (feature.j > feature.k || feature.k >= factor->d || feature.l >= factor->d) {
            serial_refuse(reader, LATTN_DAMAGED, "(%d, %d, %d) is no feature of %d coordinates",
                          feature.j, feature.k, feature.l, factor->d);
            return;
        }
        slot = &factor->slots[feature_index(factor->d, feature)];
        if (slot->component != 0)
            serial_refuse(reader, LATTN_DAMAGED, "feature (%d, %d, %d) comes twice", feature.j,
                          feature.k, feature.l);
        *slot = (struct slot){(uint32_t)place + 1, i};
        component->features[i] = feature;
    }
}

static void triangle_read(struct serial_reader *reader, struct component *component)
{
    for (int32_t i = 0; i < component->columns && reader->status == LATTN_OK; i++)
        serial_read_numbers(reader, "R and C", -entry_most, entry_most,
                            (size_t)(component->columns + component->m - i),
                            component->factor + (size_t)i * component->ld + i);
}

/* A lower triangle with a diagonal that can be divided by. */
static void coordinates_read(struct serial_reader *reader, const char *name, int32_t n, double *a)
{
    serial_read_numbers(reader, name, -entry_most, entry_most, (size_t)n * (size_t)n, a);
    for (int32_t i = 0; i < n && reader->status == LATTN_OK; i++)
        for (int32_t j = i; j < n; j++)
            if (j == i ? !(a[i * n + j] > 0) : a[i * n + j] < 0 || a[i * n + j] > 0)
                serial_refuse(reader, LATTN_DAMAGED, "%s is no lower triangle", name);
}

static void moment_read(struct serial_reader *reader, struct component *component)
{
    struct moment *moment = component->moment;
    size_t columns = (size_t)moment_columns(moment);

    moment->noise = serial_read_number(reader, "noise", 0, INFINITY);
    moment->fade = serial_read_number(reader, "fade", 0, 1);
    moment->rows = serial_read_count(reader, "rows of a moment", component->rows_seen);
    coordinates_read(reader, "A", moment->d, moment->A);
    coordinates_read(reader, "B", moment->e, moment->B);
    for (size_t i = 0; i < khatri_rows(moment->q) && reader->status == LATTN_OK; i++)
        serial_read_numbers(reader, "M", -square_most, square_most, columns,
                            moment->M + i * moment->ldm);
    serial_read_numbers(reader, "C", -square_most, square_most,
                        (size_t)moment->q * (size_t)moment->m * (size_t)moment->e, moment->C);
    serial_read_numbers(reader, "energy", 0, square_most, (size_t)moment->m, moment->energy);
    if (reader->status == LATTN_OK)
        moment_turned(moment);
}

static void counts_read(struct serial_reader *reader, const struct factor *factor,
                        struct component *component)
{
    component->time = serial_read_count(reader, "time of a component", factor->pairs);
    component->updates = serial_read_count(reader, "updates of a component", factor->pairs);
    component->generation = serial_read_u64(reader);
    component->rows_seen = serial_read_count(reader, "rows of a component", factor->pairs);
    component->rows_fresh =
        serial_read_count(reader, "fresh rows of a component", component->rows_seen);
    component->full = serial_read_u8(reader);
    if (component->full > 1)
        serial_refuse(reader, LATTN_DAMAGED, "full is %d, 0 or 1 is right", component->full);
}

/* An empty component in information form: its sizes are those of a product. */
static int moment_make(struct serial_reader *reader, int32_t columns, int32_t m,
                       struct component **ret_component)
{
    int32_t d = serial_read_int(reader, "d of a moment", 1, LATTN_DIM_MAX);
    int32_t e = serial_read_int(reader, "e of a moment", 1, LATTN_DIM_MAX);
    uint64_t q = (uint64_t)d * ((uint64_t)d + 1) / 2;
    uint64_t width = (uint64_t)e * ((uint64_t)e + 1) / 2;

    if (reader->status == LATTN_OK && q * (uint64_t)e != (uint64_t)columns)
        serial_refuse(reader, LATTN_DAMAGED, "a moment of %d by %d has no %d columns", d, e,
                      columns);
    return reader->status == LATTN_OK &&
           bytes_suffice(reader, "moment", 8 * (q * (q + 1) / 2 * width + q * (uint64_t)m)) &&
           is_done(reader, component_open_moment(ret_component, d, e, m, 0));
}

/* An empty component of these sizes, with as much room as its original had. */
static int root_make(struct serial_reader *reader, int32_t columns, int32_t capacity, int32_t m,
                     struct component **ret_component)
{
    uint64_t n = (uint64_t)columns;
    uint64_t numbers = (uint64_t)m + n * (n + 1) / 2 + 2 * n * (uint64_t)m;

    if (!bytes_suffice(reader, "component", 8 * numbers + 6 * n) ||
        !is_done(reader, component_open(ret_component, m, 0)) ||
        !is_done(reader, component_reserve(*ret_component, capacity, m)))
        return 0;
    (*ret_component)->columns = columns;
    return 1;
}

static int component_make(struct serial_reader *reader, struct factor *factor, int32_t place,
                          int32_t columns)
{
    int32_t capacity =
        serial_read_int(reader, "capacity", columns, component_capacity(columns, columns + 1));
    int32_t m = serial_read_int(reader, "m of a component", factor->m, LATTN_OUTPUTS_MAX);
    uint8_t form = factor->engine == LATTN_ENGINE_GRAM ? serial_read_u8(reader) : 0;
    struct component **component = &factor->components[place];

    if (form > (IMAGE_FORM_MOMENT | IMAGE_FORM_CUT))
        serial_refuse(reader, LATTN_DAMAGED, "form %d is none", form);
    if (reader->status != LATTN_OK)
        return 0;
    if (form & IMAGE_FORM_MOMENT ? !moment_make(reader, columns, m, component)
                                 : !root_make(reader, columns, capacity, m, component))
        return 0;
    (*component)->is_cut = (form & IMAGE_FORM_CUT) != 0;
    return is_done(reader, factor_scratch_reserve(factor, capacity, m));
}

/* A moment's columns stand in order. */
static void product_check(struct serial_reader *reader, const struct component *component)
{
    int32_t d, e;

    if (reader->status == LATTN_OK &&
        (!product_find(component->features, component->columns, &d, &e) ||
         d != component->moment->d || e != component->moment->e))
        serial_refuse(reader, LATTN_DAMAGED, "the features of a moment are no product");
}

static void component_read(struct serial_reader *reader, struct factor *factor, int32_t place)
{
    int32_t columns = serial_read_int(reader, "columns", 0, feature_count(factor->d));
    struct component *component;

    if (columns == 0 || !component_make(reader, factor, place, columns))
        return;
    component = factor->components[place];
    counts_read(reader, factor, component);
    features_read(reader, factor, place);
    serial_read_numbers(reader, "rss", 0, square_most, (size_t)component->m, component->rss);
    if (component->moment != NULL) {
        product_check(reader, component);
        moment_read(reader, component);
    } else {
        triangle_read(reader, component);
    }
    /* The weights at hand may be any numbers: where they are none, nothing is predicted by them. */
    serial_read_doubles(reader, (size_t)columns * (size_t)component->m, component->weights);
    component->identity = factor_component_is_identity(factor, component);
    component_unsettle(component);
}

static void components_read(struct serial_reader *reader, struct factor *factor)
{
    int32_t places = serial_read_int(reader, "components", 0, feature_count(factor->d));

    if (places == 0 || !bytes_suffice(reader, "components", (uint64_t)places * IMAGE_PLACE_BYTES))
        return;
    factor->components = memory_zeroed((size_t)places, sizeof(struct component *));
    if (!is_done(reader, factor->components == NULL ? LATTN_NO_MEMORY : LATTN_OK))
        return;
    factor->components_room = places;
    factor->components_count = places;
    for (int32_t i = 0; i < places && reader->status == LATTN_OK; i++)
        component_read(reader, factor, i);
    factor->bytes = factor_bytes_resized(factor, factor->d, factor->m);
}

/* The verdict's history speaks of pairs that were learned. */
static void history_check(struct serial_reader *reader, const struct lattn_learner *learner)
{
    int64_t pairs = (int64_t)learner->factor.pairs;
    int is_dated = learner->identifying_since != LATTN_NEVER;

    if (learner->identifying_since > pairs || learner->lost_at > pairs ||
        learner->p_identified > feature_count(learner->d) ||
        is_dated != (learner->p_identified != LATTN_NEVER) ||
        (learner->lost_at != LATTN_NEVER && !is_dated))
        serial_refuse(reader, LATTN_DAMAGED, "the history of the verdict contradicts itself");
}

void image_read_head(struct serial_reader *reader, struct lattn_learner **ret_learner)
{
    const struct serial_header header = image_header(IMAGE_ENGINE_GRAM, reader->length);
    uint32_t version, engine;
    struct lattn_learner_settings settings;
    struct lattn_learner *learner = NULL;
    enum lattn_status status;

    serial_read_header(reader, &header, &version, &engine);
    settings_read(reader, &settings);
    settings.engine = engine == IMAGE_ENGINE_GRAM ? LATTN_ENGINE_GRAM : LATTN_ENGINE_RLS;
    if (reader->status != LATTN_OK)
        return;
    status = lattn_learner_open(&learner, &settings);
    if (status == LATTN_RANGE)
        serial_refuse(reader, LATTN_DAMAGED, "its settings are none");
    if (is_done(reader, status)) {
        sizes_read(reader, learner);
        survey_read(reader, &learner->survey);
        names_read(reader, learner);
        sums_read(reader, learner, &learner->factor);
        history_check(reader, learner);
    }
    *ret_learner = learner;
}

enum lattn_status lattn_learner_load(struct lattn_learner **ret_learner, lattn_source_fn source,
                                     void *arg, uint64_t length, struct lattn_complaint *complaint)
{
    struct lattn_learner *learner = NULL;
    struct serial_reader reader;

    serial_reader_init(&reader, "learner image", source, arg, length, complaint);
    image_read_head(&reader, &learner);
    if (reader.status == LATTN_OK)
        components_read(&reader, &learner->factor);
    if (reader.status == LATTN_OK && serial_left(&reader) > 0)
        serial_refuse(&reader, LATTN_DAMAGED, "%" PRIu64 " bytes follow the learner",
                      serial_left(&reader));
    if (reader.status != LATTN_OK) {
        lattn_learner_close(&learner);
        return reader.status;
    }
    *ret_learner = learner;
    return LATTN_OK;
}
