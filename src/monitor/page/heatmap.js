/*
 * A matrix as a map of colours: nothing is the colour of the page, negative and positive lie on
 * either side. Names stand at rows and columns as far as there is room for them.
 */
const HEATMAP_CELL_MAX = 26; /* pixels, of a cell */
const HEATMAP_CELL_MIN = 4;
const HEATMAP_LABEL_MAX = 110; /* of a name */
const HEATMAP_LABEL_GAP = 13; /* from one name to the next */
const HEATMAP_GAP = 40; /* from one map to the next */
const HEATMAP_WHOLE = 16; /* columns of a matrix that is told number by number */
const HEATMAP_LARGEST = 40; /* entries that are told of a larger one */

class HeatMap {
    /*
     * title    "Q of head 1"; axes: what rows and columns are, in words
     * rows     names of the rows, columns likewise; the same array where they are the same
     * blocks   [{start, size}] of columns that belong together
     */
    constructor(parent, {title, axes, rows, columns, blocks}) {
        Object.assign(this, {title, rows, columns, blocks});
        this.areAlike = rows === columns;
        this.canvas = elementMake("canvas", {role: "img"});
        this.scroll = elementMake("div", {className: "scroll"}, this.canvas);
        this.ends = [elementMake("span"), elementMake("span")];
        this.readout = elementMake("p", {className: "readout", "aria-hidden": "true"});
        this.numbers = new Numbers(title, () => this.table());
        this.figure = elementMake("figure", {className: "map"},
            elementMake("figcaption", {}, `${title} `,
                elementMake("span", {className: "axes"}, axes)),
            this.scroll,
            elementMake("p", {className: "scale"}, this.ends[0],
                elementMake("i", {"aria-hidden": "true"}), this.ends[1]),
            this.readout, this.numbers.details);
        parent.append(this.figure);
        this.canvas.addEventListener("pointermove", (event) => this.point(event));
        this.canvas.addEventListener("pointerleave", () => elementSay(this.readout, ""));
    }

    /* scale: the size of the strongest colour */
    show(matrix, scale) {
        Object.assign(this, {matrix, scale});
        this.canvas.setAttribute("aria-label", this.words());
        elementSay(this.ends[0], textOfReal(-scale));
        elementSay(this.ends[1], textOfReal(scale));
        this.numbers.update();
        this.draw();
    }

    /* ---- drawing ---- */

    draw() {
        const pen = this.canvas.getContext("2d");

        pen.font = `12px ${palette.font}`;
        this.measure(pen);
        const ratio = devicePixelRatio;

        this.canvas.width = Math.ceil(this.width * ratio);
        this.canvas.height = Math.ceil(this.height * ratio);
        this.canvas.style.width = `${this.width}px`;
        this.canvas.style.height = `${this.height}px`;
        pen.scale(ratio, ratio);
        pen.font = `12px ${palette.font}`;
        this.drawCells(pen);
        this.drawBlocks(pen);
        this.drawNames(pen);
        this.letScroll();
    }

    /*
     * How large cells and margins are: two maps side by side, where names still fit; else one in
     * all the width there is; it scrolls where cells would get too small.
     */
    measure(pen) {
        const longest = (names) => Math.min(HEATMAP_LABEL_MAX,
            names.reduce((most, name) => Math.max(most, pen.measureText(name).width), 0));
        const room = this.figure.parentElement.clientWidth;
        const fitting = (width) => Math.floor((width - this.left - 1) / this.columns.length);

        this.left = Math.ceil(longest(this.rows)) + 6;
        this.top = Math.ceil(longest(this.columns)) + 6;
        const half = fitting((room - HEATMAP_GAP) / 2);

        this.cell = Math.max(HEATMAP_CELL_MIN, Math.min(HEATMAP_CELL_MAX,
            half >= HEATMAP_LABEL_GAP ? half : fitting(room)));
        this.width = this.left + this.cell * this.columns.length + 1;
        this.height = this.top + this.cell * this.rows.length + 1;
    }

