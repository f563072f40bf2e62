"""Pairs per second that two workers absorb while they feed an aggregate, beside one worker alone.

`bench_shards.py LATTND [PAIRS [DIM [ENGINE]]]`: d = 16, n = 8, m = 1, frames of 64 pairs. Each daemon
has one thread that learns; rounds take turns, and the median of their ratios counts. What they learn
in a first round, not counted, has full rank.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import msgpack
import numpy as np

LATTND = sys.argv[1]
LENGTH, BATCH, ROUNDS = 8, 64, 7
PAIRS = int(sys.argv[2]) if len(sys.argv) > 2 else 24_000
DIM = int(sys.argv[3]) if len(sys.argv) > 3 else 16
ENGINE = sys.argv[4] if len(sys.argv) > 4 else "gram"


def frames(seed):
    """Batches of random pairs, all different."""
    draw = np.random.default_rng(seed)
    batches = []
    for _ in range(PAIRS // BATCH):
        z, y = draw.standard_normal((BATCH, LENGTH, DIM)), draw.standard_normal((BATCH, 1))
        batches.append(msgpack.packb([2, "learn", {
            key: {"shape": list(part.shape), "dtype": "<f8", "data": part.tobytes()}
            for key, part in (("z", z), ("y", y))}]))
    return batches


def start(folder, name, *options):
    path = os.path.join(folder, name)
    process = subprocess.Popen([LATTND, "--listen", "unix:" + path, "--log-level", "error",
                                "--emit-every", "1440m", *options])
    while not os.path.exists(path):
        time.sleep(0.01)
    return process, path


def feed(path, batches):
    """Send them, and a question whose answer says that all were learned."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(path)
        for batch in batches:
            client.sendall(batch)
        client.sendall(msgpack.packb([0, 1, "hello", {}]))
        client.recv(1 << 16)


def pace(paths, several):
    """Pairs per second of all workers together."""
    threads = [threading.Thread(target=feed, args=(path, batches))
               for path, batches in zip(paths, several)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(map(len, several)) * BATCH / (time.monotonic() - begin)


def main():
    several = [frames(seed) for seed in range(2)]
    learning = ("--engine", ENGINE, "--threads", "1")
    with tempfile.TemporaryDirectory() as folder:
        total, path = start(folder, "total", "--expect", "2", "--threads", "1")
        pushing = ("--push", "unix:" + path)
        daemons = [start(folder, "alone", *learning),
                   *(start(folder, f"worker{k}", *learning, "--shard", f"{k}/2", *pushing)
                     for k in range(2))]
        paths = [place for _, place in daemons]
        rounds = [(pace(paths[:1], several[:1]), pace(paths[1:], several))
                  for _ in range(ROUNDS + 1)][1:]
        for process in [total, *(process for process, _ in daemons)]:
            process.kill()
            process.wait()
    one, two = (statistics.median(values) for values in zip(*rounds))
    print(f"d = {DIM}, {ENGINE}: one worker {one:.0f} pairs/s, two and an aggregate {two:.0f}, "
          f"ratio {statistics.median(b / a for a, b in rounds):.2f}")


main()
