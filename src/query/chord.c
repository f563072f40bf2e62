/* Lines through the space of tokens, on which the kinks of a network are looked for. */
#include "query/chord.h"

#include "base/memory.h"
#include "core/dense.h"

#include <math.h>

/* Steps off the chord, to measure gradients, stay inside the ball too. */
#define CHORD_MARGIN 0.9

enum lattn_status chord_open(struct chord *chord, struct oracle *oracle,
                             const struct conditions *conditions, const struct terrain *terrain,
                             const double *through, struct random *random)
{
    size_t d = (size_t)oracle->d;

    *chord = (struct chord){
        .oracle = oracle,
        .conditions = conditions,
        .terrain = *terrain,
        .origin = memory_raw(d, sizeof(double)),
        .direction = memory_raw(d, sizeof(double)),
        .reach = CHORD_MARGIN * conditions->norm / terrain->radius - 1,
    };
    if (chord->origin == NULL || chord->direction == NULL)
        return LATTN_NO_MEMORY;
    for (size_t j = 0; j < d; j++)
        chord->origin[j] = through[j] * (terrain->radius / dense_norm(oracle->d, through));
    terrain_direction(random, oracle->d, terrain->radius, chord->direction);
    return LATTN_OK;
}

void chord_close(struct chord *chord)
{
    memory_release(chord->origin);
    memory_release(chord->direction);
    chord->origin = NULL;
    chord->direction = NULL;
}

void chord_point(const struct chord *chord, double t, double *ret_x)
{
    for (int32_t j = 0; j < chord->oracle->d; j++)
        ret_x[j] = chord->origin[j] + t * chord->direction[j];
}

double chord_error(const struct chord *chord, double t)
{
    return terrain_error(&chord->terrain, chord->conditions, chord->terrain.radius * (1 + fabs(t)));
}

enum lattn_status chord_ask(const struct chord *chord, size_t count, const double *t, double *ret_y)
{
    size_t d = (size_t)chord->oracle->d;
    double *x = memory_raw(count * d, sizeof *x);
    enum lattn_status status;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        chord_point(chord, t[i], x + i * d);
    status = oracle_ask(chord->oracle, ORACLE_LEARN, count, 1, x, ret_y);
    memory_release(x);
    return status;
}
