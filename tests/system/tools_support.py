"""What the tests of lattn share: a daemon in a folder of its own, and lattn as a function.

Each test is run as `test.py LATTN LATTND`, prints what it checks and ends with 1 at the first
failure.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

LATTN = sys.argv[1]
LATTND = sys.argv[2] if len(sys.argv) > 2 else None
SECONDS_MAX = 120


def check(condition, claim, *details):
    """Say the claim; end the test where it does not hold."""
    print(("ok   " if condition else "FAIL ") + claim, flush=True)
    if not condition:
        for detail in details:
            print("     ", detail, file=sys.stderr)
        sys.exit(1)


def lattn(*arguments, stdin="", code=0):
    """Run lattn to its end; gives stdout and stderr."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    run = subprocess.run([LATTN, *map(str, arguments)], input=data, capture_output=True,
                         timeout=SECONDS_MAX)
    out, err = run.stdout.decode(), run.stderr.decode()
    if run.returncode != code:
        check(False, f"lattn {' '.join(map(str, arguments))} ends with {code}",
              f"code {run.returncode}", out[:2000], err[:2000])
    return out, err


class Daemon:
    """A lattnd on a socket, in a temporary folder unless a path is given; use as a context."""

    def __init__(self, *options, path=None):
        self.folder = tempfile.mkdtemp()
        self.path = path or os.path.join(self.folder, "s")
        self.address = "unix:" + self.path
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen(
            [LATTND, "--listen", self.address, *options], stderr=self.log,
            stdin=subprocess.DEVNULL)
        deadline = time.time() + SECONDS_MAX
        while not self.answers():
            if time.time() > deadline or self.process.poll() is not None:
                self.log.seek(0)
                check(False, "lattnd comes up", self.log.read())
            time.sleep(0.02)

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.path)
            return True
        except OSError:
            return False

    def status(self):
        return json.loads(lattn("status", self.address, "--json")[0])

    def emit(self):
        """Have an emission of what has been learned so far, and wait for it."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.path)
            client.sendall(b'{"id": 1, "method": "emit"}\n')
            check(b'"result"' in client.recv(4096), "an emission is made on request")

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            check(False, f"lattnd ends within {SECONDS_MAX} s")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.end()
        self.log.close()
        shutil.rmtree(self.folder)


def line(z, y=None, **fields):
    """A pair, or an input where there is no y, as one line."""
    pair = {"z": z}
    if y is not None:
        pair["y"] = y
    return json.dumps({**pair, **fields}) + "\n"


def fed(out):
    """The numbers of feed's summary: fed, accepted, rejected, duplicates."""
    words = out.split()
    check(words[::2] == ["fed", "accepted", "rejected", "duplicates"], "feed prints its summary",
          out)
    return tuple(map(int, words[1::2]))
