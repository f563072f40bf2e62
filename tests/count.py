"""Print how many tests of some suites passed and failed: `count.py testlog.json SUITE...`, of meson.

A program that prints Criterion's synthesis counts with its own numbers, any other as one test; what
was skipped counts as neither. Without suites all tests count.
"""
import json
import re
import sys

SYNTHESIS = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")


def suites(entry):
    """A name is `project:suite+suite / test`."""
    return set(entry["name"].split(" / ")[0].partition(":")[2].split("+"))


def counts(entry):
    text = re.sub(r"\x1b\[[0-9;]*m", "", entry.get("stdout", "") + entry.get("stderr", ""))
    found = SYNTHESIS.search(text)
    good = entry["result"] in ("OK", "EXPECTEDFAIL", "SKIP")
    if entry["result"] == "SKIP":
        return 0, 0
    if not found:
        return (1, 0) if good else (0, 1)
    passing, bad = int(found[2]), int(found[3]) + int(found[4])
    return passing, bad if good or bad else 1


asked = set(sys.argv[2:])
passed = failed = 0
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        entry = json.loads(line)
        if asked and not asked & suites(entry):
            continue
        good, bad = counts(entry)
        passed += good
        failed += bad
print(passed, failed)
