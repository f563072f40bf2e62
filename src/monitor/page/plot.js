/*
 * One plot: heading, legend with the newest values, drawing by Chart.js, and the same in words and
 * numbers for those who do not see it.
 */
const PLOT_ROWS = 12; /* of numbers in the table */
const PLOT_DOTS = 40; /* so few points are shown one by one */

Chart.defaults.animation = false;
Chart.defaults.responsive = true;
Chart.defaults.maintainAspectRatio = false;
Chart.defaults.plugins.legend.display = false;
Chart.defaults.interaction = {mode: "index", intersect: false};

class Plot {
    /*
     * parent     element that the plot is put into
     * settings   {id, title, nothing: what to say while there are no points,
     *             x: {title, values, text: of a place, where it is not the number itself},
     *             y: {title, scale: "linear" | "log" | "ratio", values, max, least},
     *             series: [{key, label, name, colour: 1 to 3, dashed, stepped}]}
     *
     * A series is called by its label beside its newest value, and by its name, where it has one,
     * elsewhere.
     *
     * "ratio" is logarithmic from 0, as far as doubles can tell it from that, to 1. y.max, where
     * there is one, is the key of a point's upper end of the axis; y.least is what it is at least.
     */
    constructor(parent, settings) {
        this.settings = settings;
        this.points = [];
        this.build(parent);
        this.chart = new Chart(this.canvas, {
            type: "line",
            data: {datasets: settings.series.map((series) => this.dataset(series))},
            options: {
                parsing: false,
                normalized: true,
                plugins: {tooltip: {callbacks: {title: (items) => this.place(items[0].raw.x),
                                                label: (item) => this.say(item)}}},
            },
        });
        this.paint();
        paletteFollow(() => this.paint());
    }

    build(parent) {
        const {id, title, series, nothing} = this.settings;

        this.canvas = elementMake("canvas", {role: "img", "aria-label": title,
                                             "aria-describedby": `${id}-words`});
        this.words = elementMake("p", {id: `${id}-words`, className: "spoken"}, nothing);
        this.nothing = elementMake("p", {className: "nothing", "aria-hidden": "true"}, nothing);
        this.values = series.map(() => elementMake("b"));
        this.numbers = new Numbers(title, () => this.table());
        this.figure = elementMake("figure", {className: "plot", id},
            elementMake("h3", {}, title),
            elementMake("ul", {className: "legend"}, ...series.map((one, index) =>
                elementMake("li", {className: `series-${one.colour}${one.dashed ? " dashed" : ""}`},
                    `${one.label} `, this.values[index]))),
            elementMake("div", {className: "drawing"}, this.canvas, this.nothing),
            this.words, this.numbers.details);
        parent.append(this.figure);
    }

    dataset(series) {
        return {
            label: series.name ?? series.label,
            data: [],
            borderDash: series.dashed ? [6, 4] : [],
            borderWidth: series.dashed ? 1.5 : 2,
            stepped: series.stepped ? "before" : false,
            pointHitRadius: 8,
            clip: 6,
        };
    }

    /* Call the x axis so, and its places as this function says. */
    rename(title, text) {
        const {x} = this.chart.options.scales;

        Object.assign(this.settings.x, {title, text});
        x.title.text = title;
        x.ticks.callback = text;
    }

    /* Take the colours of the page. */
    paint() {
        const {x, y, series} = this.settings;
        const {options, data} = this.chart;

        Chart.defaults.font.family = palette.font;
        options.scales = {
            x: axisAlong(x.title, x.values, x.text),
            y: y.scale === "linear" ? axisUp(y.title, y.values)
                : axisLogarithmic(y.title, y.scale === "ratio"),
        };
        series.forEach((one, index) => {
            const colour = palette[`series-${one.colour}`];

            Object.assign(data.datasets[index], {borderColor: colour, backgroundColor: colour});
        });
        this.draw();
    }

    /*
     * Show points, {x, and a number or null for each key}, in order of x. Where neighbours lie on
     * both sides of a gap, a point without numbers stands between them.
     */
    show(points) {
        this.points = points;
        this.draw();
        this.numbers.update();
        this.describe();
    }

    draw() {
        const {series} = this.settings;

        series.forEach((one, index) => {
            const dataset = this.chart.data.datasets[index];

            dataset.data = this.points.map((point) =>
                ({x: point.x, y: this.height(point[one.key])}));
            dataset.pointRadius = one.dashed || this.points.length > PLOT_DOTS ? 0 : 2.5;
        });
        this.stretch();
        this.nothing.hidden = this.points.length > 0;
        this.chart.update();
    }

    /* Where a value is drawn; nothing is drawn where there is none. */
    height(value) {
        if (!textIsNumber(value)) {
            return null;
        }
        return this.settings.y.scale === "ratio" ? Math.min(Math.max(value, AXIS_ZERO), 1) : value;
    }

    /* Let the axes reach as far as the points do. */
    stretch() {
        const {x, y} = this.chart.options.scales;
        const {y: {scale, max, least = 1}, series} = this.settings;
        const last = this.points[this.points.length - 1];

        if (last !== undefined && last.x > this.points[0].x) {
            Object.assign(x, {min: this.points[0].x, max: last.x});
        } else {
            delete x.min;
            delete x.max;
        }
        if (scale === "log") {
            Object.assign(y, axisRange(series.flatMap(({key}) =>
                this.points.map((point) => point[key]).filter(textIsNumber))));
        } else if (scale === "linear") {
            y.suggestedMax = last?.[max] ?? least;
        }
    }

    /* ---- in words ---- */

    /* The value of a series that came last. */
    newest(key) {
        return this.points[this.points.length - 1]?.[key];
    }

    /* A value, and a place on the x axis. */
    text(value) {
        const say = {count: textOfCount, bytes: textOfBytes}[this.settings.y.values] ?? textOfReal;

        return say(value);
    }

    place(x) {
        const {title, values, text = textOfCount} = this.settings.x;

        return values === "time" ? textOfTime(x) : `${title} ${text(x)}`;
    }

    say(item) {
        const {key} = this.settings.series[item.datasetIndex];

        return ` ${item.dataset.label} ${this.text(this.points[item.dataIndex][key])}`;
    }

    describe() {
        const {series, nothing} = this.settings;
        const [first] = this.points;

        series.forEach(({key}, index) =>
            elementSay(this.values[index], this.text(this.newest(key))));
        if (first === undefined) {
            elementSay(this.words, nothing);
            return;
        }
        const last = this.points[this.points.length - 1];
        const parts = series.map(({key, label, name = label}) =>
            `${name} from ${this.text(first[key])} to ${this.text(last[key])}`);

        elementSay(this.words,
            `${this.place(first.x)} to ${this.place(last.x)}: ${parts.join(", ")}.`);
    }

    /* Some of the points, evenly from the first to the last. */
    table() {
        const {title, series, x: {title: along, values, text = textOfCount}} = this.settings;
        const points = this.points.filter((point) => textIsNumber(point[series[0].key]));
        const count = Math.min(points.length, PLOT_ROWS);
        const chosen = Array.from({length: count}, (_, index) =>
            points[count > 1 ? Math.round(index * (points.length - 1) / (count - 1)) : 0]);

        return elementTable(title, [along, ...series.map(({label, name = label}) => name)],
            chosen.map((point) => [values === "time" ? textOfTime(point.x) : text(point.x),
                                   ...series.map(({key}) => this.text(point[key]))]));
    }
}
