"""What a service manager sees of it: that it is ready, alive and ending, its log, its deadline.

Run as `daemon_service.py LATTND FAILING_IO`. An emission that hangs is made with --emit-dir: where
its file is a FIFO, writing it waits for a reader. A learner that hangs has a disk that does not come
back from a sync: FAILING_IO is loaded before the daemon.
"""

import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

from daemon_support import LATTND, SECONDS_MAX, Client, Daemon, Folder, Layer, check, wait_until
from durable_support import preloaded

FAILING_IO = os.path.abspath(sys.argv[2])
SYNC, WAIT = 2, 32
WATCHDOG_SECONDS = 0.4


class Manager:
    """The side of the service manager; use as a context."""

    def __enter__(self):
        self.name = "@lattn-test-%d" % os.getpid()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:])
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def environment(self, **more):
        return {**os.environ, "NOTIFY_SOCKET": self.name, **more}

    def message(self):
        """The next one, as a dictionary; {} if none comes within a minute."""
        self.socket.settimeout(60)
        try:
            text = self.socket.recv(4096).decode()
        except TimeoutError:
            return {}
        return dict(line.split("=", 1) for line in text.split("\n"))

    def await_message(self, key):
        """The next one that says something about this."""
        while key not in (message := self.message()):
            check(message != {}, f"{key} is told")
        return message

    def waiting(self):
        """All that have come and were not looked at."""
        texts = []
        self.socket.setblocking(False)
        try:
            while True:
                texts.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            return texts


class Hang:
    """A folder for --emit-dir in which an emission hangs until it is released."""

    def __init__(self, folder):
        self.fifo = os.path.join(folder, ".new-status.json")
        os.mkfifo(self.fifo)

    def release(self):
        with open(self.fifo, "rb") as file:
            file.read()


def bytes_unread(client):
    """What was sent and is not yet read by the daemon, in units of the kernel."""
    return struct.unpack("i", fcntl.ioctl(client.socket, termios.TIOCOUTQ, bytes(4)))[0]


class Disk:
    """A folder for --state whose disk syncs nothing while it is told to wait."""

    def __init__(self, folder):
        self.state = os.path.join(folder, "state")
        self.switch = os.path.join(folder, "waits")

    def environment(self):
        return {**preloaded(FAILING_IO), "FAILING_IO_PATH": self.state, "FAILING_IO_AFTER": "1",
                "FAILING_IO_ALL": "1", "FAILING_IO_CALLS": str(SYNC + WAIT),
                "FAILING_IO_WHILE": self.switch}

    def wait(self):
        with open(self.switch, "w", encoding="utf-8"):
            pass

    def release(self):
        os.unlink(self.switch)


def read_by_now(client):
    wait_until(lambda: bytes_unread(client) == 0, "what was sent is read")


def emission_hang(daemon):
    """Have a client wait for the emission that hangs."""
    client = daemon.client()
    client.send("".join(Layer(2).pairs(5)))
    client.ask("status")
    client.send('{"id":"emit","method":"emit"}\n')
    read_by_now(client)
    return client


def stop_has_a_deadline():
    with Folder() as folder:
        Hang(folder)
        with Daemon("--emit-dir", folder, "--emit-every", "60m",
                    "--stop-timeout", "300ms") as daemon:
            client = emission_hang(daemon)
            check(daemon.stop() == 1, "an emission that hangs costs the exit code", daemon.log())
            check(client.rest() == [], "and the answer")
            check('level=error msg="not stopped in time: ending at once" '
                  'undone="messages that were read are not learned"' in daemon.log(),
                  "the log says what was not done", daemon.log())
            check(not os.path.exists(daemon.path), "and the socket is gone")


def stop_waits_as_long_as_it_may():
    with Folder() as folder:
        hang = Hang(folder)
        with Daemon("--emit-dir", folder, "--emit-every", "60m") as daemon:
            client = emission_hang(daemon)
            daemon.signal(signal.SIGTERM)
            time.sleep(0.2)
            check(daemon.process.poll() is None, "with time left it waits for the emission")
            hang.release()
            check(client.line()["id"] == "emit", "answers the request for it")
            check(daemon.exit_code() == 0, "and ends with 0", daemon.log())


def ready_when_it_listens():
    with Manager() as manager, Folder() as folder:
        paths = [os.path.join(folder, name) for name in "ab"]
        listen = [word for path in paths for word in ("--listen", "unix:" + path)]
        with subprocess.Popen([LATTND, *listen], env=manager.environment(),
                              stderr=subprocess.DEVNULL) as process:
            check(manager.message() == {"STATUS": "starting"}, "it says that it starts")
            check(manager.message() == {"READY": "1", "STATUS": "listening"}, "it says it is ready")
            for path in paths:
                Client(path).close()
            print("ok   and then every address takes connections")
            refused = subprocess.run([LATTND, *listen], env=manager.environment(), check=False,
                                     capture_output=True, timeout=SECONDS_MAX)
            check(refused.returncode == 1 and manager.waiting() == ["STATUS=starting"],
                  "one that cannot listen never is", refused.stderr)
            process.send_signal(signal.SIGINT)
            check(manager.message() == {"STOPPING": "1", "STATUS": "stopping",
                                        "EXTEND_TIMEOUT_USEC": "35000000"},
                  "it says that it ends, and how long that may take")


