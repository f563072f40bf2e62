/* The colours of the page's style, for what is drawn; told when the reader turns dark to light. */

const palette = {};
const paletteUsers = [];

function paletteRead() {
    const style = getComputedStyle(document.documentElement);

    for (const name of ["ink", "quiet", "rule", "surface", "series-1", "series-2", "series-3",
                        "negative", "middle", "positive"]) {
        palette[name] = style.getPropertyValue(`--${name}`).trim();
    }
    palette.font = getComputedStyle(document.body).fontFamily;
}

/* Call redraw whenever the colours have changed. */
function paletteFollow(redraw) {
    paletteUsers.push(redraw);
}

/* "#1b5fa8" as [27, 95, 168] */
function paletteChannels(name) {
    return [1, 3, 5].map((at) => parseInt(palette[name].slice(at, at + 2), 16));
}

paletteRead();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    paletteRead();
    paletteUsers.forEach((redraw) => redraw());
});
