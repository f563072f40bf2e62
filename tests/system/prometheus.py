"""tools/prometheus: the configuration is one, each alert fires when it should and not before.

Run as `prometheus.py FOLDER`.
"""

import pathlib
import re
import sys
import tempfile

from promtool_support import need_promtool, promtool

FOLDER = pathlib.Path(sys.argv[1]).resolve()
RULES = "lattnd.rules.yml"
TESTS = "lattnd.test.yml"


def check(condition, claim, *details):
    print(("ok   " if condition else "FAIL ") + claim, flush=True)
    if not condition:
        print(*details, sep="\n", file=sys.stderr)
        sys.exit(1)


def tests_fail_with(rules):
    """Do the tests of the rules fail with other rules?"""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, RULES).write_text(rules, "utf-8")
        pathlib.Path(folder, TESTS).write_text((FOLDER / TESTS).read_text("utf-8"), "utf-8")
        return promtool("test", "rules", TESTS, cwd=folder)[0] != 0


def main():
    rules = (FOLDER / RULES).read_text("utf-8")
    alerts = re.findall(r"- alert: (\w+)", rules)

    need_promtool()
    status, said = promtool("check", "config", "prometheus.yml", cwd=FOLDER)
    check(status == 0 and "FAILED" not in said, "prometheus.yml is a configuration", said)
    status, said = promtool("check", "rules", RULES, cwd=FOLDER)
    check(status == 0 and f"{len(alerts)} rules found" in said, "the alerts are rules", said)
    status, said = promtool("test", "rules", TESTS, cwd=FOLDER)
    check(status == 0, "they fire when they should, and not before", said)
    check(tests_fail_with(rules.replace("> 900", "> 90000")), "a wrong threshold is noticed")
    described = (FOLDER / "README.md").read_text("utf-8")
    check(all(f"`{alert}`" in described for alert in alerts), "the README knows them all")
    tests = (FOLDER / TESTS).read_text("utf-8")
    check(all(re.search(rf"\b{alert}\b", tests) for alert in alerts), "each has its test")


main()
