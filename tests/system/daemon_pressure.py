"""A sender faster than the learner is held back: queue and memory stay bounded, and memory that was
needed for a while is given back.
"""

import socket
import threading
import time

from daemon_support import Daemon, Layer, check, wait_until

QUEUE_BYTES_MAX = 6 << 20
SECONDS = 4
ANSWERS_BYTES_MAX = 14 << 20
# At d = 16 a copy of the state, which is kept, takes 20 MiB and an evaluation up to 72: the first
# of them may come after the first look at the memory.
GROWTH_BYTES_MAX = 96 << 20
CROWD = 200
PIECE_BYTES = 60 << 10  # of a message, in memory of its own
REMAINS_BYTES_MAX = 1 << 20


def flood(client, text, state):
    try:
        while not state["stop"]:
            state["sent"] += client.socket.send(text)
    except OSError:
        pass


def floods(d, n, clients):
    layer = Layer(d)
    text = "".join(layer.pairs(200, n)).encode()
    with Daemon("--dim", str(d)) as daemon:
        observer = daemon.client()
        states = [{"stop": False, "sent": 0} for _ in range(clients)]
        threads = [threading.Thread(target=flood, args=(daemon.client(), text, state),
                                    daemon=True) for state in states]
        for thread in threads:
            thread.start()
        time.sleep(1)
        early = daemon.memory("VmRSS")
        queue = 0
        until = time.time() + SECONDS
        while time.time() < until:
            queue = max(queue, observer.ask("status")["queue_bytes"])
        late = daemon.memory("VmRSS")
        for state in states:
            state["stop"] = True
        sent = sum(state["sent"] for state in states)
        check(queue <= QUEUE_BYTES_MAX, f"d={d}: at most {queue >> 10} KiB wait", queue)
        check(late - early < GROWTH_BYTES_MAX, f"d={d}: memory does not grow: {early >> 20} MiB, "
              f"then {late >> 20} MiB, {sent >> 20} MiB sent")
        check(observer.ask("status")["pairs_per_s"] > 0, "and it learns all the while")


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
        check(observer.ask("status")["rejected"] > 0, f"{name} are refused")
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
floods(2, 4, 2)
floods(16, 16, 4)
