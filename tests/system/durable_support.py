"""What the tests of durable state share: a daemon that is killed and comes back, producers that go
on where they were, a disk that loses what was not synced, and NumPy to say what should be known.
"""

import collections
import json
import os
import shutil
import signal
import struct
import subprocess
import threading
import time

import numpy as np

from daemon_support import LATTND, SECONDS_MAX, Client, PackedClient, check, msgpack

DIM, LENGTH, OUTPUTS = 3, 4, 2
POOL = 499  # pairs of a producer, sent again and again; a prime, so that batches never fall in step
REPEATS = 16000  # of the tokens of a long pair
WINDOW = 64  # messages under way
PAUSE = 0.005  # before a producer comes back
INPUTS = 200  # more than R has numbers
AGREEMENT = 1e-12


def preloaded(shim):
    """The environment of a process with a shim; the sanitizers' own library need not come first."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": shim, "ASAN_OPTIONS": options + ":verify_asan_link_order=0"}


class Disk:
    """A folder on a disk whose power fails with the process (support/unsynced.c)."""

    def __init__(self, shim, path, seed=None):
        """Make the folder; with a seed, some of what was not synced stays."""
        self.shim, self.seed = shim, seed
        self.shadow = path + ".shadow"
        os.makedirs(path)
        self.folder = os.path.realpath(path)

    def environment(self):
        """For processes that use the folder."""
        variables = {**preloaded(self.shim), "UNSYNCED_DIR": self.folder,
                     "UNSYNCED_SHADOW": self.shadow}
        if self.seed is not None:
            variables["UNSYNCED_SEED"] = str(self.seed)
        return variables

    def lose(self):
        """What was not synced is gone; for when no process has the folder."""
        root = os.path.join(self.shadow, "root")
        if os.path.exists(root):  # else the process died before it began
            shutil.rmtree(self.folder)
            shutil.copytree(root, self.folder)
        shutil.rmtree(self.shadow, ignore_errors=True)


class DurableDaemon:
    """A lattnd with a state, killed and started again; as a context it is started first.

    folder     of its socket and log
    state      of the state; if not given, below the folder or the disk's
    variables  of the environment, for each start
    """

    def __init__(self, folder, *options, state=None, disk=None, variables=None):
        self.path = os.path.join(folder, "s")
        self.log_path = os.path.join(folder, "log")
        self.disk, self.variables = disk, variables or {}
        self.state = state or os.path.join(disk.folder if disk else folder, "state")
        self.options = ["--listen", "unix:" + self.path, "--state", self.state, *options]
        self.process = None

    def start(self):
        """Start it, and do not wait until it is up."""
        variables = {**os.environ, **(self.disk.environment() if self.disk else {}),
                     **self.variables}
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen([LATTND, *self.options], stdin=subprocess.DEVNULL,
                                            stderr=log, env=variables)

    def comes_up(self, seconds=SECONDS_MAX):
        """Wait until it listens or ends; says whether it listens. None: neither in that time."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            try:
                self.client().close()
                return True
            except OSError:
                pass
            if self.process.poll() is not None:
                return False
            time.sleep(0.002)
        return None

    def wait(self):
        if not self.comes_up():
            check(False, "lattnd comes up", self.process.poll(), self.log())

    def kill(self):
        self.process.kill()
        self.process.wait()
        if self.disk:
            self.disk.lose()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS_MAX)

    def client(self):
        return Client(self.path)

    def packed_client(self):
        return PackedClient(self.path)

    def log(self):
        with open(self.log_path) as log:
            return log.read()[-4000:]

    def end(self):
        """Be sure that it is gone; gives its exit code."""
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()

    def __enter__(self):
        self.start()
        self.wait()
        return self

    def __exit__(self, failed, *exception):
        code = self.end()
        if failed is not None:
            print(f"lattnd ended with {code}; its log:\n{self.log()}", flush=True)


def tensor(array):
    return {"shape": list(array.shape), "dtype": "<f8", "data": array.tobytes()}


class Pool:
    """Pairs of one producer: number i is pair (i - 1) % POOL, in three forms. Labels are noise, so
    that every pair counts in what is learned."""

    def __init__(self, name, seed, dim=DIM):
        draw = np.random.default_rng(seed)
        self.name = name
        self.z = draw.standard_normal((POOL, LENGTH, dim))
        self.y = draw.standard_normal((POOL, OUTPUTS))

    def hello(self, form):
        """What to ask first."""
        asked = {"producer": self.name}
        if form == "line":
            return json.dumps({"id": 0, "method": "hello", "params": asked}) + "\n"
        return msgpack.packb([0, 0, "hello", asked])

    def line(self, seq):
        at = (seq - 1) % POOL
        return (f'{{"id":{seq},"producer":"{self.name}","seq":{seq},"z":{self.z[at].tolist()},'
                f'"y":{self.y[at].tolist()}}}\n').encode(), seq

    def request(self, seq):
        at = (seq - 1) % POOL
        return self.pack(seq, self.z[at].tolist(), self.y[at].tolist()), seq

    def batch(self, seq, count=100):
        """As many pairs as asked for, up to the end of the pool."""
        at = (seq - 1) % POOL
        part = slice(at, min(at + count, POOL))
        return self.pack(seq, *map(tensor, (self.z[part], self.y[part]))), seq + part.stop - at - 1

    def long(self, seq):
        """One pair of some megabytes: its tokens again and again."""
        at = (seq - 1) % POOL
        return self.pack(seq, tensor(np.tile(self.z[at], (REPEATS, 1))), self.y[at].tolist()), seq

    def pack(self, seq, z, y):
        return msgpack.packb([0, seq, "learn", {"producer": self.name, "seq": seq, "z": z, "y": y}])

    def counts(self, last):
        """How often each pair was sent with the numbers up to the last."""
        return last // POOL + (np.arange(POOL) < last % POOL)


