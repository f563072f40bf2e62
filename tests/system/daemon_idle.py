"""A daemon with nothing to do uses no CPU at all, whoever is connected."""

import os
import time

from daemon_support import Daemon, Layer, check

SECONDS = 2.5
SETTLE_SECONDS_MAX = 30
LOOK_SECONDS = 1.2  # memory goes back to the system a second after it was free


def is_asleep(daemon):
    """Does no thread run, or wait for a processor?"""
    folder = f"/proc/{daemon.process.pid}/task"
    for thread in os.listdir(folder):
        with open(f"{folder}/{thread}/stat", encoding="utf-8") as stat:
            if stat.read().rsplit(")", 1)[1].split()[0] != "S":
                return False
    return True


def settle(daemon):
    """Until the work at hand is done: on a busy machine that takes its time."""
    deadline = time.time() + SETTLE_SECONDS_MAX
    before = -1
    while (daemon.ticks() != before or not is_asleep(daemon)) and time.time() < deadline:
        before = daemon.ticks()
        time.sleep(LOOK_SECONDS)


def ticks_while_idle(daemon):
    settle(daemon)
    before = daemon.ticks()
    time.sleep(SECONDS)
    return daemon.ticks() - before


def idles():
    with Daemon("--emit-every", "100ms") as daemon:
        ticks = ticks_while_idle(daemon)
        check(ticks == 0, "before the first pair", ticks)
        subscriber = daemon.client()
        check(subscriber.ask("subscribe", what="model", every="50ms") == {"subscribed": "model"},
              "a subscriber is there")
        client = daemon.client()
        client.send("".join(Layer(8).pairs(700)))
        check(client.ask("status")["pairs"] == 700, "700 pairs of d = 8 are learned")
        client.send("nonsense\n")
        client.line()
        ticks = ticks_while_idle(daemon)
        check(ticks == 0, "after them, with a subscriber and a client connected", ticks)
        silent = daemon.client()
        silent.send('{"z":[[1')
        ticks = ticks_while_idle(daemon)
        check(ticks == 0, "with half a line waiting", ticks)


idles()
