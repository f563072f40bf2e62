"""Clients that come, teach, ask, misbehave and vanish leave nothing behind: memory stays flat.

Run as `daemon_soak.py LATTND FAILING_IO`: a few seconds by default, 20 minutes with LATTN_LONG, or
SOAK_SECONDS. Half a dozen clients at a time make random visits; now and then the disk of the state
is full for a while. Memory is looked at from a quarter of the time on, after heavier visits than
those that follow; descriptors and threads at the end, when everybody has left.
"""

import errno
import json
import os
import random
import signal
import socket
import statistics
import struct
import sys
import threading
import time

from daemon_support import Daemon, Folder, Layer, check, need_msgpack, tensor, wait_until
from durable_support import preloaded

FAILING_IO = os.path.abspath(sys.argv[2])
LONG = os.environ.get("LATTN_LONG") == "1"
SECONDS = float(os.environ.get("SOAK_SECONDS", 1200 if LONG else 4))
SEED = int(os.environ.get("SOAK_SEED", 1))
VISITORS = 6
SECONDS_FLAT = 600  # shorter than that, chance moves the medians as much as the limit
GROWTH_MAX = 0.02
DIM, OUTPUTS = 4, 2
PRODUCERS = 50
DISK = ("no_space", "input_output")  # codes of refusals while it is full
NAMES = [f"coordinate {i}" for i in range(6)]
LAYER = Layer(DIM, OUTPUTS)
PAIRS = [(z, LAYER.label(z)) for z in (LAYER.sequence(5) for _ in range(500))]


def flat(rows):
    return [number for row in rows for number in row]


class Refused(Exception):
    """An answer that should not be."""


def expect(condition, what, answer):
    if not condition:
        raise Refused(f"{what}: {answer}")


# ---- visits: each is one connection, or something done to the daemon ----------------------------


def teaches_lines(daemon, draw):
    client = daemon.client()
    name = f"producer {draw.randrange(PRODUCERS)}"
    last = client.ask("hello", producer=name)["last_seq"] or 0
    count = draw.randint(1, 300)
    for i in range(count):
        z, y = draw.choice(PAIRS)
        client.send(json.dumps({"id": i, "producer": name, "seq": last + 1 + i, "z": z, "y": y})
                    + "\n")
    if draw.random() < 0.3:
        return client  # without a look at the answers
    for i in range(count):
        expect(client.line()["id"] == i, "answers keep their order", i)
    return client


def teaches_batches(daemon, draw):
    client = daemon.packed_client()
    for _ in range(draw.randint(1, 20)):
        batch = draw.choices(PAIRS, k=draw.randint(1, 100))
        z = tensor([x for z, _ in batch for x in flat(z)], len(batch), 5, DIM)
        y = tensor(flat(y for _, y in batch), len(batch), OUTPUTS)
        if draw.random() < 0.5:
            client.notify("learn", z=z, y=y)
        else:
            answer = client.learn(z, y)
            expect("applied" in answer or answer["code"] in DISK, "a batch is learned", answer)
    return client


def asks(daemon, draw):
    client = daemon.client() if draw.random() < 0.5 else daemon.packed_client()
    for _ in range(draw.randint(1, 10)):
        method, params = draw.choice([
            ("status", {}), ("status", {}), ("model", {}), ("model", {"heads": "svd"}),
            ("predict", {"z": draw.choice(PAIRS)[0]}), ("emit", {}),
            ("certify", {"inputs": [draw.choice(PAIRS)[0] for _ in range(5)]}),
            ("suggest", {"n": 4}), ("hello", {"producer": "somebody"}), ("checkpoint", {})])
        answer = client.ask(method, **params)
        expect(isinstance(answer, dict), method, answer)
    return client


def names(daemon, draw):
    client = daemon.client()
    answer = client.ask("name", append=NAMES[:draw.randint(1, len(NAMES))])
    expect("d" in answer or "code" in answer, "names", answer)
    return client


def grows(daemon, draw):
    client = daemon.client()
    client.ask("name", append=NAMES)
    return client


def forgets(daemon, draw):
    client = daemon.client()
    answer = client.ask("reset", confirm=True)
    expect(answer == {"reset": True} or answer["code"] in DISK, "reset", answer)
    return client


def copies(daemon, draw):
    client = daemon.packed_client()
    made = client.ask("checkpoint", image=True)
    expect("parts" in made or made["code"] == "busy", "an image is made", made)
    for part in range(made.get("parts", 0)):
        client.ask("checkpoint", image=made["id"], part=part)
    return client


def listens(daemon, draw):
    client = daemon.packed_client() if draw.random() < 0.5 else daemon.client()
    expect(isinstance(client.ask("subscribe"), dict), "subscribe", "refused")
    time.sleep(draw.random() * 2)
    return client


def never_reads(daemon, draw):
    client = daemon.client()
    client.socket.settimeout(0.2)
    try:
        for _ in range(draw.randint(1, 300)):
            client.send('{"method":"model"}\n' * 10)
    except socket.timeout:
        pass
    return client


def sends_rubbish(daemon, draw):
    client = daemon.client()
    z, y = draw.choice(PAIRS)
    good = json.dumps({"z": z, "y": y})
    client.send(draw.choice([
        draw.randbytes(draw.randint(1, 2000)), good[:draw.randint(1, len(good))], "{\n" * 100,
        '{"z":[[1,2],[3]],"y":[1]}\n' * 50, '{"z":[[1e999,1,1,1]],"y":[1,1]}\n',
        b"\x94\x00\x01\xa5learn\x82\xa1z\xdd\xff\xff\xff\xff", b"\x94\x00\x01\xa5learn\xc6\xff\xff",
        '{"id":1,"method":"suggest","params":{"n":100000000}}\n', "[" * 10000, "\n" * 10000]))
    return client


