"""The page at /: what a reader sees of learning, in a headless browser.

Run as `page.py LATTND FOLDER`. Pictures of what was seen are put into the folder, half of them for
they take most of the time; all of them into the one that LATTN_SCREENS names.
"""

import json
import os
import pathlib
import signal
import sys
import urllib.parse

from browser_support import Browser, need_browser
from daemon_support import Daemon, Layer, check, wait_until
from http_support import HttpDaemon

SCREENS = pathlib.Path(os.environ.get("LATTN_SCREENS") or sys.argv[2])
AUDIT = pathlib.Path(__file__).with_name("audit.js").read_text(encoding="utf-8")
PAGE = pathlib.Path(__file__).resolve().parents[2] / "src/monitor/page"

OFTEN = ("--emit-every", "100ms")
DIM, P = 4, 40  # p = d^2 (d + 1) / 2
NAMES = ["temperature", "pressure", "flow", "load"]
OUTPUTS = ["yield", "cost"]
FIRST_PAINT_MS = 3000  # the page's own figure is a third of it; here others may be busy
TABS_MAX = 200
CONTROL = 2  # the key, as the protocol counts modifiers
SIZES = {"phone": (360, 780), "wide": (1920, 1080)}
LOOKS = [("phone", True), ("wide", False)]  # size, dark
LOOKS += [("phone", False), ("wide", True)] if "LATTN_SCREENS" in os.environ else []
PLOTS = ["plot-rank", "plot-rho", "plot-loss", "plot-spectrum", "plot-heads", "plot-throughput",
         "plot-queue"]
CONTROLS = {"button", "link", "textbox", "combobox", "radio", "image", "img", "progressbar"}

# The pixels of a canvas, read from a copy: a browser complains of being asked often for its own.
PIXELS = """const pixels = (canvas) => {
    const pen = new OffscreenCanvas(canvas.width, canvas.height)
        .getContext("2d", {willReadFrequently: true});
    pen.drawImage(canvas, 0, 0);
    return pen.getImageData(0, 0, canvas.width, canvas.height).data;
};"""

# How many pixels of a plot have the colour of its first series, or nearly.
INKED = """(() => {
    %s
    const data = pixels(document.querySelector("#%s canvas"));
    const style = getComputedStyle(document.documentElement).getPropertyValue("--series-1").trim();
    const colour = [1, 3, 5].map((at) => parseInt(style.slice(at, at + 2), 16));
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
        const isNear = colour.every((channel, k) => Math.abs(channel - data[i + k]) < 16);
        count += data[i + 3] > 200 && isNear;
    }
    return count;
})()"""

# How many colours are in each map of a matrix.
COLOURS = """(() => {
    %s
    return [...document.querySelectorAll(".map canvas")].map((canvas) =>
        new Set(new Uint32Array(pixels(canvas).buffer)).size);
})()""" % PIXELS

HEADLINE = "document.getElementById('headline').textContent"
GONE = "!document.getElementById('gone').hidden"


def teach(client, pairs):
    """Send pairs; they are learned when this returns."""
    client.send("".join(pairs))
    return client.ask("status")


def screens(browser, name):
    """Pictures in light and dark, on a phone and a wide screen; none is wider than its screen."""
    for size, dark in LOOKS:
        width, height = SIZES[size]
        browser.look(width, height, dark)
        browser.screenshot(SCREENS / f"{name}-{size}-{'dark' if dark else 'light'}.png")
        wide = browser.value("document.documentElement.scrollWidth")
        if wide > width:
            check(False, f"{name}: nothing reaches beyond a screen of {width}", wide)
    browser.look(1280)


def audited(browser, name):
    """Nothing to complain about in light and dark; the browser has a name for each control."""
    for dark in (False, True):
        browser.look(1280, dark=dark)
        complaints = browser.value(AUDIT)
        check(complaints == [], f"{name}: usable by all, {'dark' if dark else 'light'}", *complaints)
    browser.look(1280)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    controls = [node for node in nodes if not node["ignored"]
                and node.get("role", {}).get("value", "").lower() in CONTROLS]
    nameless = [node for node in controls if not node.get("name", {}).get("value", "").strip()]
    check(len(controls) > 15 and nameless == [], f"{name}: every control and picture has a name",
          len(controls), *nameless[:3])


def drawn(browser, plots):
    for plot in plots:
        browser.wait(f"({INKED % (PIXELS, plot)}) > 30", f"{plot} is drawn")


