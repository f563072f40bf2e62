/* Numbers as text, the same everywhere; what does not apply, or not yet, is a dash. */

const TEXT_NONE = "\u2013";
const TEXT_GROUP = "\u202f"; /* a narrow space that does not break */
const TEXT_DIGITS = 3;

function textIsNumber(value) {
    return typeof value === "number" && Number.isFinite(value);
}

/* 1 234 567 */
function textOfCount(value) {
    return textIsNumber(value)
        ? String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, TEXT_GROUP)
        : TEXT_NONE;
}

/* 0.00431, 4.31e-13, 12.3, 1 230 */
function textOfReal(value, digits = TEXT_DIGITS) {
    if (!textIsNumber(value)) {
        return TEXT_NONE;
    }
    const size = Math.abs(value);
    if (size === 0) {
        return "0";
    }
    if (size < 1e-3 || size >= 1e6) {
        return value.toExponential(digits - 1).replace("e+", "e").replaceAll("-", "\u2212");
    }
    if (size >= 10 ** digits) {
        return (value < 0 ? "\u2212" : "") + textOfCount(size);
    }
    return value.toPrecision(digits).replace("-", "\u2212");
}

/* 512 B, 1.21 kB, 35.0 MB */
function textOfBytes(value) {
    if (!textIsNumber(value)) {
        return TEXT_NONE;
    }
    const units = ["B", "kB", "MB", "GB", "TB"];
    let unit = 0;

    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit++;
    }
    return `${unit === 0 ? value : value.toPrecision(TEXT_DIGITS)}${TEXT_GROUP}${units[unit]}`;
}

/* 12 s, 3 min, 5 h 20 min, 12 d */
function textOfSeconds(value) {
    if (!textIsNumber(value)) {
        return TEXT_NONE;
    }
    const minutes = Math.floor(value / 60);
    const hours = Math.floor(minutes / 60);

    if (minutes < 1) {
        return `${Math.round(value)}${TEXT_GROUP}s`;
    }
    if (hours < 1) {
        return `${minutes}${TEXT_GROUP}min`;
    }
    return hours < 48
        ? `${hours}${TEXT_GROUP}h ${minutes % 60}${TEXT_GROUP}min`
        : `${Math.floor(hours / 24)}${TEXT_GROUP}d`;
}

/* The time of day, by the clock of whoever looks. */
function textOfTime(milliseconds, hasSeconds = true) {
    const text = new Date(milliseconds).toLocaleTimeString("en-GB");

    return hasSeconds ? text : text.slice(0, 5);
}

/* "1 head", "3 heads" */
function textOfSome(count, one, several = `${one}s`) {
    return `${textOfCount(count)} ${count === 1 ? one : several}`;
}
