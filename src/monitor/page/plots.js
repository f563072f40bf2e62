/* The plots of the page, and what they show of an emission. */

const PLOTS_POINTS = 1000; /* of a history: more than a screen has columns for a plot */

/* How learning went: one point for each generation that an emission told of. */
class Convergence {
    constructor(parent) {
        const x = {title: "pairs", values: "count"};
        const nothing = "Nothing has been learned yet";

        this.history = new History(PLOTS_POINTS);
        this.plots = [
            new Plot(parent, {
                id: "plot-rank", title: "Directions seen", nothing, x,
                y: {scale: "linear", values: "count", max: "p"},
                series: [{key: "rank", label: "rank", colour: 1},
                         {key: "seen", label: "features seen", colour: 2},
                         {key: "p", label: "all", colour: 3, dashed: true, stepped: true}],
            }),
            new Plot(parent, {
                id: "plot-rho", title: "Weakest against strongest direction", nothing, x,
                y: {scale: "ratio"},
                series: [{key: "rho", label: "rho", colour: 1},
                         {key: "rhoSeen", label: "rho seen", colour: 2},
                         {key: "threshold", label: "threshold", colour: 3, dashed: true}],
            }),
            new Plot(parent, {
                id: "plot-loss", title: "Loss, of pairs before they are learned", nothing, x,
                y: {scale: "log"},
                series: [{key: "recent", label: "recent", colour: 1},
                         {key: "progressive", label: "progressive", colour: 2}],
            }),
        ];
    }

    /* Forgets what was shown where the learner began anew. */
    add(status) {
        const last = this.history.newest;

        if (last !== null && status.pairs < last.x) {
            this.history.clear();
        }
        if (status.pairs > 0 && this.history.newest?.generation !== status.generation) {
            this.history.add({
                x: status.pairs, generation: status.generation, rank: status.rank, p: status.p,
                seen: status.features_seen, rho: status.rho, rhoSeen: status.rho_seen,
                threshold: status.threshold, recent: status.loss.recent,
                progressive: status.loss.progressive,
            });
        }
    }

    draw() {
        this.plots.forEach((plot) => plot.show(this.history.points()));
    }
}

/* Places between the two ends of a spectrum whose middle is not known. */
const SPECTRUM_GAP = 4;

/* Which singular value stands at a place, where a jump leaves some out after the first. */
function spectrumIndex(x, first, jump) {
    if (jump <= 0 || x <= first) {
        return textOfCount(x);
    }
    return x > first + SPECTRUM_GAP ? textOfCount(x - SPECTRUM_GAP + jump) : "";
}

/* Singular values: those of the data, and those of the heads. */
class Spectrum {
    constructor(parent) {
        this.status = null;
        this.spectrum = null;
        this.ofData = new Plot(parent, {
            id: "plot-spectrum", title: "Singular values of R, scale-free",
            nothing: "No spectrum yet", x: {title: "index", values: "count"},
            y: {scale: "ratio"},
            series: [{key: "value", label: "smallest", name: "value", colour: 1},
                     {key: "threshold", label: "threshold", colour: 3, dashed: true}],
        });
        this.ofHeads = new Plot(parent, {
            id: "plot-heads", title: "Singular values of the heads",
            nothing: "No heads yet", x: {title: "head", values: "count"},
            y: {scale: "log"},
            series: [{key: "sigma", label: "smallest", name: "value", colour: 1}],
        });
    }

    add({status, spectrum}) {
        this.status = status;
        this.spectrum = spectrum ?? (status.pairs > 0 ? this.spectrum : null);
    }

    draw() {
        const {ofData, spectrum} = this;

        if (spectrum === null) {
            ofData.show([]);
            return;
        }
        const {seen, largest, smallest} = spectrum;
        const jump = seen - largest.length - smallest.length;

        ofData.rename(jump > 0 ? `index, the two ends of ${textOfCount(seen)}` : "index",
            (x) => spectrumIndex(x, largest.length, jump));
        ofData.show(this.points());
    }

    /* Where only the two ends are known they stand side by side, with a gap between them. */
    points() {
        const {largest, smallest} = this.spectrum;
        const {threshold} = this.status;
        const at = (before) => (value, index) => ({x: before + index + 1, value, threshold});
        const gap = smallest.length > 0
            ? [{x: largest.length + SPECTRUM_GAP / 2, value: null, threshold}] : [];

        return [...largest.map(at(0)), ...gap, ...smallest.map(at(largest.length + SPECTRUM_GAP))];
    }

    showHeads(heads) {
        this.ofHeads.show(heads.map(({sigma}, index) => ({x: index + 1, sigma})));
    }
}

/*
 * What the daemon did, by the clock of whoever looks. What comes late, as all that was before the
 * page was opened, tells its moment by how long the daemon had been running: `start` is the
 * earliest moment at which that can have begun.
 */
class Traffic {
    constructor(parent) {
        const x = {title: "time", values: "time"};
        const nothing = "Nothing has come yet";

        this.history = new History(PLOTS_POINTS);
        this.run = null;
        this.plots = [
            new Plot(parent, {
                id: "plot-throughput", title: "Throughput, pairs per second", nothing, x,
                y: {scale: "linear", least: 10},
                series: [{key: "rate", label: "now", colour: 1}],
            }),
            new Plot(parent, {
                id: "plot-queue", title: "Queue, read and not yet learned", nothing, x,
                y: {scale: "linear", values: "bytes", least: 1000},
                series: [{key: "queue", label: "now", colour: 1}],
            }),
        ];
    }

    add(status) {
        const seen = Date.now();
        const uptime = 1000 * status.uptime_s;

        if (this.run === null || uptime < this.run.uptime) {
            this.run = {start: Infinity, uptime};
        }
        this.run.start = Math.min(this.run.start, seen - uptime);
        this.run.uptime = uptime;
        this.history.add({run: this.run, seen, uptime, rate: status.pairs_per_s,
            queue: status.queue_bytes});
    }

    /* Whole seconds are told: what is newer than that was seen as it came. */
    points() {
        return this.history.points().map(({run, seen, uptime, rate, queue}) =>
            ({x: Math.min(seen, run.start + uptime + 1000), rate, queue}));
    }

    draw() {
        const points = this.points();

        this.plots.forEach((plot) => plot.show(points));
    }
}
