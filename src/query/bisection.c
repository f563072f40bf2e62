#include "query/bisection.h"

#include "base/complaint.h"
#include "base/memory.h"

#include <assert.h>
#include <math.h>

enum lattn_status bisection_init(struct bisection *bisection, struct oracle *oracle, int32_t n,
                                 bisection_write_fn write, const void *items)
{
    size_t numbers = (size_t)n * (size_t)oracle->d;

    assert(oracle->m == 1);
    *bisection = (struct bisection){
        .oracle = oracle,
        .n = n,
        .reached = 1,
        .write = write,
        .items = items,
        .x = memory_raw(LATTN_QUESTIONS_MAX * numbers, sizeof(double)),
        .labels = memory_raw(LATTN_QUESTIONS_MAX, sizeof(double)),
    };
    return bisection->x == NULL || bisection->labels == NULL ? LATTN_NO_MEMORY : LATTN_OK;
}

void bisection_done(struct bisection *bisection)
{
    memory_release(bisection->x);
    memory_release(bisection->labels);
    bisection->x = NULL;
    bisection->labels = NULL;
}

int32_t bisection_steps(double epsilon)
{
    return (int32_t)ceil(-log2(epsilon));
}

/* One call at most. */
static enum lattn_status part_ask(struct bisection *bisection, enum oracle_purpose purpose,
                                  size_t first, size_t count, const double *at,
                                  uint8_t *ret_reached)
{
    size_t numbers = (size_t)bisection->n * (size_t)bisection->oracle->d;
    enum lattn_status status;

    for (size_t i = 0; i < count; i++)
        bisection->write(bisection->items, first + i, at[i], bisection->x + i * numbers);
    status = oracle_ask(bisection->oracle, purpose, count, bisection->n, bisection->x,
                        bisection->labels);
    for (size_t i = 0; status == LATTN_OK && i < count; i++) {
        if (bisection->labels[i] != 0 && bisection->labels[i] != 1)
            return complain(&bisection->oracle->complaint, LATTN_NO_CONVERGENCE,
                            "an answer is %.17g, a label is 0 or 1", bisection->labels[i]);
        ret_reached[i] = bisection->labels[i] == bisection->reached;
    }
    return status;
}

enum lattn_status bisection_ask(struct bisection *bisection, enum oracle_purpose purpose,
                                size_t first, size_t count, const double *at, uint8_t *ret_reached)
{
    enum lattn_status status = LATTN_OK;

    for (size_t done = 0, part; status == LATTN_OK && done < count; done += part) {
        part = count - done < LATTN_QUESTIONS_MAX ? count - done : LATTN_QUESTIONS_MAX;
        status = part_ask(bisection, purpose, first + done, part, at + done, ret_reached + done);
    }
    return status;
}

enum lattn_status bisection_find(struct bisection *bisection, int32_t steps, size_t count,
                                 double *low, double *high)
{
    double *middle = memory_raw(count, sizeof *middle);
    uint8_t *reached = memory_raw(count, sizeof *reached);
    enum lattn_status status = middle == NULL || reached == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    for (int32_t step = 0; status == LATTN_OK && step < steps; step++) {
        for (size_t i = 0; i < count; i++)
            middle[i] = low[i] + (high[i] - low[i]) / 2;
        status = bisection_ask(bisection, ORACLE_LEARN, 0, count, middle, reached);
        for (size_t i = 0; status == LATTN_OK && i < count; i++)
            *(reached[i] ? &high[i] : &low[i]) = middle[i];
    }
    memory_release(middle);
    memory_release(reached);
    return status;
}
