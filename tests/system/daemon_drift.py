"""Forgetting: a source that changes is followed, and the verdict is lost and regained."""

import json

from daemon_support import Daemon, Layer, check

D, P = 2, 6
FORGET = 0.9
MEMORY = 10  # pairs, 1 / (1 - FORGET)


def flat(layer, count):
    """Pairs whose second coordinate repeats the first."""
    lines = []
    for _ in range(count):
        z = [[token[0], token[0]] for token in layer.sequence(4)]
        lines.append(json.dumps({"z": z, "y": layer.label(z)}) + "\n")
    return "".join(lines)


def error_of(client, layer):
    """The largest relative error over some inputs."""
    worst = 0
    for _ in range(20):
        z = layer.sequence(4)
        want = layer.label(z)[0]
        got = client.ask("predict", z=z)["y"][0]
        worst = max(worst, abs(got - want) / (1 + abs(want)))
    return worst


def follow_a_change(client):
    old, new = Layer(D, seed=1), Layer(D, seed=2)
    client.send("".join(old.pairs(20 * MEMORY)))
    status = client.ask("status")
    check(status["verdict"] == "identifying", "the source is learned", status)
    check(abs(status["pairs_effective"] - (1 + FORGET) / (1 - FORGET)) < 1e-6,
          "by as many effective pairs as the memory holds", status["pairs_effective"])
    check(error_of(client, old) < 1e-9 and error_of(client, new) > 1e-2, "and no other one")
    client.send("".join(new.pairs(10 * MEMORY)))
    check(error_of(client, new) < 1e-2, "ten memories after a change the new one is known")
    client.send("".join(new.pairs(40 * MEMORY)))
    check(error_of(client, new) < 1e-9, "and after fifty nothing is left of the old one")
    return new


def lose_and_regain(client, layer):
    before = client.ask("status")
    check(before["lost_at"] is None and before["identifying_since"] < before["pairs"],
          "a change of the source is none of the verdict", before)
    client.send(flat(layer, 30 * MEMORY))
    status = client.ask("status")
    check(status["verdict"] == "identifying" and 0 < status["rho"] < 1e-5 * before["rho"],
          "a direction that stops occurring fades out of rho", status["rho"])
    client.send(flat(layer, 60 * MEMORY))
    lost = client.ask("status")
    check(lost["verdict"] != "identifying" and lost["rank"] < P, "and is forgotten", lost)
    check(status["pairs"] < lost["lost_at"] <= lost["pairs"] and
          lost["identifying_since"] == before["identifying_since"], "with the date", lost)
    client.send("".join(layer.pairs(5 * MEMORY)))
    again = client.ask("status")
    check(again["verdict"] == "identifying" and again["lost_at"] is None and
          again["identifying_since"] > lost["lost_at"], "what comes again is known anew", again)


with Daemon("--forget", str(FORGET)) as daemon:
    client = daemon.client()
    check(client.ask("status")["pairs_effective"] is None, "before any pair there are none")
    lose_and_regain(client, follow_a_change(client))
