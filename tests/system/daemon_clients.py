"""Clients that behave badly cost others nothing: who vanish, never read, never end a line."""

import json
import socket
import struct
import time

from daemon_support import Daemon, Layer, check, wait_until


def pairs_of(client):
    return client.ask("status")["pairs"]


def vanishes_mid_line():
    layer = Layer(3)
    with Daemon() as daemon:
        client = daemon.client()
        client.send("".join(layer.pairs(100)) + '{"z":[[1,2')
        client.close()
        other = daemon.client()
        wait_until(lambda: pairs_of(other) == 100, "all but the broken line is learned")
        check(True, "a client that vanishes mid-line loses that line only")


def vanishes_without_reading():
    layer = Layer(3)
    with Daemon() as daemon:
        for _ in range(20):
            client = daemon.client()
            client.send("".join(layer.pair(id=i) for i in range(100)))
            client.close()
        other = daemon.client()
        wait_until(lambda: pairs_of(other) == 2000, "2000 pairs are learned")
        check(True, "what was sent before a client vanished is learned, though it read no answer")


def never_reads():
    with Daemon("--dim", "2") as daemon:
        deaf = daemon.client()
        deaf.socket.setblocking(False)
        line = b'{"id":"' + b"x" * 100 + b'","z":[[1,2]],"y":[1]}\n'
        sent = 0
        quiet_since = time.time()
        while time.time() - quiet_since < 0.5:
            try:
                sent += deaf.socket.send(line * 500)
                quiet_since = time.time()
            except BlockingIOError:
                time.sleep(0.01)
            if sent > 200 << 20:
                break
        check(sent < 50 << 20, f"it is read from no more after {sent >> 20} MiB")
        check(daemon.memory("VmHWM") < 100 << 20, "the daemon stays small",
              daemon.memory("VmHWM"))
        other = daemon.client()
        learned = pairs_of(other)
        other.send('{"id":1,"z":[[1,2]],"y":[1]}\n')
        check(other.line()["result"]["applied"] == learned + 1, "others are served")
        deaf.socket.setblocking(True)
        deaf.socket.settimeout(20)
        check(deaf.line()["result"]["applied"] == 1, "when it reads, its answers are all there")
        deaf.end_of_input()


def asks_for_much_and_never_reads():
    layer = Layer(8, m=8)
    with Daemon() as daemon:
        other = daemon.client()
        other.send("".join(layer.pairs(50)))
        size = len(json.dumps(other.ask("model")))
        count = (150 << 20) // size
        deaf = daemon.client()
        deaf.send('{"method":"model"}\n' * count)
        time.sleep(2)
        check(daemon.memory("VmHWM") < 50 << 20, f"{count} models are not made in advance",
              daemon.memory("VmHWM"))
        check(pairs_of(other) == 50, "others are served")
        deaf.end_of_input()
        models = 0
        while data := deaf.socket.recv(1 << 20):
            models += data.count(b"\n")
        check(models == count, "and come one after the other when they are read", models)


def endless_line():
    with Daemon("--max-frame", "1M") as daemon:
        endless = daemon.client()
        piece = b"1," * 32768
        endless.send(b'{"z":[[')
        for _ in range(800):
            endless.send(piece)
        error = endless.line()["error"]
        check(error["code"] == "too_big" and error["line"] == 1, "an endless line is refused once")
        check(daemon.memory("VmHWM") < 60 << 20, "and not kept", daemon.memory("VmHWM"))
        endless.send(b'\n{"id":1,"z":[[1]],"y":[1]}\n')
        check(endless.line()["result"]["applied"] == 1, "the line behind it is in order")


def reset_connections():
    with Daemon() as daemon:
        for _ in range(200):
            client = daemon.client()
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     struct.pack("ii", 1, 0))
            client.send('{"id":1,"z":[[1]],"y":[1]}\n{"method":"subscribe"}\n')
            client.close()
        other = daemon.client()
        wait_until(lambda: pairs_of(other) == 200, "200 pairs are learned")
        check(True, "200 clients came, sent and vanished")
        check(daemon.stop() == 0, "and it ends in order", daemon.log())


vanishes_mid_line()
vanishes_without_reading()
never_reads()
asks_for_much_and_never_reads()
endless_line()
reset_connections()
