"""Each option does what it says, as seen from outside; most others are in tests of their own."""

import json
import os
import re
import subprocess

from daemon_support import LATTND, SECONDS_MAX, Daemon, Folder, Layer, check

LEVELS = ["debug", "info", "warn", "error"]


def learn(client, z, y):
    client.send(json.dumps({"id": "p", "z": z, "y": y}) + "\n")
    return client.line()


def refused(answer, code):
    return answer.get("error", {}).get("code") == code


def sizes():
    with Daemon("--dim", "3", "--outputs", "2") as daemon:
        client = daemon.client()
        check(refused(learn(client, [[1, 2]], [1, 2]), "shape"), "--dim: a narrower token is refused")
        check(refused(learn(client, [[1, 2, 3]], [1]), "shape"),
              "--outputs: a narrower label is refused")
        check("result" in learn(client, [[1, 2, 3]], [1, 2]), "what fits both is learned")
    for option, d in (("--bias", 4), ("--bias=false", 3)):
        with Daemon(option) as daemon:
            client = daemon.client()
            learn(client, [[1, 2, 3]], [1])
            check(client.ask("status")["d"] == d, f"{option}: d is {d}")


def forget():
    """The only feature of [[1]] is 1: its weight is the mean of the labels, the newer counting more."""
    for option, mean in (("1", 2.0), ("0.5", (0.5 * 1 + 3) / 1.5)):
        with Daemon("--forget", option) as daemon:
            client = daemon.client()
            learn(client, [[1]], [1])
            learn(client, [[1]], [3])
            y = client.ask("predict", z=[[1]])["y"][0]
            check(abs(y - mean) < 1e-14, f"--forget {option}: {mean}", y)


def ridge():
    """One row: w = y / (1 + R), as D = 1; the verdict does not know of it."""
    said = []
    for option in ("0", "1", "3"):
        with Daemon("--ridge", option) as daemon:
            client = daemon.client()
            learn(client, [[1]], [8])
            y = client.ask("predict", z=[[1]])["y"][0]
            check(abs(y - 8 / (1 + float(option))) < 1e-13, f"--ridge {option}", y)
            status = client.ask("status")
            said.append([status[key] for key in ("verdict", "rank", "lambda_min", "rho")])
    check(said[0] == said[1] == said[2], "which verdict and rank do not see", said)


def precision():
    """The threshold is the larger of what rounding and what the tokens' precision ask for."""
    pairs = "".join(Layer(3).pairs(60))
    thresholds = []
    for options in ([], ["--precision", "f32"], ["--precision", "6"], ["--precision", "2"]):
        with Daemon(*options) as daemon:
            client = daemon.client()
            client.send(pairs)
            status = client.ask("status")
            thresholds.append(status["threshold"])
    check(thresholds == sorted(thresholds) and thresholds[0] < thresholds[1],
          "--precision: the coarser, the higher the threshold of the verdict", thresholds)
    ratio = thresholds[3] / thresholds[2]
    check(0.5e4 < ratio < 2e4, "by the precision", ratio)


def threads():
    """Twice as many pairs as p = 288 needs: folded by blocks first, then by several in a wave."""
    pairs = "".join(Layer(8).pairs(1200))
    said = {}
    tasks = {}
    for option in ("1", "2", "3"):
        with Daemon("--threads", option) as daemon:
            client = daemon.client()
            client.send(pairs)
            said[option] = client.ask("predict", z=[[0.1 * k for k in range(8)]])["y"][0]
            status = client.ask("status")
            check(status["verdict"] == "identifying", f"--threads {option}: it learns")
            check(status["threads"] == int(option), "and status says how many there are", status)
            tasks[option] = len(os.listdir(f"/proc/{daemon.process.pid}/task"))
    check(tasks["2"] == tasks["1"] + 1 and tasks["3"] == tasks["1"] + 2,
          "--threads: so many learn", tasks)
    check(max(said.values()) - min(said.values()) < 1e-9 * abs(said["1"]) + 1e-12,
          "and learn the same", said)


