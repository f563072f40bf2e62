"""lattn plot: a recording becomes a figure, or is refused; no half figure is left."""

import copy
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
import zlib

from tools_support import LATTN, Daemon, check, lattn

SKIPPED = 77
SVG = "{http://www.w3.org/2000/svg}"
P = 18  # directions of tokens of 3 coordinates
FEEDS = 12


def record(folder):
    """A recording of a small run in parts, as a file and as objects; none is there twice."""
    path = os.path.join(folder, "run")
    pairs = lattn("gen", "random", "--dim", 3, "--pairs", 10 * FEEDS, "--last-label", "--length", 4,
                  "--noise", 0.01)[0].splitlines(keepends=True)
    with Daemon("--emit-every", "50ms") as daemon:
        for i in range(FEEDS):
            lattn("feed", daemon.address, stdin="".join(pairs[10 * i:10 * i + 10]))
            daemon.emit()
            lattn("watch", daemon.address, "--record", path, "--count", 1)
    with open(path, encoding="utf-8") as file:
        emissions = {emission["status"]["pairs"]: emission for emission in map(json.loads, file)}
    check(len(emissions) >= FEEDS, "an emission follows each part of a run", list(emissions))
    return write(path, emissions.values()), list(emissions.values())


def write(path, emissions):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(emission) + "\n" for emission in emissions)
    return path


def changed(emissions, **fields):
    """The emissions with other numbers in their status; a function is given the number there."""
    result = copy.deepcopy(emissions)
    for emission in result:
        for name, value in fields.items():
            old = emission["status"][name]
            emission["status"][name] = value(old) if callable(value) else value
    return result


def plot(recording, *options):
    """What stands in the figure, and its curves by their names, as points; of two the upper one."""
    out, err = lattn("plot", recording, *options)
    root = xml.fromstring(out)
    texts = ["".join(text.itertext()) for text in root.iter(SVG + "text")]
    curves = {}
    for group in root.iter(SVG + "g"):
        title = group.find(SVG + "title")
        if title is not None:
            paths = [path.get("d") for path in group.iter(SVG + "path")]
            marks = re.findall(r"[ML]([-\d.]+),([-\d.]+)", " ".join(paths))
            curves.setdefault(title.text, [(float(x), float(y)) for x, y in marks])
    return texts, curves, err


def draws_a_run(path, emissions):
    texts, curves, err = plot(path)
    check(err == "", "nothing is said of a good recording", err)
    pairs = [emission["status"]["pairs"] for emission in emissions]
    for text in ("progressive", "recent", "p", "rank", "threshold", "ρ", "pairs learned",
                 "squared error", "directions"):
        check(text in texts, f"\"{text}\" is in the figure", texts)
    since = emissions[-1]["status"]["identifying_since"]
    check(f"identifying from pair {since}" in texts, "so is when it became identifying", texts)
    for name in ("progressive", "recent", "rank", "p"):
        marks = curves[name][2:]  # behind the sample in the legend
        check(len(set(marks)) == len(emissions), f"{name} has a point for each emission", marks)
        places = sorted(x for x, _ in marks)
        scale = (places[-1] - places[0]) / (pairs[-1] - pairs[0])
        check(all(abs(places[0] + scale * (n - pairs[0]) - x) < 0.02
                  for n, x in zip(pairs, places)), f"{name} is drawn against pairs", places)
    heights = [y for _, y in curves["rank"][2:]]
    ranks = [emission["status"]["rank"] for emission in emissions]
    top, lowest = curves["p"][2][1], max(heights)
    check(ranks[-1] == P and heights[-1] == top and lowest - top > 40, "up to p", heights)
    zero = heights[0] + ranks[0] * (heights[0] - top) / (P - ranks[0])
    check(all(abs(zero - rank * (zero - top) / P - y) < 0.1 for rank, y in zip(ranks, heights)),
          "and to its height", heights)
    line = curves["threshold"][2:]
    check(len(line) == len(emissions) and max(y for _, y in line) - min(y for _, y in line) < 5,
          "the threshold is a line", line)
    check(curves["ρ"][-1][1] < line[-1][1], "which rho exceeds at the end", curves["ρ"])


