"""feed from CSV: the pairs are those of an independent reading, and each refused row is named."""

import collections
import csv
import io
import json
import random
import subprocess
import time

import numpy as np

from tools_support import LATTN, Daemon, check, fed, lattn, line


def feature(z):
    """The features of a sequence: the products of the tokens' moments with the query."""
    Z = np.array(z).T
    return np.kron((Z @ Z.T)[np.triu_indices(len(Z))], Z[:, -1])


def pairs_of(text, tokens, labels, key=None, window=1, autoregressive=False):
    """The pairs of a CSV text by the rule alone, read by Python's csv."""
    past = collections.defaultdict(list)
    for row in csv.DictReader(io.StringIO(text, newline="")):
        rows = past[row[key] if key else ""]
        token = [float(row[name]) for name in tokens]
        label = [float(row[name]) for name in labels]
        if not autoregressive:
            rows.append(token)
            yield rows[-window:], label
        else:
            if rows:
                yield rows[-window:], label
            rows.append(token)


def table(rows, seed, keys=1):
    """Rows of numbers under the keys, some of which want quotes."""
    draw = random.Random(seed)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["who", "a", "b, of all", "c", "y"])
    for _ in range(rows):
        who = 'the "%d",\nno other' % draw.randrange(keys)
        writer.writerow([who] + [repr(draw.gauss(0, 1)) for _ in range(4)])
    return out.getvalue()


def check_learned(claim, text, options, d, m, daemon_options=(), **rule):
    """What is learned from the text is the least-squares fit to the pairs of the rule."""
    pairs = list(pairs_of(text, **rule))
    bias = "--bias" in daemon_options
    inputs = [([[1.0] + row for row in z] if bias else z, y) for z, y in pairs]
    features = np.array([feature(z) for z, _ in inputs])
    weights, _, rank, _ = np.linalg.lstsq(features, np.array([y for _, y in inputs]), rcond=1e-13)
    with Daemon(*daemon_options) as daemon:
        out, err = lattn("feed", daemon.address, "--from", "csv", *options, stdin=text)
        check(fed(out) == (len(pairs), len(pairs), 0, 0) and err == "",
              f"{claim}: {len(pairs)} pairs", out, err)
        status = daemon.status()
        check((status["d"], status["m"], status["rank"]) == (d, m, rank),
              f"{claim}: of {d} coordinates, {m} outputs and rank {rank}", status)
        out, _ = lattn("predict", daemon.address, stdin="".join(line(z) for z, _ in pairs))
        said = np.array([json.loads(row)["y"] for row in out.splitlines()])
        fit = features @ weights
        worst = np.abs(said - fit).max() / np.abs(fit).max()
        check(worst < 1e-9, f"{claim}: predictions are NumPy's least-squares fit ({worst:.1e})")


PLAIN = table(400, 1)
KEYED = table(600, 2, keys=7)

check_learned("a row alone", PLAIN, ["--tokens", "a,c", "--label", "y"], 2, 1,
              tokens=["a", "c"], labels=["y"])
check_learned("windows", PLAIN, ["--tokens", 'c,"b, of all"', "--label", "y,a", "--window", 3],
              2, 2, tokens=["c", "b, of all"], labels=["y", "a"], window=3)
check_learned("windows of keys", KEYED,
              ["--tokens", "a,c", "--label", "y", "--key", "who", "--window", 4], 2, 1,
              tokens=["a", "c"], labels=["y"], key="who", window=4)
check_learned("with a bias", KEYED,
              ["--tokens", "a,c", "--label", "y", "--key", "who", "--window", 4], 3, 1,
              daemon_options=["--bias"], tokens=["a", "c"], labels=["y"], key="who", window=4)
check_learned("the next row", PLAIN.replace("who,", "unused,", 1),
              ["--autoregressive", "--window", 5, "--tokens", "a,c"], 2, 2,
              tokens=["a", "c"], labels=["a", "c"], window=5, autoregressive=True)
check_learned("the next row of a key, all columns", KEYED,
              ["--autoregressive", "--window", 2, "--key", "who"], 4, 4,
              tokens=["a", "b, of all", "c", "y"], labels=["a", "b, of all", "c", "y"],
              key="who", window=2, autoregressive=True)
check_learned("another column of the next row", KEYED,
              ["--autoregressive", "--window", 3, "--tokens", "a,c", "--label", "y", "--key=who"],
              2, 1, tokens=["a", "c"], labels=["y"], key="who", window=3, autoregressive=True)

SMALL = "a,b,y\n1,2,3\n2,1,4\n"
TOKENS = ("--from", "csv", "--tokens", "a,b", "--label", "y")

with Daemon() as daemon:
    lattn("feed", daemon.address, *TOKENS, stdin=SMALL)
    names = json.loads(lattn("model", daemon.address)[0])["names"]
    check((names["coordinates"], names["outputs"]) == (["a", "b"], ["y"]),
          "coordinates and outputs are named after the columns", names)
