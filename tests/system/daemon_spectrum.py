"""The spectrum in emissions: NumPy's, for those who want it, though nothing may happen any more."""

import itertools
import json

import numpy as np

from daemon_support import Daemon, Layer, check


def spectrum_of(lines):
    """Singular values of the features, each column divided by what it could have been at most."""
    rows, scales = [], []
    for line in lines:
        z = np.array(json.loads(line)["z"])
        s = z.T @ z
        d = len(s)
        indices = [(j, k, c) for j, k in itertools.combinations_with_replacement(range(d), 2)
                   for c in range(d)]
        rows.append([s[j, k] * z[-1][c] for j, k, c in indices])
        scales.append([s[j, j] * s[k, k] * z[-1][c] ** 2 for j, k, c in indices])
    values = np.linalg.svd(np.array(rows) / np.sqrt(np.sum(scales, axis=0)), compute_uv=False)
    return values / values[0]


def next_with(client, part, pairs):
    """The next emission that has this part, of so many pairs."""
    while True:
        params = client.line()["params"]
        if part in params and params["status"]["pairs"] == pairs:
            return params


def wanted():
    lines = Layer(3).pairs(40)
    with Daemon("--emit-every", "20ms") as daemon:
        client, plain, early = (daemon.client() for _ in range(3))
        plain.ask("subscribe", what="model")
        check(early.ask("subscribe", what="all") == {"subscribed": "all"}, "everything")
        client.send("".join(lines))
        params = next_with(early, "spectrum", len(lines))
        check("model" in params, "all is all", list(params))
        check(params["spectrum"]["heads"] == [head["sigma"] for head in params["model"]["heads"]],
              "the heads in it are those of the model", params["spectrum"])
        while params["spectrum"]["generation"] != params["status"]["generation"]:
            params = next_with(early, "spectrum", len(lines))
        spectrum, status = params["spectrum"], params["status"]
        want = spectrum_of(lines)
        check(spectrum["seen"] == 18 and spectrum["smallest"] == []
              and np.allclose(spectrum["largest"], want, rtol=0, atol=1e-13),
              "it is NumPy's", spectrum, list(want))
        check(abs(spectrum["largest"][-1] / status["rho"] - 1) < 1e-9
              and spectrum["largest"][-1] > status["threshold"],
              "on the axis of rho and threshold", spectrum, status["rho"])
        check("spectrum" not in next_with(plain, "model", len(lines)), "nobody else gets it")


def nothing_happens():
    lines = Layer(2).pairs(20)
    with Daemon("--emit-every", "20ms") as daemon:
        client = daemon.client()
        client.send("".join(lines))
        client.ask("emit")
        late = daemon.client()
        check(late.ask("subscribe", what="spectrum") == {"subscribed": "spectrum"}, "late")
        params = next_with(late, "spectrum", len(lines))
        check(len(params["spectrum"]["largest"]) == 6 and "model" not in params,
              "an emission is made for whoever comes late", params)
        client.ask("reset", confirm=True)
        client.send("".join(lines[:3]))
        params = next_with(late, "spectrum", 3)
        check(params["spectrum"]["largest"][0] == 1
              and sum(value > params["status"]["threshold"]
                      for value in params["spectrum"]["largest"]) == params["status"]["rank"],
              "after a reset it is that of the new pairs", params)


wanted()
nothing_happens()
