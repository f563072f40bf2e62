"""Events from end to end: names grow, contexts slide, predictions come back as symbols."""

import collections
import json
import random
import signal
import subprocess

import numpy as np

from tools_support import LATTN, Daemon, check, fed, lattn, line


def events_text(events):
    return "".join(f"{key} {symbol}\n" for key, symbol in events)


def machines(count, seed):
    """Keys that go round one cycle, each from its own start, mixed at random."""
    draw = random.Random(seed)
    cycle = ["start", "load", "run", "pause", "run2", "stop"]
    at = collections.Counter({key: draw.randrange(6) for key in range(7)})
    for _ in range(count):
        key = draw.randrange(7)
        at[key] += 1
        yield f"m{key}", cycle[at[key] % 6]


def predictions(address, text, window, code=0):
    out, err = lattn("predict", address, "--from", "events", "--window", window, stdin=text,
                     code=code)
    return [tuple(row.split("\t")) for row in out.splitlines()], err


for options in ([], ["--bias"]):
    with Daemon(*options) as daemon:
        events = list(machines(600, 1))
        out, err = lattn("feed", daemon.address, "--from", "events", "--window", 2,
                         stdin=events_text(events))
        check(fed(out) == (593, 593, 0, 0) and err == "",
              f"{options or 'no options'}: every event with a past is a pair", out, err)
        status = daemon.status()
        check(status["d"] == 7 and status["m"] == 6, "d and m grew with the vocabulary", status)
        model = json.loads(lattn("model", daemon.address)[0])
        names = model["names"]["coordinates"]
        symbols = {symbol for _, symbol in events}
        check(symbols <= set(names) and model["names"]["outputs"] ==
              [name for name in names if name in symbols], "names travel with the model", names)

        more = list(machines(300, 2))
        rows, err = predictions(daemon.address, events_text(more), 2)
        check([row[0] for row in rows] == [key for key, _ in more], "a line each, in order")
        following = {"start": "load", "load": "run", "run": "pause", "pause": "run2",
                     "run2": "stop", "stop": "start"}
        check(all(row[1] == following[symbol] for row, (_, symbol) in zip(rows, more)),
              "what comes next is right")
        check({row[3] for row in rows} <= {"determined", "undetermined"} and
              sum(row[3] == "determined" for row in rows) > 250, "and determined")
        check(all(abs(float(row[2]) - 1) < 1e-6 for row in rows if row[3] == "determined"),
              "with a share of one")
        rows, _ = predictions(daemon.address, "a start\na strange\nb load\na load\na run\n", 2)
        check([row[1:] for row in rows[1:3]] == [("?", "-", "undetermined"), rows[2][1:]]
              and rows[3][1] == "?" and rows[4][1] == "pause",
              "an unknown symbol is undetermined while it is in the window", rows)
        before = daemon.status()
        check((before["d"], before["pairs"]) == (7, 593), "predicting learns and names nothing")
        rows, _ = predictions(daemon.address, "a strange\n" * 20000, 2)
        check(rows == [("a", "?", "-", "undetermined")] * 20000, "any number of unknown ones")

        text = "k start\nk\nk start load\n\nk (bias)\nk load\n" + "k " + "s" * 128 + "\n"
        out, err = lattn("feed", daemon.address, "--from", "events", "--window", 2, stdin=text,
                         code=1)
        check(fed(out) == (5, 1, 4, 0), "malformed lines are refused", out, err)
        check([row.split(":")[1] for row in err.splitlines()] ==
              [" line 2", " line 3", " line 5", " line 7"], "and named", err)
        rows, err = predictions(daemon.address, text, 2, code=1)
        check(len(rows) == 2 and err.count("line ") == 4, "by predict as well", rows, err)

        out, _ = lattn("feed", daemon.address, "--from", "events", "--window", 2,
                       "--producer", "log", stdin=events_text(events))
        out, _ = lattn("feed", daemon.address, "--from", "events", "--window", 2,
                       "--producer", "log", stdin=events_text(events + [("m0", "new")]))
        check(fed(out) == (594, 1, 0, 593), "a log that is read again is learned once", out)

