"""Which questions are settled: a domain of inputs, and what it lacks; both formats of the method."""

import itertools
import json
import random

from tools_support import Daemon, check, lattn

STATES = SYMBOLS = 2
KEYS = STATES * SYMBOLS
D = KEYS + STATES

# Every input there is: a table of next states, and the key to look up.
DOMAIN = [([[key, KEYS + table[key]] for key in range(KEYS)] + [[asked]], table[asked])
          for table in itertools.product(range(STATES), repeat=KEYS) for asked in range(KEYS)]


def lines(inputs, labelled):
    return "".join(json.dumps({"t": t, **({"y": [int(s == y) for s in range(STATES)]}
                                          if labelled else {})}) + "\n" for t, y in inputs)


def learned_in_part_and_in_full():
    draw = random.Random(1)
    order = draw.sample(DOMAIN, len(DOMAIN))
    with Daemon("--dim", str(D)) as daemon:
        lattn("certify", daemon.address, stdin=lines(DOMAIN, False), code=1)
        lattn("feed", daemon.address, stdin=lines(order[:8], True))
        out, _ = lattn("certify", daemon.address, stdin=lines(DOMAIN, False))
        answers, _ = lattn("predict", daemon.address, stdin=lines(DOMAIN, False))
        determined = sum(json.loads(answer)["determined"] for answer in answers.splitlines())
        check(out.startswith(f"{determined} of 64 inputs are determined\n") and determined < 64,
              "certify counts what predict says", out)
        check("short: the component of" in out or "never seen:" in out, "says what is missing",
              out)
        check(out.count("undetermined: line") == min(8, 64 - determined), "and where", out)
        lattn("feed", daemon.address, stdin=lines(order, True))
        out, _ = lattn("certify", daemon.address, stdin=lines(DOMAIN, True))
        check(out.splitlines()[0] == "64 of 64 inputs are determined" and len(out.splitlines()) == 2,
              "all of a domain that was learned is determined", out)
        status, _ = lattn("status", daemon.address)
        check(status.startswith("not yet identifying: 20 of 126 directions seen; "
                                "about 380 more pairs at this rate\n"
                                "of the last 72 inputs tested "),
              "beside the plain verdict status speaks of the stream", status)
        out, _ = lattn("certify", daemon.address, stdin=lines(DOMAIN * 100, False))
        check(out.startswith("6400 of 6400 inputs are determined\nat most 0.0468 %"),
              "in batches, with the bound of all of them", out)


def short_decimals():
    """Numbers that take more room in a request than they did in the lines."""
    tokens = [[0.1, 0.3, 0.7, 0.9]] * 50
    with Daemon() as daemon:
        lattn("feed", daemon.address, stdin=json.dumps({"z": tokens, "y": 1}) + "\n")
        out, _ = lattn("certify", daemon.address, stdin=(json.dumps({"z": tokens}) + "\n") * 4200)
        check(out.startswith("4200 of 4200 inputs are determined"), "of any length in all", out)


def refusals():
    with Daemon() as daemon:
        _, err = lattn("certify", daemon.address, stdin='{"z":[[1]]}\n', code=1)
        check("no data" in err or "nothing" in err or "pair" in err, "nothing was learned", err)
        lattn("feed", daemon.address, stdin='{"z":[[1,2]],"y":1}\n')
        _, err = lattn("certify", daemon.address, stdin='{"z":[[1,2]]}\n{"z":[[1]]}\n', code=1)
        check("line 2: a token of z has 1 coordinates" in err, "inputs of another width", err)
        _, err = lattn("certify", daemon.address, stdin='{"z":[[1,2]]}\nx\n', code=1)
        check("line 2:" in err, "no input", err)
        _, err = lattn("certify", daemon.address, stdin="\n", code=1)
        check("there is no input to certify" in err, "none at all", err)


learned_in_part_and_in_full()
short_decimals()
refusals()
