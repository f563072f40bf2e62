"""What is missing, made to order: feeding it leads to "identifying" after exactly p pairs."""

import json
import math
import random

from tools_support import Daemon, check, fed, lattn, line


def features(d):
    return d * d * (d + 1) // 2


def labelled(out, answer):
    """The lines that suggest printed, each with the label that answer gives."""
    inputs = [json.loads(text) for text in out.splitlines()]
    return "".join(line(i["z"], answer(i["z"])) for i in inputs)


def attention(d, seed):
    """A layer of two outputs on tokens of d coordinates, the bias included, as a function."""
    draw = random.Random(seed)
    v = [[draw.gauss(0, 1) for _ in range(d)] for _ in range(2)]
    q = [[draw.gauss(0, 1) for _ in range(d)] for _ in range(d)]

    def answer(z):
        tokens = [[1.0] * (d - len(z[0])) + token for token in z]
        qz = [sum(q[k][l] * tokens[-1][l] for l in range(d)) for k in range(d)]
        weights = [sum(t[k] * qz[k] for k in range(d)) for t in tokens]
        return [sum(row[j] * sum(w * t[j] for w, t in zip(weights, tokens)) for j in range(d))
                for row in v]
    return answer


def learns_the_layer(daemon, d, bias, answer):
    draw = random.Random(99)
    for _ in range(3):
        z = [[draw.gauss(0, 1) for _ in range(d - bias)] for _ in range(4)]
        out, _ = lattn("predict", daemon.address, stdin=line(z))
        told = json.loads(out)
        check(told["determined"] and
              all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
                  for a, b in zip(told["y"], answer(z))),
              "an input that was never asked for is answered right", out, answer(z))


def from_nothing(d, bias):
    options = ["--dim", str(d - bias)] + ["--bias"] * bias
    answer = attention(d, d)
    with Daemon(*options) as daemon:
        out, err = lattn("suggest", daemon.address, "-n", features(d))
        check(len(out.splitlines()) == features(d) and err == "", f"d {d}, bias {bias}: p sequences")
        pairs = labelled(out, answer).splitlines(True)
        lattn("feed", daemon.address, stdin="".join(pairs[:-1]))
        status = daemon.status()
        check((status["rank"], status["verdict"]) == (features(d) - 1, "not identifying"),
              "one pair before the last the rank is p - 1", status)
        lattn("feed", daemon.address, stdin=pairs[-1])
        status = daemon.status()
        check((status["pairs"], status["verdict"]) == (features(d), "identifying"),
              "and p pairs are enough", status)
        learns_the_layer(daemon, d, bias, answer)
        model = json.loads(lattn("model", daemon.address)[0])
        check((len(model["heads"]), model["heads_decomposition"]) == (1, "fewest"),
              "the layer has the one head that it was made with", model["heads_decomposition"])
        out, err = lattn("suggest", daemon.address, "-n", 5)
        check(out == "" and "nothing is missing" in err, "then nothing is missing", err)


def after_data(d, bias):
    """What 2 p / 3 random pairs leave open, in portions."""
    options = ["--bias"] * bias
    answer = attention(d, d + 10)
    draw = random.Random(d)
    before = 2 * features(d) // 3
    with Daemon(*options) as daemon:
        pairs = []
        for _ in range(before):
            z = [[draw.gauss(0, 5) for _ in range(d - bias)] for _ in range(3)]
            pairs.append(line(z, answer(z)))
        lattn("feed", daemon.address, stdin="".join(pairs))
        rank = before
        check(daemon.status()["rank"] == rank, f"d {d}, bias {bias}: random pairs are independent")
        while rank < features(d):
            out, err = lattn("suggest", daemon.address, "-n", 17, "--norm-max", 10)
            made = [json.loads(text)["z"] for text in out.splitlines()]
            check(max(math.hypot(*token) for z in made for token in z) <= 10 * (1 + 1e-15),
                  "no token is longer than it may")
            rank += len(made)
            check((len(made) == 17) == (err == ""), "fewer than asked for are explained", err)
            check(fed(lattn("feed", daemon.address, stdin=labelled(out, answer))[0])[1] ==
                  len(made), "they are ready to be labelled and fed")
            check(daemon.status()["rank"] == rank, f"rank {rank}: each was a direction")
        check(f"only {len(made)} directions are missing" in err, "the last portion says so", err)
        status = daemon.status()
        check((status["pairs"], status["verdict"]) == (features(d), "identifying"),
              "p pairs in all", status)


def refusals():
    with Daemon() as daemon:
        _, err = lattn("suggest", daemon.address, "-n", 3, code=1)
        check("nothing tells yet how wide a token is: set --dim" in err, "width unknown", err)
        lattn("feed", daemon.address, stdin=line([[1, 2], [3, 5]], 1))
        out, err = lattn("suggest", daemon.address, "-n", 9, "--norm-max", 1e-9)
        check(out == "" and "5 directions are missing, of which such short tokens would show 0"
              in err, "too short to show", err)
        _, err = lattn("suggest", daemon.address, "-n", 9, "--norm-max", 1e99, code=1)
        check("norm_max is 1e+99, it may be from 1e-40 to 1e+40" in err, "too long", err)
        lattn("suggest", daemon.address, "-n", 0, code=2)
        lattn("suggest", daemon.address, "-n", 4097, code=2)


for dim in range(2, 7):
    for has_bias in (0, 1):
        from_nothing(dim, has_bias)
for dim in (3, 5):
    for has_bias in (0, 1):
        after_data(dim, has_bias)
refusals()
