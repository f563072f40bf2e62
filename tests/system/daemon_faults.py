"""A disk that fails under a running daemon: it stays up, says so, answers from what it has learned,
and goes on when the disk does; what it acknowledged is there after the next start.

Run as `daemon_faults.py LATTND FAILING_IO`. The k-th call fails for some k, once or from then on;
every k up to 24 with LATTN_LONG.
"""

import collections
import concurrent.futures
import errno
import os
import resource
import subprocess
import sys
import time

from daemon_support import LATTND, SECONDS_MAX, Folder, check, need_msgpack
from durable_support import (AGREEMENT, DIM, LENGTH, OUTPUTS, DurableDaemon, Producer, Truth,
                             disagreement, preloaded)

FAILING_IO = os.path.abspath(sys.argv[2])
LONG = os.environ.get("LATTN_LONG") == "1"
ERRORS = errno.EIO, errno.ENOSPC
PLACES = [(place, error) for place in range(1, 25) for error in ERRORS] if LONG \
    else list(zip((1, 4), ERRORS))
CALLS = {"write": 1, "sync": 2, "short write": 1 + 8, "name": 4}
AT_ONCE = 18  # most of the time passes in waiting for a daemon to try again
OPTIONS = ["--dim", str(DIM), "--outputs", str(OUTPUTS), "--checkpoint-every", "100ms"]
MESSAGES, LONG_MESSAGES = 300, 10  # acknowledged before and after
DISK_BYTES = 256 << 20
SMALL_BYTES = 32 << 20
PAIR_BYTES = 8 * (DIM * LENGTH + OUTPUTS)


class Fault(Exception):
    """What should not be."""


def expect(condition, claim, *details):
    if not condition:
        raise Fault(f"{claim}: {details}")


def wait_for(condition, claim, daemon, seconds=SECONDS_MAX):
    deadline = time.time() + seconds
    while not condition():
        expect(daemon.process.poll() is None, "the daemon stays up", daemon.log())
        expect(time.time() < deadline, claim, daemon.log())
        time.sleep(0.01)


def goes_on(daemon, producer, messages=MESSAGES):
    """So many more messages are acknowledged."""
    target = producer.answered + messages
    wait_for(lambda: producer.answered >= target or producer.failure, "pairs are learned again",
             daemon)
    expect(producer.failure is None, "the producer is served", producer.failure)


def answers(daemon):
    """Predict and status are served; gives what status says of the state."""
    client = daemon.client()
    try:
        expect("y" in client.ask("predict", z=[[1.0] * DIM]), "predict is served")
        return client.ask("status")["state"]
    finally:
        client.close()


def known_again(folder, producer, **process):
    """After a start on a sound disk, everything acknowledged is known, once."""
    with DurableDaemon(folder, *OPTIONS, **process) as daemon:
        client = daemon.packed_client()
        last = client.ask("hello", producer=producer.pool.name)["last_seq"]
        pairs = client.ask("status")["pairs"]
        expect(producer.acknowledged <= last <= producer.sent and pairs == last,
               "what was acknowledged is there, once", producer.acknowledged, last, pairs)
        if producer.form == "long":
            return
        truth = Truth(producer.pool.z, producer.pool.y, producer.pool.counts(last))
        difference = disagreement(client, truth)
        expect(difference <= AGREEMENT, "and what is known is right", difference)


def broken_disk(call, place, is_lasting, error):
    """Teach; let the disk fail; teach on; mend it; teach on; kill; look. Returns the refusals."""
    with Folder() as folder:
        gate = os.path.join(folder, "gate")
        daemon = DurableDaemon(folder, *OPTIONS)
        daemon.variables = {
            **preloaded(FAILING_IO), "FAILING_IO_PATH": daemon.state, "FAILING_IO_WHILE": gate,
            "FAILING_IO_AFTER": str(place), "FAILING_IO_ALL": str(int(is_lasting)),
            "FAILING_IO_ERROR": str(error), "FAILING_IO_CALLS": str(CALLS[call])}
        with daemon:
            producer = Producer(daemon.path, place, "request")
            producer.start()
            goes_on(daemon, producer)
            open(gate, "w").close()
            if is_lasting and call != "name":
                wait_for(lambda: producer.refusals, "pairs are refused", daemon)
                wait_for(lambda: answers(daemon)["error"], "status tells why", daemon)
            else:
                goes_on(daemon, producer)
                answers(daemon)
            os.unlink(gate)
            goes_on(daemon, producer)
            wait_for(lambda: answers(daemon)["error"] is None, "status has no error", daemon)
            producer.over.set()
            producer.join()
            daemon.kill()
        known_again(folder, producer)
        return producer.refusals


