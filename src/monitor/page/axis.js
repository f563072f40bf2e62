/* The axes of plots: where they begin and end, and what stands at their ticks. */

const AXIS_TICKS = 6;

/*
 * Ratios of singular values are drawn down to here, well below anything that rounding leaves of
 * them; what is smaller stands at this height, which is labelled 0.
 */
const AXIS_ZERO = 1e-18;

function axisExponent(value) {
    return Math.round(Math.log10(value));
}

/* 1, 0.02, 1e-12; 0 for the bottom of an axis that shows zero there */
function axisPower(value, zero) {
    if (zero && value <= AXIS_ZERO) {
        return "0";
    }
    return value >= 1e-3 && value < 1e4
        ? String(Number(value.toPrecision(1)))
        : value.toExponential(0).replace("e+", "e").replace("-", "\u2212");
}

/* Decades as ticks, as many as can be read, the upper end among them; of few decades, parts too. */
function axisDecades(axis) {
    const low = axisExponent(axis.min);
    const high = axisExponent(axis.max);
    const step = Math.max(1, Math.ceil((high - low) / AXIS_TICKS));
    const parts = high - low <= 2 ? [5, 2, 1] : [1];

    axis.ticks = [{value: 10 ** high}];
    for (let exponent = high - step; exponent >= low; exponent -= step) {
        axis.ticks.unshift(...parts.map((part) => ({value: part * 10 ** exponent})).reverse());
    }
}

/* The first of these steps that needs no more ticks than can be read. */
function axisStep(span, steps) {
    return steps.find((step) => span / step <= AXIS_TICKS) ?? steps[steps.length - 1];
}

/* Round numbers between the ends of an axis as ticks. */
function axisRound(axis, steps) {
    const step = axisStep(axis.max - axis.min, steps(axis.max - axis.min));

    axis.ticks = [];
    for (let index = Math.ceil(axis.min / step); index * step <= axis.max; index++) {
        axis.ticks.push({value: index * step});
    }
    axis.step = step;
}

/* 1, 2, 5, 10, ... around a sixth of the span */
function axisSteps(span) {
    const power = 10 ** Math.floor(Math.log10(Math.max(span, 1) / AXIS_TICKS));

    return [1, 2, 5, 10].map((part) => Math.max(1, part * power));
}

/* Seconds, minutes, hours and days, in milliseconds. */
function axisTimes() {
    const [second, minute, hour, day] = [1e3, 6e4, 36e5, 864e5];

    return [...[1, 2, 5, 10, 15, 30].map((count) => count * second),
            ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
            ...[1, 2, 3, 6, 12].map((count) => count * hour),
            ...[1, 2, 7, 30].map((count) => count * day)];
}

/* Whole decades that hold the values, at least one, at most so many below the largest. */
function axisRange(values) {
    const decades = 18;
    const positive = values.filter((value) => value > 0);

    if (positive.length === 0) {
        return {min: 1e-3, max: 1};
    }
    const largest = positive.reduce((a, b) => Math.max(a, b));
    const smallest = positive.reduce((a, b) => Math.min(a, b));
    const high = Math.ceil(Math.log10(largest));
    const low = Math.max(Math.floor(Math.log10(smallest)), high - decades);

    return {min: 10 ** Math.min(low, high - 1), max: 10 ** high};
}

/* What all axes have in common. */
function axisBase(title) {
    return {
        title: {display: title !== undefined, text: title, color: palette.quiet},
        ticks: {color: palette.quiet, maxTicksLimit: AXIS_TICKS, maxRotation: 0},
        grid: {color: palette.rule, borderColor: palette.rule, tickLength: 4},
    };
}

/* An axis of counts, said by text, or of times. */
function axisAlong(title, values, text = textOfCount) {
    const axis = axisBase(title);
    const isTime = values === "time";

    axis.type = "linear";
    axis.ticks.autoSkip = false;
    axis.ticks.callback = isTime
        ? function say(value) {
            return textOfTime(value, this.step < 6e4);
        }
        : text;
    axis.afterBuildTicks = (built) => axisRound(built, isTime ? axisTimes : axisSteps);
    return axis;
}

/* An axis from 0 up, of "count", "bytes", or undefined for real numbers. */
function axisUp(title, values) {
    const axis = axisBase(title);

    axis.type = "linear";
    axis.min = 0;
    if (values === undefined) {
        axis.ticks.callback = (value) => textOfReal(value).replace(/\.0+$|(\.\d*?)0+$/, "$1");
    } else {
        axis.ticks.callback = {count: textOfCount, bytes: textOfBytes}[values];
        axis.ticks.precision = 0;
    }
    return axis;
}

/* zero: the axis reaches from AXIS_ZERO, which stands for 0, to 1 */
function axisLogarithmic(title, zero) {
    const axis = axisBase(title);

    axis.type = "logarithmic";
    axis.ticks.autoSkip = false;
    axis.ticks.callback = (value) => axisPower(value, zero);
    axis.afterBuildTicks = axisDecades;
    if (zero) {
        axis.min = AXIS_ZERO;
        axis.max = 1;
    }
    return axis;
}
