"""A random layer is recovered to 1e-12, with full rank after as few sequences as possible, however
its pairs come: whole sequences, one pair at a time, in any pieces, over several connections.
"""

import json
import os
import random
import socket
import subprocess

from tools_support import LATTN, Daemon, check, fed, lattn

LENGTH = 100
ERROR_MAX = 1e-12
# d: sequences with labels at every prefix, and the rank that they give
RANKS = {2: [(1, 6)], 4: [(1, 40)], 8: [(2, 200), (3, 288)], 16: [(21, 2100), (22, 2176)]}


def layer(daemon, dim, pairs, *options):
    """Lines of a random layer, and the file that holds the layer."""
    truth = os.path.join(daemon.folder, "truth.json")
    text, _ = lattn("gen", "random", "--dim", dim, "--pairs", pairs, "--length", LENGTH,
                    "--seed", 1000 + dim, "--truth", truth, *options)
    return text, truth


def error(daemon, truth):
    """The relative distance of what the daemon learned from the layer."""
    model = os.path.join(daemon.folder, "model.json")
    lattn("model", daemon.address, "-o", model)
    return float(lattn("distance", truth, model)[0].split()[3])


def recovered(daemon, truth, pairs, how):
    status = daemon.status()
    distance = error(daemon, truth)
    check(status["pairs"] == pairs and status["verdict"] == "identifying" and
          distance <= ERROR_MAX, f"d = {status['d']}, {how}: distance {distance:.1e}", status)


def whole_sequences(dim):
    with Daemon() as daemon:
        lines, truth = layer(daemon, dim, RANKS[dim][-1][0] * LENGTH)
        lines = lines.splitlines(keepends=True)
        sent = 0
        for sequences, rank in RANKS[dim]:
            lattn("feed", daemon.address, stdin="".join(lines[sent:sequences]))
            sent = sequences
            status = daemon.status()
            check(status["rank"] == rank, f"d = {dim}: rank {rank} after {sequences} sequences",
                  status)
        recovered(daemon, truth, sent * LENGTH, "whole sequences")


def one_pair_at_a_time(dim, pairs):
    with Daemon() as daemon:
        lines, truth = layer(daemon, dim, pairs, "--last-label")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(daemon.path)
            answers = client.makefile("r")
            for i, line in enumerate(lines.splitlines()):
                client.sendall((f'{{"id":{i},' + line[1:] + "\n").encode())
                check_applied(json.loads(answers.readline()), i)
        recovered(daemon, truth, pairs, "one acknowledged pair at a time")


def check_applied(answer, i):
    if answer.get("result", {}).get("applied") != i + 1:
        check(False, f"pair {i} is learned before the next one is sent", answer)


def any_pieces(dim):
    pairs = 5 * LENGTH
    with Daemon() as daemon:
        lines, truth = layer(daemon, dim, pairs)
        data = lines.encode()
        sizes = random.Random(dim)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(daemon.path)
            while data:
                size = sizes.choice([1, 7, 100, 4096, 70000])
                client.sendall(data[:size])
                data = data[size:]
            client.shutdown(socket.SHUT_WR)
            check(client.recv(1) == b"", "a half-closed connection is learned to its end")
        recovered(daemon, truth, pairs, "in pieces of any size")


def several_connections(dim, count):
    pairs = 8 * LENGTH
    with Daemon() as daemon:
        lines, truth = layer(daemon, dim, pairs)
        lines = lines.splitlines(keepends=True)
        feeds = [subprocess.Popen([LATTN, "feed", daemon.address], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True) for _ in range(count)]
        for i, line in enumerate(lines):
            feeds[i % count].stdin.write(line)
        accepted = sum(fed(feed.communicate()[0])[1] for feed in feeds)
        check(accepted == len(lines), f"{count} connections at once: all is accepted", accepted)
        recovered(daemon, truth, pairs, f"over {count} connections at once")


for d in RANKS:
    whole_sequences(d)
for d in (2, 4, 8):
    one_pair_at_a_time(d, 3 * d * d * (d + 1) // 2)
    any_pieces(d)
    several_connections(d, 4)
