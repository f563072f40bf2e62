"""Whatever is asked between pairs is answered from all pairs acknowledged, never from older weights.

Two clients take turns: one teaches noisy pairs and waits until they are acknowledged, the other asks
everything there is to ask, in a random order, with emissions of older states under way. NumPy
solves the least squares of exactly the pairs acknowledged.
"""

import json
import random

import numpy as np

from daemon_support import Daemon, check

DIM, OUTPUTS, ROUNDS = 3, 2, 40
PAIRS_MAX = 4
METHODS = ("status", "predict", "certify", "model", "suggest")


def sequence(draw, n, is_free):
    """Tokens of normals; where they are not free, the last coordinate repeats the first."""
    z = [[draw.gauss(0, 1) for _ in range(DIM)] for _ in range(n)]
    return z if is_free else [[*token[:-1], token[0]] for token in z]


def features(z):
    """phi(Z): S_jk z_l for j <= k."""
    z = np.array(z)
    S = z.T @ z
    return np.concatenate([S[j, k] * z[-1] for j in range(DIM) for k in range(j, DIM)])


class Taught:
    """What was acknowledged, as rows of features and labels."""

    def __init__(self, is_free):
        self.is_free = is_free
        self.rows, self.labels = [], []
        self.generation = 0

    def teach(self, client, draw, count):
        """Teach count pairs; each is acknowledged with the pairs so far."""
        for _ in range(count):
            z = sequence(draw, draw.randint(1, 4), self.is_free)
            y = [draw.gauss(0, 1) for _ in range(OUTPUTS)]
            client.send(json.dumps({"id": "p", "z": z, "y": y}) + "\n")
            self.rows.append(features(z))
            self.labels.append(y)
        applied = [client.line()["result"]["applied"] for _ in range(count)]
        check(applied[-1] == len(self.rows), "pairs are acknowledged", applied, len(self.rows))

    def rank(self):
        return int(np.linalg.matrix_rank(np.array(self.rows), tol=1e-9))

    def is_determined(self, z):
        both = np.vstack([self.rows, features(z)])
        return int(np.linalg.matrix_rank(both, tol=1e-9)) == self.rank()

    def answer(self, z):
        """The prediction where it is determined, the same for every solution."""
        W = np.linalg.lstsq(np.array(self.rows), np.array(self.labels), rcond=1e-12)[0]
        return features(z) @ W


def is_near(a, b):
    return np.abs(np.array(a) - np.array(b)).max() <= 1e-7 * (1 + np.abs(np.array(b)).max())


def apply(model, z):
    z = np.array(z)
    return sum((np.array(h["V"]) @ (z.T @ (z @ (np.array(h["Q"]) @ z[-1]))) for h in model["heads"]),
               np.zeros(OUTPUTS))


def judge(client, taught, method, inputs):
    """Ask once; is the answer that of everything acknowledged?"""
    determined = [taught.is_determined(z) for z in inputs]
    if method == "status":
        status = client.ask("status")
        check((status["pairs"], status["rank"]) == (len(taught.rows), taught.rank())
              and status["generation"] >= taught.generation, "status is current", status)
        check((status["verdict"] == "identifying") == (status["rank"] == status["p"]),
              "and so is its verdict", status)
        check(status["heads_generation"] is None
              or status["heads_generation"] <= status["generation"],
              "heads of an older generation are named so", status)
        taught.generation = status["generation"]
    elif method == "predict":
        for z, flag in zip(inputs, determined):
            answer = client.ask("predict", z=z)
            check(answer["determined"] == flag, "predict knows what is determined", answer, z)
            check(not flag or is_near(answer["y"], taught.answer(z)), "and predicts it", answer)
    elif method == "certify":
        answer = client.ask("certify", inputs=[{"z": z} for z in inputs])
        check(answer["determined"] == sum(determined), "certify counts the same", answer, determined)
    elif method == "suggest":
        order = client.ask("suggest", candidates=[{"z": z} for z in inputs])
        check(bool(order["order"]) == (not all(determined)), "suggest looks for the rest", order)
    else:
        model = client.ask("model", heads="svd")
        check(model["pairs"] == len(taught.rows) and model["generation"] >= taught.generation
              and model["certificate"]["rank"] == taught.rank(), "the model is current",
              model["pairs"], model["certificate"])
        check(all(is_near(apply(model, z), taught.answer(z))
                  for z, flag in zip(inputs, determined) if flag), "and computes the solution")


def take_turns(is_free, rank):
    """Teach and ask until the rank is reached that there can be, and beyond."""
    draw = random.Random(5)
    with Daemon("--emit-every", "1pairs") as daemon:
        teacher, asker = daemon.client(), daemon.client()
        taught = Taught(is_free)
        for _ in range(ROUNDS):
            taught.teach(teacher, draw, draw.randint(1, PAIRS_MAX))
            inputs = [sequence(draw, 3, i % 2) for i in range(4)]
            for method in draw.sample(METHODS, draw.randint(1, len(METHODS))):
                judge(asker, taught, method, inputs)
        status = asker.ask("status")
        check(status["rank"] == rank, "up to the rank there is", status)
        asker.ask("reset", confirm=True)
        check(asker.ask("predict", z=inputs[0])["code"] == "no_data"
              and asker.ask("status")["generation"] > status["generation"],
              "nothing is answered from before a reset")


take_turns(True, 18)
take_turns(False, 6)
