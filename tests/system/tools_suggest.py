"""What is missing: suggestions out of a pool, each of which raises the rank until the domain's."""

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
        check("--from FILE is missing" in err, "without candidates", err)
        _, err = lattn("suggest", daemon.address, "--from", path + "x", code=1)
        check("No such file" in err, "of no file", err)
        with open(path, "w") as file:
            file.write('{"z":[[1,2]]}\n')
        _, err = lattn("suggest", daemon.address, "--from", path, code=1)
        check("candidates[0]: a token of z has 2 coordinates" in err, "of another width", err)
        with open(path, "w") as file:
            file.write('{"z":[[1]]}\n' * 4097)
        _, err = lattn("suggest", daemon.address, "--from", path, code=1)
        check("line 4097: there are more than 4096 candidates" in err, "too many", err)
