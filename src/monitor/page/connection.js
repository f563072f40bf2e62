/*
 * The stream of emissions. The browser takes it up again by itself where it breaks, from the last
 * emission that came; where it gives up (an answer that is no stream), we ask anew.
 *
 * While nothing comes, as from a daemon that learns nothing, it is asked for its status now and
 * then: that shows whether it is still there, and what else it does.
 */
const CONNECTION_RETRY_MS = 2000;
const CONNECTION_SILENCE_MS = 10000;

class Connection {
    /*
     * emission  called with each emission: {status, spectrum?}
     * status    called with a status that was asked for
     * state     called with "live" or "gone" when that changes
     */
    constructor({emission, status, state}) {
        this.tell = {emission, status, state};
        this.state = "waiting";
        this.silence = null;
        this.isNew = true;
        this.open();
    }

    open() {
        this.source = new EventSource("events?all");
        this.source.addEventListener("open", () => this.enter("live"));
        this.source.addEventListener("emission", (event) => this.take(event));
        this.source.addEventListener("error", () => this.lose());
        this.listen();
    }

    /* The first one can be old: how things are now is asked for. */
    take(event) {
        this.enter("live");
        this.listen();
        this.tell.emission(JSON.parse(event.data));
        if (this.isNew) {
            this.isNew = false;
            this.ask();
        }
    }

    lose() {
        this.isNew = true;
        this.enter("gone");
        if (this.source.readyState === EventSource.CLOSED) {
            clearTimeout(this.silence);
            setTimeout(() => this.open(), CONNECTION_RETRY_MS);
        }
    }

    /* From now on count the silence. */
    listen() {
        clearTimeout(this.silence);
        this.silence = setTimeout(() => this.ask(), CONNECTION_SILENCE_MS);
    }

    async ask() {
        const patience = AbortSignal.timeout(CONNECTION_SILENCE_MS);

        this.listen();
        if (document.hidden || this.source.readyState !== EventSource.OPEN) {
            return;
        }
        try {
            const response = await fetch("status.json", {cache: "no-store", signal: patience});

            if (response.ok) {
                this.tell.status(await response.json());
                this.enter("live");
            }
        } catch {
            this.enter("gone");
        }
    }

    enter(state) {
        if (this.state !== state) {
            this.state = state;
            this.tell.state(state);
        }
    }
}