def empty(browser, url):
    browser.open(url)
    browser.wait(f"{HEADLINE} === 'nothing has been learned yet'", "an empty daemon says so")
    paint = browser.value("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    check(paint <= FIRST_PAINT_MS, f"the first paint comes soon ({paint:.0f} ms)")
    check(browser.value(INKED % (PIXELS, "plot-rank")) == 0, "an empty plot is empty")
    audited(browser, "empty")
    screens(browser, "empty")


def learning(browser, client, layer):
    client.ask("name", append=NAMES, outputs=OUTPUTS)
    for count in (6, 6, 6, 6):
        said = browser.value(HEADLINE)
        status = teach(client, layer.pairs(count))
        browser.wait(f"{HEADLINE} !== {json.dumps(said)}", "the headline follows")
    rank = status["rank"]
    check(rank < P, "some directions are missing still")
    browser.wait(f"{HEADLINE}.startsWith('not yet identifying: {rank} of {P} directions seen')",
                 "not yet identifying, so many directions seen")
    browser.wait("document.querySelectorAll('.map').length > 1", "there is a model")
    drawn(browser, [plot for plot in PLOTS if plot != "plot-queue"])
    screens(browser, "learning")


def identifying(browser, client, layer):
    browser.value("window.stays = true")
    before = browser.value("document.querySelector('#plot-rho canvas').toDataURL()")
    for count in (10, 10, 10, 10):
        status = teach(client, layer.pairs(count))
    since = status["identifying_since"]
    browser.wait(f"{HEADLINE}.replace(/\\D/g, '') === '{since}'", "it says since when")
    check(browser.value(f"{HEADLINE}").startswith("identifying since pair"), "identifying")
    check(browser.value("window.stays") is True, "all that without loading the page again")
    browser.wait("document.getElementById('headline-spoken').textContent.startsWith('identifying')",
                 "a changed verdict is spoken")
    browser.wait(f"document.querySelector('#plot-rho canvas').toDataURL() !== {json.dumps(before)}",
                 "the plot goes on")
    drawn(browser, [plot for plot in PLOTS if plot != "plot-queue"])
    browser.wait("document.querySelectorAll('.head').length === 2", "the model has two heads")
    colours = browser.value(COLOURS)
    check(len(colours) == 4 and min(colours) > 6, "maps of V and Q are drawn", colours)
    audited(browser, "identifying")
    screens(browser, "identifying")


def unfold(browser):
    """The tables that say in numbers what pictures show."""
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    browser.wait("[...document.querySelectorAll('details table')].length === "
                 "document.querySelectorAll('details').length", "each picture has its numbers")
    words = browser.value("document.getElementById('plot-rank-words').textContent")
    check(f"to {P}" in words, "a plot is told in words", words)
    audited(browser, "unfolded")
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = false; })")


def tab_to(browser, condition, claim):
    """Press Tab until the focus is where it should be; wherever it is on the way can be seen."""
    for _ in range(TABS_MAX):
        browser.key("Tab")
        focus = browser.value("""(() => {
            const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
            return [document.activeElement.tagName, outlineStyle, parseFloat(outlineWidth)];
        })()""")
        if focus[0] != "BODY" and (focus[1] == "none" or focus[2] < 2):
            check(False, "the focus can be seen", browser.value("document.activeElement.outerHTML"))
        if browser.value(condition):
            return
    check(False, claim)


def answered(browser, z, client, claim, determined=True):
    """The table of the answer says what the daemon predicts, with names and whether determined."""
    browser.wait("document.getElementById('trial-answer').dataset.determined === "
                 f"'{str(determined).lower()}'", claim)
    rows = browser.value("[...document.querySelectorAll('#trial-answer tbody tr')].map((row) =>"
                         "[...row.children].map((cell) => cell.textContent))")
    check([row[0] for row in rows] == OUTPUTS, claim + ": outputs by their names", rows)
    values = [float(row[1].replace("\u2212", "-")) for row in rows]
    truth = client.ask("predict", z=z)["y"]
    check(all(abs(value - y) <= 1e-4 * abs(y) for value, y in zip(values, truth)),
          claim + ": the values", values, truth)
    browser.value("delete document.getElementById('trial-answer').dataset.determined")


def tried_by_name(browser, client):
    z = [[0.5, -1, 2, 0.25], [1, 0.5, 0, -2]]
    browser.value("document.activeElement.blur()")
    for token, row in enumerate(z):
        for name, value in zip(NAMES, row):
            tab_to(browser, f"""document.activeElement.closest("fieldset.token") ===
                   document.querySelectorAll("fieldset.token")[{token}] &&
                   document.activeElement.parentElement.textContent === {json.dumps(name)}""",
                   f"Tab reaches {name} of token {token}")
            browser.type("x" if (token, name) == (1, "flow") else str(value))
    browser.key("Enter")
    browser.wait("document.getElementById('trial-error').textContent.startsWith('flow of token 2')",
                 "what is no number is refused, by its name")
    browser.value("document.activeElement.select()")
    browser.type("0")
    browser.key("Enter")
    answered(browser, z, client, "an answer to fields by name")


def tried_as_json(browser, client):
    z = [[1, 2, 3, 4]]
    browser.value("document.activeElement.blur()")
    tab_to(browser, "document.activeElement.type === 'radio'", "Tab reaches the choice")
    browser.key("ArrowDown")
    tab_to(browser, "document.activeElement.id === 'trial-text'", "Tab reaches the box")
    browser.type("[[1, 2")
    tab_to(browser, "document.activeElement.type === 'submit'", "Tab leaves the box")
    browser.key("Enter")
    browser.wait("document.getElementById('trial-error').textContent.includes('JSON')",
                 "what is no JSON is refused")
    check(browser.value("document.activeElement.id") == "trial-text", "and can be corrected")
    browser.value("document.activeElement.select()")
    browser.type(json.dumps(z))
    browser.key("Enter", modifiers=CONTROL)
    answered(browser, z, client, "an answer to JSON")
    check(browser.errors == [], "no error in the console", *browser.errors)
    browser.value("document.activeElement.select()")
    browser.type("[[1, 2]]")
    browser.key("Enter", modifiers=CONTROL)
    browser.wait("document.getElementById('trial-error').textContent.includes('coordinates')",
                 "what the daemon refuses is told in its words")
    browser.errors.clear()  # a refused request is one
    tab_to(browser, "document.activeElement === document.body", "no control keeps the focus")


