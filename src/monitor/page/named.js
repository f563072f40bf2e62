/*
 * Tokens by the names of their coordinates. A block of coordinates holds one symbol, so it is a
 * choice; so are other coordinates where there are too many to be fields.
 */
const NAMED_FIELDS = 16;

class NamedTokens {
    constructor(place, add) {
        this.place = place;
        this.layout = "";
        this.choices = [];
        this.fields = [];
        this.width = 0;
        add.addEventListener("click", () => {
            this.add();
            this.number();
        });
    }

    /* Take names from a model; whether there are any. Tokens stay unless the names have changed. */
    name({d, bias, names}) {
        const isNamed = names !== null && names.coordinates.some((name) => name !== "");
        const layout = JSON.stringify([d, bias, names]);

        if (isNamed && layout !== this.layout) {
            this.layout = layout;
            this.skipped = bias ? 1 : 0;
            this.width = d - this.skipped;
            this.arrange(modelNames(names.coordinates, d, bias), names.blocks);
            this.place.replaceChildren();
            this.add();
            this.add();
            this.number();
        }
        return isNamed;
    }

    /* Which coordinates are chosen from, and which are fields: {index, name}. */
    arrange(names, blocks) {
        const all = names.map((name, index) => ({index: index - this.skipped, name}))
            .filter(({index}) => index >= 0);
        const inBlock = ({start, size}) => all.filter(({index}) =>
            index + this.skipped >= start && index + this.skipped < start + size);
        const chosen = new Set(blocks.flatMap((block) => inBlock(block).map(({index}) => index)));
        const free = all.filter(({index}) => !chosen.has(index));

        this.choices = blocks.map((block) => ({name: block.name, options: inBlock(block)}))
            .filter(({options}) => options.length > 0);
        this.fields = free.length <= NAMED_FIELDS ? free : [];
        if (free.length > NAMED_FIELDS) {
            this.choices.push({name: "coordinate", options: free});
        }
    }

    add() {
        const remove = elementMake("button", {type: "button"}, "Remove");
        const token = elementMake("fieldset", {className: "token"},
            elementMake("legend"), ...this.choices.map(namedChoice), ...this.fields.map(namedField),
            remove);

        remove.addEventListener("click", () => {
            token.remove();
            this.number();
            elementById("trial-add").focus();
        });
        this.place.append(token);
    }

    /* Count the tokens; the last one is the query, and the only one is not removed. */
    number() {
        const tokens = [...this.place.children];

        tokens.forEach((token, index) => {
            const last = index === tokens.length - 1;

            token.querySelector("legend").textContent =
                `Token ${index + 1}${last ? ", the query" : ""}`;
            token.querySelector("button").disabled = tokens.length === 1;
        });
    }

    /* The body of a request. Throws what is wrong, with the focus there. */
    input() {
        return {z: [...this.place.children].map((token, index) => this.row(token, index + 1))};
    }

    row(token, number) {
        const row = new Array(this.width).fill(0);

        for (const {value} of token.querySelectorAll("select")) {
            if (value !== "") {
                row[Number(value)] = 1;
            }
        }
        for (const input of token.querySelectorAll("input")) {
            const {name, value} = input;
            const typed = value.trim() === "" ? 0 : Number(value);

            input.setAttribute("aria-invalid", String(!Number.isFinite(typed)));
            if (!Number.isFinite(typed)) {
                const field = this.fields.find(({index}) => index === Number(name));

                input.focus();
                throw new Error(`${field.name} of token ${number} is not a number: ${value}`);
            }
            row[Number(name)] = typed;
        }
        return row;
    }
}

function namedChoice({name, options}) {
    const symbols = options.map((option) =>
        elementMake("option", {value: String(option.index)}, option.name));

    return elementMake("label", {}, name,
        elementMake("select", {}, elementMake("option", {value: ""}, "none"), ...symbols));
}

function namedField({index, name}) {
    return elementMake("label", {}, name,
        elementMake("input", {type: "text", inputMode: "decimal", name: String(index),
                              autocomplete: "off", placeholder: "0"}));
}
