"""A disk that is full, or fails, under a daemon that runs: run as `daemon_disk.py LATTND FAILING_IO`.

FAILING_IO is loaded before the daemon and lets its writes fail while a file of a given name exists.
"""

import errno
import os
import signal
import sys

from daemon_support import Folder, Layer, check, wait_until
from http_support import HttpDaemon

FAILING_IO = os.path.abspath(sys.argv[2])
WRITE, SYNC = 1, 2


class Disk:
    """A state folder on a disk that works until it is told not to; use as a context."""

    def __init__(self, error, calls):
        self.error, self.calls = error, calls

    def __enter__(self):
        self.folder = Folder()
        self.root = self.folder.__enter__()
        self.state = os.path.join(self.root, "state")
        self.switch = os.path.join(self.root, "fails")
        return self

    def __exit__(self, *exception):
        self.folder.__exit__(*exception)

    def daemon(self, *options):
        return HttpDaemon("--state", self.state, *options, env={
            **os.environ, "LD_PRELOAD": FAILING_IO, "FAILING_IO_PATH": self.state,
            "FAILING_IO_AFTER": "1", "FAILING_IO_ALL": "1", "FAILING_IO_ERROR": str(self.error),
            "FAILING_IO_CALLS": str(self.calls), "FAILING_IO_WHILE": self.switch})

    def fail(self):
        with open(self.switch, "w"):
            pass

    def work(self):
        os.unlink(self.switch)


def served(client, pairs):
    """What changes nothing is answered as ever."""
    status = client.ask("status")
    check(status["pairs"] == pairs, "status is served", status)
    check(client.ask("predict", z=[[1, 2]])["determined"] is not None, "so is predict")
    check(client.ask("model")["pairs"] == pairs, "so is model")
    return status["state"]["error"]


def outage(error, calls, code, pause):
    layer = Layer(2)
    with Disk(error, calls) as disk:
        with disk.daemon() as daemon:
            client, other = daemon.client(), daemon.client()
            client.send(layer.pair(id=1, producer="p", seq=1))
            check(client.line()["result"]["durable"] == 1, "a disk that works")
            disk.fail()
            for each, producer, seq in ((client, "p", 2), (other, "q", 1)):
                each.send(layer.pair(id=2, producer=producer, seq=seq))
                refused = each.line()["error"]
                check(refused["code"] == code and disk.state in refused["message"],
                      f"every client is told {code}, and where", refused)
            for method, params in (("name", {"append": ["a"]}), ("reset", {"confirm": True})):
                refused = client.ask(method, **params)
                check(refused.get("code") == code, f"{method} is refused as well", refused)
            client.send(layer.pair(producer="p", seq=3))
            refused = client.line()["error"]
            check(refused["code"] == code and disk.state in refused["message"],
                  "what follows is told the same: no gap is the client's", refused)
            client.send(layer.pair(producer="p", seq=5))
            check(client.line()["error"]["code"] == "gap", "but for one that is")
            status = client.ask("status")
            check((status["rejected"], status["unkept"]) == (1, 3), "and so it is counted", status)
            live = daemon.json("/status.json")
            check((live["rejected"], live["unkept"]) == (1, 3), "as it is on the page", live)
            check(b'result="unkept"} 3' in daemon.ask("/metrics").body, "and for Prometheus")
            told = client.ask("hello")
            check((told["rejected"], told["unkept"]) == (1, 2), "as it is for each client", told)
            error_said = served(client, 1)
            check(disk.state in error_said, "status says why", error_said)
            check(daemon.log().count("nothing can be kept") == 1, "the log says so once",
                  daemon.log())
            disk.work()

            def goes_on():
                client.send(layer.pair(id=3, producer="p", seq=2))
                return "result" in client.line()

            wait_until(goes_on, "it goes on by itself", pause)
            check(served(client, 2) is None and daemon.log().count("kept again") == 1,
                  "and says so", daemon.log())
            client.send(layer.pair(id=4, producer="p", seq=2) + layer.pair(id=5, producer="p",
                                                                           seq=3))
            check([client.line()["result"]["duplicate"] for _ in range(2)] == [True, False],
                  "exactly once")
            daemon.process.kill()
            daemon.process.wait()
        with disk.daemon() as daemon:
            client = daemon.client()
            check(client.ask("status")["pairs"] == 3
                  and client.ask("hello", producer="p")["last_seq"] == 3
                  and client.ask("hello", producer="q")["last_seq"] is None,
                  "what was acknowledged is there after kill -9, and nothing else")


def checkpoint_fails():
    layer = Layer(2)
    with Disk(errno.ENOSPC, WRITE) as disk, disk.daemon() as daemon:
        client = daemon.client()
        client.send(layer.pair(id=1))
        client.line()
        disk.fail()
        refused = client.ask("checkpoint")
        check(refused["code"] == "no_space" and disk.state in refused["message"],
              "a checkpoint without room is refused", refused)
        served(client, 1)
        disk.work()
        check(client.ask("checkpoint")["pairs"] == 1, "and made when there is room again")
        disk.fail()
        client.send(layer.pair(id=2))
        check(client.line()["error"]["code"] == "no_space", "full again")
        daemon.signal(signal.SIGTERM)
        check(daemon.exit_code() == 0, "it ends with 0 all the same", daemon.log())


outage(errno.ENOSPC, WRITE, "no_space", 30)
outage(errno.EIO, WRITE | SYNC, "input_output", 60)
checkpoint_fails()