def draws_a_spectrum(folder, emissions):
    spectrum = {"seen": 18, "generation": emissions[-1]["status"]["generation"], "heads": [], "smallest": [],
                "largest": [10 ** (-i / 3) for i in range(18)]}
    emissions = [emission if i < len(emissions) - 1 else {**emission, "spectrum": spectrum}
                 for i, emission in enumerate(emissions)]
    path = write(os.path.join(folder, "spectrum"), emissions)
    texts, curves, _ = plot(path)
    marks = sorted(set(curves["σi of R"][2:]))
    steps = [b[1] - a[1] for a, b in zip(marks, marks[1:])]
    check(len(marks) == 18 and min(steps) > 0 and max(steps) - min(steps) < 0.03,
          "singular values stand by their logarithms", marks)
    pairs = emissions[-1]["status"]["pairs"]
    check(f"number i, at {pairs} pairs" in texts, "on an axis of their own", texts)
    names = list(plot(path, "--lambda")[1])
    check("λmin" in names and "ρ" not in names, "lambda may stand in the place of rho", names)


def tells_of_changes(folder, path, emissions):
    lost = copy.deepcopy(emissions)
    for emission in lost[-3:]:
        emission["status"].update(verdict="not identifying", lost_at=85)
    texts, _, _ = plot(write(os.path.join(folder, "lost"), lost))
    check("lost at pair 85" in texts, "the pair is told at which the verdict was lost", texts)
    again = emissions + emissions[:5]
    _, curves, err = plot(write(os.path.join(folder, "again"), again))
    check("learning began anew" in err and len(set(curves["rank"][2:])) == 5,
          "only the last of several runs is drawn, and that is said", err)
    once = write(os.path.join(folder, "once"), emissions[:1])
    check(len(plot(once)[1]["rank"]) >= 1, "one emission is a figure")
    nothing = {"train": None, "progressive": None, "recent": None}
    texts, _, _ = plot(write(os.path.join(folder, "nulls"), changed(emissions, loss=nothing)))
    check("no values" in texts, "a panel without values says so", texts)
    exact = {"train": 0, "progressive": 0, "recent": 0}
    texts, curves, _ = plot(write(os.path.join(folder, "zeros"), changed(emissions, loss=exact)))
    marks = curves["recent"][2:]
    check("no values" not in texts and len({y for _, y in marks}) == 1 and len(marks) > 5,
          "a loss of 0 has a place on its axis", marks)
    many = changed(emissions, pairs=lambda n: n * 10 ** 6)
    texts, _, _ = plot(write(os.path.join(folder, "many"), many), "--linear-x")
    check("pairs learned (millions)" in texts, "many pairs are told in a larger unit", texts)
    marks = sorted(set(plot(path, "--log-x")[1]["rank"][2:]))
    pairs = [math.log(emission["status"]["pairs"]) for emission in emissions]
    scale = (marks[-1][0] - marks[0][0]) / (pairs[-1] - pairs[0])
    check(all(abs(marks[0][0] + scale * (n - pairs[0]) - x) < 0.02
              for n, (x, _) in zip(pairs, marks)), "pairs can stand by their logarithm", marks)


def pixels(png):
    """Width, height and the lines of a PNG as its filters left them, which tell blank from drawn."""
    check(png[:8] == b"\x89PNG\r\n\x1a\n", "it is a PNG", png[:8])
    at, data = 8, b""
    while at < len(png):
        length, kind = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
        if kind == b"IDAT":
            data += png[at + 8:at + 8 + length]
        at += length + 12
    width, height = (int.from_bytes(png[i:i + 4], "big") for i in (16, 20))
    return width, height, zlib.decompress(data)


def writes_files(folder, path):
    target = os.path.join(folder, "convergence.png")
    lattn("plot", path, "-o", target)
    with open(target, "rb") as file:
        width, height, lines = pixels(file.read())
    check(width == round(88 / 25.4 * 300) and height > width, "a column wide, at 300 dots per inch",
          width, height)
    check(len(set(lines)) > 20, "and not blank", set(lines))
    lattn("plot", path, "-o", target, "--width", "640px", "--height=700px")
    with open(target, "rb") as file:
        check(pixels(file.read())[:2] == (640, 700), "or as large as is asked for")
    script = os.path.join(folder, "convergence.gp")
    lattn("plot", path, "-o", script)
    drawn = subprocess.run(["gnuplot", script], capture_output=True, text=True, check=True).stdout
    check(drawn == lattn("plot", path)[0], "the script draws the same figure, by itself")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check(lattn("plot", "-", "-o", "-", stdin=text)[0] == drawn,
          "- is standard input, and standard output")
    check(lattn("plot", path, "--format", "gp")[0] == open(script, encoding="utf-8").read(),
          "--format says what else it shall be")
    check(not [name for name in os.listdir(folder) if name.startswith("convergence.")
               and name not in ("convergence.png", "convergence.gp")], "nothing else is left")


