"""feed over broken connections: each pair is learned once, and the summary counts each once.

A daemon that breaks on purpose says when: behind what, before which answer, with what memory.
"""

import os
import signal
import subprocess
import tempfile
import time

from fake_daemon import WRONG, Act, FakeDaemon, msgpack
from tools_support import LATTN, check, fed, lattn, line

PAIRS = 12


def feed(daemon, data, *options, code=0):
    """Feed it; the numbers of the summary, and what was said."""
    out, err = lattn("feed", daemon.address, *options, stdin=data, code=code)
    return fed(out) if out else None, err


def pairs(count=PAIRS, first=0):
    return "".join(line([[float(n), 1.0]], n + 0.5) for n in range(first, first + count))


# What each format sends, with the options that it needs.
CSV = "time,load\n" + "".join(f"{n},{n * n}\n" for n in range(PAIRS + 1))
SOURCES = {
    "ndjson": (pairs(), ()),
    "csv": (CSV, ("--autoregressive", "--window", 2)),
    "events": ("".join(f"k {'abcade'[n % 6]}\n" for n in range(PAIRS + 1)), ("--window", 2)),
}
if msgpack:
    SOURCES["msgpack"] = (b"".join(msgpack.packb({"z": [[float(n), 1.0]], "y": n + 0.5})
                                   for n in range(PAIRS)), ())

for source, (data, options) in SOURCES.items():
    options = ("--from", source, *options)
    with FakeDaemon() as daemon:
        check(feed(daemon, data, *options) == ((PAIRS, PAIRS, 0, 0), ""),
              f"{source}: nothing is said where nothing breaks")
        expected = daemon.learned

    def is_exact(script, claim, breaks=None):
        breaks = len(script) if breaks is None else breaks
        with FakeDaemon(*script) as daemon:
            numbers, err = feed(daemon, data, *options)
            check(numbers == (PAIRS, PAIRS, 0, 0) and daemon.learned == expected and
                  not daemon.script and err.count("connected again") == breaks,
                  f"{source}: {claim}", numbers, daemon.learned, expected, err)

    for cut in (1, 2, 7, PAIRS):
        is_exact([Act(cut=cut)], f"cut behind pair {cut}, nothing is lost or learned twice")
    is_exact([Act(cut=1) for _ in range(PAIRS)], "nor where it is cut behind each")
    is_exact([Act(cut=5, piece=True)], "nor where an answer is cut in the middle")
    for read in (1, 60, 900):
        is_exact([Act(bytes=read)], f"nor where only {read} bytes are read")
    is_exact([Act(cut=4), Act(says=("busy", "no place")), Act(bytes=20)],
             "nor where coming back takes several trials", breaks=1)
    for full in (1, 3):
        is_exact([Act(full=full)], f"nor where the first {full} are refused for want of space", 0)
    is_exact([Act(cut=4), Act(full=2, cut=5), Act(full=1)], "nor where both happens", 2)

# What was refused, and what is not known to have been.
bad = line([[1.0, 1.0]], WRONG)
with FakeDaemon(Act(cut=4, answers=True)) as daemon:
    numbers, err = feed(daemon, pairs(2) + bad + "oops\n" + pairs(2, 2), code=1)
    check(numbers == (6, 4, 2, 0) and err.count("y is wrong") == 1 and err.count("no JSON") == 1,
          "refusals that were answered before the break are counted once", numbers, err)
with FakeDaemon(Act(cut=4)) as daemon:
    numbers, err = feed(daemon, pairs(2) + "oops\n" + pairs(2, 2), code=1)
    check(numbers == (5, 4, 1, 0) and err.count("line 3: this is no JSON") == 1,
          "what has no number is refused again", numbers, err)
with FakeDaemon(Act(cut=1)) as daemon:
    numbers, err = feed(daemon, bad)
    check(numbers == (1, 1, 0, 0) and "0 pairs are sent again, 1 had arrived" in err,
          "a number that was used up before the answer was lost counts as accepted", numbers, err)

