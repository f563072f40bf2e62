"""A thousand connections feed at once, half of them lines and half frames, and nothing is lost."""

import json
import resource
import sys

from daemon_support import SKIPPED, Daemon, Layer, check, msgpack, need_msgpack, tensor

need_msgpack()

CONNECTIONS = 1000
ROUNDS = 20
BATCH = 8
DESCRIPTORS_FEW = 256
DESCRIPTORS_ENOUGH = CONNECTIONS + 100


def limit_descriptors(soft):
    """Let this process, and those it starts from now on, open so many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < soft:
        print(f"skipped: at most {hard} descriptors are allowed here")
        sys.exit(SKIPPED)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def line(layer, number):
    """A pair and a refused one, which asks for an answer to it."""
    return layer.pair() + json.dumps({"id": number, "z": [[1, 2], [3]], "y": 1}) + "\n"


def frame(layer, number):
    """A batch, and a refused one."""
    pairs = [layer.sequence(4) for _ in range(BATCH)]
    z = tensor([x for rows in pairs for row in rows for x in row], BATCH, 4, layer.d)
    y = tensor([x for rows in pairs for x in layer.label(rows)], BATCH, layer.m)
    return (msgpack.packb([2, "learn", {"z": z, "y": y}])
            + msgpack.packb([0, number, "learn", {"z": z, "y": tensor([1.0] * BATCH * 2, BATCH, 2)}]))


def feeds_them_all():
    layer = Layer(3)
    limit_descriptors(DESCRIPTORS_FEW)
    with Daemon() as daemon:
        limit_descriptors(DESCRIPTORS_ENOUGH)
        plain = [daemon.client() for _ in range(CONNECTIONS // 2)]
        packed = [daemon.packed_client() for _ in range(CONNECTIONS // 2)]
        for number in range(ROUNDS):
            text, data = line(layer, number), frame(layer, number)
            for client in plain:
                client.send(text)
            for client in packed:
                client.send(data)
        for client in plain + packed:
            client.end_of_input()
        numbers = list(range(ROUNDS))
        check(all([answer["id"] for answer in client.rest()] == numbers for client in plain),
              "each refused line is answered, in order, on its own connection")
        check(all([answer[1] for answer in client.rest()] == numbers for client in packed),
              "and so is each refused frame")
        for client in plain + packed:
            client.close()
        observer = daemon.client()
        status = observer.ask("status")
        sent = CONNECTIONS // 2 * ROUNDS * (1 + BATCH)
        check(status["accepted"] == status["pairs"] == status["rejected"] == sent,
              f"{sent} pairs are learned, as many are refused, none is lost", status)
        query = layer.sequence(4)
        answer, wanted = observer.ask("predict", z=query)["y"][0], layer.label(query)[0]
        check(abs(answer - wanted) <= 1e-8 * (1 + abs(wanted)), "and what was learned is right",
              answer, wanted)


feeds_them_all()
