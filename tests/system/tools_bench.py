"""bench prints a row for each stage, as a table and as JSON, and leaves nothing behind."""

import json
import os
import re
import tempfile

from tools_support import LATTND, check, lattn

MACHINE = ["dgemm", "memory"]
WAY = ["decode ndjson", "decode msgpack", "features"]
ENGINE = ["absorb", "weights", "verdict", "heads", "emission", "end to end ndjson",
          "end to end msgpack"]
UNITS = {"dgemm": "GF/s", "memory": "GB/s", "weights": "ms", "verdict": "ms", "heads": "ms",
         "emission": "ms"}
ENGINES = ["rls", "gram"]
STAGES = MACHINE + WAY + ENGINE * len(ENGINES)
# Without features of their own, stages are over in a moment.
SHORT = ("--dim", "1,2", "--seconds", "0.001", "--daemon", LATTND)

with tempfile.TemporaryDirectory() as folder:
    os.environ["TMPDIR"] = folder
    out, err = lattn("bench", *SHORT, "--outputs", 2, "--json")
    told = json.loads(out)
    rows = told["rows"]
    check([row["stage"] for row in rows] == 2 * STAGES, "JSON has each stage of each size in order",
          [row["stage"] for row in rows])
    check([row["d"] for row in rows] == len(STAGES) * [1] + len(STAGES) * [2], "of the sizes asked")
    check(all(row["value"] > 0 and row["share"] > 0 and row["spread"] >= 0 and row["runs"] >= 3
              for row in rows), "all numbers are positive")
    check(all(row["unit"] == UNITS.get(row["stage"], "pairs/s") for row in rows), "in their unit")
    check(all(abs(row["share"] - 1) < 1e-9 and row["engine"] is None for row in rows
              if row["stage"] in MACHINE), "the machine is all of itself")
    check([row["bound"] for row in rows[:5]] == ["dgemm"] + 3 * ["memory"] + [rows[4]["bound"]],
          "what bounds a stage is named")
    check([row["engine"] for row in rows if row["stage"] == "absorb"] == 2 * ENGINES,
          "each engine has its rows")
    check((told["heads"], told["outputs"], told["length"], told["threads"]) == (1, 2, 8, 1),
          "sizes are told")
    check(told["noisy"] == any(row["spread"] > 0.2 for row in rows), "noisy where rows spread")
    check(told["noisy"] == ("noisy" in err), "and standard error says so", err)
    check(os.listdir(folder) == [], "daemon and folder are gone", os.listdir(folder))

    out, err = lattn("bench", *SHORT[2:], "--dim=2", "--engine", "gram", "--threads", 2)
    head, *lines = out.splitlines()
    check(head.split() == ["d", "stage", "engine", "median", "share", "of", "spread"], "a table", head)
    row = re.compile(r"  2  (.{20})(-|gram) +([0-9.e+]+) (pairs/s|ms|G[FB]/s) +([0-9.]+) %"
                     r" (dgemm|memory) +[0-9]+ %(  noisy)?")
    found = [row.fullmatch(line) for line in lines]
    check(all(found) and [match.group(1).strip() for match in found] == MACHINE + WAY + ENGINE,
          "of one row for each stage", out)

    path, os.environ["PATH"] = os.environ["PATH"], "/bin"
    out, err = lattn("bench", "--dim=1", *SHORT[2:4], "--engine", "rls")
    check("end to end msgpack" in out.splitlines()[-1], "it finds the daemon built with it", out, err)
    os.environ["PATH"] = path

    os.environ["TMPDIR"] = "/nowhere"
    out, err = lattn("bench", *SHORT, code=1)
    check("cannot make a folder" in err, "without a folder there is no daemon", err)
    os.environ["TMPDIR"] = folder
    out, err = lattn("bench", *SHORT[:4], "--daemon", "/no/such/lattnd", code=1)
    check("cannot connect" in err and "absorb" in out, "nor without a program", err)
    check(os.listdir(folder) == [], "nothing is left", os.listdir(folder))

for arguments, word in ((["--dim", "4,,8"], "4,,8"), (["--dim", "0"], "0"), (["--dim", "49"], "1 to 48"),
                        (["--dim", "4,"], "4,"), (["--dim", ",".join(17 * ["1"])], "up to 16"),
                        (["--engine", "qr"], "qr"), (["--seconds", "0"], "above 0"),
                        (["--threads", "0"], "1 to 256"), (["--heads", "0"], "1 to 64"), (["x"], "x")):
    out, err = lattn("bench", *arguments, code=2)
    check(out == "" and word in err, f"bench {' '.join(arguments)[:30]}: misused, and says so", err)
