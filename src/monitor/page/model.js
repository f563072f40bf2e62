/*
 * The model that was learned: V and Q of some heads at a time as maps, the strongest first. It may
 * be large, so it is fetched only when there is a new one, and not for each of many.
 */
const MODEL_PAUSE_MS = 2000;
const MODEL_HEADS = 4; /* shown at a time */

class Model {
    /* took: called with each model that came */
    constructor(took) {
        this.took = took;
        this.model = null;
        this.newest = null; /* which heads the newest emission has */
        this.fetched = null; /* which were fetched */
        this.timer = null;
        this.first = 0;
        this.maps = [];
        elementById("model-earlier").addEventListener("click", () => this.turn(-MODEL_HEADS));
        elementById("model-later").addEventListener("click", () => this.turn(MODEL_HEADS));
        paletteFollow(() => this.redraw());
        addEventListener("resize", () => this.redraw());
        document.addEventListener("visibilitychange", () => this.follow());
    }

    /* ---- fetching ---- */

    /* What an emission says about the heads. */
    add(status) {
        const {d, m, heads, heads_generation: generation, heads_decomposition: kind,
               heads_certified_minimal: isMinimal} = status;

        this.status = status;
        this.newest = generation === null
            ? null : JSON.stringify([generation, d, m, heads, kind, isMinimal]);
        if (this.newest === null) {
            this.forget();
        }
        this.follow();
    }

    forget() {
        this.model = null;
        this.fetched = null;
        this.show();
    }

    follow() {
        if (this.newest !== this.fetched && this.timer === null && !document.hidden) {
            this.timer = setTimeout(() => this.pause(), MODEL_PAUSE_MS);
            this.fetch();
        }
    }

    /* Enough time has passed for the next one. */
    pause() {
        this.timer = null;
        this.follow();
    }

    /* What comes may be newer than what was asked for: then the next emission tells of it. */
    async fetch() {
        const asked = this.newest;

        try {
            const response = await fetch("model.json", {cache: "no-cache"});

            if (response.ok) {
                this.model = await response.json();
                this.fetched = asked;
                this.took(this.model);
                this.show();
            }
        } catch {
            /* Nobody is there: the page says so elsewhere; the next emission asks again. */
        }
    }

    /* ---- showing ---- */

    turn(by) {
        this.first += by;
        this.show();
    }

    show() {
        const count = this.model?.heads.length ?? 0;
        const last = Math.max(0, Math.floor((count - 1) / MODEL_HEADS) * MODEL_HEADS);

        this.first = Math.max(0, Math.min(this.first, last));
        elementSay(elementById("model-says"), this.words(count));
        elementById("model-turn").hidden = count <= MODEL_HEADS;
        elementById("model-earlier").disabled = this.first === 0;
        elementById("model-later").disabled = this.first >= last;
        elementSay(elementById("model-range"),
            `${this.first + 1}\u2013${Math.min(this.first + MODEL_HEADS, count)} of ${count}`);
        this.showHeads();
    }

    words(count) {
        if (this.model === null) {
            return this.status.pairs > 0
                ? "No heads yet; emissions leave them out where they are too dear."
                : "No model yet.";
        }
        const {heads_certified_minimal: isMinimal, heads_decomposition: decomposition} = this.model;
        const kind = isMinimal ? "the fewest there can be"
            : decomposition === "fewest" ? "the fewest found" : "by singular values";

        return `${textOfSome(count, "head")}, ${kind}, ` +
            `after ${textOfCount(this.model.pairs)} pairs. A head adds ` +
            "V\u2009Z\u2009Z\u1d40\u2009Q\u2009z: Z holds the tokens, z is the last one.";
    }

    /* Heads that are shown together share a scale for V and one for Q, so that they compare. */
    showHeads() {
        const heads = this.model?.heads.slice(this.first, this.first + MODEL_HEADS) ?? [];
        const open = this.maps.map(({numbers}) => numbers.details.open);
        const place = elementById("model-heads");

        this.maps = [];
        place.replaceChildren();
        const scales = {V: modelScale(heads, "V"), Q: modelScale(heads, "Q")};

        heads.forEach((head, index) => this.showHead(place, head, this.first + index + 1, scales));
        this.maps.forEach((map, index) => {
            map.numbers.details.open = open[index] ?? false;
        });
        this.redraw();
    }

    showHead(place, head, number, scales) {
        const {d, m, bias, names} = this.model;
        const coordinates = modelNames(names?.coordinates, d, bias);
        const outputs = modelNames(names?.outputs, m, false);
        const blocks = names?.blocks ?? [];
        const maps = elementMake("div", {className: "maps"});

        place.append(elementMake("div", {className: "head"},
            elementMake("h3", {}, `Head ${number}, strength ${textOfReal(head.sigma)}`), maps));
        this.addMap(maps, {title: `V of head ${number}`, axes: "outputs by token coordinates",
                           matrix: head.V, rows: outputs, columns: coordinates, blocks,
                           scale: scales.V});
        this.addMap(maps, {title: `Q of head ${number}`, axes: "token by query coordinates",
                           matrix: head.Q, rows: coordinates, columns: coordinates, blocks,
                           scale: scales.Q});
    }

    addMap(place, settings) {
        const map = new HeatMap(place, settings);
        const ends = textOfReal(settings.scale);

        map.scroll.after(elementMake("p", {className: "scale"}, `\u2212${ends}`,
            elementMake("i", {"aria-hidden": "true"}), ends));
        this.maps.push(map);
    }

    redraw() {
        this.maps.forEach((map) => map.draw());
    }
}

/* The largest entry of V or Q in any of the heads. */
function modelScale(heads, key) {
    let scale = 0;

    for (const head of heads) {
        for (const row of head[key]) {
            for (const value of row) {
                scale = Math.max(scale, Math.abs(value));
            }
        }
    }
    return scale;
}

/* Names of coordinates or outputs; what has none is called by its number. */
function modelNames(names, count, bias) {
    return Array.from({length: count}, (_, index) =>
        names?.[index] || (bias && index === 0 ? "bias" : String(index)));
}
