/* Numbers with their names: those that say how far learning is, and those about the daemon. */

/* The numbers of a list, by their names; made once, then only changed. */
class Figures {
    constructor(list) {
        this.list = list;
        this.rows = new Map();
    }

    /* note: what to add in small; alarm: it is bad news */
    show(name, text, {note = "", alarm = false} = {}) {
        if (!this.rows.has(name)) {
            this.rows.set(name, this.row(name));
        }
        const {row, value, small} = this.rows.get(name);

        elementSay(value, text);
        elementSay(small, note);
        row.toggleAttribute("data-alarm", alarm);
    }

    row(name) {
        const value = elementMake("span");
        const small = elementMake("small");
        const row = elementMake("div", {}, elementMake("dt", {}, name),
            elementMake("dd", {}, value, small));

        this.list.append(row);
        return {row, value, small};
    }
}

/* The largest or smallest of what is said of each output, by choose = Math.max or Math.min. */
function figuresExtreme(row, choose) {
    const numbers = (row ?? []).filter(textIsNumber);

    return numbers.length > 0 ? numbers.reduce((a, b) => choose(a, b)) : null;
}

function figuresOfLearning(figures, status) {
    const several = status.m > 1;

    figures.show("Pairs learned", textOfCount(status.pairs));
    figures.show("Directions seen", `${textOfCount(status.rank)} of ${textOfCount(status.p)}`);
    figures.show("rho", textOfReal(status.rho),
        {note: `threshold ${textOfReal(status.threshold)}`});
    figures.show("Smallest eigenvalue", textOfReal(status.lambda_min),
        {note: `largest ${textOfReal(status.lambda_max)}`});
    figures.show("Recent loss", textOfReal(status.loss.recent));
    figures.show("Progressive loss", textOfReal(status.loss.progressive));
    figures.show("Train loss", textOfReal(status.loss.train));
    figures.show("Noise", textOfReal(figuresExtreme(status.noise_std, Math.max)),
        {note: several ? "standard deviation, largest of outputs" : "standard deviation"});
    figures.show("R\u00b2", textOfReal(figuresExtreme(status.r2, Math.min), 4),
        {note: several ? "smallest of outputs" : ""});
}

/* How much of what was learned a crash would cost, or the next start would have to read again. */
function figuresOfState(figures, status) {
    const {state} = status;

    if (state === null) {
        figures.show("Durable lag", TEXT_NONE, {note: "memory only, nothing on disk"});
    } else if (state.error !== null) {
        figures.show("Durable lag", "cannot write", {note: state.error, alarm: true});
    } else {
        figures.show("Durable lag", "none", {note: `journal ${textOfBytes(state.journal_bytes)}`});
        figures.show("Checkpoint", state.checkpoint_age_s === null
            ? TEXT_NONE : `${textOfSeconds(state.checkpoint_age_s)} ago`,
            {note: state.checkpoint_pairs === null ? "none since the start"
                : `${textOfCount(status.pairs - state.checkpoint_pairs)} pairs since`});
    }
}

/* Of a worker: its shard, how far it is behind its streams, and what is lost of them. */
function figuresOfSource(figures, {source}) {
    if (!source) {
        return;
    }
    const sum = (name) => source.streams.reduce((total, stream) => total + stream[name], 0);
    const lost = sum("lost");
    const back = sum("rolled_back");

    figures.show("Shard", `${source.shard} of ${source.shards}`,
        {note: source.error ?? `epoch ${source.epoch}`, alarm: source.error !== null});
    figures.show("Lag", textOfCount(sum("pending")), {note: "messages"});
    figures.show("Lost", textOfCount(lost), {
        note: back > 0 ? `messages; rolled back ${textOfSome(back, "time")}` : "messages",
        alarm: lost > 0 || back > 0,
    });
}

function figuresOfService(figures, status) {
    figures.show("Throughput", textOfReal(status.pairs_per_s), {note: "pairs per second"});
    figures.show("Queue", textOfBytes(status.queue_bytes));
    figures.show("Accepted", textOfCount(status.accepted), {note: "items"});
    figures.show("Rejected", textOfCount(status.rejected), {alarm: status.rejected > 0});
    figures.show("Duplicates", textOfCount(status.duplicates));
    figures.show("Denied", textOfCount(status.denied), {alarm: status.denied > 0});
    figuresOfState(figures, status);
    figuresOfSource(figures, status);
    figures.show("Memory", textOfBytes(status.memory_bytes), {note: "of the learner"});
    figures.show("Running for", textOfSeconds(status.uptime_s), {
        note: `engine ${status.engine}, threads ${status.threads ?? TEXT_NONE}`,
    });
}