def heads():
    pairs = "".join(Layer(3, m=2, heads=2).pairs(60))
    counts = {}
    for option in ("fewest", "svd", "1", "100"):
        with Daemon("--heads", option, "--emit-every", "10ms") as daemon:
            client = daemon.client()
            client.send(pairs)
            client.ask("emit")
            client.ask("subscribe", what="model")
            emission = client.line()["params"]
            counts[option] = len(emission["model"]["heads"])
            check(emission["status"]["heads"] == counts[option], "the status says how many heads")
            said = ("fewest", True) if option == "fewest" else ("svd", None)
            for part in ("status", "model"):
                check((emission[part]["heads_decomposition"],
                       emission[part]["heads_certified_minimal"]) == said,
                      f"the {part} names how they were found", emission[part])
            check(emission["model"]["residual"] < 1e-12 or option == "1", "and they compute W")
            check(client.ask("model")["heads"] == emission["model"]["heads"],
                  "one generation has one model")
            check(("heads=100 most=6" in daemon.log()) == (option == "100"),
                  "more heads than there can be are warned of", daemon.log())
    check(counts == {"fewest": 2, "svd": 6, "1": 1, "100": 6}, "--heads: as many as asked for",
          counts)


def heads_refused():
    with Daemon() as daemon:
        client = daemon.client()
        client.send("".join(Layer(3, m=2).pairs(5)))
        check(client.ask("model", heads=7)["message"] == "heads is 7, a model of d = 3 and m = 2 has at "
              "most 6", "more heads than there can be are refused")
        check(client.ask("model")["heads_decomposition"] == "svd",
              "before the data determines the function the heads are those of the SVD")


def engine():
    for name in ("rls", "gram"):
        with Daemon("--engine", name) as daemon:
            check(daemon.client().ask("status")["engine"] == name, "--engine: the status names it")
    with Folder() as folder:
        state = folder + "/state"
        with Daemon("--engine", "gram", "--state", state) as daemon:
            learn(daemon.client(), [[1, 2]], [1])
        told = subprocess.run([LATTND, "--check-state", state], capture_output=True, text=True,
                              timeout=SECONDS_MAX)
        check("engine gram\n" in told.stdout, "--check-state, too", told)
        told = subprocess.run([LATTND, "--listen", "stdin", "--engine", "rls", "--state", state],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS_MAX)
        check(told.returncode == 2 and "--engine is rls, the state has gram" in told.stderr,
              "and the other engine is refused", told)


# ---- the log ----

LOGFMT = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s"=]+)(?: |$)')


def read_logfmt(line):
    fields, at = {}, 0
    while at < len(line):
        match = LOGFMT.match(line, at)
        if match is None:
            raise ValueError(line[at:])
        key, value = match.groups()
        fields[key] = json.loads(value) if value.startswith('"') else value
        at = match.end()
    return fields


READERS = {"logfmt": read_logfmt, "json": json.loads}


def events(*options, input=None):
    done = subprocess.run([LATTND, *options], input=input, capture_output=True,
                          timeout=SECONDS_MAX)
    format = options[options.index("--log-format") + 1] if "--log-format" in options else "logfmt"
    return [READERS[format](line) for line in done.stderr.decode().splitlines()]


def log():
    """One run that has something to say at each level but the last, one that fails."""
    path = '/nowhere/a "b"=\\c\u00e9\udcff'  # the last is a byte that is not UTF-8
    for format in READERS:
        for at, level in enumerate(LEVELS):
            options = ["--log-level", level, "--log-format", format]
            said = events(*options, "--listen", "stdin", "--exit-when", "identifying",
                          input=b'{"z":[[1,2]],"y":[1]}\n')
            said += events(*options, "--listen", "unix:" + path)
            check({event["level"] for event in said} == set(LEVELS[at:]),
                  f"--log-format {format} --log-level {level}: those and no others", said)
            failed = [event for event in said if event["level"] == "error"]
            check(failed[0]["object"] == "unix:" + path.replace("\udcff", "\ufffd"),
                  "values come through as they are", failed)
            check(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
                      for event in said), "each with its time")
    default = events("--listen", "stdin", input=b"")
    check({event["level"] for event in default} == {"info"}, "by default: info, logfmt", default)


sizes()
forget()
ridge()
precision()
threads()
heads()
heads_refused()
engine()
log()
