"""What is missing: suggestions out of a pool, each of which raises the rank until the domain's."""

import json
import os
import random
import tempfile

from tools_support import Daemon, check, fed, lattn, line

STATES, SYMBOLS = 3, 3
KEYS = STATES * SYMBOLS
D = KEYS + STATES
RANK = KEYS * (1 + KEYS * (STATES - 1))  # of the domain: 171


def pool(machines, seed):
    """Inputs of random automata, given by their tables: the next state for a key."""
    draw = random.Random(seed)
    for _ in range(machines):
        table = [draw.randrange(STATES) for _ in range(KEYS)]
        tokens = [[int(i in (key, KEYS + table[key])) for i in range(D)] for key in range(KEYS)]
        for key in range(KEYS):
            yield line(tokens + [[int(i == key) for i in range(D)]],
                       [int(s == table[key]) for s in range(STATES)])


def rank(daemon):
    return daemon.status()["rank"]


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "pool")
    candidates = list(pool(60, 1))
    with open(path, "w") as file:
        file.writelines(candidates)
    with Daemon() as daemon:
        out, _ = lattn("suggest", daemon.address, "--from", path)
        suggested = out.splitlines(True)
        check(len(suggested) == RANK and set(suggested) <= set(candidates),
              "from nothing: as many lines of the pool as the domain has directions", len(suggested))
        for at in range(0, RANK, 30):
            lattn("feed", daemon.address, stdin="".join(suggested[at:at + 30]))
            check(rank(daemon) == min(at + 30, RANK), f"all of {min(at + 30, RANK)} raised the rank",
                  rank(daemon))
        out, _ = lattn("certify", daemon.address, stdin="".join(pool(60, 2)))
        check(out.startswith("540 of 540 inputs are determined"), "they settle the domain", out)
        out, _ = lattn("suggest", daemon.address, "--from", path)
        check(out == "", "then nothing is missing", out)
    with Daemon() as daemon:
        needed = 0
        order = random.Random(3).sample(candidates, len(candidates))
        while rank(daemon) != RANK and needed < len(order):
            out, _ = lattn("feed", daemon.address, stdin="".join(order[needed:needed + 20]))
            needed += fed(out)[1]
        print(f"     a random order of the pool needed {needed} pairs for rank {RANK}")
        check(needed > RANK, "a random order takes more")
    with Daemon() as daemon:
        lattn("feed", daemon.address, stdin="".join(candidates[:40]))
        before = rank(daemon)
        out, _ = lattn("suggest", daemon.address, "--from", path, "-n", 25)
        check(len(out.splitlines()) == 25, "-n bounds how many")
        lattn("feed", daemon.address, stdin=out)
        check(rank(daemon) == before + 25, "and they are new to what was learned before")
        _, err = lattn("suggest", daemon.address, code=2)
        check("--from FILE or -n N is missing" in err, "without candidates", err)
        _, err = lattn("suggest", daemon.address, "--from", path, "--norm-max", 1, code=2)
        check("--norm-max does not go with --from" in err, "candidates are as they are", err)
        _, err = lattn("suggest", daemon.address, "--from", path + "x", code=1)
        check("No such file" in err, "of no file", err)
        with open(path, "w") as file:
            file.write("\n" + line([[0] * D]) + '{"z":[[1,2]]}\n')
        _, err = lattn("suggest", daemon.address, "--from", path, code=1)
        check("line 3: a token of z has 2 coordinates" in err, "of another width", err)
        with open(path, "w") as file:
            file.write("\n")
        _, err = lattn("suggest", daemon.address, "--from", path, code=1)
        check("there is no candidate" in err, "of nothing", err)

# A pool of several requests, in which the lines that matter stand far apart.
with tempfile.TemporaryDirectory() as folder, Daemon("--dim", "2") as daemon:
    path = os.path.join(folder, "pool")
    draw = random.Random(4)

    def normal(size):
        return line([[size * draw.gauss(0, 1) for _ in range(2)] for _ in range(3)], 1)

    with open(path, "w") as file:
        file.writelines(line([[1, 0], [draw.random(), 0]], 1) for _ in range(9000))
        file.writelines(normal(1) for _ in range(3))
        file.writelines(line([[1, 0], [draw.random(), 0]], 1) for _ in range(9000))
        file.writelines(normal(1) for _ in range(3))
    out, err = lattn("suggest", daemon.address, "--from", path)
    suggested = out.splitlines(True)
    check(len(suggested) == 6 and err == "", "of 18 006 lines as many as there are directions", out)
    lattn("feed", daemon.address, stdin=out)
    check(daemon.status()["verdict"] == "identifying", "and they make it identifying")

# More is missing than a request can answer: what was chosen is printed, the rest is told.
with tempfile.TemporaryDirectory() as folder, Daemon("--dim", "24") as daemon:
    path = os.path.join(folder, "pool")
    with open(path, "w") as file:
        for j in range(24):
            for k in range(j, 24):
                file.writelines(json.dumps({"t": [sorted({j, k}), [l]]}) + "\n" for l in range(24))
    out, err = lattn("suggest", daemon.address, "--from", path)
    check(len(out.splitlines()) == 4096, "as many as one request can answer", len(out.splitlines()))
    check("lines after 4096 were not looked at" in err, "and the rest is said not to be there", err)

# A daemon that takes few candidates at once is asked in smaller rounds, as far as these go.
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "pool")
    draw = random.Random(5)
    with open(path, "w") as file:
        file.writelines(line([[draw.gauss(0, 1) for _ in range(8)] for _ in range(3)], 1)
                        for _ in range(1000))
    with Daemon("--dim", "8", "--max-memory", "4M") as daemon:
        out, err = lattn("suggest", daemon.address, "--from", path)
        check(len(out.splitlines()) == 288 and err == "", "in rounds that fit into memory", err)
        lattn("feed", daemon.address, stdin=out)
        check(daemon.status()["verdict"] == "identifying", "nothing is lost by that")
    with Daemon("--dim", "8", "--max-memory", "2M") as daemon:
        out, err = lattn("suggest", daemon.address, "--from", path)
        suggested = out.splitlines(True)
        check(100 < len(suggested) < 288, "as many as fit beside those chosen", len(suggested))
        check("were not looked at: learn these first" in err, "and where it ended is told", err)
        lattn("feed", daemon.address, stdin=out)
        check(rank(daemon) == len(suggested), "each of them raises the rank", rank(daemon))