class Producer(threading.Thread):
    """Sends numbered pairs until told to stop; after a broken connection or a refusal it asks what
    is known and goes on there.

    acknowledged  the last number answered as durable
    answered      messages answered so
    failure       what should never be: a number lost, or learned that was not sent
    """

    def __init__(self, path, number, form):
        super().__init__(daemon=True)
        self.path, self.form = path, form
        self.pool = Pool(f"producer {number}", number)
        self.sent = self.acknowledged = self.answered = 0
        self.refusals = collections.Counter()
        self.failure = None
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set() and self.failure is None:
            try:
                client = PackedClient(self.path) if self.form != "line" else Client(self.path)
                try:
                    self.session(client)
                finally:
                    client.close()
            except (OSError, SystemExit):  # the daemon is gone, or was in the middle of an answer
                pass
            time.sleep(PAUSE)

    def session(self, client):
        """One connection, until it breaks, something is refused, or all is over."""
        client.send(self.pool.hello(self.form))
        last = self.answer(client)[0]["last_seq"] or 0
        if not self.acknowledged <= last <= self.sent:
            self.failure = f"{self.pool.name}: sent {self.sent}, acknowledged " \
                           f"{self.acknowledged}, last {last}"
            return
        self.sent = last
        under_way = collections.deque()
        while not self.over.is_set() and self.failure is None:
            message, last = getattr(self.pool, self.form)(self.sent + 1)
            under_way.append(last)
            self.sent = max(self.sent, last)
            client.send(message)
            if len(under_way) >= WINDOW and not self.is_answered(client, under_way.popleft()):
                return
        while under_way and self.is_answered(client, under_way.popleft()):
            pass

    def is_answered(self, client, last):
        """Take an answer; False if the message was refused."""
        result, error = self.answer(client)
        if error is not None:
            self.refusals[error["code"]] += 1
            return False
        if result["duplicate"] or (result["durable"] or 0) < last:
            self.failure = f"{self.pool.name}: number {last} is answered {result}"
        self.acknowledged = max(self.acknowledged, last)
        self.answered += 1
        return True

    @staticmethod
    def answer(client):
        """The next answer: result or error."""
        if isinstance(client, PackedClient):
            message = client.message()
            if message is None:
                raise ConnectionError
            return message[3], message[2]
        line = client.line()
        if line is None:
            raise ConnectionError
        return line.get("result"), line.get("error")


# ---- what should be known ------------------------------------------------------------------------


def features(z):
    """Of sequences [k, n, d], a row each: the products of Z Z' and the last token."""
    products = np.einsum("kti,ktj,kl->kijl", z, z, z[:, -1])
    upper = np.triu_indices(z.shape[2])
    return products[:, upper[0], upper[1], :].reshape(len(z), -1)


class Truth:
    """Least squares by NumPy, over pairs and how often each came."""

    def __init__(self, z, y, counts):
        roots = np.sqrt(counts)[:, None]
        q, self.r = np.linalg.qr(features(z) * roots)
        self.c = q.T @ (y * roots)

    def answers(self, z):
        """Predictions and leverages of inputs. Leverages say what R is, whatever the basis."""
        rows = features(z)
        return (rows @ np.linalg.solve(self.r, self.c),
                (np.linalg.solve(self.r.T, rows.T) ** 2).sum(axis=0))


def disagreement(client, truth):
    """The largest difference between a daemon's answers and the truth's, relative to the largest."""
    z = np.random.default_rng(7).standard_normal((INPUTS, LENGTH, DIM))
    answers = [client.ask("predict", z=tokens) for tokens in z.tolist()]
    predictions, leverages = truth.answers(z)
    worst = 0.0
    for said, known in ((np.array([a["y"] for a in answers]), predictions),
                        (np.array([a["leverage"] for a in answers]), leverages)):
        worst = max(worst, np.abs(said - known).max() / np.abs(known).max())
    return worst


def image(client):
    """The state as bytes, as it is now."""
    made = client.ask("checkpoint", image=True)
    if "parts" not in made:
        check(False, "an image is made", made)
    return b"".join(client.ask("checkpoint", image=made["id"], part=part)["data"]
                    for part in range(made["parts"]))


def learned(state):
    """What of an image follows from the pairs alone, as bytes; of one component, without names.

    Left out is what depends on who looked when: since when it has been identifying, the sampled
    tests of the stream, for how many rows the weights at hand are made; and the checksum. Places
    are those of store/README.md and core/README.md.
    """
    at = 48 + 4
    for _ in range(struct.unpack_from("<I", state, 48)[0]):
        at += 8 + 1 + state[at + 8]
    at += 8  # the learner's image
    m = struct.unpack_from("<I", state, at + 72)[0]
    factor = at + 100 + 257 + 1025 + 1032 + 12
    d = struct.unpack_from("<I", state, factor)[0]
    p = d * d * (d + 1) // 2
    component = factor + 36 + 56 + 8 * (2 * m + p) + 4
    blank = bytearray(state[:-8])
    for start, length in ((at + 76, 24), (at + 100 + 257 + 1025, 1032), (component + 44, 8)):
        blank[start:start + length] = bytes(length)
    return bytes(blank)
