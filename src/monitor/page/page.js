/* The page: emissions come in, and everything that shows them follows, no faster than eyes can. */

const PAGE_PAUSE_MS = 250; /* from one drawing to the next */

class Page {
    constructor() {
        this.headline = new Headline();
        this.shards = new Shards();
        this.learning = new Figures(elementById("figures"));
        this.service = new Figures(elementById("service-figures"));
        this.convergence = new Convergence(elementById("convergence-plots"));
        this.spectrum = new Spectrum(elementById("spectrum-plots"));
        this.traffic = new Traffic(elementById("service-plots"));
        this.trial = new Trial();
        this.model = new Model((model) => {
            this.spectrum.showHeads(model?.heads ?? []);
            this.trial.name(model);
        });
        this.status = null;
        this.isDue = false;
        this.drawnAt = -Infinity;
        this.connection = new Connection({
            emission: (emission) => this.take(emission),
            status: (status) => this.takeStatus(status),
            state: headlineConnection,
        });
    }

    take(emission) {
        this.convergence.add(emission.status);
        this.spectrum.add(emission);
        this.model.add(emission.status);
        this.takeStatus(emission.status);
    }

    takeStatus(status) {
        this.status = status;
        this.traffic.add(status);
        if (!this.isDue) {
            this.isDue = true;
            setTimeout(() => requestAnimationFrame(() => this.draw()),
                Math.max(0, this.drawnAt + PAGE_PAUSE_MS - performance.now()));
        }
    }

    draw() {
        this.isDue = false;
        this.drawnAt = performance.now();
        elementSay(elementById("version"), this.status.version);
        this.headline.show(this.status);
        this.shards.show(this.status);
        figuresOfLearning(this.learning, this.status);
        figuresOfService(this.service, this.status);
        this.trial.follow(this.status);
        this.convergence.draw();
        this.spectrum.draw();
        this.traffic.draw();
    }
}

/* What is there already is painted first. */
requestAnimationFrame(() => setTimeout(() => new Page()));