with Daemon("--bias") as daemon:
    lattn("feed", daemon.address, *TOKENS, stdin=SMALL)
    names = json.loads(lattn("model", daemon.address)[0])["names"]
    check(names["coordinates"][1:] == ["a", "b"], "behind the bias", names)
with Daemon("--dim", "2", "--outputs", "1") as daemon:
    lattn("feed", daemon.address, *TOKENS, stdin=SMALL)
    check(json.loads(lattn("model", daemon.address)[0])["names"] is None,
          "where the daemon knows its coordinates columns lie by their order")
with Daemon() as daemon:
    long = "a" * 200
    out, err = lattn("feed", daemon.address, "--from", "csv", "--tokens", long, "--label", "y",
                     stdin=f"{long},y\n1,2\n")
    check(fed(out)[1] == 1 and "get no names" in err, "a column too long to be a name is learned",
          out, err)

# The same rows however the columns are turned: one learner, so the model stays what it was.
ROWS = list(csv.DictReader(io.StringIO(PLAIN.replace("b, of all", "b"), newline="")))
AHEAD = "".join(",".join(row) + "\n" for row in
                [list("abcy")] + [[row[name] for name in "abcy"] for row in ROWS])
BACK = "".join(",".join(row) + "\n" for row in
               [list("ycba")] + [[row[name] for name in "ycba"] for row in ROWS])
MADE = [float(row["a"]) ** 2 * float(row["c"]) for row in ROWS]


def with_column(text, name, values):
    """The table with another column."""
    first, *rows = text.splitlines()
    return "".join([f"{first},{name}\n"] + [f"{row},{value!r}\n"
                                            for row, value in zip(rows, values)])


def coefficients(daemon):
    """What the learner says to inputs of its own order."""
    asked = "".join(line([[x, y]]) for x, y in ((1.0, 2.0), (-3.0, 0.5), (0.1, 7.0)))
    return [json.loads(row)["y"] for row in lattn("predict", daemon.address,
                                                  stdin=asked)[0].splitlines()]


for bias in ([], ["--bias"]):
    with Daemon(*bias) as daemon:
        lattn("feed", daemon.address, "--from", "csv", "--tokens", "a,c", "--label", "m,n",
              stdin=with_column(with_column(AHEAD, "m", MADE), "n", [-v for v in MADE]))
        first = coefficients(daemon)
        check(np.allclose(first, [[x * x * y, -x * x * y] for x, y in
                                  ((1.0, 2.0), (-3.0, 0.5), (0.1, 7.0))]), "a rule is learned",
              first)
        for tokens, labels in (("c,a", "n,m"), ("a,c", "n,m"), ("c,a", "m,n")):
            out, err = lattn("feed", daemon.address, "--from", "csv", "--tokens", tokens, "--label",
                             labels, stdin=with_column(with_column(BACK, "n", [-v for v in MADE]),
                                                       "m", MADE))
            again = coefficients(daemon)
            check(fed(out)[1] == 400 and err == "" and np.allclose(first, again),
                  f"{bias} columns {tokens} and {labels} find their places by name", first, again)
        before = daemon.status()
        for tokens, labels, said in (
            ("a,b", "m,n", 'column "b": the learner has no coordinate of that name'),
            ("a,c,b", "m,n", 'column "b": the learner has no coordinate of that name'),
            ("c", "m,n", 'no column gives the learner\'s coordinate "a"'),
            ("a,c", "m,y", 'column "y": the learner has no output of that name'),
            ("a,c", "n", 'no column gives the learner\'s output "m"'),
        ):
            out, err = lattn("feed", daemon.address, "--from", "csv", "--tokens", tokens, "--label",
                             labels, stdin=with_column(with_column(AHEAD, "m", MADE), "n", MADE),
                             code=1)
            after = daemon.status()
            check(out == "" and err == f"lattn feed: the header: {said}\n"
                  and all(before[key] == after[key] for key in ("d", "m", "pairs", "rejected")),
                  f"{tokens}, {labels}: {said}", out, err)

with Daemon() as daemon:
    series = with_column(AHEAD, "z", MADE)
    for text in (series, "".join(",".join(reversed(row.split(","))) + "\n"
                                 for row in series.splitlines())):
        out, _ = lattn("feed", daemon.address, "--from", "csv", "--autoregressive", "--window", 2,
                       stdin=text)
        names = json.loads(lattn("model", daemon.address, "--heads", "1")[0])["names"]
        said = lattn("predict", daemon.address, stdin=line([[0.5, 1.0, 2.0, 3.0, -1.0]]))[0]
        y = json.loads(said)["y"]
        first = y if text is series else first
        check(fed(out)[1] == 399 and names["coordinates"] == list("abcyz") and
              np.allclose(y, first, rtol=1e-6, atol=1e-9),
              "a series is the same series in any order of its columns", names, y, first)