# Lines with numbers of their own.
own = "".join(line([[float(n), 1.0]], n, producer="own", seq=n + 1) for n in range(4))
with FakeDaemon(Act(cut=3)) as daemon:
    numbers, err = feed(daemon, own)
    check(numbers == (4, 4, 0, 0) and len(daemon.learned) == 4,
          "lines with numbers of their own arrive once, too", numbers, err)
    numbers, err = feed(daemon, own)
    check(numbers == (4, 0, 0, 4), "and are duplicates when they are fed again", numbers, err)

# A run that is repeated.
with FakeDaemon() as daemon:
    first = feed(daemon, pairs(5) + bad + "oops\n", "--producer", "p", code=1)
    units = daemon.units
    numbers, err = feed(daemon, pairs(5) + bad + "oops\n" + pairs(3, 5), "--producer", "p", code=1)
    check(numbers == (10, 3, 1, 6) and daemon.units == units + 4,
          "what the daemon has is not sent when a run is repeated", numbers, daemon.units, err)
    check(daemon.learned == [([[float(n), 1.0]], n + 0.5) for n in range(8)], "nor learned again")

# A daemon that has forgotten.
with FakeDaemon(Act(), Act(cut=3), Act(forgets=0)) as daemon:
    feed(daemon, pairs(4), "--producer", "p")
    numbers, err = feed(daemon, pairs(8), "--producer", "p", code=1)
    check(numbers is None and "has forgotten 4 acknowledged pairs: it runs without --state" in err
          and "4 of 8 pairs were acknowledged" in err, "a daemon that has forgotten is told", err)
    check("again with --producer p" in err, "and how to go on", err)
with FakeDaemon(Act(), Act(cut=3), Act(forgets=0)) as daemon:
    feed(daemon, pairs(4), "--producer", "p")
    numbers, err = feed(daemon, pairs(8), "--producer", "p", "--retry", "60s", code=1)
    check(numbers == (8, 4, 0, 4) and len(daemon.learned) == 4 and "has forgotten 4" in err,
          "with --retry it learns what is still there", numbers, err, daemon.learned)
with FakeDaemon(Act(), Act(cut=3), Act(forgets=2)) as daemon:
    feed(daemon, pairs(4), "--producer", "p")
    _, err = feed(daemon, pairs(8), "--producer", "p", "--retry", "60s", code=1)
    check("has forgotten 2 acknowledged pairs" in err,
          "one that came back with an older state cannot go on", err)
    numbers, _ = feed(daemon, pairs(8), "--producer", "p")
    check(numbers == (8, 6, 0, 2), "but can when all is fed again", numbers)

# Names are given again, and must be the same.
NAMED = {"ndjson": ('{"method": "name", "params": {"append": ["a", "b"], "outputs": ["y"]}}\n'
                    + pairs(), ()), "csv": SOURCES["csv"], "events": SOURCES["events"]}
for source, (data, options) in NAMED.items():
    options = ("--from", source, *options)
    for bias in (False, True):
        with FakeDaemon(Act(cut=1), Act(forgets=0), bias=bias) as daemon:
            numbers, err = feed(daemon, data, *options)
            check(numbers == (PAIRS, PAIRS, 0, 0) and len(daemon.learned) == PAIRS and
                  len(daemon.coordinates) > 1,
                  f"{source}: a daemon without names is given them again" + " behind its bias" * bias,
                  numbers, err)
    with FakeDaemon(Act(cut=1), Act(forgets=0, names="other")) as daemon:
        numbers, err = feed(daemon, data, *options, code=1)
        check(numbers is None and "came back with other names" in err and not daemon.learned,
              f"{source}: one that has others is not fed", numbers, err)
with FakeDaemon(Act(cut=1), Act(bias=True)) as daemon:
    _, err = feed(daemon, pairs(), code=1)
    check("came back with --bias" in err, "nor is one that counts coordinates otherwise", err)