def refuses(folder, path, emissions):
    """Each with its code and the reason; what was in the file stays."""
    target = os.path.join(folder, "kept.svg")
    empty = write(os.path.join(folder, "empty"), [])
    unlearned = write(os.path.join(folder, "unlearned"), changed(emissions[:2], pairs=0))
    foreign = write(os.path.join(folder, "foreign"), [{"a": 1}])
    broken = write(os.path.join(folder, "broken"), emissions)
    with open(broken, "r+", encoding="utf-8") as file:
        text = file.read().replace('"status"', '"status', 1)
        file.seek(0)
        file.write(text)
    odd = os.path.join(folder, "a'b\nplot.svg")
    lattn("plot", path, "-o", odd)
    check(os.path.exists(odd), "a name is a name, whatever it has in it")
    for arguments, code, reason in [
            ([empty, "-o", target], 1, "nothing is learned in it"),
            ([unlearned, "-o", target], 1, "nothing is learned in it"),
            ([foreign, "-o", target], 1, "line 1: "),
            ([broken, "-o", target], 1, "line 1: "),
            ([os.path.join(folder, "none"), "-o", target], 1, "No such file"),
            ([folder, "-o", target], 1, "Is a directory"),
            ([path, "-o", os.path.join(folder, "none", "x.svg")], 1, "No such file"),
            ([path, "-o", target, "--height", "40mm"], 1, "has no room for all panels"),
            ([path, "-o", os.path.join(folder, "x.pdf")], 2, "--format"),
            ([path, "-o", target, "--format", "pdf"], 2, "\"pdf\" is not a format"),
            ([path, "-o", target, "--width", "3mm"], 2, "is no size from 80mm"),
            ([path, "-o", target, "--width", "88"], 2, "is no size"),
            ([path, "-o", target, "--width", "nanmm"], 2, "is no size"),
            ([path, "-o", target, "--width", "88mm", "--height", "600px"], 2, "another unit"),
            ([path, "--log-x", "--linear-x"], 2, "does not go with"),
            ([], 2, "an argument is missing")]:
        with open(target, "w", encoding="utf-8") as file:
            file.write("mine")
        err = lattn("plot", *arguments, code=code)[1]
        check(reason in err and err.count("\n") == 1, f"refused: {reason}", err)
        with open(target, encoding="utf-8") as file:
            check(file.read() == "mine", "and the file is as it was")


def needs_gnuplot(folder, path):
    target = os.path.join(folder, "kept.svg")
    for programs, reason in [({}, "Debian's package gnuplot-nox"),
                             ({"gnuplot": "#!/bin/sh\necho half a figure\necho no space >&2; exit 1\n"},
                              "gnuplot refuses: no space"),
                             ({"gnuplot": "#!/bin/sh\nkill -9 $$\n"}, "gnuplot was ended by signal 9"),
                             ({"gnuplot": "#!/bin/sh\n"}, "gnuplot drew nothing")]:
        with tempfile.TemporaryDirectory() as place:
            for name, text in programs.items():
                with open(os.path.join(place, name), "w", encoding="utf-8") as file:
                    file.write(text)
                os.chmod(os.path.join(place, name), 0o755)
            run = subprocess.run([LATTN, "plot", path, "-o", target], capture_output=True, text=True,
                                 env={**os.environ, "PATH": place}, check=False)
        check(run.returncode == 1 and reason in run.stderr, f"refused: {reason}", run.stderr)
        with open(target, encoding="utf-8") as file:
            check(file.read() == "mine", "and the file is as it was")


def main():
    with tempfile.TemporaryDirectory() as folder:
        path, emissions = record(folder)
        if shutil.which("gnuplot") is None:
            print("skipped, for want of gnuplot")
            sys.exit(SKIPPED)
        draws_a_run(path, emissions)
        draws_a_spectrum(folder, emissions)
        tells_of_changes(folder, path, emissions)
        writes_files(folder, path)
        refuses(folder, path, emissions)
        needs_gnuplot(folder, path)


main()
