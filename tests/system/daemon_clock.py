"""The time of day may jump: it stands in the log, and nothing else asks for it.

The daemon runs under a shim, LD_PRELOAD, that sends it years back and forth at each look, and
counts who looks. Run as `daemon_clock.py LATTND SHIM`.
"""

import os
import re
import sys
import time

from daemon_support import Daemon, Folder, Layer, check

SHIM = os.path.abspath(sys.argv[2])

# GnuTLS has to know whether a certificate is still valid, and may look for other reasons, too; what
# serves HTTP dates its answers, and looks once when it is loaded.
OTHERS_THAT_MAY_LOOK = {"libgnutls.so.30", "libmicrohttpd.so.12"}


def learn(daemon, pairs):
    client = daemon.client()
    client.send("".join(pairs))
    status = client.ask("status")
    answer = client.ask("predict", z=[[1, 2, 3], [4, 5, 6]])
    return status, answer


def emissions(daemon, layer, seconds):
    """Numbers of emissions that a subscriber gets while pairs come in."""
    subscriber, client = daemon.client(), daemon.client()
    subscriber.ask("subscribe", what="status", every="50ms")
    begin, count = time.monotonic(), 0
    while time.monotonic() < begin + seconds:
        client.send(layer.pair())
        client.ask("status")
        time.sleep(0.005)
    seconds = time.monotonic() - begin
    subscriber.end_of_input()
    count = len(subscriber.rest())
    return count, seconds


def main():
    pairs = Layer(3).pairs(50)
    with Daemon() as daemon:
        known, known_answer = learn(daemon, pairs)
    with Folder() as folder:
        looks = os.path.join(folder, "looks")
        with Daemon("--emit-every", "50ms", "--log-level", "debug",
                    env={**os.environ, "LD_PRELOAD": SHIM, "CLOCK_LOOKS": looks}) as daemon:
            status, answer = learn(daemon, pairs)
            same = ("pairs", "rank", "verdict", "accepted", "features_seen")
            check([status[key] for key in same] == [known[key] for key in same]
                  and abs(answer["y"][0] - known_answer["y"][0]) < 1e-9,
                  "the same is learned while the clock jumps", status)
            check(0 <= status["uptime_s"] < 60 and 0 <= status["pairs_per_s"] < 1e6,
                  "uptime and rate are of a clock that does not", status)
            count, seconds = emissions(daemon, Layer(3), 0.5)
            check(2 <= count <= seconds / 0.05 + 2, f"{count} emissions in {seconds:.1f} s, one in "
                  "0.05 s was asked for")
            check(daemon.stop() == 0, "it ends")
            log = daemon.log()
        years = set(re.findall(r"^time=(\d+)-", log, re.M))
        check(len(years) > 3, f"the log is of the years {', '.join(sorted(years))}")
        with open(looks, encoding="utf-8") as file:
            counts = {name: int(count) for name, count in map(str.split, file)}
        check(counts.pop("lattnd", 0) == log.count("\n"),
              "the daemon looks once for each line of its log", counts)
        check(counts.keys() <= OTHERS_THAT_MAY_LOOK, "and nobody else does", counts)


main()
