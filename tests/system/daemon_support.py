"""What the tests of lattnd share: a daemon in a folder of its own, clients on real sockets, pairs.

Each test is run as `test.py LATTND`, prints what it checks and ends with 1 at the first failure.
"""

import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

try:
    import msgpack
except ImportError:
    msgpack = None

LATTND = os.path.abspath(sys.argv[1])
SECONDS_MAX = 120
SKIPPED = 77  # as meson understands it


def check(condition, claim, *details):
    """Say the claim; end the test where it does not hold."""
    print(("ok   " if condition else "FAIL ") + claim, flush=True)
    if not condition:
        for detail in details:
            print("     ", detail, file=sys.stderr)
        sys.exit(1)


def wait_until(condition, claim, seconds=SECONDS_MAX):
    """Wait for something that must come true."""
    deadline = time.time() + seconds
    while not condition():
        if time.time() > deadline:
            check(False, claim, f"not within {seconds} s")
        time.sleep(0.01)


def need_msgpack():
    """Skip the test where Python has no msgpack (Debian: python3-msgpack)."""
    if msgpack is None:
        print("skipped: Python has no msgpack")
        sys.exit(SKIPPED)


class Client:
    """One connection, line by line: to the path of a Unix socket, or to (host, port)."""

    def __init__(self, address):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.connect(address)  # waits its turn; with a timeout it would be refused
            self.socket.settimeout(SECONDS_MAX)
        else:
            self.socket = socket.create_connection(address, SECONDS_MAX)
        self.received = b""
        self.requests = 0

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        """The next answer; None at the end."""
        while b"\n" not in self.received:
            data = self.socket.recv(1 << 16)
            if not data:
                if self.received:
                    check(False, "an answer is a whole line", self.received)
                return None
            self.received += data
        text, self.received = self.received.split(b"\n", 1)
        return json.loads(text)

    def ask(self, method, **params):
        """The answer to a request: its result, or its error."""
        self.requests += 1
        self.send(json.dumps({"id": self.requests, "method": method, "params": params}) + "\n")
        answer = self.line()
        if answer is None or answer.get("id") != self.requests:
            check(False, f"{method} is answered", answer)
        return answer.get("result", answer.get("error"))

    def end_of_input(self):
        self.socket.shutdown(socket.SHUT_WR)

    def rest(self):
        """All answers up to the end of the connection."""
        answers = []
        while (answer := self.line()) is not None:
            answers.append(answer)
        return answers

    def close(self):
        self.socket.close()


class PackedClient(Client):
    """One connection, MessagePack-RPC; messages are lists [type, ...] as its specification says."""

    def __init__(self, path):
        super().__init__(path)
        self.unpacker = msgpack.Unpacker()

    def message(self):
        """The next message; None at the end."""
        while True:
            for message in self.unpacker:
                return message
            data = self.socket.recv(1 << 16)
            if not data:
                return None
            self.unpacker.feed(data)

    def send_message(self, *message):
        self.send(msgpack.packb(list(message)))

    def call(self, method, params, number=None):
        """Send a request and return its answer, [1, id, error, result]."""
        self.requests += 1
        number = self.requests if number is None else number
        self.send_message(0, number, method, params)
        answer = self.message()
        if answer is None or answer[0] != 1 or answer[1] != number:
            check(False, f"{method} is answered", answer)
        return answer

    def ask(self, method, **params):
        """The answer to a request: its result, or its error."""
        _, _, error, result = self.call(method, params)
        return result if error is None else error

    def learn(self, z, y, **fields):
        """Send pairs; what became of them, or the error."""
        return self.ask("learn", z=z, y=y, **fields)

    def notify(self, method, **params):
        self.send_message(2, method, params)

    def rest(self):
        """All messages up to the end of the connection."""
        messages = []
        while (message := self.message()) is not None:
            messages.append(message)
        return messages


def tensor(numbers, *shape, dtype="<f8"):
    """Numbers, row by row, as a block of bytes with its shape."""
    code = {"<f8": "d", "<f4": "f"}[dtype]
    return {"shape": list(shape), "dtype": dtype,
            "data": struct.pack(f"<{len(numbers)}{code}", *numbers)}


class Folder:
    """A temporary folder; use as a context."""

    def __enter__(self):
        self.name = tempfile.mkdtemp()
        return self.name

    def __exit__(self, *exception):
        shutil.rmtree(self.name)


class Daemon:
    """A lattnd; use as a context. With a socket unless listen says otherwise."""

    def __init__(self, *options, listen=None, stdin=subprocess.DEVNULL, path=None, **process):
        self.folder = tempfile.mkdtemp()
        self.path = path or os.path.join(self.folder, "s")
        self.log_path = os.path.join(self.folder, "log")
        listen = listen or ["unix:" + self.path]
        addresses = [word for address in listen for word in ("--listen", address)]
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen([LATTND, *addresses, *options], stdin=stdin,
                                            stdout=subprocess.PIPE, stderr=log, **process)
        if any(address.startswith("unix:") for address in listen):
            wait_until(lambda: self.process.poll() is not None or self.is_listening(),
                       "lattnd comes up")

    def is_listening(self):
        try:
            Client(self.path).close()
            return True
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, failed, *exception):
        if self.process.poll() is None:
            self.process.kill()
        code = self.process.wait()
        if failed is not None:
            print(f"lattnd ended with {code}; its log:", self.log(), sep="\n", file=sys.stderr)
        self.process.stdout.close()
        shutil.rmtree(self.folder)

    def client(self):
        return Client(self.path)

    def packed_client(self):
        return PackedClient(self.path)

    def log(self):
        with open(self.log_path) as log:
            return log.read()

    def signal(self, number):
        self.process.send_signal(number)

    def exit_code(self):
        return self.process.wait(SECONDS_MAX)

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.exit_code()

    def ticks(self):
        """CPU time used, in clock ticks."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def memory(self, key):
        """VmRSS, VmHWM ... in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
        return 0

    def keeps_freed(self):
        """Does it keep what is freed, as the address sanitizer does, whose shadow takes terabytes?"""
        return self.memory("VmSize") > 1 << 40


class Layer:
    """A random layer of linear attention: pairs to learn, and what must come out."""

    def __init__(self, d, m=1, heads=2, seed=1):
        self.random = random.Random(seed)
        self.d, self.m = d, m
        self.heads = [(self.matrix(m, d), self.matrix(d, d)) for _ in range(heads)]

    def matrix(self, rows, columns):
        return [[self.random.gauss(0, 1) for _ in range(columns)] for _ in range(rows)]

    def sequence(self, n):
        return self.matrix(n, self.d)

    def label(self, z):
        """sum over heads of V Z Z' Q z, with the last token as z."""
        y = [0.0] * self.m
        for v, q in self.heads:
            query = [sum(q[i][j] * z[-1][j] for j in range(self.d)) for i in range(self.d)]
            mixed = [0.0] * self.d
            for token in z:
                weight = sum(a * b for a, b in zip(token, query))
                mixed = [a + weight * b for a, b in zip(mixed, token)]
            for o in range(self.m):
                y[o] += sum(v[o][j] * mixed[j] for j in range(self.d))
        return y

    def pair(self, n=4, **fields):
        z = self.sequence(n)
        return json.dumps({**fields, "z": z, "y": self.label(z)}) + "\n"

    def pairs(self, count, n=4):
        return [self.pair(n) for _ in range(count)]
