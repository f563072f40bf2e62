/*
 * The model that was learned: V and Q of some heads at a time as maps, the strongest first. It may
 * be large, so it is fetched only when there is a new one, and not for each of many.
 */
const MODEL_PAUSE_MS = 2000;
const MODEL_HEADS = 4; /* shown at a time */

class Model {
    /* took: called with each model that came, and with null where there is none any more */
    constructor(took) {
        this.took = took;
        this.model = null;
        this.newest = null; /* which heads the newest emission has */
        this.fetched = null; /* which were fetched */
        this.timer = null;
        this.first = 0;
        this.layout = "";
        this.heads = []; /* shown: title, V, Q */
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
            this.take(null);
        }
        this.follow();
    }

    /* model: or null, where there is none */
    take(model) {
        this.fetched = model === null ? null : this.fetched;
        if (this.model !== null || model !== null) {
            this.took(model);
        }
        this.model = model;
        this.show();
    }

    follow() {
        const isWanted = this.newest !== null && this.newest !== this.fetched;

        if (isWanted && this.timer === null && !document.hidden) {
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
                const model = await response.json();

                this.fetched = asked;
                this.take(this.newest === null ? null : model);
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

    /*
     * Heads that are shown together share a scale for V and one for Q, so that they compare. What
     * somebody reads stays where it is while only its numbers change.
     */
    showHeads() {
        const heads = this.model?.heads.slice(this.first, this.first + MODEL_HEADS) ?? [];
        const {d, m, bias, names} = this.model ?? {};
        const layout = JSON.stringify([this.first, heads.length, d, m, bias, names]);

        if (layout !== this.layout) {
            this.layout = layout;
            this.build(heads.length);
        }
        const [ofV, ofQ] = [modelScale(heads, "V"), modelScale(heads, "Q")];

        heads.forEach((head, index) => {
            const {title, V, Q} = this.heads[index];

            elementSay(title, `Head ${this.first + index + 1}, strength ${textOfReal(head.sigma)}`);
            V.show(head.V, ofV);
            Q.show(head.Q, ofQ);
        });
    }

    build(count) {
        elementById("model-heads").replaceChildren();
        this.heads = Array.from({length: count}, (_, index) =>
            this.buildHead(this.first + index + 1));
    }

    buildHead(number) {
        const {d, m, bias, names} = this.model;
        const columns = modelNames(names?.coordinates, d, bias);
        const blocks = names?.blocks ?? [];
        const title = elementMake("h3");
        const maps = elementMake("div", {className: "maps"});

        elementById("model-heads").append(elementMake("div", {className: "head"}, title, maps));
        return {
            title,
            V: new HeatMap(maps, {title: `V of head ${number}`,
                                  axes: "outputs by token coordinates",
                                  rows: modelNames(names?.outputs, m, false), columns, blocks}),
            Q: new HeatMap(maps, {title: `Q of head ${number}`, axes: "token by query coordinates",
                                  rows: columns, columns, blocks}),
        };
    }

    redraw() {
        for (const {V, Q} of this.heads) {
            V.draw();
            Q.draw();
        }
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