def states_are_told():
    layer = Layer(2)
    with Manager() as manager, \
            Daemon("--emit-every", "60m", env=manager.environment()) as daemon:
        client = daemon.client()
        client.send(layer.pair())
        check(manager.await_message("READY")["STATUS"] == "listening", "first that it listens")
        check(manager.message() == {"STATUS": "not identifying, rank 1 of 6, 1 pairs"},
              "then what the first pair tells")
        client.send("".join(layer.pairs(99)))
        client.ask("emit")
        status = client.ask("status")
        check(manager.message()["STATUS"] ==
              f"identifying since pair {status['identifying_since']}, 100 pairs", "then the verdict")
        client.ask("emit")
        check(manager.waiting() == [], "the same is not told twice")
        check(daemon.stop() == 0, "it ends")


def others_do_not_wait_for_an_emission():
    """The emission that hangs is that of the first pairs; those asked for are made after it."""
    layer = Layer(2)
    with Folder() as folder:
        hang = Hang(folder)
        with Daemon("--emit-dir", folder, "--emit-every", "60m") as daemon:
            first, late, gone, other = emission_hang(daemon), *(daemon.client() for _ in "abc")
            first.send(layer.pair(id="behind"))
            check(other.ask("status")["pairs"] == 5, "what is sent behind it waits")
            late.send('{"id":"model","method":"model"}\n{"id":"emit","method":"emit"}\n')
            gone.send('{"id":"emit","method":"emit"}\n')
            read_by_now(late)
            read_by_now(gone)
            gone.close()
            other.send(layer.pair(id="other"))
            check(other.line()["result"]["applied"] == 6, "the others are acknowledged")
            generation = other.ask("status")["generation"]
            hang.release()
            emitted = first.line()["result"]["generation"]
            check(emitted >= generation, "the answer is of all that was acknowledged before",
                  emitted, generation)
            check(first.line()["result"]["applied"] == 7, "then comes what was behind it")
            check(late.line()["result"]["pairs"] in (6, 7) and
                  late.line()["result"]["generation"] >= emitted, "a model is found the same way")
            check(daemon.stop() == 0, "it ends")


def watchdog_is_fed_by_the_learner():
    with Manager() as manager, Folder() as folder:
        disk = Disk(folder)
        environment = manager.environment(WATCHDOG_USEC=str(int(WATCHDOG_SECONDS * 1e6)),
                                          **disk.environment())
        with Daemon("--state", disk.state, env=environment) as daemon:
            manager.await_message("READY")
            for _ in range(3):
                check(manager.await_message("WATCHDOG") == {"WATCHDOG": "1"}, "a sign of life")
            disk.wait()
            client = daemon.client()
            client.send(Layer(2).pair(id="kept"))
            read_by_now(client)
            time.sleep(WATCHDOG_SECONDS)
            manager.waiting()  # a sign that it had asked for before
            time.sleep(2 * WATCHDOG_SECONDS)
            check(manager.waiting() == [], "none while the learner thread hangs, though the loop "
                  "does not")
            check(daemon.is_listening(), "which takes connections")
            disk.release()
            client.line()
            check(manager.await_message("WATCHDOG") == {"WATCHDOG": "1"}, "then they come again")
            check(daemon.stop() == 0, "it ends")
            check(any("STOPPING=1" in text for text in manager.waiting()), "and has said so")


def another_is_watched():
    with Manager() as manager:
        environment = manager.environment(WATCHDOG_USEC="1000", WATCHDOG_PID="1")
        with Daemon(env=environment) as daemon:
            manager.await_message("READY")
            time.sleep(0.1)
            check(manager.waiting() == [], "it gives no signs that somebody else is asked for")
            check(daemon.stop() == 0, "it ends")


def log_is_for_the_journal():
    with Folder() as folder:
        path = os.path.join(folder, "journal")
        with open(path, "w", encoding="utf-8") as journal:
            file = os.fstat(journal.fileno())
            stream = f"{file.st_dev}:{file.st_ino}"
            subprocess.run([LATTND, "--listen", "stdin"], input=b"nonsense\n", stderr=journal,
                           stdout=subprocess.DEVNULL, check=True, timeout=SECONDS_MAX,
                           env={**os.environ, "JOURNAL_STREAM": stream})
        with open(path, encoding="utf-8") as journal:
            lines = journal.read().splitlines()
        check(lines[0] == "<6>level=info msg=listening address=stdin", "a line for the journal",
              lines)
        check(all(line[:3] in ("<3>", "<4>", "<6>") and "time=" not in line for line in lines),
              "all have a priority and none has a time", lines)
        check(any(line.startswith('<4>level=warn msg="items refused"') for line in lines),
              "a warning is one", lines)
    elsewhere = subprocess.run([LATTND, "--listen", "stdin"], input=b"", capture_output=True,
                               check=True, timeout=SECONDS_MAX,
                               env={**os.environ, "JOURNAL_STREAM": stream})
    check(elsewhere.stderr.startswith(b"time="), "a log that goes elsewhere has the time")


ready_when_it_listens()
states_are_told()
watchdog_is_fed_by_the_learner()
another_is_watched()
log_is_for_the_journal()
others_do_not_wait_for_an_emission()
stop_has_a_deadline()
stop_waits_as_long_as_it_may()
