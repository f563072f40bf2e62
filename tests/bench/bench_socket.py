"""Pairs per second through the socket of a daemon on one core, side by side: NDJSON, MessagePack, and
MessagePack to a daemon that keeps a state on disk.

`bench_socket.py LATTND [PAIRS [DIM]]`: d = 4, n = 8, m = 1, text at full precision, frames of 64
pairs. The daemons have the first core, the client another where there is one. The state is made
where TMPDIR says.
"""

import json
import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

LENGTH, BATCH = 8, 64
PAIRS = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
DIM = int(sys.argv[3]) if len(sys.argv) > 3 else 4
ROUNDS = 5
PORTION = 250 * BATCH


def pairs_make():
    """Tokens and labels of one portion, which is sent again and again."""
    draw = random.Random(1)
    return [([draw.gauss(0, 1) for _ in range(DIM * LENGTH)], draw.gauss(0, 1))
            for _ in range(PORTION)]


def lines_of(pairs):
    """The portion as lines."""
    rows = (([z[at:at + DIM] for at in range(0, len(z), DIM)], y) for z, y in pairs)
    return "".join(json.dumps({"z": z, "y": y}) + "\n" for z, y in rows).encode()


def text(word):
    """A short string of MessagePack."""
    return bytes([0xa0 | len(word)]) + word.encode()


def tensor(shape, numbers):
    """A tensor of <f8."""
    data = struct.pack(f"<{len(numbers)}d", *numbers)
    axes = b"".join(b"\xcd" + struct.pack(">H", axis) for axis in shape)
    return (b"\x83" + text("shape") + bytes([0x90 | len(shape)]) + axes + text("dtype")
            + text("<f8") + text("data") + b"\xc6" + struct.pack(">I", len(data)) + data)


def frames_of(pairs):
    """The portion as notifications [2, "learn", {"z", "y"}]."""
    frames = []
    for at in range(0, len(pairs), BATCH):
        batch = pairs[at:at + BATCH]
        z = tensor((len(batch), LENGTH, DIM), [number for row, _ in batch for number in row])
        y = tensor((len(batch), 1), [label for _, label in batch])
        frames.append(b"\x93\x02" + text("learn") + b"\x82" + text("z") + z + text("y") + y)
    return b"".join(frames)


# "hello" without parameters, whose answer comes when all before it is learned.
QUESTIONS = {"ndjson": b'{"id":1,"method":"hello","params":{}}\n',
             "msgpack": b"\x94\x00\x01" + text("hello") + b"\x80"}


def rate(path, portion, question):
    """Pairs per second of one connection, until all of them are learned."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(path)
        start = time.perf_counter()
        for _ in range(PAIRS // PORTION):
            client.sendall(portion)
        client.sendall(question)
        client.recv(1 << 16)
        return PAIRS // PORTION * PORTION / (time.perf_counter() - start)


def daemon_start(path, core, *options):
    """A daemon on this core that listens."""
    daemon = subprocess.Popen([sys.argv[1], "--listen", "unix:" + path, *options],
                              stderr=subprocess.DEVNULL,
                              preexec_fn=lambda: os.sched_setaffinity(0, core))
    while not os.path.exists(path):
        time.sleep(0.01)
    time.sleep(0.1)
    return daemon


def main():
    cores = sorted(os.sched_getaffinity(0))
    pairs = pairs_make()
    portions = {"ndjson": lines_of(pairs), "msgpack": frames_of(pairs)}
    portions["durable"] = portions["msgpack"]
    rates = {name: [] for name in portions}
    with tempfile.TemporaryDirectory() as folder:
        memory, state = os.path.join(folder, "s"), os.path.join(folder, "t")
        daemons = [daemon_start(memory, cores[:1]),
                   daemon_start(state, cores[:1], "--state", os.path.join(folder, "state"))]
        os.sched_setaffinity(0, cores[-1:])
        for _ in range(ROUNDS):
            for name, portion in portions.items():
                path = state if name == "durable" else memory
                question = QUESTIONS["ndjson" if name == "ndjson" else "msgpack"]
                rates[name].append(rate(path, portion, question))
        for daemon in daemons:
            daemon.terminate()
            daemon.wait()
    for name, portion in portions.items():
        median = statistics.median(rates[name])
        print(f"{name:8} {median:12,.0f} pairs/s  (best {max(rates[name]):,.0f}, "
              f"{len(portion) / PORTION:.0f} bytes a pair, {median * len(portion) / PORTION / 1e6:.0f} MB/s)")
    for above, below in (("msgpack", "ndjson"), ("durable", "msgpack")):
        ratio = statistics.median(a / b for a, b in zip(rates[above], rates[below]))
        print(f"{above} / {below}: {ratio:.2f}")


main()
