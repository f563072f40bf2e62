/* Shards that are added up, one row each; there are none where the daemon learns by itself. */

class Shards {
    constructor() {
        this.section = elementById("shards");
        this.place = elementById("shards-table");
    }

    show({aggregate}) {
        this.section.hidden = aggregate === null;
        if (!this.section.hidden) {
            this.place.replaceChildren(elementTable(`${aggregate.expect} shards`,
                ["shard", "worker", "pairs", "heard of", "lag", "lost", "state"],
                aggregate.shards.map((shard) => this.row(shard))));
        }
    }

    row(shard) {
        const age = shard.age_s === null ? TEXT_NONE : `${textOfSeconds(shard.age_s)} ago`;

        return [textOfCount(shard.shard), shard.worker ?? TEXT_NONE, textOfCount(shard.pairs), age,
            textOfCount(shard.lag), textOfCount(shard.lost), this.state(shard)];
    }

    state({error, worker, stale, rolled_back: isRolledBack}) {
        if (error !== null) {
            return `refused: ${error}`;
        }
        if (worker === null) {
            return "never seen";
        }
        return stale ? "stale" : isRolledBack ? "rolled back" : "live";
    }
}
