/*
 * The way to the large arrays of an image, without reading them: for those who take from many
 * images only what they need, straight from where it stands.
 */
#include "core/image_walk.h"

#include "base/memory.h"
#include "base/serial.h"
#include "core/image.h"
#include "core/khatri.h"
#include "core/learner.h"

#include <math.h>
#include <string.h>

static int is_product_in_order(struct serial_reader *reader, int32_t d, int32_t columns)
{
    for (int32_t i = 0; i < columns && reader->status == LATTN_OK; i++) {
        struct feature feature;

        feature.j = serial_read_u16(reader);
        feature.k = serial_read_u16(reader);
        feature.l = serial_read_u16(reader);
        if (feature.j > feature.k || feature.k >= d || feature.l >= d ||
            feature_index(d, feature) != i)
            return 0;
    }
    return reader->status == LATTN_OK;
}

/* A lower triangle with a diagonal that can be divided by. */
static void coordinates_walk(struct serial_reader *reader, const char *name, int32_t d,
                             double *ret_a)
{
    serial_read_numbers(reader, name, -0x1p1000, 0x1p1000, (size_t)d * (size_t)d, ret_a);
    for (int32_t i = 0; i < d && reader->status == LATTN_OK; i++)
        for (int32_t j = i; j < d; j++)
            if (j == i ? !(ret_a[i * d + j] > 0) : ret_a[i * d + j] != 0)
                serial_refuse(reader, LATTN_DAMAGED, "%s is no lower triangle", name);
}

/* Behind the features: counts were read before. */
static void moment_walk(struct serial_reader *reader, struct image_moment *moment)
{
    size_t m = (size_t)moment->m, d = (size_t)moment->d;
    int32_t q = moment->d * (moment->d + 1) / 2;
    uint64_t columns = (uint64_t)moment->columns;

    for (size_t a = 0; a < m; a++)
        (void)serial_read_double(reader); /* its rss is written as 0 */
    moment->noise = serial_read_number(reader, "noise", 0, INFINITY);
    moment->fade = serial_read_number(reader, "fade", 0, 1);
    (void)serial_read_u64(reader); /* rows: nobody asks */
    moment->A = memory_raw(d * d, sizeof(double));
    moment->B = memory_raw(d * d, sizeof(double));
    if (moment->A == NULL || moment->B == NULL) {
        serial_refuse(reader, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
        return;
    }
    coordinates_walk(reader, "A", moment->d, moment->A);
    coordinates_walk(reader, "B", moment->d, moment->B);
    moment->M_at = reader->at;
    moment->C_at = moment->M_at + 8 * khatri_rows(q) * (uint64_t)q;
    moment->energy_at = moment->C_at + 8 * columns * m;
    moment->weights_at = moment->energy_at + 8 * m;
}

/* One component of all features in information form, or LATTN_MORE. */
static enum lattn_status component_walk(struct serial_reader *reader, const struct factor *factor,
                                        int32_t columns, struct image_moment *moment)
{
    uint8_t form;

    (void)serial_read_u32(reader); /* capacity */
    moment->m = serial_read_int(reader, "m of a component", factor->m, LATTN_OUTPUTS_MAX);
    form = factor->engine == LATTN_ENGINE_GRAM ? serial_read_u8(reader) : 0;
    if (reader->status == LATTN_OK && (columns != feature_count(factor->d) ||
                                       moment->m != factor->m || !(form & IMAGE_FORM_MOMENT)))
        return LATTN_MORE;
    moment->columns = columns;
    moment->is_cut = (form & IMAGE_FORM_CUT) != 0;
    moment->d = serial_read_int(reader, "d of a moment", factor->d, factor->d);
    (void)serial_read_int(reader, "e of a moment", factor->d, factor->d);
    moment->time = serial_read_count(reader, "time of a component", factor->pairs);
    moment->updates = serial_read_count(reader, "updates of a component", factor->pairs);
    for (int i = 0; i < 3; i++)
        (void)serial_read_u64(reader); /* generation, rows seen and fresh */
    (void)serial_read_u8(reader);      /* full */
    if (!is_product_in_order(reader, factor->d, columns))
        serial_refuse(reader, LATTN_DAMAGED, "the features of a moment are no product");
    if (reader->status == LATTN_OK)
        moment_walk(reader, moment);
    return reader->status;
}

enum lattn_status image_walk(struct serial_reader *reader, const struct lattn_learner *learner,
                             struct image_moment *ret_moment)
{
    const struct factor *factor = &learner->factor;
    struct image_moment moment = {0};
    int32_t places = serial_read_int(reader, "components", 0, feature_count(factor->d));
    enum lattn_status status = reader->status;
    uint64_t end;

    for (; status == LATTN_OK && places > 0 && moment.columns == 0; places--) {
        int32_t columns = serial_read_int(reader, "columns", 0, feature_count(factor->d));

        status = reader->status;
        if (columns > 0 && status == LATTN_OK)
            status = component_walk(reader, factor, columns, &moment);
    }
    end = moment.weights_at + 8 * (uint64_t)moment.columns * (uint64_t)moment.m +
          (uint64_t)places * IMAGE_PLACE_BYTES;
    if (status == LATTN_OK && moment.columns > 0 && end != reader->length) {
        serial_refuse(reader, LATTN_DAMAGED, "its arrays end elsewhere");
        status = reader->status;
    }
    if (status == LATTN_OK)
        *ret_moment = moment;
    else
        image_walk_done(&moment);
    return status;
}

void image_walk_done(struct image_moment *moment)
{
    memory_release(moment->A);
    memory_release(moment->B);
    *moment = (struct image_moment){0};
}
