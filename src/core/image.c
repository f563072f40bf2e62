/*
 * A learner as bytes. What stands here is what its next steps depend on, bit for bit: sums, scales,
 * and of each component R, C, the weights at hand and the room it has, which decides where blocks
 * end. What follows from these is left out, and so is what is rebuilt: slots, scratch, solutions.
 */
#include "core/image.h"

#include <lattn/state.h>

#include "base/serial.h"
#include "core/khatri.h"
#include "core/learner.h"
#include "core/moment.h"

#include <assert.h>
#include <string.h>

/* ---- sizes --------------------------------------------------------------------------------- */

enum {
    SETTINGS_BYTES = 3 * 4 + 3 * 8 + 8,
    LEARNER_BYTES = 2 * 4 + 3 * 8 + (LATTN_DIM_MAX + 1) + (LATTN_OUTPUTS_MAX + 1),
    SURVEY_BYTES = 2 * 8 + 2 * 4 + 8 + LATTN_STREAM_WINDOW,
    NAMES_BYTES = 3 * 4,
    FACTOR_BYTES = 3 * 4 + 4 * 8 + 2 * 8 + 4 * 8 + 4,
    COMPONENT_BYTES = 3 * 4 + 5 * 8 + 1,
    MOMENT_BYTES = 2 * 4 + 3 * 8,
    FEATURE_BYTES = 3 * 2
};

static uint64_t names_bytes(const struct lattn_names *names)
{
    uint64_t bytes = NAMES_BYTES;

    for (int32_t i = 0; i < names->coordinates_count; i++)
        bytes += 1 + strlen(names->coordinates[i]);
    for (int32_t i = 0; i < names->outputs_count; i++)
        bytes += 1 + strlen(names->outputs[i]);
    for (int32_t i = 0; i < names->blocks_count; i++)
        bytes += 1 + strlen(names->blocks[i].name) + 2 * 4;
    return bytes;
}

static uint64_t moment_image_bytes(const struct moment *moment)
{
    uint64_t d = (uint64_t)moment->d, e = (uint64_t)moment->e;
    uint64_t q = (uint64_t)moment->q, m = (uint64_t)moment->m;

    return MOMENT_BYTES + 8 * (khatri_rows(moment->q) * (uint64_t)moment_columns(moment) +
                               q * m * e + m + d * d + e * e);
}

static uint64_t component_image_bytes(const struct component *component)
{
    uint64_t columns, m;

    if (component == NULL)
        return IMAGE_PLACE_BYTES;
    columns = (uint64_t)component->columns;
    m = (uint64_t)component->m;
    return COMPONENT_BYTES + columns * FEATURE_BYTES + 8 * (m + columns * m) +
           (component->moment != NULL ? moment_image_bytes(component->moment)
                                      : 8 * (columns * (columns + 1) / 2 + columns * m));
}

