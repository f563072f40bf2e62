/* A box to try an input: what the learner says of it, how sure, and whether that is settled. */

const TRIAL_OUTPUTS = 16; /* shown of many, the largest first */

class Trial {
    constructor() {
        this.form = elementById("trial-form");
        this.text = elementById("trial-text");
        this.answer = elementById("trial-answer");
        this.named = new NamedTokens(elementById("trial-tokens"), elementById("trial-add"));
        this.outputs = null;
        this.form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.ask();
        });
        this.form.addEventListener("keydown", (event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                this.form.requestSubmit();
            }
        });
        elementById("trial-mode").addEventListener("change", () => this.choose());
        this.text.addEventListener("input", () => this.complain(""));
    }

    /* Take the width of tokens from the status. */
    follow({d, bias}) {
        const width = d === null ? null : d - (bias ? 1 : 0);
        const numbers = width === null ? "as many numbers as tokens have coordinates"
            : textOfSome(width, "number");
        const row = `[${Array.from({length: Math.min(width ?? 3, 3)}, (_, i) => i === 0 ? 1 : 0)
            .join(", ")}${width > 3 ? ", \u2026" : ""}]`;

        elementSay(elementById("trial-hint"), `Rows of ${numbers}: [${row}, ${row}]` +
            `${bias ? "; the daemon adds the bias" : ""}. Ctrl+Enter predicts.`);
    }

    /* Take names from the model, or null, and show or hide the fields that need them. */
    name(model) {
        this.outputs = model && modelNames(model.names?.outputs, model.m, false);
        elementById("trial-mode").hidden = model === null || !this.named.name(model);
        this.choose();
    }

    isNamed() {
        return !elementById("trial-mode").hidden &&
            new FormData(this.form).get("trial-mode") === "names";
    }

    choose() {
        elementById("trial-names").hidden = !this.isNamed();
        elementById("trial-json").hidden = this.isNamed();
        this.complain("");
    }

    /* ---- asking ---- */

    async ask() {
        let input;

        try {
            input = this.isNamed() ? this.named.input() : trialInput(this.text.value);
        } catch (error) {
            this.refuse(error.message);
            return;
        }
        try {
            const response = await fetch("predict", {
                method: "POST",
                headers: {"Content-Type": "application/json"},
                body: JSON.stringify(input),
            });
            const result = await response.json();

            if (response.ok) {
                this.complain("");
                this.show(result);
            } else {
                this.refuse(result.error.message);
            }
        } catch {
            this.refuse("the daemon does not answer");
        }
    }

    refuse(why) {
        this.complain(why);
        this.answer.replaceChildren();
        if (!this.isNamed()) {
            this.text.focus();
        }
    }

    complain(why) {
        elementSay(elementById("trial-error"), why);
        this.text.setAttribute("aria-invalid", String(why !== ""));
    }

    /* ---- showing ---- */

    show(result) {
        const settled = result.determined
            ? "Determined: every model that fits the data says the same."
            : "Not determined: another model fits as well and says something else.";

        this.answer.dataset.determined = String(result.determined);
        this.answer.replaceChildren(
            elementMake("p", {className: "settled"}, settled),
            elementMake("div", {className: "table"}, this.table(result)),
            elementMake("p", {className: "hint"},
                `Leverage ${textOfReal(result.leverage)}: how far the input lies from the data.`));
    }

    table({y, std_error: errors, interval95: intervals}) {
        const names = this.outputs?.length === y.length ? this.outputs : y.map((_, i) => String(i));
        const order = y.map((_, i) => i);

        if (y.length > TRIAL_OUTPUTS) {
            order.sort((a, b) => y[b] - y[a]);
        }
        const shown = order.slice(0, TRIAL_OUTPUTS);
        const caption = y.length > TRIAL_OUTPUTS
            ? `The ${TRIAL_OUTPUTS} largest of ${y.length} outputs` : "Prediction";

        return elementTable(caption, ["output", "value", "standard error", "95 % within \u00b1"],
            shown.map((i) => [names[i], textOfReal(y[i], 6), textOfReal(errors?.[i]),
                              textOfReal(intervals?.[i])]));
    }
}

/* What was typed as the body of a request: tokens alone, or a whole input. Throws what is wrong. */
function trialInput(text) {
    let value;

    if (text.trim() === "") {
        throw new Error("there are no tokens to predict from");
    }
    try {
        value = JSON.parse(text);
    } catch (error) {
        throw new Error(`this is not JSON: ${error.message}`);
    }
    if (Array.isArray(value)) {
        return {z: value};
    }
    if (value === null || typeof value !== "object" || (value.z ?? value.t) === undefined) {
        throw new Error("tokens are an array of rows of numbers");
    }
    return value.z !== undefined ? {z: value.z} : {t: value.t};
}
