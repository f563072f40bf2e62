"""gen random against the same draws in NumPy, its counts, and the layer it writes."""

import json
import os
import tempfile

import numpy as np

from tools_draws import Stream
from tools_support import check, lattn


def pairs_of(*arguments):
    return [json.loads(text) for text in lattn("gen", "random", *arguments)[0].splitlines()]


def layer(V, Q, z):
    """The literal formula, over the whole prefix."""
    Z = z.T
    return sum(v @ Z @ Z.T @ q @ z[-1] for v, q in zip(V, Q))


def close(a, b):
    return np.allclose(a, b, rtol=1e-12, atol=1e-13)


def check_draws(d, heads, m, length, noise, seed):
    stream = Stream(seed)
    V = stream.normals(heads, m, d) / np.sqrt(d)
    Q = stream.normals(heads, d, d) / np.sqrt(d)
    pairs = pairs_of("--dim", d, "--heads", heads, "--outputs", m, "--length", length, "--noise",
                     noise, "--seed", seed, "--pairs", 3 * length)
    right = len(pairs) == 3
    for pair in pairs:
        z = stream.normals(length, d) / np.sqrt(length)
        y = np.array([layer(V, Q, z[: t + 1]) for t in range(length)])
        if noise > 0:
            y = y + noise * stream.normals(length, m)
        right = right and close(pair["z"], z) and close(np.reshape(pair["y"], y.shape), y)
    check(right, f"d {d}, {heads} heads, {m} outputs, noise {noise}, seed {seed}: as in NumPy")


check_draws(4, 1, 1, 100, 0, 1)
check_draws(3, 2, 2, 7, 0, 2**64 - 1)  # odd counts: half a pair of normals is left over
check_draws(5, 3, 1, 9, 0.25, 0)

rows = sum(len(pair["y"]) for pair in pairs_of("--pairs", 250))
check(rows == 250, "--pairs counts label rows; the last sequence is cut short", rows)
whole = pairs_of("--pairs", 300)
cut = pairs_of("--pairs", 250)
check(cut[:2] == whole[:2] and cut[2]["z"] == whole[2]["z"][:50]
      and cut[2]["y"] == whole[2]["y"][:50], "what is left of it is the same")

last = pairs_of("--pairs", 3, "--last-label", "--outputs", 2)
every = pairs_of("--pairs", 300, "--outputs", 2)
check([(p["z"], p["y"]) for p in last] == [(p["z"], p["y"][-1]) for p in every],
      "--last-label keeps the last label only")

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "truth.json")
    pairs = pairs_of("--heads", 3, "--outputs", 2, "--dim", 5, "--length", 8, "--pairs", 16,
                     "--truth", path)
    with open(path) as file:
        truth = json.load(file)
    V = [np.array(head["V"]) for head in truth["heads"]]
    Q = [np.array(head["Q"]) for head in truth["heads"]]
    check(all(close(layer(V, Q, np.array(p["z"])[: t + 1]), p["y"][t])
              for p in pairs for t in range(8)), "--truth is the layer that made the labels")
    inputs = "".join(json.dumps({"z": p["z"]}) + "\n" for p in pairs)
    out = [json.loads(text)["y"] for text in lattn("run", path, stdin=inputs)[0].splitlines()]
    check(close(out, [p["y"][-1] for p in pairs]), "run applies it to the same effect")
    check(os.listdir(folder) == ["truth.json"], "nothing else is left beside it")