def full_until(folder, fill, free, **process):
    """The state's disk is full before it has the room that it needs, then it is not."""
    with DurableDaemon(folder, *OPTIONS, **process) as daemon:
        fill(daemon)
        producer = Producer(daemon.path, 1, "long")
        producer.start()
        wait_for(lambda: producer.refusals["no_space"], "pairs are refused", daemon)
        wait_for(lambda: daemon.state in (answers(daemon)["error"] or ""),
                 "status names the folder", daemon)
        free(daemon)
        goes_on(daemon, producer, LONG_MESSAGES)
        wait_for(lambda: answers(daemon)["error"] is None, "status has no error", daemon)
        producer.over.set()
        producer.join()
        expect(daemon.stop() == 0, "it ends in order", daemon.log())
    known_again(folder, producer, **process)


class Mounted:
    """A small file system; use as a context. Skips what it is for where nobody may mount one."""

    def __init__(self, path, options):
        os.makedirs(path)
        self.path = path
        self.made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path],
                                   capture_output=True, check=False).returncode == 0

    def __enter__(self):
        return self.made

    def __exit__(self, *exception):
        if self.made:
            subprocess.run(["umount", "-l", self.path], check=True)


def full_disk():
    with Folder() as folder, Mounted(os.path.join(folder, "disk"), f"size={DISK_BYTES}") as made:
        if not made:
            return "skipped: a full disk, since this user may mount none"
        ballast = os.path.join(folder, "disk", "ballast")
        state = os.path.join(folder, "disk", "state")

        def fill(daemon):
            try:
                with open(ballast, "wb", buffering=0) as file:
                    while True:
                        file.write(bytes(4096))
            except OSError:
                pass

        full_until(folder, fill, lambda daemon: os.unlink(ballast), state=state)
    return "a full disk: refused, served, resumed"


def small_disk():
    """A journal longer than its disk: checkpoints come as often as that takes."""
    with Folder() as folder, Mounted(os.path.join(folder, "disk"), f"size={SMALL_BYTES}") as made:
        if not made:
            return "skipped: a small disk, since this user may mount none"
        state = os.path.join(folder, "disk", "state")
        with DurableDaemon(folder, "--checkpoint-every", "60m", state=state) as daemon:
            producer = Producer(daemon.path, 1, "batch")
            producer.start()
            wait_for(lambda: producer.refusals or
                     producer.acknowledged * PAIR_BYTES > 2 * SMALL_BYTES,
                     "pairs are learned", daemon)
            producer.over.set()
            producer.join()
            expect(not producer.refusals, "there is always room", daemon.log())
    return "a journal longer than its disk: none refused"


def limited_file():
    """A limit on the size of files is a full disk as well, and its signal does not kill."""
    def limit(size):
        def by_size(daemon):
            most = resource.RLIM_INFINITY
            if size == "now":
                most = max(os.path.getsize(os.path.join(daemon.state, name))
                           for name in os.listdir(daemon.state))
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE,
                             (most, resource.RLIM_INFINITY))
        return by_size

    with Folder() as folder:
        full_until(folder, limit("now"), limit(None))
    return "a limit on file sizes: refused, served, resumed"


def read_only():
    with Folder() as folder, Mounted(os.path.join(folder, "disk"), "ro") as made:
        path = os.path.join(folder, "disk")
        if not made:
            os.chmod(path, 0o500)
        run = subprocess.run([LATTND, "--listen", "unix:" + os.path.join(folder, "s"), "--state",
                              os.path.join(path, "state")], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        check(run.returncode == 1 and path in run.stderr and not
              os.path.exists(os.path.join(folder, "s")), "a folder that cannot be written is named",
              run)
        if not made:
            os.chmod(path, 0o700)


def broken_disks():
    """Every call in turn."""
    cases = [(call, place, is_lasting, error) for call in CALLS for place, error in PLACES
             for is_lasting in (False, True)]
    refusals = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        others = [pool.submit(test) for test in (full_disk, small_disk, limited_file)]
        tried = {pool.submit(broken_disk, *case): case for case in cases}
        for future in concurrent.futures.as_completed(tried):
            try:
                refusals += future.result()
            except (Fault, SystemExit) as fault:
                check(False, f"a disk that fails as {tried[future]}", fault)
        for other in others:
            check(True, other.result())
    if set(refusals) - {"no_space", "input_output"}:
        check(False, "refusals name the disk", refusals)
    check(True, f"{len(cases)} broken disks, {refusals.total()} refusals: it stayed up and lost "
          "nothing")


need_msgpack()
read_only()
broken_disks()
