"""A sender faster than the learner is held back: queue and memory stay bounded, and memory that was
needed for a while is given back.
"""

import os
import socket
import threading
import time

from daemon_support import Daemon, Layer, check, wait_until

QUEUE_BYTES_MAX = 6 << 20
SECONDS = 10 if os.environ.get("LATTN_LONG") == "1" else 3
ANSWERS_BYTES_MAX = 14 << 20
CROWD = 200
PIECE_BYTES = 60 << 10  # of a message, in memory of its own
REMAINS_BYTES_MAX = 1 << 20


def flood(client, text, state):
    try:
        while not state["stop"]:
            state["sent"] += client.socket.send(text)
    except OSError:
        pass


def floods(d, n, clients, growth_bytes_max):
    """Whenever one looks, and however far it came, it is within bounds."""
    text = "".join(Layer(d).pairs(200, n)).encode()
    with Daemon("--dim", str(d)) as daemon:
        observer = daemon.client()
        observer.ask("status")
        early = daemon.memory("VmHWM")
        states = [{"stop": False, "sent": 0} for _ in range(clients)]
        threads = [threading.Thread(target=flood, args=(daemon.client(), text, state),
                                    daemon=True) for state in states]
        for thread in threads:
            thread.start()
        queue, pairs = 0, []
        until = time.time() + SECONDS
        while time.time() < until or not pairs:
            status = observer.ask("status")
            queue = max(queue, status["queue_bytes"])
            pairs.append(status["pairs"])
        growth = daemon.memory("VmHWM") - early
        wait_until(lambda: observer.ask("status")["pairs"] > pairs[-1], "it learns")
        for state in states:
            state["stop"] = True
        sent = sum(state["sent"] for state in states)
        check(queue <= QUEUE_BYTES_MAX, f"d={d}: at most {queue >> 10} KiB wait", queue)
        check(growth < growth_bytes_max, f"d={d}: memory grows by {growth >> 20} MiB and no more, "
              f"{sent >> 20} MiB sent", growth)
        check(True, f"and it learns all the while, {pairs[-1]} pairs so far")


def floods_with_short_messages(name, text):
    """Each byte or two is a message that is refused; nobody reads what is answered."""
    with Daemon("--log-level", "error") as daemon:
        client, observer = daemon.client(), daemon.client()
        early = daemon.memory("VmHWM")
        client.socket.settimeout(1)
        try:
            client.send(text)
        except socket.timeout:
            pass
        wait_until(lambda: observer.ask("status")["rejected"] > 0, f"{name} are refused")
        check(True, f"{name} are refused")
        growth = daemon.memory("VmHWM") - early
        check(growth < ANSWERS_BYTES_MAX, f"and take {growth >> 10} KiB of memory", growth)


def crowd_comes_and_goes():
    with Daemon() as daemon:
        daemon.client().ask("status")
        early = daemon.memory("RssAnon")
        clients = [daemon.client() for _ in range(CROWD)]
        for client in clients:
            client.send(b'{"z":' + b" " * PIECE_BYTES)
        wait_until(lambda: daemon.memory("RssAnon") - early > 0.9 * CROWD * PIECE_BYTES,
                   "memory for pieces of messages")
        peak = daemon.memory("RssAnon") - early
        for client in clients:
            client.close()
        if not daemon.keeps_freed():
            wait_until(lambda: daemon.memory("RssAnon") - early < REMAINS_BYTES_MAX,
                       "memory is given back")
        check(True, f"{peak >> 10} KiB for pieces of messages are given back")


crowd_comes_and_goes()
floods_with_short_messages("lines of a byte", b"1\n" * (1 << 20))
floods_with_short_messages("frames of a byte", b"\x90" + b"\x01" * (1 << 20))
floods(2, 4, 2, 24 << 20)
# A factor, a copy of the state, which is kept, and what an evaluation needs for a while.
floods(16, 16, 4, 256 << 20)