def signals(daemon, draw):
    daemon.signal(signal.SIGUSR1)


def fills_disk(daemon, draw):
    with daemon.disk_lock, open(daemon.disk_full, "w"):
        time.sleep(draw.random() * 0.5)
        os.unlink(daemon.disk_full)


VISITS = [teaches_lines] * 6 + [teaches_batches] * 6 + [asks] * 4 + [sends_rubbish] * 3 \
    + [listens, never_reads, names, signals, copies]
RARELY = [forgets, fills_disk]
HEAVY = VISITS + [grows, copies, asks] * 6  # so that memory has been at its peak before it is looked at


def leave(client, draw):
    """Orderly, abruptly, or after the daemon has said all."""
    manner = draw.randrange(3)
    if manner == 0:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif manner == 1:
        client.socket.settimeout(0.5)
        client.end_of_input()
        try:
            while client.socket.recv(1 << 16):
                pass
        except (socket.timeout, ConnectionError):
            pass
    client.close()


class Visitor(threading.Thread):
    """Makes visits until the deadline."""

    def __init__(self, daemon, number, deadline):
        super().__init__()
        self.daemon_visited, self.deadline = daemon, deadline
        self.draw = random.Random(f"{SEED} {number}")
        self.visits, self.failure = 0, None

    def visit(self):
        is_early = self.deadline - time.time() > 0.75 * SECONDS
        what = self.draw.choice(RARELY if self.draw.random() < 0.006 else
                                HEAVY if is_early else VISITS)
        try:
            client = what(self.daemon_visited, self.draw)
        except (SystemExit, Refused) as failure:
            self.failure = f"{what.__name__}: {failure}"
            return
        if client is not None:
            leave(client, self.draw)
        self.visits += 1

    def run(self):
        while self.failure is None and time.time() < self.deadline:
            try:
                self.visit()
            except ConnectionError as failure:
                self.failure = f"turned away: {failure}"


def entries(daemon, what):
    """How many descriptors ("fd") or threads ("task") it has."""
    return len(os.listdir(f"/proc/{daemon.process.pid}/{what}"))


def watch(daemon, visitors):
    """Resident bytes, once a second while visits last: what is the daemon's own, and all."""
    own, resident = [], []
    while any(visitor.is_alive() for visitor in visitors):
        time.sleep(1)
        own.append(daemon.memory("RssAnon"))
        resident.append(daemon.memory("VmRSS"))
    return own, resident


def growth(sizes, what):
    """Says how memory went: its median in the last quarter against that in the second. Samples
    stray by a tenth, medians of two minutes by 1 % (twice that while others use the machine), these
    of five by less.
    """
    quarter = max(1, len(sizes) // 4)
    before = statistics.median(sizes[quarter:2 * quarter] or sizes)
    after = statistics.median(sizes[-quarter:])
    share = after / before - 1
    print(f"     {what}: {before / 1e6:.2f} MB, then {after / 1e6:.2f} MB ({share:+.1%}); "
          "each twentieth of the time:",
          *(f"{size / 1e6:.1f}" for size in sizes[::max(1, len(sizes) // 20)]))
    return share


def is_flat(own, resident, is_judged):
    """The daemon's own memory is judged. The rest of what is resident are pages of the program and
    of the state's file, up to their size, which belong to the system's cache: they are counted
    from when they are first looked at, and from none again with each new file after a full disk.
    """
    growth(resident, "resident")
    share = growth(own, "of which its own")
    if is_judged:
        check(share <= GROWTH_MAX, "memory stays flat", own)


def soaked(folder):
    """A daemon with everything that has a schedule, and a state whose disk can be full."""
    state, full = os.path.join(folder, "state"), os.path.join(folder, "full")
    fault = {**preloaded(FAILING_IO), "FAILING_IO_PATH": state, "FAILING_IO_WHILE": full,
             "FAILING_IO_AFTER": "1", "FAILING_IO_ALL": "1", "FAILING_IO_ERROR": str(errno.ENOSPC)}
    daemon = Daemon("--dim", str(DIM), "--outputs", str(OUTPUTS), "--emit-every", "100ms",
                    "--emit-dir", folder, "--state", state, "--checkpoint-every", "1s",
                    env={**os.environ, **fault})
    daemon.disk_full, daemon.disk_lock = full, threading.Lock()
    return daemon


def soak():
    need_msgpack()
    with Folder() as folder, soaked(folder) as daemon:
        daemon.client().ask("emit")
        wait_until(lambda: entries(daemon, "task") > 1, "its threads are there")
        before = {what: entries(daemon, what) for what in ("fd", "task")}
        deadline = time.time() + SECONDS
        visitors = [Visitor(daemon, number, deadline) for number in range(VISITORS)]
        for visitor in visitors:
            visitor.start()
        own, resident = watch(daemon, visitors)
        failures = [visitor.failure for visitor in visitors if visitor.failure]
        check(not failures, f"{sum(v.visits for v in visitors)} visits in {SECONDS:.0f} s",
              *failures, daemon.log()[-2000:])
        for what, count in before.items():
            wait_until(lambda: entries(daemon, what) <= count,
                       f"no {what} is left behind: {count} as before")
        check(True, f"nothing is left behind: {before['fd']} descriptors, {before['task']} threads")
        is_long = SECONDS >= SECONDS_FLAT and not daemon.keeps_freed()
        is_flat(own, resident, is_long)
        check(daemon.stop() == 0, "and it ends in order", daemon.log()[-2000:])


soak()
