"""The statement on the stream: inputs are tested before they are learned, and what ends by it."""

import contextlib
import json
import os
import random
import subprocess

from daemon_support import LATTND, SECONDS_MAX, Daemon, Folder, check

SYMBOLS = 6


def run_stdin(*options, input):
    """Run on standard input to the end; gives exit code and log."""
    done = subprocess.run([LATTND, "--listen", "stdin", *options], input=input,
                          capture_output=True, timeout=SECONDS_MAX)
    return done.returncode, done.stderr.decode()


def status_of(folder):
    with open(os.path.join(folder, "status.json")) as file:
        return json.load(file)


def pair(symbol):
    """A sequence of one symbol, whose label is its number: one feature, known once it was seen."""
    return json.dumps({"z": [[int(i == symbol) for i in range(SYMBOLS)]], "y": symbol}) + "\n"


def stream_of(client):
    return client.ask("status")["stream"]


def bound(checked):
    return 1 - 0.05 ** (1 / checked)


def tests_come_before_learning():
    with Daemon() as daemon:
        client = daemon.client()
        check(stream_of(client) == {"checked": 0, "undetermined": 0, "bound95": None},
              "before any pair nothing was tested")
        client.send(pair(0) + pair(0))
        check(stream_of(client)["undetermined"] >= 1, "what is new is undetermined")
        client.ask("reset", confirm=True)
        check(stream_of(client)["checked"] == 0, "reset forgets the tests")
        for symbol in range(SYMBOLS):
            client.send(pair(symbol))
            client.ask("status")
        check(stream_of(client) == {"checked": 6, "undetermined": 6, "bound95": 1},
              "each new symbol was undetermined when it came")
        for symbol in range(SYMBOLS):
            client.send(pair(symbol))
            client.ask("status")
        check(stream_of(client)["undetermined"] == 6, "and none when it came again")
        for _ in range(1000):
            client.send(pair(1))
            client.ask("hello")
        stream = stream_of(client)
        check((stream["checked"], stream["undetermined"]) == (1000, 0),
              "the last thousand count", stream)
        check(abs(stream["bound95"] - bound(1000)) < 1e-12, "with the exact bound", stream)
        status = client.ask("status")
        check(status["verdict"] == "not identifying" and status["rank"] == SYMBOLS,
              "beside the plain verdict, never instead of it", status)


def emissions_carry_it():
    with Folder() as folder, Daemon("--emit-dir", folder) as daemon:
        client = daemon.client()
        client.ask("subscribe", what="status")
        client.send("".join(pair(symbol) for symbol in range(SYMBOLS)))
        emission = client.line()
        while emission["params"]["status"]["pairs"] < SYMBOLS:
            emission = client.line()
        check(emission["params"]["status"]["stream"]["checked"] == SYMBOLS,
              "emissions carry the statement", emission)
        check(daemon.stop() == 0 and status_of(folder)["stream"]["checked"] == SYMBOLS,
              "and so do their files")


def exit_when_settled():
    draw = random.Random(1)
    text = "".join(pair(draw.randrange(SYMBOLS)) for _ in range(8000))
    with Folder() as folder:
        options = ("--exit-when", "stream:0.05", "--emit-dir", folder)
        code, log = run_stdin(*options, input=text.encode())
        stream = status_of(folder)["stream"]
        check(code == 0 and stream["bound95"] <= 0.05, "a settled stream: 0", code, stream, log)
        code, log = run_stdin(*options, input=text[:200].encode())
        check(code == 1 and "the stream was not settled when the input ended" in log,
              "too few inputs: 1, and the log says why", code, log)
        code, log = run_stdin(*options, input=b"")
        check(code == 1, "none at all: 1", code, log)
    with Daemon("--exit-when", "stream:0.05", "--emit-every", "20ms") as daemon:
        client = daemon.client()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may end before
            client.send(text)
        check(daemon.exit_code() == 0 and 'reason="the stream is settled"' in daemon.log(),
              "a socket: it ends as soon as the stream is settled", daemon.log())


tests_come_before_learning()
emissions_carry_it()
exit_when_settled()
