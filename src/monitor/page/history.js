/*
 * What was seen over time, in bounded memory: once full, every other point is dropped, and from
 * then on only every second, fourth, ... one is kept. So it thins out evenly and always reaches
 * from the first point to the newest.
 */
class History {
    /* max: points that are kept, at least 2 */
    constructor(max) {
        this.max = max;
        this.clear();
    }

    clear() {
        this.kept = [];
        this.newest = null;
        this.stride = 1;
        this.count = 0;
    }

    add(point) {
        if (this.count % this.stride === 0) {
            this.kept.push(point);
        }
        this.newest = point;
        this.count++;
        if (this.kept.length > this.max) {
            this.kept = this.kept.filter((_, index) => index % 2 === 0);
            this.stride *= 2;
        }
    }

    /* All that is kept, and the newest point. */
    points() {
        const last = this.kept[this.kept.length - 1];

        return this.newest === null || last === this.newest
            ? this.kept
            : [...this.kept, this.newest];
    }
}
