/* Elements of the document, made and filled. */

/*
 * Make an element with properties (or attributes, where there is no such property) and children,
 * which are nodes or text.
 */
function elementMake(name, properties = {}, ...children) {
    const made = document.createElement(name);

    for (const [key, value] of Object.entries(properties)) {
        if (key in made) {
            made[key] = value;
        } else {
            made.setAttribute(key, value);
        }
    }
    made.append(...children);
    return made;
}

/* The element of the page with this id. */
function elementById(id) {
    return document.getElementById(id);
}

/* Let an element say this; one that says so already is left alone, as readers speak of changes. */
function elementSay(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

/*
 * A table with a caption. The first cell of a row names it.
 *
 * names   of the columns
 * rows    arrays of text, as long as names
 */
function elementTable(caption, names, rows) {
    const cell = (text, index) => index === 0
        ? elementMake("th", {scope: "row"}, text)
        : elementMake("td", {}, text);
    const head = names.map((name) => elementMake("th", {scope: "col"}, name));

    return elementMake("table", {},
        elementMake("caption", {}, caption),
        elementMake("thead", {}, elementMake("tr", {}, ...head)),
        elementMake("tbody", {}, ...rows.map((row) => elementMake("tr", {}, ...row.map(cell)))));
}

/*
 * Numbers behind a picture: a table that is made when somebody opens it, and anew whenever what it
 * shows has changed while it is open.
 */
class Numbers {
    /* make: () => table; name: of the picture, for those who do not see which one it belongs to */
    constructor(name, make) {
        this.make = make;
        this.place = elementMake("div", {className: "table", tabIndex: 0, role: "region",
                                         "aria-label": `Numbers: ${name}`});
        this.details = elementMake("details", {},
            elementMake("summary", {}, "Numbers",
                elementMake("span", {className: "spoken"}, `: ${name}`)),
            this.place);
        this.details.addEventListener("toggle", () => this.update());
    }

    update() {
        if (this.details.open) {
            this.place.replaceChildren(this.make());
        }
    }
}
