/*
 * Label rows on their way to the component that they belong to, where they wait for their block.
 */
#include "core/factor_fold.h"

#include "core/dense.h"
#include "core/factor_block.h"
#include "core/moment.h"
#include "core/product.h"
#include "core/scales.h"

#include <math.h>
#include <string.h>

void factor_row_count(struct factor *factor, const struct lattn_item *item, const double *y)
{
    double keep = factor->forget;

    factor->pairs++;
    factor->weight = keep * factor->weight + item->weight;
    factor->weight2 = keep * keep * factor->weight2 + item->weight * item->weight;
    factor->weight_ever += item->weight;
    for (int32_t a = 0; a < factor->m; a++) {
        double label = a < item->m ? y[a] : 0;

        factor->yy[a] = keep * factor->yy[a] + item->weight * label * label;
        factor->rss_void[a] *= keep;
    }
}

/* A row without features predicts 0 whatever the weights: its labels are all residual. */
static void row_void(struct factor *factor, const struct lattn_item *item, const double *y)
{
    double sum = 0;

    for (int32_t a = 0; a < item->m; a++) {
        double square = item->weight * y[a] * y[a];

        factor->rss_void[a] += square;
        sum += square;
    }
    factor_loss_take(factor, item->weight, sum);
}

static struct component *row_component(struct factor *factor, const struct feature_view *view,
                                       int32_t *ret_count)
{
    if (factor_is_dense(factor))
        return factor->components[0];
    *ret_count = feature_list(factor->d, view, factor->list_index, factor->list_value);
    if (*ret_count == 0)
        return NULL;
    return factor->components[factor->slots[factor->list_index[0]].component - 1];
}

void factor_row_write(const struct factor *factor, const struct component *component, int32_t place,
                      const struct lattn_item *item, const struct feature_view *view, int32_t count)
{
    double *row = component->rows + (size_t)place * component->ld;
    double scale = item->weight == 1 ? 1 : sqrt(item->weight);
    int32_t width = component_width(component);

    if (component->identity) {
        feature_row(factor->d, view, scale, row);
    } else {
        memset(row, 0, (size_t)component->columns * sizeof *row);
        for (int32_t i = 0; i < count; i++)
            row[factor->slots[factor->list_index[i]].column] = scale * factor->list_value[i];
    }
    for (int32_t a = 0; a < component->m; a++)
        row[component->columns + a] = a < item->m ? scale * view->y[a] : 0;
    for (int32_t i = component->columns + component->m; i < width; i++)
        row[i] = 0;
}

void factor_row_wait(const struct factor *factor, struct component *component, double weight)
{
    component->row_weight[component->rows_waiting] = weight;
    component->row_time[component->rows_waiting++] = factor->pairs;
}

void factor_item_count(struct factor *factor, const struct lattn_item *item)
{
    if (item->n > factor->tokens_max)
        factor->tokens_max = item->n;
    factor->precision = fmax(factor->precision, item->precision);
}

/* A label of a sequence that was looked at already: its error is y - P'z. */
static void label_take(struct factor *factor, struct component *component,
                       const struct lattn_item *item, const double *P, const double *z,
                       const double *y)
{
    struct moment *moment = component->moment;
    size_t m = (size_t)component->m;
    double *error = moment->errors + ((size_t)moment->waiting - 1) * m;

    for (int32_t a = 0; a < component->m; a++) {
        error[a] = a < item->m ? y[a] : 0;
        for (int32_t l = 0; l < moment->e; l++)
            error[a] -= z[l] * P[(size_t)l * m + (size_t)a];
    }
    moment_take_label(moment, z, error, item->weight);
    if (component_is_followed(component))
        factor_loss_take(factor, item->weight,
                         item->weight * dense_dot(component->m, error, error));
}

int factor_labels_share(const struct factor *factor, const struct lattn_item *item)
{
    return item->labels == LATTN_LABELS_FULL && factor->forget == 1;
}

/* Let a row of one label, or of those of a sequence, wait. */
static void row_open(const struct factor *factor, struct component *component,
                     const struct lattn_item *item, const double *s, const double *z,
                     const double *y, double *P)
{
    int shares = factor_labels_share(factor, item);

    if (shares) {
        moment_take_sequence(component->moment, s);
        moment_look(component->moment, s, component->weights, P);
    } else {
        moment_take(component->moment, s, z, y, item->m);
    }
    factor_row_wait(factor, component, shares ? 0 : item->weight);
}

/* A label row in information form, of its own or, where `joins`, with the one before. */
static void moment_write(struct factor *factor, struct component *component,
                         const struct lattn_item *item, const struct feature_view *view, int joins)
{
    struct scratch scratch = factor_scratch(factor, component);
    const double *s = view->S, *z = view->z;

    if (!joins && component->rows_waiting == component->rows_max)
        factor_component_fold(factor, component);
    if (!component->identity) {
        product_gather(component->features, component->columns, component->moment->e, factor->d,
                       view, scratch.gain, scratch.inverse);
        s = scratch.gain;
        z = scratch.inverse;
    }
    if (!joins)
        row_open(factor, component, item, s, z, view->y, scratch.errors);
    if (factor_labels_share(factor, item))
        label_take(factor, component, item, scratch.errors, z, view->y);
}

void factor_take(struct factor *factor, const struct lattn_item *item, factor_look_fn look,
                 void *look_arg)
{
    const struct component *shared = NULL; /* that the last label is in, if another may join it */
    struct feature_view view;

    feature_reader_start(&factor->reader, item);
    while (feature_reader_next(&factor->reader, &view)) {
        int32_t count = 0;
        struct component *component;

        factor_row_count(factor, item, view.y);
        scales_add(factor->d, &view, item->weight, factor->scales);
        component = row_component(factor, &view, &count);
        if (look != NULL)
            look(look_arg, item, &view, component, count);
        if (component == NULL) {
            row_void(factor, item, view.y);
            continue;
        }
        if (component->moment != NULL) {
            moment_write(factor, component, item, &view, shared == component);
        } else {
            factor_row_write(factor, component, component->rows_waiting, item, &view, count);
            factor_row_wait(factor, component, item->weight);
        }
        if (component->moment != NULL && factor_labels_share(factor, item))
            shared = component;
        else if (component->rows_waiting >= component_rows_due(component))
            factor_component_fold(factor, component);
    }
    factor_item_count(factor, item);
}

void factor_absorb(struct factor *factor, const struct lattn_batch *batch)
{
    size_t i = 0;

    while (i < batch->count) {
        size_t taken = factor_block_take(factor, batch->items + i, batch->count - i);

        if (taken > 0)
            factor_block_end(factor);
        else
            factor_take(factor, &batch->items[i], NULL, NULL);
        i += taken > 0 ? taken : 1;
    }
    factor_fold(factor);
}
