"""What durable costs: pairs per second with --state and without, side by side, and how long an
acknowledgement takes while checkpoints are written one after the other.

`bench_durable.py LATTND [DIM ...]`: rates at d = 8 in frames of 64 pairs of 8 tokens; latencies at
d = 16 (p = 2176), or the dimensions given. The state lies where TMPDIR says: the disk counts.
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
DIMS = [int(word) for word in sys.argv[2:]] or [16]
RATE_DIM, LENGTH, BATCH = 8, 8, 64
FRAMES, ROUNDS = 400, 5
SECONDS = 20  # of latencies, each way
PACE = 0.002  # seconds between an acknowledgement and the next item


class Daemon:
    """A lattnd in a folder; use as a context."""

    def __init__(self, folder, name, *options):
        self.path = os.path.join(folder, name)
        self.process = subprocess.Popen([LATTND, "--listen", "unix:" + self.path, *options],
                                        stderr=subprocess.DEVNULL)

    def __enter__(self):
        while not os.path.exists(self.path):
            time.sleep(0.01)
        time.sleep(0.1)
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait()


class Client:
    """A connection that asks and waits."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(daemon.path)
        self.unpacker = msgpack.Unpacker()

    def ask(self, method, **params):
        self.socket.sendall(msgpack.packb([0, 1, method, params]))
        while True:
            for _, _, error, result in self.unpacker:
                if error is not None:
                    raise SystemExit(f"{method}: {error}")
                return result
            self.unpacker.feed(self.socket.recv(1 << 16))


def tensor(array):
    return {"shape": list(array.shape), "dtype": "<f8", "data": array.tobytes()}


def batch(draw, dim, count):
    """The pairs of one learn request."""
    return {"z": tensor(draw.standard_normal((count, LENGTH, dim))),
            "y": tensor(draw.standard_normal((count, 1)))}


def rate(daemon, frames):
    """Pairs per second of one connection, until all of them are learned."""
    client = Client(daemon)
    start = time.perf_counter()
    for frame in frames:
        client.socket.sendall(frame)
    client.ask("hello")
    return len(frames) * BATCH / (time.perf_counter() - start)


def rates(folder):
    draw = np.random.default_rng(1)
    frames = [msgpack.packb([2, "learn", batch(draw, RATE_DIM, BATCH)]) for _ in range(FRAMES)]
    with Daemon(folder, "m") as memory, \
            Daemon(folder, "s", "--state", os.path.join(folder, "state")) as durable:
        pairs = [(rate(memory, frames), rate(durable, frames)) for _ in range(ROUNDS)]
    ratio = statistics.median(durable / memory for memory, durable in pairs)
    memory, durable = (statistics.median(side) for side in zip(*pairs))
    print(f"d = {RATE_DIM}: memory only {memory:,.0f} pairs/s, durable {durable:,.0f}: {ratio:.2f}")


def latencies(client, item):
    """Seconds from sending a pair to its durable acknowledgement, many times."""
    taken = []
    end = time.perf_counter() + SECONDS
    while (start := time.perf_counter()) < end:
        client.ask("learn", **item)
        taken.append(time.perf_counter() - start)
        time.sleep(PACE)
    return taken


def show(title, taken):
    cuts = statistics.quantiles(taken, n=100)
    print(f"  {title}: p50 {1e3 * cuts[49]:.2f} ms, p99 {1e3 * cuts[98]:.2f} ms, "
          f"longest {1e3 * max(taken):.1f} ms, {len(taken)} pairs")


def checkpoints(client, over, ret_seconds):
    """One after the other, until told to stop."""
    while not over.is_set():
        start = time.perf_counter()
        client.ask("checkpoint")
        ret_seconds.append(time.perf_counter() - start)


def acknowledgements(folder, dim):
    draw = np.random.default_rng(dim)
    state = os.path.join(folder, f"state{dim}")
    with Daemon(folder, f"s{dim}", "--state", state, "--emit-every", "60m") as daemon:
        client = Client(daemon)
        client.ask("learn", **batch(draw, dim, BATCH))
        size = client.ask("checkpoint")["bytes"]
        print(f"d = {dim}: p = {dim * dim * (dim + 1) // 2}, a checkpoint has {size / 1e6:.1f} MB")
        item = batch(draw, dim, 1)
        show("alone             ", latencies(client, item))
        over, seconds = threading.Event(), []
        busy = threading.Thread(target=checkpoints, args=(Client(daemon), over, seconds))
        busy.start()
        show("during checkpoints", latencies(client, item))
        over.set()
        busy.join()
        print(f"  {len(seconds)} checkpoints, each {statistics.median(seconds):.2f} s")


def main():
    with tempfile.TemporaryDirectory() as folder:
        rates(folder)
        for dim in DIMS:
            acknowledgements(folder, dim)


main()
