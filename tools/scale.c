#include "scale.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Beyond these sizes steps and quotients would leave the range of doubles. */
static const double size_min = 1e-300;
static const double size_max = 1e300;

void scale_include(struct extent *extent, double value)
{
    if (!isfinite(value))
        return;
    value = fmax(-size_max, fmin(size_max, value));
    if (!extent->has_any || value < extent->low)
        extent->low = value;
    if (!extent->has_any || value > extent->high)
        extent->high = value;
    if (value > 0 && (!extent->has_positive || value < extent->low_positive))
        extent->low_positive = value;
    extent->has_any = 1;
    extent->has_positive = extent->has_positive || value > 0;
}

/* The smallest of 1, 2 and 5 times a power of ten that is not below a size. */
static double step_round(double size)
{
    double power = pow(10, floor(log10(size)));
    double times = size / power;

    return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static double step_of(const struct scale *scale, int wished)
{
    return step_round((scale->high - scale->low) / (wished > 1 ? wished - 1 : 1));
}

static struct scale linear_fit(const struct extent *extent, int wished)
{
    struct scale scale = {.low = fmin(0, extent->low), .high = fmax(0, extent->high)};
    double step;

    if (scale.high - scale.low < size_min)
        scale.high = scale.low + 1;
    step = step_of(&scale, wished);
    scale.low = step * floor(scale.low / step);
    scale.high = step * ceil(scale.high / step);
    return scale;
}

static struct scale log_fit(const struct extent *extent)
{
    double low = extent->has_positive ? floor(log10(fmax(extent->low_positive, size_min))) : -1;
    double high = extent->has_positive ? ceil(log10(fmax(extent->high, size_min))) : 0;

    high = fmax(high, low + 1);
    return (struct scale){.low = pow(10, low), .high = pow(10, high), .is_log = 1};
}

struct scale scale_fit(const struct extent *extent, int is_log, int wished)
{
    struct scale scale = is_log ? log_fit(extent) : linear_fit(extent, wished);

    assert(scale.high > scale.low);
    return scale;
}

double scale_place(const struct scale *scale, double value)
{
    double place;

    if (!isfinite(value))
        return NAN;
    if (!scale->is_log)
        place = (value - scale->low) / (scale->high - scale->low);
    else
        place = value <= 0 ? 0 : log(value / scale->low) / log(scale->high / scale->low);
    return fmin(1, fmax(0, place));
}

static size_t linear_ticks(const struct scale *scale, int wished, double *ret_ticks)
{
    double step = step_of(scale, wished);
    double first = ceil(scale->low / step - 1e-9); /* of the quotients, to whole numbers */
    size_t count = 0;

    while (count < SCALE_TICKS_MAX && (first + (double)count) * step <= scale->high * (1 + 1e-9)) {
        ret_ticks[count] = (first + (double)count) * step;
        count++;
    }
    return count;
}

/* Powers of ten, or where they are too many each second, third ... of them from the top. */
static size_t log_ticks(const struct scale *scale, int wished, double *ret_ticks)
{
    int low = (int)lround(log10(scale->low));
    int high = (int)lround(log10(scale->high));
    int intervals = wished > 1 ? wished - 1 : 1;
    int step = (high - low + intervals - 1) / intervals;
    size_t count = 0;

    step = step > 0 ? step : 1;
    for (int power = high - (high - low) / step * step; power <= high; power += step)
        ret_ticks[count++] = pow(10, power);
    return count;
}

size_t scale_ticks(const struct scale *scale, int wished, double ret_ticks[SCALE_TICKS_MAX])
{
    wished = wished < SCALE_TICKS_MAX ? wished : SCALE_TICKS_MAX - 1;
    return scale->is_log ? log_ticks(scale, wished, ret_ticks)
                         : linear_ticks(scale, wished, ret_ticks);
}

void scale_number(double value, char ret_text[SCALE_LABEL_MAX])
{
    static const struct {
        double size;
        const char *letter;
    } units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    static const double small = 0.01;
    double size = fabs(value);

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (size >= 10 * units[i].size ||
            (size >= units[i].size && fmod(size, units[i].size / 10) == 0)) {
            snprintf(ret_text, SCALE_LABEL_MAX, "%.4g%s", value / units[i].size, units[i].letter);
            return;
        }
    snprintf(ret_text, SCALE_LABEL_MAX, size > 0 && size < small ? "%.2e" : "%.4g", value);
}

void scale_label(const struct scale *scale, double tick, char ret_text[SCALE_LABEL_MAX])
{
    if (scale->is_log)
        snprintf(ret_text, SCALE_LABEL_MAX, "1e%ld", lround(log10(tick)));
    else
        scale_number(tick, ret_text);
}

void scale_whole(double value, char ret_text[SCALE_WHOLE_MAX])
{
    static const double exact_max = 9007199254740992; /* 2^53 */
    char digits[SCALE_WHOLE_MAX];
    size_t length;
    size_t out = 0;

    if (!(fabs(value) <= exact_max)) {
        snprintf(ret_text, SCALE_WHOLE_MAX, "%.4g", value);
        return;
    }
    snprintf(digits, sizeof digits, "%.0f", value);
    length = strlen(digits);
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            ret_text[out++] = ' ';
        ret_text[out++] = digits[i];
    }
    ret_text[out] = '\0';
}
