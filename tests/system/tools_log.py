"""The real job: half of the package log is learned, the other half shows what that is worth.

Where this machine has no log of some size, the generated device log takes its place. The n-gram is
counted here once more, so that tools/accuracy.awk is judged as well.
"""

import collections
import os
import re
import subprocess

from tools_support import Daemon, check, fed, lattn

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
LOG = "/var/log/dpkg.log"


def awk(program, *arguments, **settings):
    options = [word for name, value in settings.items() for word in ("-v", f"{name}={value}")]
    return subprocess.run(["awk", *options, "-f", os.path.join(TOOLS, program), *arguments],
                          capture_output=True, check=True, text=True).stdout


text = awk("package_events.awk", LOG) if os.access(LOG, os.R_OK) else ""
if text.count("\n") < 4000:
    text = awk("device_events.awk", count=6000)
    check(text == awk("device_events.awk", count=6000), "the generated log is always the same")
events = [tuple(row.split()) for row in text.splitlines()]
half = len(events) // 2

with Daemon("--bias") as daemon:
    out, err = lattn("feed", daemon.address, "--from", "events", "--window", 3,
                     stdin="".join(text.splitlines(True)[:half]))
    past = len({key for key, _ in events[:half]})
    check(fed(out) == (half - past, half - past, 0, 0) and err == "",
          "each event of the first half whose key has a past is learned", out, err)
    predicted, err = lattn("predict", daemon.address, "--from", "events", "--window", 3,
                           stdin=text)
    rows = [row.split("\t") for row in predicted.splitlines()]
    check(len(rows) == len(events) and err == "", "each event has its prediction")
    with open(os.path.join(daemon.folder, "events"), "w") as file:
        file.write(text)
    with open(os.path.join(daemon.folder, "predictions"), "w") as file:
        file.write(predicted)
    told = awk("accuracy.awk", os.path.join(daemon.folder, "predictions"),
               os.path.join(daemon.folder, "events"), half=half)


def ngram(n):
    """Share of right guesses: the commonest successor in the first half, none where unseen."""
    counts = collections.defaultdict(collections.Counter)
    past = collections.defaultdict(list)
    right = judged = 0
    for number, (key, symbol) in enumerate(events):
        context = tuple(past[key][1 - n:])
        if past[key] and number < half:
            counts[context][symbol] += 1
        elif past[key]:
            judged += 1
            right += counts[context].most_common(1)[:1] != [] and (
                counts[context].most_common(1)[0][0] == symbol)
        past[key].append(symbol)
    return right / judged, judged


def attention():
    last, right = {}, 0
    for number, (key, symbol) in enumerate(events):
        if key in last and number >= half:
            right += rows[last[key]][1] == symbol
        last[key] = number
    return right / ngram(2)[1]


fourgram, judged = ngram(4)
print(told)
check(attention() >= 0.98, "at least 98 % of the unseen half are right", attention())
check(attention() >= fourgram - 0.005, "within half a point of a 4-gram", attention(), fourgram)
check(attention() >= ngram(2)[0] + 0.1, "far above a bigram", attention(), ngram(2)[0])
numbers = [float(number) for number in re.findall(r"([\d.]+) %", told)][:3]
ours = [100 * attention(), 100 * ngram(2)[0], 100 * fourgram]
check(f"of {judged} events" in told and
      all(abs(a - b) < 0.2 for a, b in zip(numbers, ours)), "accuracy.awk counts the same", ours)
