#ifndef CORE_COMPONENT_H
#define CORE_COMPONENT_H

#include "core/feature.h"

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

struct moment;
struct nullspace;
struct team;
struct solution;

/*
 * Features that occur together, with their least-squares problem in square-root form:
 *
 *     R'R = sum w phi phi'   (columns x columns, upper),    R'C = sum w phi y'   (columns x m)
 *
 * or, once the data allows it and the engine asks for it, in information form (moment.h). This
 * header is what the rest of core knows of the way a problem is kept: rows go in by
 * component_absorb, the past fades by component_decay, columns are added by component_widen and
 * component_join, and component_triangle gives R and C after component_look.
 *
 * What is learned depends on the rows and their blocks alone, never on what somebody asked; an
 * image holds it (README.md, section 6). What answers are made of is derived, and stands last.
 *
 * features     names of the columns, in the order in which they first occurred
 * identity     column i is feature i of all p: rows can be formed in place
 * time         label row of the stream up to which the past has faded
 * moment       the information form, or NULL; then there are no factor and no rows, and capacity is
 *              columns
 * rss          m: residual sum of squares of the rows absorbed, faded like R; in information form
 *              as component_look found it
 * updates      orthogonal updates so far; each adds its rounding
 * rows         waiting rows [phi y] times sqrt(w), at most rows_max; when they came, and w
 * weights      capacity x m row-major: the weights at hand, which predict each row before it
 *              is learned; exact at weights_generation (0: never) for weights_rank
 * full         R had full rank when the weights were last made from scratch
 * rows_fresh   rows absorbed since then; rows_seen: since ever
 *
 * solution     derived results, or NULL (solution.h)
 * shown        R and C as they are at label row shown_time and generation shown_generation, where
 *              `factor` does not tell; or NULL where nobody asked
 * rest         columns x m, with `shown` of the information form: C of what the weights at hand
 *              leave of the labels
 * rho          sigma_min / sigma_max in the coordinates of the information form; 1 without it
 * is_cut       the information form cannot tell whether R has more rank than was found
 *
 * settled      what arriving inputs are tested against (survey.h), or NULL: the null space of rows
 *              that R has, perhaps not of all of them, and perhaps of fewer columns
 * settled_generation, settled_time  of the solution that it was last made from
 * settled_rows  rows seen when somebody last tried to make it
 * is_unsettled  it has rows of which no null space was kept: it was loaded, or is a copy
 */
struct component {
    int32_t columns;
    int32_t m;
    int32_t capacity;
    int32_t identity;
    size_t ld;
    struct feature *features;
    struct moment *moment;
    double *rss;
    uint64_t time;
    uint64_t updates;
    uint64_t generation;
    double *rows;
    uint64_t *row_time;
    double *row_weight;
    int32_t rows_max;
    int32_t rows_waiting;
    double *factor; /* capacity x ld: R, then C, then a spare column */
    double *weights;
    uint64_t weights_generation;
    int32_t weights_rank;
    uint64_t rows_fresh;
    uint64_t rows_seen;
    int32_t full;
    int32_t meets; /* mark while one looks which components a row or an input meets */
    struct solution *solution;
    double *shown;
    double *rest;
    uint64_t shown_time;
    uint64_t shown_generation;
    double rho;
    int32_t is_cut;
    struct nullspace *settled;
    uint64_t settled_generation;
    uint64_t settled_time;
    uint64_t settled_rows;
    int32_t is_unsettled;
};

/* Make a component without columns. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status component_open(struct component **ret_component, int32_t m, uint64_t time);
void component_close(struct component **component);

/* Has an earlier copy the memory that the next one needs? */
int component_fits(const struct component *component, const struct component *earlier);

/*
 * An independent copy without its derived results; no rows may be waiting. Nothing below the
 * diagonal is copied, nor may be read.
 *
 * earlier  in, lost  an earlier copy, or NULL: where it fits its factor becomes that of this one,
 *                    and it can only be closed
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status component_copy(const struct component *component, struct component *earlier,
                                 struct component **ret_copy);

/* Drop what was derived. */
void component_strip(struct component *component);

/* Note that no null space was kept of the rows it has; it is made when it is needed (survey.h). */
void component_unsettle(struct component *component);

/*
 * Rows that can wait in a component with room for so many columns, and how many of them make a
 * block: blocks are folded one behind the other (update_wave.h).
 */
int32_t component_rows_max(int32_t capacity);
int32_t component_rows_block(int32_t capacity);

/*
 * With room for fewer columns one thread learns alone: rows would take longer to get to another
 * core than to be folded, unless it is near.
 */
enum { COMPONENT_SHARED_MIN = 96 };

/* Rows that may wait before they are to be folded: its rows alone decide. */
int32_t component_rows_due(const struct component *component);

/* Bytes of a component in square-root form with room for so many columns. */
size_t component_bytes(int32_t capacity, int32_t m);

/*
 * A product of fewer coordinates stays in square-root form, which is smaller then: symbols bring
 * many of them.
 */
enum { MOMENT_DIM_MIN = 2 };

/* Bytes of one in information form, whose features are a product d by e. */
size_t component_bytes_moment(int32_t d, int32_t e, int32_t m);

/* Bytes that component_look takes, where it takes any: R and C of so many columns. */
size_t component_bytes_shown(int32_t columns, int32_t m);

/* Bytes that this one would hold with m outputs. */
size_t component_bytes_held(const struct component *component, int32_t m);

/*
 * Room that a component of `capacity` has after it grew to `columns`: exact at first, then with a
 * reserve, so that columns that come one by one are not copied each time.
 */
