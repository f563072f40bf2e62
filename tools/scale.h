#ifndef SCALE_H
#define SCALE_H

#include <stddef.h>

/* One axis of a plot: values between low and high, evenly or by their logarithm. */
struct scale {
    double low;
    double high; /* above low; of a logarithmic scale both are above 0 */
    int is_log;
};

enum { SCALE_TICKS_MAX = 16, SCALE_LABEL_MAX = 16, SCALE_WHOLE_MAX = 32 };

/* What is on an axis, value by value; zeroed before the first. */
struct extent {
    double low;
    double high;
    double low_positive; /* the smallest above 0, all that a logarithmic axis can show */
    int has_any;
    int has_positive;
};

/*
 * Take a value into account. One that is not finite is none; one beyond 1e300 counts as that, and a
 * logarithmic scale begins at 1e-300.
 */
void scale_include(struct extent *extent, double value);

/*
 * The scale that shows all of an extent. A linear one begins and ends at ticks, of which there are
 * about `wished`, and has 0 on it; a logarithmic one begins and ends at powers of ten.
 */
struct scale scale_fit(const struct extent *extent, int is_log, int wished);

/*
 * Where on the scale a value is: 0 at low, 1 at high, and never outside. A logarithmic scale has 0
 * and what is below at its low end. NaN for what is not finite.
 */
double scale_place(const struct scale *scale, double value);

/* Values to be told, rising, both ends among them as a rule; `wished` of them or fewer. */
size_t scale_ticks(const struct scale *scale, int wished, double ret_ticks[SCALE_TICKS_MAX]);

/* A tick as a short text, like 250k or 1e-8. */
void scale_label(const struct scale *scale, double tick, char ret_text[SCALE_LABEL_MAX]);

/* Any number as a short text of about three digits. */
void scale_number(double value, char ret_text[SCALE_LABEL_MAX]);

/* A whole number with its digits in groups of three, 1 234 567, as far as doubles are exact. */
void scale_whole(double value, char ret_text[SCALE_WHOLE_MAX]);

#endif
