/*
 * What is wrong with the page for those who use a screen reader, a keyboard or weak eyes: a list of
 * complaints, as an expression for the tests. Names of controls are asked of the browser itself.
 */
(() => {
    const CONTRAST_MIN = 4.5; /* WCAG 2, AA, for text of any size */
    const complaints = [];
    const isSeen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
    const all = (selector) => [...document.querySelectorAll(selector)];
    const say = (element) => `${element.tagName.toLowerCase()}#${element.id}.${element.className}`;

    function complain(condition, what) {
        if (!condition) {
            complaints.push(what);
        }
    }

    /* ---- structure ---- */

    function structure() {
        const ids = all("[id]").map(({id}) => id);
        const levels = all("h1, h2, h3, h4, h5, h6").filter(isSeen)
            .map(({tagName}) => Number(tagName[1]));

        complain(document.documentElement.lang !== "", "the document has no language");
        complain(document.title !== "", "the document has no title");
        complain(new Set(ids).size === ids.length, "an id is there twice");
        complain(levels.filter((level) => level === 1).length === 1, "not one first heading");
        complain(levels.every((level, i) => i === 0 || level <= levels[i - 1] + 1),
            `a level of headings is left out: ${levels}`);
        for (const name of ["header", "main", "footer", "nav"]) {
            complain(all(name).length === 1, `there is not one ${name}`);
        }
        complain(all("body > *").every((child) => child.matches("header, main, footer, script")),
            "something stands outside of the landmarks");
        complain(all("main > section").every((section) => section.hasAttribute("aria-labelledby")),
            "a section has no name");
        complain(all("[aria-live], [role=status]").length > 0, "nothing is spoken by itself");
    }

    function references() {
        for (const name of ["aria-labelledby", "aria-describedby"]) {
            for (const element of all(`[${name}]`)) {
                const missing = element.getAttribute(name).split(" ").filter((id) =>
                    document.getElementById(id) === null);

                complain(missing.length === 0, `${say(element)} refers to ${missing}`);
            }
        }
        for (const link of all("a[href^='#']")) {
            complain(document.querySelector(link.getAttribute("href")) !== null,
                `${link.href} leads nowhere`);
        }
    }

    /* ---- contrast ---- */

    function channels(colour) {
        const numbers = colour.match(/[\d.]+/g).map(Number);

        return {rgb: numbers.slice(0, 3), alpha: numbers[3] ?? 1};
    }

    function luminance(rgb) {
        const [r, g, b] = rgb.map((channel) => channel / 255).map((share) =>
            share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);

        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }

    function background(element) {
        for (let at = element; at !== null; at = at.parentElement) {
            const {rgb, alpha} = channels(getComputedStyle(at).backgroundColor);

            if (alpha === 1) {
                return rgb;
            }
        }
        return [255, 255, 255];
    }

    function contrast(element) {
        const [light, dark] = [channels(getComputedStyle(element).color).rgb, background(element)]
            .map(luminance).sort((a, b) => b - a);

        return (light + 0.05) / (dark + 0.05);
    }

    function contrasts() {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        let texts = 0;

        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;

            if (walker.currentNode.data.trim() !== "" && isSeen(element) && !element.disabled) {
                const ratio = contrast(element);

                texts++;
                complain(ratio >= CONTRAST_MIN,
                    `${say(element)} has a contrast of ${ratio.toFixed(2)}`);
            }
        }
        complain(texts > 50, `there are only ${texts} texts`);
    }

    structure();
    references();
    contrasts();
    return complaints;
})()