int32_t component_capacity(int32_t capacity, int32_t columns);

/*
 * Make room for columns and outputs, without adding any. No rows may be waiting; in information
 * form there are no more columns.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status component_reserve(struct component *component, int32_t columns, int32_t m);

/*
 * Entries of a waiting row: features, labels, and zeros up to a whole vector, so that a block is
 * updated in place. In the factor nobody reads what stands behind the labels.
 */
int32_t component_width(const struct component *component);

/*
 * Add columns that were zero in all the past; room must have been reserved. Square-root form.
 *
 * Returns their `count` names, which the caller fills in.
 */
struct feature *component_widen(struct component *component, int32_t count);

/*
 * Take over the columns and rows of `other`, faded to the same time; room must be reserved. Both in
 * square-root form.
 */
void component_join(struct component *component, const struct component *other);

/*
 * Columns of R in square-root form before the first one that follows from those on its left: whose
 * diagonal entry, in units of its a-priori scale, is no larger than cut. R has full rank only where
 * they are all, and as many rows were independent where they are that many. O(columns).
 *
 * inverse  in   columns: 1 / D
 */
int32_t component_columns_free(const struct component *component, const double *inverse,
                               double cut);

/* Let the past fade by the factor `forget` per label row up to `time`. */
void component_decay(struct component *component, double forget, uint64_t time);

/*
 * Say that all of it was learned up to label row `time` of another stream, and has faded to there;
 * derived results go, and weights are made anew when they are needed.
 */
void component_retime(struct component *component, uint64_t time);

/*
 * Let component_triangle show what has been learned as it has faded at `time`, without touching it:
 * when it fades for good is decided by its rows alone, or the last bits of R would tell who asked
 * when. In information form R and C are derived here, once for each generation and time.
 *
 * tau  in   relative rounding of a Gram matrix of so many rows of such length, u (p + n_max)
 *
 * Returns LATTN_OK; LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE with nothing changed.
 */
enum lattn_status component_look(struct component *component, double forget, uint64_t time,
                                 double tau);

/*
 * With more columns the information form, where it is asked for, is taken from the first row on: R
 * of them is 0.5 GiB, and to find its rank where that is deficient takes minutes.
 */
enum { COMPONENT_ROOT_MAX = 8192 };

/*
 * Do the weights at hand follow its rows? Not in information form beyond COMPONENT_ROOT_MAX: there
 * they stay what they were when it took that form, zeros if that was at its first row.
 */
int component_is_followed(const struct component *component);

/*
 * Has it fewer rows than columns, and so many columns that nobody should wait for R to be told the
 * rank? Then component_look derives nothing, component_triangle may not be asked, and its rank
 * counts as 0 (solution.h).
 */
int component_is_early(const struct component *component);

/*
 * In information form C is that of what the weights at hand leave of the labels: add R W to the C
 * of a triangle, columns x (columns + m), ld.
 */
void component_unbase(const struct component *component, double *triangle, size_t ld);

/*
 * Let the weights at hand be those of least squares, so that they leave no C. In information form,
 * after component_look, at full rank; then comes component_look_away.
 */
void component_rebase(struct component *component);

/* Drop what component_look derived, and what rests on it. */
void component_look_away(struct component *component);

/* Label row of the stream up to which component_triangle, and rss, have faded. */
uint64_t component_time(const struct component *component);

/*
 * Fold the waiting rows into the factor: an orthogonal update for each block.
 *
 * forget    in       rows fade by their age against `time`, as everything before
 * team      in       shares the work, which is the same to the bit without; NULL: nobody does
 * work      scratch  update_workspace(rows_max) doubles, or rows_max in information form
 * ret_gain  out      where not NULL and one row waited: columns doubles R+^-T phi
 *
 * Bumps the generation; rows_waiting becomes 0.
 */
void component_absorb(struct component *component, double forget, uint64_t time, struct team *team,
                      double *work, double *ret_gain);

/*
 * Absorb the rows of R and C of another component like label rows, and add its residual. Both in
 * square-root form.
 *
 * place  in       other->columns: the column of this component for each of theirs
 * fade   in       what their R and C are multiplied by; its square is that of sums
 * time   in       label row of the stream up to which both have faded
 * work   scratch  as component_absorb
 */
void component_add_rows(struct component *component, const struct component *other,
                        const int32_t *place, double fade, uint64_t time, struct team *team,
                        double *work);

/* R and C as one row-major array, columns x (columns + m); borrowed until the next change. */
const double *component_triangle(const struct component *component, size_t *ret_ld);

/*
 * Let the columns stand in this order of the same features, that of product_compare, in square-root
 * form: R is made anew of its rows. Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status component_sort(struct component *component, const struct feature *order);

/*
 * Take the information form, where the features are a product of enough coordinates (product.h;
 * they are put in order), it is small enough, R comes back from it, and its singular values are far
 * above what it can tell; else stay as it is. R must have full rank.
 *
 * tau        in   as component_look
 * bytes_max  in   what it may hold in that form
 *
 * Returns LATTN_OK either way; LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE with nothing learned lost.
 */
enum lattn_status component_condense(struct component *component, double tau, size_t bytes_max);

/* Take the square-root form again. Returns as component_look, with nothing changed. */
enum lattn_status component_expand(struct component *component, double tau);

/*
 * Make a component in information form, of features that are a product d by e; the caller fills
 * them in, in order.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status component_open_moment(struct component **ret_component, int32_t d, int32_t e,
                                        int32_t m, uint64_t time);

/* Are sizes, order of features and finiteness as promised? O(columns^2). */
enum lattn_status component_check(const struct component *component);

#endif
