"""feed while the daemon is killed and started again: with --state each pair is learned exactly once.

LATTN_LONG=1 kills more often.
"""

import os
import random
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from tools_support import LATTN, LATTND, check, fed, lattn

PAIRS = 3000
KILLS = 40 if os.environ.get("LATTN_LONG") else 4


def wait_for(condition, claim):
    deadline = time.time() + 120
    while not condition():
        if time.time() > deadline:
            check(False, claim)
        time.sleep(0.01)


class Kept:
    """A lattnd with a state that outlives it; use as a context."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.address = "unix:" + os.path.join(self.folder, "s")
        self.log = open(os.path.join(self.folder, "log"), "w")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [LATTND, "--listen", self.address, "--state", os.path.join(self.folder, "state")],
            stdin=subprocess.DEVNULL, stderr=self.log)
        wait_for(self.answers, "lattnd comes up")

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.address[5:])
            return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def status(self):
        out = lattn("status", self.address)[0]
        return {name: int(re.search(rf"^  {name} +(\d+)$", out, re.M).group(1))
                for name in ("pairs", "accepted", "rejected", "duplicates")}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.kill()
        self.log.close()
        shutil.rmtree(self.folder)


def cut(data, count):
    """So many pieces, not at the ends of units."""
    size = len(data) // count + 1
    return [data[i:i + size] for i in range(0, len(data), size)]


def sources():
    gen = ("gen", "random", "--dim", 3, "--length", 4, "--last-label", "--pairs", PAIRS)
    yield "ndjson", lattn(*gen)[0].encode(), ()
    path = os.path.join(tempfile.gettempdir(), f"restart-{os.getpid()}")
    with open(path, "wb") as file:
        subprocess.run([LATTN, *map(str, gen), "--format", "msgpack"], stdout=file, check=True)
    with open(path, "rb") as file:
        yield "msgpack", file.read(), ()
    os.unlink(path)
    draw = random.Random(1)
    rows = "".join(f"{draw.gauss(0, 1)},{draw.gauss(0, 1)}\n" for _ in range(PAIRS + 1))
    yield "csv", ("a,b\n" + rows).encode(), ("--autoregressive", "--window", "3")
    events = "".join(f"k {draw.choice('abcdef')}\n" for _ in range(PAIRS + 1))
    yield "events", events.encode(), ("--window", "3")


def feed_through(daemon, source, data, options):
    """Feed it in pieces; kill the daemon in the middle of each."""
    feeder = subprocess.Popen([LATTN, "feed", daemon.address, "--from", source, *options],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    said = []
    reader = threading.Thread(target=lambda: said.append(feeder.stderr.read().decode()))
    reader.start()
    for piece in cut(data, KILLS):
        known = daemon.status()["pairs"]
        feeder.stdin.write(piece)
        feeder.stdin.flush()
        wait_for(lambda: daemon.status()["pairs"] > known, "pairs are learned between the kills")
        daemon.kill()
        daemon.start()
    feeder.stdin.close()
    out = feeder.stdout.read().decode()
    feeder.wait()
    reader.join()
    return feeder.returncode, out, said[0]


for source, data, options in sources():
    with Kept() as daemon:
        code, out, err = feed_through(daemon, source, data, options)
        numbers = fed(out) if out else None
        check(code == 0 and numbers == (PAIRS, PAIRS, 0, 0),
              f"{source}: all pairs are accepted over {KILLS} kills", code, out, err)
        check(err.count("connected again") <= err.count("trying again for 30s"), "and that is said",
              err)
        status = daemon.status()
        check(status == {"pairs": PAIRS, "accepted": PAIRS, "rejected": 0, "duplicates": 0},
              "each is learned once", status, err)