uint64_t lattn_learner_saved_bytes(const struct lattn_learner *learner)
{
    const struct factor *factor = &learner->factor;
    uint64_t p = (uint64_t)feature_count(factor->d);
    uint64_t bytes = SERIAL_HEADER_BYTES + SETTINGS_BYTES + LEARNER_BYTES + SURVEY_BYTES +
                     names_bytes(&learner->names) + FACTOR_BYTES +
                     8 * (2 * (uint64_t)factor->m + p);

    for (int32_t i = 0; i < factor->components_count; i++)
        bytes +=
            component_image_bytes(factor->components[i]) +
            (factor->engine == LATTN_ENGINE_GRAM && factor->components[i] != NULL ? IMAGE_FORM_BYTES
                                                                                  : 0);
    return bytes;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void settings_write(struct serial_writer *writer,
                           const struct lattn_learner_settings *settings)
{
    serial_write_u32(writer, (uint32_t)settings->dim);
    serial_write_u32(writer, (uint32_t)settings->outputs);
    serial_write_u32(writer, (uint32_t)settings->bias);
    serial_write_double(writer, settings->forget);
    serial_write_double(writer, settings->precision);
    serial_write_double(writer, settings->ridge);
    serial_write_u64(writer, settings->memory_max);
}

static void learner_write(struct serial_writer *writer, const struct lattn_learner *learner)
{
    serial_write_u32(writer, (uint32_t)learner->d);
    serial_write_u32(writer, (uint32_t)learner->m);
    serial_write_u64(writer, (uint64_t)learner->p_identified);
    serial_write_u64(writer, (uint64_t)learner->identifying_since);
    serial_write_u64(writer, (uint64_t)learner->lost_at);
    serial_write_bytes(writer, sizeof learner->dim_was, learner->dim_was);
    serial_write_bytes(writer, sizeof learner->outputs_was, learner->outputs_was);
}

static void survey_write(struct serial_writer *writer, const struct survey *survey)
{
    serial_write_u64(writer, survey->random.state);
    serial_write_u64(writer, survey->tested);
    serial_write_u32(writer, (uint32_t)survey->undetermined);
    serial_write_u32(writer, (uint32_t)survey->found);
    serial_write_double(writer, survey->touched);
    serial_write_bytes(writer, sizeof survey->window, survey->window);
}

static void names_write(struct serial_writer *writer, const struct lattn_names *names)
{
    serial_write_u32(writer, (uint32_t)names->coordinates_count);
    serial_write_u32(writer, (uint32_t)names->outputs_count);
    serial_write_u32(writer, (uint32_t)names->blocks_count);
    for (int32_t i = 0; i < names->coordinates_count; i++)
        serial_write_name(writer, names->coordinates[i]);
    for (int32_t i = 0; i < names->outputs_count; i++)
        serial_write_name(writer, names->outputs[i]);
    for (int32_t i = 0; i < names->blocks_count; i++) {
        serial_write_name(writer, names->blocks[i].name);
        serial_write_u32(writer, (uint32_t)names->blocks[i].start);
        serial_write_u32(writer, (uint32_t)names->blocks[i].size);
    }
}

static void sums_write(struct serial_writer *writer, const struct factor *factor)
{
    serial_write_u32(writer, (uint32_t)factor->d);
    serial_write_u32(writer, (uint32_t)factor->m);
    serial_write_u32(writer, (uint32_t)factor->tokens_max);
    serial_write_double(writer, factor->precision);
    serial_write_u64(writer, factor->pairs);
    serial_write_u64(writer, factor->generation);
    serial_write_double(writer, factor->weight);
    serial_write_double(writer, factor->weight2);
    serial_write_double(writer, factor->weight_ever);
    serial_write_double(writer, factor->progressive_sum);
    serial_write_double(writer, factor->progressive_weight);
    serial_write_double(writer, factor->recent_sum);
    serial_write_double(writer, factor->recent_weight);
    serial_write_doubles(writer, (size_t)factor->m, factor->yy);
    serial_write_doubles(writer, (size_t)factor->m, factor->rss_void);
    serial_write_doubles(writer, (size_t)feature_count(factor->d), factor->scales);
}

/* Row by row: R from its diagonal on, then C. */
static void triangle_write(struct serial_writer *writer, const struct component *component)
{
    for (int32_t i = 0; i < component->columns; i++) {
        const double *row = component->factor + (size_t)i * component->ld;

        serial_write_doubles(writer, (size_t)(component->columns + component->m - i), row + i);
    }
}

static void moment_write(struct serial_writer *writer, const struct moment *moment)
{
    size_t d = (size_t)moment->d, e = (size_t)moment->e;

    serial_write_double(writer, moment->noise);
    serial_write_double(writer, moment->fade);
    serial_write_u64(writer, moment->rows);
    serial_write_doubles(writer, d * d, moment->A);
    serial_write_doubles(writer, e * e, moment->B);
    for (size_t i = 0; i < khatri_rows(moment->q); i++)
        serial_write_doubles(writer, (size_t)moment_columns(moment), moment->M + i * moment->ldm);
    serial_write_doubles(writer, (size_t)moment->q * (size_t)moment->m * e, moment->C);
    serial_write_doubles(writer, (size_t)moment->m, moment->energy);
}

static void form_write(struct serial_writer *writer, const struct component *component)
{
    int is_moment = component->moment != NULL;

    serial_write_u8(writer, (uint8_t)((is_moment ? IMAGE_FORM_MOMENT : 0) |
                                      (component->is_cut ? IMAGE_FORM_CUT : 0)));
    if (!is_moment)
        return;
    serial_write_u32(writer, (uint32_t)component->moment->d);
    serial_write_u32(writer, (uint32_t)component->moment->e);
}

static void component_write(struct serial_writer *writer, const struct component *component,
                            enum lattn_engine engine)
{
    if (component == NULL) {
        serial_write_u32(writer, 0);
        return;
    }
    assert(component->rows_waiting == 0 && component->columns > 0);
    serial_write_u32(writer, (uint32_t)component->columns);
    serial_write_u32(writer, (uint32_t)component->capacity);
    serial_write_u32(writer, (uint32_t)component->m);
    if (engine == LATTN_ENGINE_GRAM)
        form_write(writer, component);
    serial_write_u64(writer, component->time);
    serial_write_u64(writer, component->updates);
    serial_write_u64(writer, component->generation);
    serial_write_u64(writer, component->rows_seen);
    serial_write_u64(writer, component->rows_fresh);
    serial_write_u8(writer, (uint8_t)component->full);
    for (int32_t i = 0; i < component->columns; i++) {
        serial_write_u16(writer, component->features[i].j);
        serial_write_u16(writer, component->features[i].k);
        serial_write_u16(writer, component->features[i].l);
    }
    /* In information form it says what somebody saw who looked last. */
    for (int32_t a = 0; a < component->m; a++)
        serial_write_double(writer, component->moment != NULL ? 0 : component->rss[a]);
    if (component->moment != NULL)
        moment_write(writer, component->moment);
    else
        triangle_write(writer, component);
    serial_write_doubles(writer, (size_t)component->columns * (size_t)component->m,
                         component->weights);
}

enum lattn_status lattn_learner_save(const struct lattn_learner *learner, lattn_sink_fn sink,
                                     void *arg)
{
    const struct serial_header header = image_header(
        learner->settings.engine == LATTN_ENGINE_GRAM ? IMAGE_ENGINE_GRAM : IMAGE_ENGINE_RLS,
        lattn_learner_saved_bytes(learner));
    const struct factor *factor = &learner->factor;
    struct serial_writer writer;

    serial_writer_init(&writer, sink, arg);
    serial_write_header(&writer, &header);
    settings_write(&writer, &learner->settings);
    learner_write(&writer, learner);
    survey_write(&writer, &learner->survey);
    names_write(&writer, &learner->names);
    sums_write(&writer, factor);
    serial_write_u32(&writer, (uint32_t)factor->components_count);
    for (int32_t i = 0; i < factor->components_count; i++)
        component_write(&writer, factor->components[i], factor->engine);
    return serial_flush(&writer);
}