# A daemon that does not want us, or does not come back.
with FakeDaemon(Act(says=("busy", "no place")), Act(says=("busy", "no place"))) as daemon:
    numbers, err = feed(daemon, pairs())
    check(numbers == (PAIRS, PAIRS, 0, 0) and "no place; trying again for 30s" in err,
          "a daemon with too many clients is tried again", numbers, err)
with FakeDaemon(Act(says=("denied", "no token")), Act()) as daemon:
    _, err = feed(daemon, pairs(), code=1)
    check("no token" in err and len(daemon.script) == 1, "one that denies access is not", err)
with FakeDaemon(Act(full=10 ** 6)) as daemon:
    numbers, err = feed(daemon, pairs(), "--retry", "200ms", code=1)
    check(numbers is None and err.count("no space") == 2 and "0 of 1 pairs were" in err,
          "want of space that lasts ends it", err)
with FakeDaemon(Act(full=1)) as daemon:
    numbers, err = feed(daemon, pairs(), "--retry", "0", code=1)
    check(numbers[2] > 0 and "no space" in err, "at once without --retry", numbers, err)
with FakeDaemon(Act(cut=2)) as daemon:
    _, err = feed(daemon, pairs(), "--retry=0", code=1)
    check("closed the connection" in err and "trying again" not in err, "as does a break", err)


def start(address, *options):
    return subprocess.Popen([LATTN, "feed", address, *options], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(condition, claim):
    deadline = time.time() + 60
    while not condition():
        if time.time() > deadline:
            check(False, claim)
        time.sleep(0.01)


with FakeDaemon() as daemon:
    feeder = start(daemon.address, "--retry", "200ms")
    feeder.stdin.write(pairs(3))
    feeder.stdin.flush()
    until(lambda: len(daemon.learned) == 3, "three pairs arrive")
    daemon.leave()
    out, err = feeder.communicate(timeout=60)
    check(feeder.returncode == 1 and out == "" and "no connection for 200ms" in err and
          " of 3 pairs were acknowledged" in err, "a daemon that stays away is given up", err)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "s")
    out, err = lattn("feed", "unix:" + path, "--retry", "100ms", stdin=pairs(), code=1)
    check("cannot connect" in err, "so is one that never comes", err)
    feeder = start("unix:" + path, "--retry", "60s")
    time.sleep(1.2)
    with FakeDaemon(path=path) as daemon:
        out, err = feeder.communicate(pairs(), timeout=60)
        check(feeder.returncode == 0 and fed(out)[1] == PAIRS, "until it comes", out, err)

# Being asked to end.
for number in (signal.SIGINT, signal.SIGTERM):
    with FakeDaemon() as daemon:
        feeder = start(daemon.address)
        feeder.stdin.write(pairs(3))
        feeder.stdin.flush()
        until(lambda: len(daemon.learned) == 3, "three pairs arrive")
        feeder.send_signal(number)
        feeder.wait(60)
        out, err = feeder.stdout.read(), feeder.stderr.read()
        check(feeder.returncode == 1 and fed(out) == (3, 3, 0, 0) and err == "",
              f"{number.name} ends the input, and what was sent is settled", out, err)
for script in ([Act(deaf=True)], [Act(cut=1), Act(says=("busy", "no place")), Act(deaf=True)]):
    with FakeDaemon(*script) as daemon:
        feeder = start(daemon.address)
        feeder.stdin.write(pairs(3))
        feeder.stdin.flush()
        until(lambda: not daemon.script and daemon.units >= 1, "pairs arrive")
        feeder.send_signal(signal.SIGTERM)
        feeder.wait(60)
        err = feeder.stderr.read()
        check(feeder.returncode == 1 and feeder.stdout.read() == "" and "acknowledged" in err,
              "which is not waited for for ever", err)