def guarded(browser):
    """Nothing runs but what the daemon wrote, whatever finds its way into the document."""
    browser.value("""(() => {
        const script = document.createElement("script");
        script.textContent = "window.intruded = true";
        document.body.append(script);
        script.remove();
    })()""")
    check(browser.value("window.intruded === undefined"), "no script of others runs")
    reached = browser.value("fetch('http://127.0.0.2:9/').then(() => true, () => false)")
    check(reached is False and "127.0.0.2" not in "".join(browser.urls), "and none calls elsewhere")
    browser.errors.clear()  # what was tried is one


def thinned(browser):
    """A history of any length keeps its ends, and points that are spread evenly."""
    points = browser.value((PAGE / "history.js").read_text(encoding="utf-8") + """; (() => {
        const history = new History(100);
        for (let i = 0; i < 12345; i++) {
            history.add(i);
        }
        return history.points();
    })()""")
    steps = {b - a for a, b in zip(points[:-1], points[1:-1])}
    check(50 <= len(points) <= 101 and points[0] == 0 and points[-1] == 12344 and len(steps) == 1,
          "a history is thinned out", len(points), points[0], points[-1], steps)


def chosen(browser, client):
    """A block of coordinates is chosen from by the names of its symbols."""
    client.ask("name", append=["low", "high", "off"],
               blocks=[{"name": "mode", "start": DIM, "size": 3}])
    teach(client, Layer(DIM + 3, len(OUTPUTS), seed=2).pairs(5))
    browser.wait("document.querySelector('.token select') !== null", "there is a choice")
    options = browser.value("[...document.querySelector('.token select').options].map((option) =>"
                            "option.text)")
    check(options == ["none", "low", "high", "off"], "of the names in a block", options)
    browser.value("document.querySelector('input[value=names]').click()")
    browser.value("document.activeElement.blur()")
    for token in range(2):
        tab_to(browser, "document.activeElement === "
               f"document.querySelectorAll('.token select')[{token}]", "Tab reaches the choice")
        browser.key("ArrowDown")
        browser.key("ArrowDown")
    tab_to(browser, "document.activeElement.type === 'submit'", "Tab reaches the button")
    before = len(browser.posted)
    browser.key("Enter")
    wait_until(lambda: browser.value("1") and len(browser.posted) > before, "it is asked")
    z = [[0] * (DIM + 1) + [1, 0]] * 2
    check(json.loads(browser.posted[-1]) == {"z": z}, "what was chosen is asked",
          browser.posted[-1:])
    answered(browser, z, client, "an answer that is not determined", determined=False)


def gone_and_back(browser, daemon, port):
    daemon.signal(signal.SIGKILL)
    daemon.exit_code()
    browser.wait(GONE, "it says that the daemon is gone")
    check("no connection" in browser.value("document.title").lower(), "so does the title")
    check(browser.value(HEADLINE).startswith("identifying"), "what was known stays")
    audited(browser, "gone")
    screens(browser, "gone")
    with Daemon(*OFTEN, "--http", f"127.0.0.1:{port}") as again:
        client = again.client()
        browser.wait(f"!({GONE})", "it finds the daemon again by itself")
        browser.wait(f"{HEADLINE} === 'nothing has been learned yet'", "which remembers nothing")
        browser.errors.clear()  # of the time when nobody was there
        client.ask("name", append=NAMES, outputs=OUTPUTS)
        chosen(browser, client)
        check(browser.value("window.stays") is True, "still the same page")
        client.close()


def main():
    need_browser()
    SCREENS.mkdir(parents=True, exist_ok=True)
    layer = Layer(DIM, len(OUTPUTS))
    with HttpDaemon(*OFTEN, host="127.0.0.1") as daemon, Browser() as browser:
        port = daemon.port
        client = daemon.client()
        browser.look(1280)
        empty(browser, f"http://127.0.0.1:{port}/")
        learning(browser, client, layer)
        identifying(browser, client, layer)
        unfold(browser)
        thinned(browser)
        tried_by_name(browser, client)
        tried_as_json(browser, client)
        guarded(browser)
        gone_and_back(browser, daemon, port)
        check(browser.errors == [], "no error afterwards", *browser.errors)
        hosts = {urllib.parse.urlsplit(url).netloc for url in browser.urls
                 if not url.startswith("data:")}
        check(hosts <= {f"127.0.0.1:{port}", ""}, "no request to anybody else", hosts)
    print(f"pictures: {SCREENS}")


main()
