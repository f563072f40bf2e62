"""lattn probe and oracles that are late, wrong or gone: each a clear end, and no answer lost.

Run as `tools_probe_oracle.py LATTN LATTND`.
"""

import collections
import contextlib
import fcntl
import json
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from tools_support import LATTN, SECONDS_MAX, Daemon, check, lattn, line

D = 2
RUINED = 40  # of some hundred questions the one at which an oracle does what it should not

# One softmax head in Python and nothing else. Each answer is noted beside the script; the mode says
# what becomes of question RUINED.
ORACLE = '''
import json, math, os, signal, sys

mode, ruined, noted = sys.argv[1], int(sys.argv[2]), open(sys.argv[3], "a")
W, v = [[0.5, -0.25], [0.75, 1.0]], [1.5, -0.5]

def f(X):
    last = [sum(w * x for w, x in zip(row, X[-1])) for row in W]
    scores = [sum(a * b for a, b in zip(x, last)) for x in X]
    weights = [math.exp(score - max(scores)) for score in scores]
    values = [sum(a * b for a, b in zip(x, v)) for x in X]
    return sum(a * b for a, b in zip(weights, values)) / sum(weights)

def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()

def answer(question):
    said = {"id": question["id"], "y": f(question["z"])}
    if mode == "no ids":
        del said["id"]
    noted.write("%d\\n" % question["id"])
    noted.flush()
    say(json.dumps(said) + "\\n")

def wait():
    while os.read(0, 65536):
        pass
    sys.exit()

def ruin(question):
    id = question["id"]
    if mode == "late": wait()
    elif mode == "NaN": say('{"id": %d, "y": NaN}\\n' % id)
    elif mode == "text": say('{"id": %d, "y": "much"}\\n' % id)
    elif mode == "warning": say("Warning: \\x1b[31mlow memory\\n")
    elif mode == "too many": say('{"id": %d, "y": [1, 2]}\\n' % id)
    elif mode == "too few": say('{"id": %d, "y": []}\\n' % id)
    elif mode == "rows": say('{"id": %d, "y": [[1], [2]]}\\n' % id)
    elif mode == "other id": say('{"id": 100000, "y": 1}\\n')
    elif mode == "twice": say('{"id": %d, "y": 1}\\n' % (id - 1))
    elif mode == "half a line": say('{"id": %d, "y": 0.' % id); wait()
    elif mode == "huge": say('{"id": %d, "y": [' % id + "1," * (9 << 20) + "1]}\\n")
    elif mode == "flood":
        while True: say("{" * 65536)
    elif mode == "dies": say('{"id": %d, "y": 0.' % id); sys.exit(3)
    elif mode == "killed": os.kill(os.getpid(), signal.SIGKILL)
    elif mode == "closes": os.close(1); wait()
    elif mode == "kill": os.kill(os.getppid(), signal.SIGKILL); wait()
    elif mode == "interrupt": os.kill(os.getppid(), signal.SIGINT); wait()
    else: return False
    return True

def lines():
    """Lines as they come; backwards where several are there."""
    buffer = b""
    while True:
        more = os.read(0, 1 if mode == "slow reader" else 65536)
        if not more:
            return
        buffer += more
        *whole, buffer = buffer.split(b"\\n")
        yield from reversed(whole) if mode == "backwards" else whole

count = 0
for text in lines():
    question = json.loads(text)
    count += 1
    if mode == "refuses":
        say('{"id": %d, "error": "not today"}\\n' % question["id"])
    elif mode == "wide":
        say('{"id": %d, "error": "a token has 7 coordinates"}\\n' % question["id"])
    elif mode == "dies often" and count > 30:
        sys.exit(1)
    elif mode == "dies always":
        sys.exit(4)
    elif question["id"] != ruined or not ruin(question):
        answer(question)
'''