with Daemon() as daemon:
    text = events_text(("k", f"s{i % 300}") for i in range(600))
    out, err = lattn("feed", daemon.address, "--from", "events", "--window", 1, stdin=text, code=1)
    counts = fed(out)
    check(daemon.status()["d"] == 256 and counts[0] == sum(counts[1:]) and counts[1] > 400,
          "a vocabulary too large is cut off, the rest is learned", out, err)
    daemon.end(signal.SIGKILL)  # a model of 255 symbols is not what is tested here

with Daemon() as daemon:
    shared = [subprocess.Popen([LATTN, "feed", daemon.address, "--from", "events", "--window", "1"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    for number, feeder in enumerate(shared):
        feeder.stdin.write(b"".join(b"k s%d\n" % (i % 9 + 5 * number) for i in range(900)))
    results = [fed(feeder.communicate(timeout=30)[0].decode()) for feeder in shared]
    check(results == [(899, 899, 0, 0)] * 2, "two feeders widen one vocabulary", results)
    check(daemon.status()["d"] == 15, "which has every symbol once")

for options, claim, learned in (
    ([], "numbers", ["--from", "ndjson"]),
    (["--bias"], "numbers behind a bias", ["--from", "ndjson"]),
    ([], "columns", ["--from", "csv", "--tokens", "a,b", "--label", "c"]),
    (["--bias"], "columns behind a bias", ["--from", "csv", "--tokens", "a,b", "--label", "c"]),
    ([], "a series", ["--from", "csv", "--autoregressive", "--window", "1"]),
):
    with Daemon(*options) as daemon:
        lattn("feed", daemon.address, *learned, stdin=line([[1.0, 2.0]], [3.0])
              if "ndjson" in learned else "a,b,c\n1,2,3\n4,5,6\n")
        before = daemon.status()
        out, err = lattn("feed", daemon.address, "--from", "events", "--window", 2,
                         stdin="k a\nk b\nk a\n", code=1)
        after = daemon.status()
        check(out == "" and "events need a learner that starts empty or was fed events" in err
              and err.count("\n") == 1 and
              all(before[key] == after[key] for key in ("d", "m", "pairs", "verdict")),
              f"a learner of {claim} is not widened by events", out, err, after)

with Daemon() as daemon:
    rows, err = None, lattn("predict", daemon.address, "--from", "events", "--window", 1,
                            stdin="k a\n", code=1)[1]
    check("nothing" in err, "before any pair there is nothing to predict from", err)


def reference(events, window):
    """Least squares over the same windows in NumPy: the largest output for every event."""
    symbols = sorted({symbol for _, symbol in events})
    d = len(symbols) + 1
    upper = np.triu_indices(d)
    past = collections.defaultdict(list)
    features, labels, asked = [], [], []

    def feature(context):
        Z = np.zeros((d, len(context)))
        Z[-1] = 1
        for t, symbol in enumerate(context):
            Z[symbols.index(symbol), t] = 1
        return np.kron((Z @ Z.T)[upper], Z[:, -1])

    for key, symbol in events:
        if past[key]:
            features.append(feature(past[key][-window:]))
            labels.append([symbol == other for other in symbols])
        past[key].append(symbol)
        asked.append(feature(past[key][-window:]))
    weights = np.linalg.lstsq(np.array(features), np.array(labels, float), rcond=1e-10)[0]
    return np.array(asked) @ weights, symbols


draw = random.Random(3)
noisy = [(f"k{draw.randrange(5)}", "abcd"[draw.randrange(4)]) for _ in range(2000)]
with Daemon("--bias") as daemon:
    lattn("feed", daemon.address, "--from", "events", "--window", 3, stdin=events_text(noisy))
    rows, _ = predictions(daemon.address, events_text(noisy), 3)
    outputs, symbols = reference(noisy, 3)
    near = all(abs(float(row[2]) - max(output)) < 1e-3 for row, output in zip(rows, outputs))
    same = np.mean([row[1] == symbols[np.argmax(output)] for row, output in zip(rows, outputs)])
    check(near and same > 0.999, "shares are the least-squares fit of NumPy", same)