    /* One pixel per entry, then enlarged. */
    drawCells(pen) {
        const [rows, columns] = [this.rows.length, this.columns.length];
        const small = elementMake("canvas", {width: columns, height: rows});
        const image = new ImageData(columns, rows);
        const ends = ["negative", "middle", "positive"].map(paletteChannels);

        this.matrix.forEach((row, i) => row.forEach((value, j) => {
            const share = Math.min(Math.abs(value) / this.scale, 1) || 0;
            const end = ends[value < 0 ? 0 : 2];

            image.data.set(end.map((channel, k) => ends[1][k] + share * (channel - ends[1][k])),
                4 * (i * columns + j));
            image.data[4 * (i * columns + j) + 3] = 255;
        }));
        small.getContext("2d").putImageData(image, 0, 0);
        pen.imageSmoothingEnabled = false;
        pen.drawImage(small, this.left, this.top, columns * this.cell, rows * this.cell);
        pen.strokeStyle = palette.rule;
        pen.strokeRect(this.left + 0.5, this.top + 0.5,
            columns * this.cell - 1, rows * this.cell - 1);
    }

    /* A line where a block of coordinates begins. */
    drawBlocks(pen) {
        pen.strokeStyle = palette.quiet;
        pen.globalAlpha = 0.6;
        pen.beginPath();
        for (const {start} of this.blocks.filter((block) => block.start > 0)) {
            const x = this.left + start * this.cell;
            const y = this.top + start * this.cell;

            pen.moveTo(x, this.top);
            pen.lineTo(x, this.height);
            if (this.areAlike) {
                pen.moveTo(this.left, y);
                pen.lineTo(this.width, y);
            }
        }
        pen.stroke();
        pen.globalAlpha = 1;
    }

    /* Every name, or every second, third ... where they would touch. */
    drawNames(pen) {
        const step = Math.ceil(HEATMAP_LABEL_GAP / this.cell);

        pen.fillStyle = palette.quiet;
        pen.textBaseline = "middle";
        pen.textAlign = "right";
        for (let i = 0; i < this.rows.length; i += step) {
            pen.fillText(this.rows[i], this.left - 5, this.top + (i + 0.5) * this.cell,
                this.left - 5);
        }
        pen.textAlign = "left";
        for (let j = 0; j < this.columns.length; j += step) {
            pen.save();
            pen.translate(this.left + (j + 0.5) * this.cell, this.top - 5);
            pen.rotate(-Math.PI / 2);
            pen.fillText(this.columns[j], 0, 0, this.top - 5);
            pen.restore();
        }
    }

    /* What is cut off can be reached by keyboard, too. */
    letScroll() {
        const {scroll} = this;

        if (scroll.scrollWidth > scroll.clientWidth || scroll.scrollHeight > scroll.clientHeight) {
            scroll.tabIndex = 0;
            scroll.setAttribute("role", "region");
            scroll.setAttribute("aria-label", `${this.title}, scrolls`);
        } else {
            ["tabindex", "role", "aria-label"].forEach((name) => scroll.removeAttribute(name));
        }
    }

    /* ---- in words ---- */

    point(event) {
        const i = Math.floor((event.offsetY - this.top) / this.cell);
        const j = Math.floor((event.offsetX - this.left) / this.cell);
        const value = this.matrix[i]?.[j];

        elementSay(this.readout, value === undefined ? ""
            : `${this.rows[i]}, ${this.columns[j]}: ${textOfReal(value)}`);
    }

    /* All entries, the largest first. */
    entries() {
        return this.matrix
            .flatMap((row, i) => row.map((value, j) => ({i, j, value})))
            .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    }

    words() {
        const [{i, j, value}] = this.entries();

        return `${this.title}: ${this.rows.length} by ${this.columns.length}, the largest entry ` +
            `${textOfReal(value)} at ${this.rows[i]}, ${this.columns[j]}`;
    }

    table() {
        if (this.columns.length <= HEATMAP_WHOLE) {
            const texts = (row) => row.map((value) => textOfReal(value));

            return elementTable(this.title, ["", ...this.columns],
                this.matrix.map((row, i) => [this.rows[i], ...texts(row)]));
        }
        return elementTable(`${this.title}, the ${HEATMAP_LARGEST} largest entries`,
            ["row", "column", "value"],
            this.entries().slice(0, HEATMAP_LARGEST).map(({i, j, value}) =>
                [this.rows[i], this.columns[j], textOfReal(value)]));
    }
}