with Daemon() as daemon:
    lattn("feed", daemon.address, stdin=line([[1.0, 2.0]], [3.0]))
    out, _ = lattn("feed", daemon.address, *TOKENS, stdin=SMALL)
    check(fed(out)[1] == 2, "where the learner has no names columns lie by their order, too", out)
    out, err = lattn("feed", daemon.address, "--from", "csv", "--tokens", "a", "--label", "y",
                     stdin=SMALL, code=1)
    check("1 columns, the learner has 2 coordinates without names" in err
          and daemon.status()["pairs"] == 3, "and are as many", err)

for claim, text in (("CRLF", SMALL.replace("\n", "\r\n")),
                    ("a byte order mark", "\ufeff" + SMALL),
                    ("no end of the last line", SMALL[:-1]),
                    ("blank lines", "\n" + SMALL.replace("\n", "\n\n  \n")),
                    ("quoted numbers and blanks", 'a,"b",y\n"1", 2 ,3\n2,"1", 4\n')):
    with Daemon() as daemon:
        out, err = lattn("feed", daemon.address, *TOKENS, stdin=text)
        check(fed(out) == (2, 2, 0, 0) and err == "", f"{claim}: no matter", out, err)

BAD = ("who,a,b,y\n"       # 1
       "k,1,2,3\n"         # 2
       "k,1,zwei,3\n"      # 3
       '"k\nl",1,2\n'      # 4, 5
       "k,1,2,3,4\n"       # 6
       "k,1,,3\n"          # 7
       "k,1,2,1e999\n"     # 8
       'k,1,2"3",4\n'      # 9
       'k,"1"0,2,4\n'      # 10
       "k,nan,0x10,1\n"    # 11
       "k,4,5,6\n"         # 12
       'k,"7,8,9\n')       # 13
with Daemon() as daemon:
    out, err = lattn("feed", daemon.address, *TOKENS, "--key", "who", "--window", 2, stdin=BAD,
                     code=1)
    check(fed(out) == (11, 2, 9, 0), "bad rows are counted as rejected, the others go on", out, err)
    for said in ('line 3: column "b": "zwei" is not a number',
                 'line 4: column "y" is missing, 3 of 4 are there',
                 "line 6: 5 cells, the header names 4 columns",
                 'line 7: column "b" is empty',
                 'line 8: column "y": "1e999" is beyond the doubles',
                 "line 9: cell 3: a quote within a cell that does not begin with one",
                 "line 10: cell 2: there is something behind its closing quote",
                 'line 11: column "a": "nan" is not a number',
                 "line 13: cell 2: its quote is not closed"):
        check(f"lattn feed: {said}\n" in err, said, err)
    expected = [([[1.0, 2.0]], 3.0), ([[1.0, 2.0], [4.0, 5.0]], 6.0)]
    out, _ = lattn("predict", daemon.address, stdin="".join(line(z) for z, _ in expected))
    said = [json.loads(row)["y"][0] for row in out.splitlines()]
    check(np.allclose(said, [y for _, y in expected], rtol=1e-9),
          "a row that is refused is as if it were not there", said)

for text, options, said in (
    ("", TOKENS, "the header: there is none"),
    ("\n \n", TOKENS, "the header: there is none"),
    ("a,b,a\n1,2,3\n", TOKENS, 'columns 1 and 3 are both called "a"'),
    ("a,c,y\n1,2,3\n", TOKENS, 'there is no column "b"'),
    (SMALL, (*TOKENS, "--key", "who"), 'there is no column "who"'),
    (SMALL, ("--from", "csv", "--tokens", "a,b,a", "--label", "y"), "asked for twice"),
    ('a,"b,y\n1,2,3\n', TOKENS, "its quote is not closed"),
    (",".join(f"x{i}" for i in range(257)) + "\n", ("--from", "csv", "--autoregressive",
                                                     "--window", "1"), "257 columns"),
):
    with Daemon() as daemon:
        out, err = lattn("feed", daemon.address, *options, stdin=text, code=1)
        status = daemon.status()
        check(out == "" and said in err and err.count("\n") == 1 and status["d"] is None
              and status["accepted"] + status["rejected"] == 0,
              f"{said}: refused before anything is sent", out, err, status)

with Daemon() as daemon:
    out, _ = lattn("feed", daemon.address, *TOKENS, "--producer", "p", stdin=SMALL)
    out, _ = lattn("feed", daemon.address, *TOKENS, "--producer", "p", stdin=SMALL + "5,6,7\n")
    check(fed(out) == (3, 1, 0, 2), "a table that is read again is learned once", out)

with Daemon() as daemon:
    feeder = subprocess.Popen([LATTN, "feed", daemon.address, *TOKENS], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    feeder.stdin.write(SMALL.encode())
    feeder.stdin.flush()
    deadline = time.time() + 5
    while daemon.status()["pairs"] < 2 and time.time() < deadline:
        time.sleep(0.02)
    check(daemon.status()["pairs"] == 2, "a row is learned while the next is waited for")
    check(fed(feeder.communicate(timeout=10)[0].decode()) == (2, 2, 0, 0), "and counted in the end")