class Oracle:
    """A script in a folder, and what it has answered."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.script = os.path.join(self.folder, "oracle.py")
        self.noted = os.path.join(self.folder, "noted")
        self.log = os.path.join(self.folder, "log")
        with open(self.script, "w", encoding="utf-8") as file:
            file.write(ORACLE)

    def place(self, mode="honest"):
        words = [sys.executable, self.script, mode, str(RUINED), self.noted]
        return "exec:exec " + shlex.join(words)

    def answered(self):
        """How often each question was answered."""
        with open(self.noted, encoding="utf-8") as file:
            return collections.Counter(map(int, file))

    def options(self):
        return "--dim", D, "--model", "softmax", "--json", "--log", self.log


def finding_of(out):
    finding = json.loads(out)
    check(finding["verdict"] == "recovered", "the layer is recovered", finding)
    return finding


def logged(path):
    """The numbers of the questions that a log has whole answers to."""
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(text) for text in file.read().split("\n")[:-1]]
    return [entry["id"] for entry in lines[1:]]


EXPECTED = {}


def honest():
    """What an oracle without faults gives, once and for all the others."""
    oracle = Oracle()
    out, _ = lattn("probe", oracle.place(), *oracle.options())
    EXPECTED.update(finding_of(out))
    count = sum(EXPECTED["queries"].values())
    check(RUINED < count, "it takes more questions than come before the ruined one", count)
    check(sorted(logged(oracle.log)) == list(range(count + 1)),
          "the log has all of them, and the one that found the form")
    check(os.stat(oracle.log).st_mode & 0o777 == 0o600, "the log is the owner's alone")
    again, _ = lattn("probe", "log:" + oracle.log, *oracle.options()[:-2])
    check(json.loads(again) == EXPECTED, "it is replayed without the oracle")
    again, _ = lattn("probe", "exec:touch " + oracle.folder + "/started", *oracle.options())
    check(json.loads(again) == EXPECTED and not os.path.exists(oracle.folder + "/started"),
          "where the log has all answers the oracle is not started")
    return oracle


def harmless():
    """Manners that change nothing."""
    for mode in "no ids", "backwards", "slow reader", "dies often":
        oracle = Oracle()
        out, _ = lattn("probe", oracle.place(mode), *oracle.options())
        check(finding_of(out) == EXPECTED, f"{mode}: the same finding")
        check(set(oracle.answered().values()) == {1}, f"{mode}: nothing is asked twice")


def resumes(oracle, claim):
    """An honest oracle is asked the rest, and nothing twice."""
    before = logged(oracle.log) if os.path.getsize(oracle.log) > 0 else []
    check(sorted(before) == sorted(set(before)), f"{claim}: the log has each answer once")
    os.unlink(oracle.noted)
    out, _ = lattn("probe", oracle.place(), *oracle.options())
    check(finding_of(out) == EXPECTED, f"{claim}: resumed to the same finding")
    check(not set(before) & set(oracle.answered()) and
          set(oracle.answered().values()) == {1}, f"{claim}: nothing is asked twice")


def ruinous():
    """Faults that end a probe, and what it says about them."""
    for mode, words in {
            "late": f"question {RUINED} was not answered within 400ms",
            "half a line": f"question {RUINED} was not answered within 400ms",
            "NaN": f"to question {RUINED}",
            "text": "y is \"much\"",
            "warning": "it says \"Warning: ?[31mlow memory\", and that is no answer",
            "too many": f"question {RUINED} is wrong: y is 2 numbers, 1 number is expected",
            "too few": "y has no number",
            "rows": "y is 2 rows of 1 number, 1 number is expected",
            "other id": "id 100000, and no such question was asked",
            "twice": f"id {RUINED - 1} came twice",
            "huge": "more than 16 MiB",
            "flood": "more than 16 MiB",
            "dies": "exit status 3, 2 times in a row",
            "killed": "signal 9",
            "closes": f"ended before question {RUINED} was answered",
            "interrupt": "interrupted",
    }.items():
        oracle = Oracle()
        options = ["--timeout", "400ms"] if "was not answered" in words else []
        _, error = lattn("probe", oracle.place(mode), *oracle.options(), *options, "--retries", 1,
                         code=1)
        check(words in error, f"{mode}: {words}", error)
        check("\x1b" not in error, f"{mode}: nothing of it reaches the terminal")
        resumes(oracle, mode)


def killed():
    """A probe that was killed in the middle of a line goes on."""
    oracle = Oracle()
    run = subprocess.run([LATTN, "probe", oracle.place("kill"), *map(str, oracle.options())],
                         capture_output=True, timeout=SECONDS_MAX)
    check(run.returncode == -signal.SIGKILL, "the probe is killed", run)
    with open(oracle.log, "r+b") as file:
        check(file.read().endswith(b"\n"), "all lines are whole")
        file.truncate(os.path.getsize(oracle.log) - 7)
    resumes(oracle, "kill -9, within a line")


def useless():
    """Oracles that never answer."""
    for mode, words in {"refuses": "refuses a token of 2 coordinates: not today",
                        "wide": "a token has 7 coordinates",
                        "dies always": "exit status 4"}.items():
        oracle = Oracle()
        _, error = lattn("probe", oracle.place(mode), *oracle.options(), code=1)
        check(words in error, f"{mode}: {words}", error)
    _, error = lattn("probe", "exec:/no/such/oracle", "--dim", D, code=1)
    check("the shell cannot run the command" in error, "a command that is not there", error)
    for place in "python3 x.py", "exec:", "lattnd:stdin", "tcp:nowhere":
        lattn("probe", place, "--dim", D, code=2)
    _, error = lattn("probe", "exec:cat", code=2)
    check("--dim is needed" in error, "without --dim it is misused", error)


def logs(oracle):
    """Logs that are not for this probe."""
    options = oracle.options()
    _, error = lattn("probe", oracle.place(), *options, "--seed", 2, code=1)
    check("it was made with \"seed 1\", and not \"seed 2\"" in error, "another seed", error)
    _, error = lattn("probe", oracle.place(), *options, "--dim", 3, code=1)
    check("d = 2, and not 3" in error, "another dimension", error)
    with open(oracle.log, "rb") as file:
        kept = file.read()
        fcntl.flock(file, fcntl.LOCK_EX)
        _, error = lattn("probe", oracle.place(), *options, code=1)
        check("another probe writes to it" in error, "two at once", error)
    part = os.path.join(oracle.folder, "part")
    with open(part, "wb") as file:
        file.write(b"\n".join(kept.split(b"\n")[:30]) + b"\n")
    _, error = lattn("probe", "log:" + part, *options[:-2], code=1)
    check("it ends before question 29" in error, "a replay without an answer", error)
    with open(part, "wb") as file:
        file.write(kept.replace(b'{"id":5,', b'{"id":x,').replace(b'{"id":6,', b'{"id":5,')
                   .replace(b'{"id":x,', b'{"id":6,'))
    _, error = lattn("probe", "log:" + part, *options[:-2], code=1)
    check("is another one" in error, "answers to other questions", error)
    with open(part, "w", encoding="utf-8") as file:
        file.write("my diary\n")
    _, error = lattn("probe", oracle.place(), *options[:-1], part, code=1)
    with open(part, encoding="utf-8") as file:
        check(file.read() == "my diary\n", "other files are left alone", error)
    _, error = lattn("probe", "log:" + oracle.log, *options, code=2)
    check("--log does not go with it" in error, "a replay keeps nothing", error)


def full_disk():
    """The log ends with a whole line, and the probe with a reason."""
    oracle = Oracle()
    limit = 3000
    run = subprocess.run([LATTN, "probe", oracle.place(), *map(str, oracle.options())],
                         capture_output=True, timeout=SECONDS_MAX,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                               (limit, limit)))
    error = run.stderr.decode()
    check(run.returncode == 1 and "cannot write: File too large" in error, "a full disk", run)
    resumes(oracle, "a full disk")


def served(oracle, listener):
    """Connections one after the other, each broken off in the middle of its 26th answer."""
    while True:
        connection, _ = listener.accept()
        process = subprocess.Popen([sys.executable, oracle.script, "honest", "-1", oracle.noted],
                                   stdin=connection, stdout=subprocess.PIPE)
        with connection, process, contextlib.suppress(OSError):
            for _ in range(25):
                connection.sendall(process.stdout.readline())
            connection.sendall(b'{"id": ')
            connection.shutdown(socket.SHUT_RDWR)


def connections():
    """The same lines on a socket."""
    for family in socket.AF_UNIX, socket.AF_INET:
        oracle = Oracle()
        listener = socket.socket(family)
        listener.bind(os.path.join(oracle.folder, "s") if family == socket.AF_UNIX
                      else ("127.0.0.1", 0))
        listener.listen()
        name = listener.getsockname()
        place = f"unix:{name}" if family == socket.AF_UNIX else f"tcp:{name[0]}:{name[1]}"
        threading.Thread(target=served, args=(oracle, listener), daemon=True).start()
        out, _ = lattn("probe", place, *oracle.options())
        check(finding_of(out) == EXPECTED, f"{place.split(':')[0]}: the same finding")
    _, error = lattn("probe", "unix:/no/such/socket", "--dim", D, "--retries", 1, code=1)
    check("cannot connect: No such file" in error, "nobody listens", error)


def daemons():
    """Daemons that cannot be asked."""
    with Daemon("--dim", "1", "--outputs", "1", "--bias") as daemon:
        lattn("feed", daemon.address, stdin=line([[1.0]], [2.0]))
        _, error = lattn("probe", "lattnd:" + daemon.address, code=1)
        check("adds a bias" in error, "a daemon with a bias is refused", error)
    with Daemon() as daemon:
        _, error = lattn("probe", "lattnd:" + daemon.address, code=1)
        check("has learned nothing yet" in error, "so is one that has learned nothing", error)
        lattn("feed", daemon.address, stdin=line([[1.0, 2.0]], [2.0]))
        _, error = lattn("probe", "lattnd:" + daemon.address, "--dim", 3, code=2)
        check("have 2 coordinates, and not 3" in error, "it knows its dimension", error)


def main():
    first = honest()
    harmless()
    ruinous()
    killed()
    useless()
    logs(first)
    full_disk()
    connections()
    daemons()


main()
