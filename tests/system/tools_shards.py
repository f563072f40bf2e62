"""A stream in shards, whose workers and server are killed again and again: the sum of what the
workers know is what one process knows that learned all of it, and what a server forgot is counted.

Few kills by default, 40 of workers and 5 of the server with LATTN_LONG; SHARDS_SEED draws other
moments.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time

import numpy as np

import jetstream
from tools_support import LATTN, LATTND, SECONDS_MAX, Daemon, check, lattn

LONG = os.environ.get("LATTN_LONG") == "1"
SEED = int(os.environ.get("SHARDS_SEED", 1))
SHARDS, PAIRS, WORKER_KILLS, SERVER_KILLS = (4, 400_000, 40, 5) if LONG else (2, 9_000, 4, 1)
FORGOTTEN = 30_000 if LONG else 12_000  # pairs of which the server forgets some
PAUSE_MAX = 0.4  # seconds between two kills
INPUTS = 200


class Worker:
    """A lattnd of one shard, with a state; killed, it comes again with what is on its disk."""

    def __init__(self, folder, server, shard, *options):
        self.state = os.path.join(folder, f"state{shard}")
        self.address = "unix:" + os.path.join(folder, f"worker{shard}")
        self.command = [LATTND, "--listen", self.address, "--source", server.url, "--shard",
                        f"{shard}/{SHARDS}", "--state", self.state, *options]
        self.log = open(os.path.join(folder, f"worker{shard}.log"), "a+")
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=self.log, stdin=subprocess.DEVNULL)

    def end(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(SECONDS_MAX)

    def kill(self):
        self.end()
        self.start()

    def status(self):
        """None while it is not up."""
        run = subprocess.run([LATTN, "status", self.address, "--json"], capture_output=True)
        return json.loads(run.stdout) if run.returncode == 0 else None

    def said(self):
        self.log.seek(0)
        return self.log.read()


class Cluster:
    """A server, its workers and their aggregate in one folder; use as a context."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.server = jetstream.Server()
        self.address = "unix:" + os.path.join(self.folder, "sum")
        self.log = open(os.path.join(self.folder, "sum.log"), "a+")
        self.sum = subprocess.Popen([LATTN, "aggregate", "--expect", str(SHARDS), "--listen",
                                     self.address], stderr=self.log, stdin=subprocess.DEVNULL)
        self.workers = [Worker(self.folder, self.server, shard, "--push", self.address,
                               "--push-every", "200ms", "--checkpoint-every", "500ms")
                        for shard in range(SHARDS)]

    def publish(self, *options, **pipes):
        return subprocess.Popen([LATTN, "publish", self.server.url, "--shards", str(SHARDS),
                                 *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **pipes)

    def status(self):
        run = subprocess.run([LATTN, "status", self.address, "--json"], capture_output=True)
        return json.loads(run.stdout) if run.returncode == 0 else None

    def wait(self, condition, claim):
        """Until the condition holds of the aggregate's status, which it gives."""
        deadline = time.time() + SECONDS_MAX
        while True:
            status = self.status()
            if status is not None and condition(status):
                return status
            if time.time() > deadline:
                self.log.seek(0)
                check(False, claim, status, self.log.read()[-2000:],
                      *[worker.said()[-2000:] for worker in self.workers])
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.end()
            worker.log.close()
        self.sum.kill()
        self.sum.wait()
        self.log.close()
        self.server.close()
        shutil.rmtree(self.folder)


def answers(address, inputs):
    found = [json.loads(line) for line in lattn("predict", address, stdin=inputs)[0].splitlines()]
    return (np.array([answer["y"] for answer in found]),
            [answer["determined"] for answer in found])


def strike(cluster, draw, kills):
    """Kill what is next: a worker, or the server."""
    time.sleep(draw.random() * PAUSE_MAX)
    if kills.pop() == "server":
        cluster.server.restart()
    else:
        draw.choice(cluster.workers).kill()


def campaign(cluster, pairs, draw):
    """Publish the pairs while workers and server are killed."""
    kills = ["worker"] * WORKER_KILLS + ["server"] * SERVER_KILLS
    draw.shuffle(kills)
    step = len(pairs) // (len(kills) + 1)
    publisher = cluster.publish()
    for start in range(0, len(pairs), step):
        publisher.stdin.write("".join(pairs[start:start + step]).encode())
        publisher.stdin.flush()
        if kills:
            strike(cluster, draw, kills)
    out, err = publisher.communicate(timeout=3600)
    check(publisher.returncode == 0, "the publisher ends well", out.decode(), err.decode())
    return out.decode()


def same_as_one(cluster, pairs, inputs):
    """The aggregate against one process that learned the same pairs."""
    total = len(pairs)
    status = cluster.wait(lambda status: status["pairs"] >= total, "all pairs arrive")
    with Daemon() as one:
        lattn("feed", one.address, stdin="".join(pairs))
        want = one.status()
        for key in "pairs", "rank", "p", "verdict", "features_seen":
            check(status[key] == want[key], f"{key} as of one process: {want[key]}", status)
        (y, determined), (y_want, determined_want) = [
            answers(address, inputs) for address in (cluster.address, one.address)]
    scale = np.abs(y_want).max()
    check(np.abs(y - y_want).max() <= 1e-10 * scale, "the same function to 1e-10",
          np.abs(y - y_want).max() / scale)
    check(determined == determined_want, "and the same inputs are determined")
    check(status["aggregate"]["complete"] and
          all(shard["lost"] == 0 for shard in status["aggregate"]["shards"]), "nothing is lost",
          status["aggregate"])


def forgetting(cluster, pairs, known):
    """The server goes back to an older copy while its workers had not taken all: that is counted."""
    for worker in cluster.workers:
        worker.end(signal.SIGTERM)
    old = cluster.server.copy()
    publisher = cluster.publish("--no-wait")
    out, err = publisher.communicate("".join(pairs).encode(), timeout=SECONDS_MAX)
    check(publisher.returncode == 0, "more is published, and nobody takes it", err.decode())
    client = cluster.server.client()
    last = [client.state(f"lattn_{shard}")["last_seq"] for shard in range(SHARDS)]
    before = [worker_pairs(cluster, shard) for shard in range(SHARDS)]
    for shard, worker in enumerate(cluster.workers):
        worker.start()
        while (worker_pairs_now(worker) or 0) <= before[shard]:
            time.sleep(0.002)
        worker.end()
    cluster.server.roll_back(old)
    for worker in cluster.workers:
        worker.start()
    cluster.wait(lambda status: all(shard["rolled_back"] for shard in status["aggregate"]["shards"]),
                 "each shard notices that its stream went back")
    # A worker tells of its losses before its state is in the sum.
    status = cluster.wait(lambda status: status["pairs"] - known + lost_in(status) == len(pairs),
                          "what was not taken is counted as lost")
    print(f"     {status['pairs'] - known} pairs were taken, {lost_in(status)} are lost; "
          f"streams had {last}")
    more = "".join(pairs[:SHARDS * 50]).encode()
    out, err = cluster.publish().communicate(more, timeout=SECONDS_MAX)
    cluster.wait(lambda now: now["pairs"] == status["pairs"] + SHARDS * 50,
                 "and what comes then is learned")


def lost_in(status):
    return sum(shard["lost"] for shard in status["aggregate"]["shards"])


def worker_pairs(cluster, shard):
    return next(found["pairs"] for found in cluster.status()["aggregate"]["shards"]
                if found["shard"] == shard)


def worker_pairs_now(worker):
    status = worker.status()
    return None if status is None else status["pairs"]


draw = random.Random(SEED)
lines = lattn("gen", "random", "--dim", 4, "--outputs", 2, "--pairs", PAIRS + FORGOTTEN,
              "--length", 4, "--noise", 0.1, "--last-label")[0].splitlines(keepends=True)
with Cluster() as cluster:
    print("    ", campaign(cluster, lines[:PAIRS], draw).strip())
    same_as_one(cluster, lines[:PAIRS], "".join(lines[:INPUTS]))
    forgetting(cluster, lines[PAIRS:], PAIRS)
