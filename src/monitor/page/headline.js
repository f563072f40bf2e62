/* The verdict in words. The sentence is the daemon's own, the same as in the terminal. */

/* Whoever listens hears of a change of the verdict at once, of progress no more often than this. */
const HEADLINE_SPOKEN_MS = 20000;

const HEADLINE_MEANINGS = {
    "identifying": "Every model that fits the data computes the same function.",
    "not identifying": "Other models fit the data as well, and differ on some inputs.",
    "cannot tell": "The weakest direction seen is within rounding of nothing.",
};

class Headline {
    constructor() {
        this.spokenAt = 0;
        this.verdict = null;
    }

    show(status) {
        const sentence = status.headline;

        elementSay(elementById("headline"), sentence);
        elementSay(elementById("meaning"), status.pairs > 0
            ? HEADLINE_MEANINGS[status.verdict]
            : "Pairs that are fed to the daemon show here as they are learned.");
        elementById("verdict").dataset.verdict = status.pairs > 0 ? status.verdict : "none";
        this.showStream(status);
        this.showProgress(status);
        this.speak(status, sentence);
        document.title = `${status.verdict === "identifying" ? "identifying"
            : `${status.rank} of ${status.p ?? TEXT_NONE}`} \u2013 lattnd`;
    }

    /* The verdict on the stream, which is what counts on symbols; where all is determined, moot. */
    showStream({stream, verdict}) {
        const line = elementById("stream");

        line.hidden = stream.checked === 0 || verdict === "identifying";
        if (!line.hidden) {
            elementSay(line, `Of the last ${textOfSome(stream.checked, "input")} tested ` +
                `${textOfCount(stream.undetermined)} were undetermined: averaged over them, the ` +
                `chance that the next one was undetermined was at most ` +
                `${textOfReal(100 * stream.bound95)} % (95 % confidence).`);
        }
    }

    showProgress({rank, p}) {
        const progress = elementById("progress");
        const share = p > 0 ? 100 * rank / p : 0;

        progress.setAttribute("aria-valuenow", String(Math.floor(share)));
        progress.setAttribute("aria-valuetext", `${textOfCount(rank)} of ${textOfCount(p)}`);
        progress.firstElementChild.style.width = `${share}%`;
    }

    speak({verdict}, sentence) {
        const now = Date.now();

        if (verdict !== this.verdict || now - this.spokenAt >= HEADLINE_SPOKEN_MS) {
            elementSay(elementById("headline-spoken"), sentence);
            this.verdict = verdict;
            this.spokenAt = now;
        }
    }
}

/* Say whether there is a daemon; what is shown without one is the last that it said. */
function headlineConnection(state) {
    const gone = elementById("gone");

    elementById("connection").dataset.state = state;
    elementSay(elementById("connection-text"), state === "live" ? "live" : "no connection");
    gone.hidden = state === "live";
    elementById("verdict").toggleAttribute("data-stale", state !== "live");
    if (state !== "live") {
        gone.textContent = `No connection to the daemon since ${textOfTime(Date.now())}. ` +
            "What is shown is the last that it said; the page tries again by itself.";
        document.title = "no connection \u2013 lattnd";
    }
}
