"""HTTP: paths, methods, events, and whatever else comes to a port."""

import json
import os
import random
import socket
import struct
import subprocess
import time

from daemon_support import LATTND, Daemon, Folder, Layer, check, wait_until
from http_support import Events, Guest, HttpDaemon

LONG = os.environ.get("LATTN_LONG") == "1"
LIVE = {"accepted", "rejected", "duplicates", "denied", "pairs_per_s", "queue_bytes", "uptime_s",
        "state", "memory_bytes"}


def learned(daemon, layer, count=50):
    """Teach some pairs and wait until all of them are."""
    client = daemon.client()
    client.send("".join(layer.pairs(count)))
    client.ask("emit")
    client.close()


def paths():
    layer = Layer(3)
    with HttpDaemon("--emit-every", "60m") as daemon:
        check(daemon.json("/status.json")["verdict"] == "not identifying",
              "there is an emission from the start")
        answer = daemon.ask("/model.json")
        check(answer.code == 404 and answer.error()["code"] == "no_data", "but no model")
        client = daemon.client()
        client.send("".join(layer.pairs(80)))
        status = client.ask("emit") and client.ask("status")
        told = daemon.json("/status.json")
        check({k: v for k, v in told.items() if k not in LIVE} ==
              {k: v for k, v in status.items() if k not in LIVE}, "the status is the status",
              told, status)
        model = client.ask("model")
        check(daemon.json("/model.json") == model, "the model is the model")
        file = daemon.ask("/model.safetensors").body
        length = struct.unpack("<Q", file[:8])[0]
        head = json.loads(file[8:8 + length])
        first, end = head["V"]["data_offsets"]
        v = struct.unpack(f"<{(end - first) // 8}d", file[8 + length + first:8 + length + end])
        flat = [x for one in model["heads"] for row in one["V"] for x in row]
        check(list(v) == flat, "and so is the file")
        client.send("".join(layer.pairs(3)) + "nonsense\n")
        client.line()
        wait_until(lambda: daemon.json("/status.json")["rejected"] == 1, "counters are live")
        told = daemon.json("/status.json")
        check(told["accepted"] == 83 and told["pairs"] == 80, "and the rest is the emission's")
        client.close()


def methods():
    with HttpDaemon() as daemon:
        learned(daemon, Layer(2))
        names = ["/", "/metrics", "/livez", "/readyz", "/healthz", "/status.json", "/model.json",
                 "/model.safetensors"]
        with Guest(daemon.address) as guest:
            for path in names:
                whole, head = guest.ask(path), guest.ask(path, "HEAD")
                check(whole.code == head.code == 200, f"HEAD {path}", head.head)
                size = [int(one.headers["content-length"]) for one in (whole, head)]
                check(size[0] == len(whole.body) and
                      (path in ("/metrics", "/status.json") or size[0] == size[1]),
                      "has the length of GET", size)
            for path in [*names, "/events"]:
                answer = guest.ask(path, "POST", b"x")
                check(answer.code == 405 and answer.headers["allow"] == "GET, HEAD" and
                      answer.error()["code"] == "method", f"POST {path} is refused")
            for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"):
                check(guest.ask("/livez", method).code == 405, f"so is {method}")
            check(guest.ask("/nothing").error()["code"] == "address", "and a path that is not there")
            answer = guest.ask("/model.json")
            tag = answer.headers["etag"]
            check(guest.ask("/model.json", If_None_Match=tag).code == 304,
                  "a model that is known is not sent again")
            check(guest.ask("/model.json", If_None_Match='"other"').body == answer.body,
                  "another is")
            check(guest.ask("/", Host="rebound.example").code == 421, "a foreign Host is refused")
            check(guest.ask("/", Host="127.0.0.1:1").code == 200, "another port is none")
        with Guest(daemon.address) as guest:
            guest.socket.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            check(guest.rest().endswith(b"\r\n\r\nok\n"), "HTTP/1.0 is answered and closed")


def strange():
    """Bytes that are no request; the daemon goes on."""
    host = b"Host: localhost\r\n"
    cases = [
        b"", b"\r\n", b"\0" * 100, b"GET", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n\r\n",
        b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n" + host + b"\r\n", b"GET  HTTP/1.1\r\n\r\n",
        b"GET /%zz%00 HTTP/1.1\r\n" + host + b"\r\n", b"GET /\0 HTTP/1.1\r\n" + host + b"\r\n",
        b"GET http://localhost/livez HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 100000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"X: a\r\n" * 20000 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + host + host + b"\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n",
        b"POST /learn HTTP/1.1\r\n" + host + b"Content-Length: 18446744073709551616\r\n\r\n",
        b"POST /learn HTTP/1.1\r\n" + host + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
        b"POST /learn HTTP/1.1\r\n" + host + b"Content-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /x HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /x HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b'{"z": [[1]], "y": 1}\n', b"GET / HTTP/1.1\r\n" + host + b"Authorization: Basic =\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n" + host + b" folded: x\r\n\r\n",
        b"GET /livez HTTP/1.1\nHost: localhost\n\n",
    ]
    chance = random.Random(6)
    for _ in range(3000 if LONG else 200):
        case = bytearray(b"GET /events?all HTTP/1.1\r\n" + host + b"Last-Event-ID: 0-1\r\n\r\n")
        for _ in range(chance.randrange(1, 6)):
            case[chance.randrange(len(case))] = chance.randrange(256)
        cases.append(bytes(case[:chance.randrange(len(case) + 1)]))
    with HttpDaemon() as daemon:
        codes = set()
        for case in cases:
            text = daemon.raw(case)
            if text:
                if not text.startswith(b"HTTP/1."):
                    check(False, "an answer is one of HTTP", case, text[:99])
                codes.add(int(text.split(b" ")[1]))
        check(not any(code in (500, 501) for code in codes), "nothing strange is our fault", codes)
        check(daemon.ask("/livez").code == 200, f"{len(cases)} that are none: it goes on", codes)
        check(daemon.json("/status.json")["rejected"] == 0, "and nothing of them was learned")
        with Guest(daemon.address) as guest:
            for byte in b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n":
                guest.socket.sendall(bytes([byte]))
            check(guest.answer().code == 200, "a byte at a time")
            for _ in range(100):
                guest.send("/livez")
            check(all(guest.answer().code == 200 for _ in range(100)), "a hundred at once")


def crowded():
    """More connections than places; nobody who asks is kept out."""
    with HttpDaemon() as daemon:
        silent = [Guest(daemon.address) for _ in range(300)]
        check(daemon.ask("/livez").code == 200, "300 that say nothing keep nobody out")
        half = [Guest(daemon.address) for _ in range(300)]
        for guest in half:
            guest.socket.sendall(b"GET /livez HTTP/1.1\r\nHost: loc")
        check(daemon.ask("/livez").code == 200, "nor do 300 that begin")
        for guest in silent + half:
            guest.socket.close()
        streams = [Events(daemon.address) for _ in range(170)]
        full = sum("503 Service Unavailable" in stream.head for stream in streams)
        check(full == 10, "160 streams have a place", full)
        check(daemon.ask("/livez").code == 200, "and others theirs")
        if LONG:
            with Guest(daemon.address) as guest:
                start = time.time()
                guest.socket.sendall(b"GET /livez HTTP/1.1\r\n")
                check(guest.rest() == b"" and 29 < time.time() - start < 45,
                      "a request has half a minute", time.time() - start)


def events():
    layer = Layer(3)
    with HttpDaemon("--emit-every", "10ms") as daemon:
        # An emission comes for the first who watches; behind two others it is there.
        early, client = Events(daemon.address), daemon.client()
        early.event()
        client.ask("emit")
        client.ask("emit")
        streams = [Events(daemon.address) for _ in range(100)]
        first = [stream.event() for stream in streams]
        check(all(event == first[0] for event in first), "100 clients get the newest at once")
        client.send("".join(layer.pairs(60)))
        client.ask("emit")
        ids = [[first[0][0]] for _ in streams]
        for seen, stream in zip(ids, streams):
            pairs = 0
            while pairs < 60:
                id_, data = stream.event()
                seen.append(id_)
                pairs = data["status"]["pairs"]
        check(all(seen == ids[0] for seen in ids), "each gets the same, up to all pairs", ids)
        numbers = [int(id_.split("-")[1]) for id_ in ids[0]]
        check(numbers == sorted(set(numbers)), "in their order", numbers)
        with Events(daemon.address, Last_Event_ID=first[0][0]) as late:
            id_, data = late.event()
            check(id_ == ids[0][1], "who comes back gets what was missed", id_, ids[0])
        with Events(daemon.address, Last_Event_ID="0123456789abcdef-1") as other:
            check(other.event()[1]["status"]["pairs"] == 60, "from another start: the newest")
        with Events(daemon.address, path="/events?all") as whole:
            check(whole.event()[1]["status"]["pairs"] == 0, "or everything, if asked for")
        for stream in [early] + streams[:50]:
            stream.socket.close()
        client.send("".join(layer.pairs(5)))
        client.ask("emit")
        while streams[99].event()[1]["status"]["pairs"] < 65:
            pass
        client.close()
        start = time.time()
        check(daemon.stop() == 0 and time.time() - start < 5, "SIGTERM ends it")
        while streams[99].event() is not None:
            pass
        check(streams[99].has_ended, "and streams end as they should")


def slow():
    """Clients that do not read: others are served, memory is bounded, the end is not held up."""
    layer = Layer(8, m=4)
    with HttpDaemon("--emit-every", "10ms", "--heads", "svd") as daemon:
        learned(daemon, layer, 300)
        lazy = [Events(daemon.address) for _ in range(40)]
        greedy = [Guest(daemon.address) for _ in range(40)]
        for guest in greedy:
            guest.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            for _ in range(30):
                guest.send("/model.json")
        before = daemon.memory("VmRSS")
        client = daemon.client()
        for _ in range(5):
            client.send("".join(layer.pairs(20)))
            client.ask("emit")
        check(client.ask("status")["pairs"] == 400, "learning goes on")
        grown = daemon.memory("VmRSS") - before
        check(grown < 64 << 20, "slow clients cost little", grown)
        start = time.time()
        check(daemon.ask("/livez").code == 200 and time.time() - start < 5, "others are served")
        start = time.time()
        check(daemon.stop() == 0 and time.time() - start < 10, "and they do not hold up the end",
              time.time() - start)
        del lazy, greedy


def ends():
    layer = Layer(2)
    with HttpDaemon("--exit-when", "identifying", "--emit-every", "10ms") as daemon:
        stream = Events(daemon.address)
        stream.event()
        client = daemon.client()
        client.send("".join(layer.pairs(60)))
        data = None
        while (event := stream.event()) is not None:
            data = event[1]
        check(data["status"]["verdict"] == "identifying",
              "a stream ends behind the emission that ends the daemon", data)
        check(daemon.exit_code() == 0, "which ends with 0")
    with HttpDaemon(listen=["stdin"]) as daemon:
        time.sleep(0.2)
        check(daemon.process.poll() is None and daemon.ask("/readyz").code == 200,
              "the end of standard input is not the end of HTTP")
        check(daemon.stop() == 0, "a signal is")
    with HttpDaemon(listen=[]) as daemon:
        check(daemon.ask("/livez").code == 200, "HTTP alone is enough")
        check(daemon.stop() == 0, "and it ends")


def refusals():
    def refused(claim, reason, *options):
        done = subprocess.run([LATTND, "--listen", "stdin", *options], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60)
        check(done.returncode in (1, 2) and reason in done.stderr, claim, done.stderr)

    refused("other machines need --allow-remote", "needs --allow-remote", "--http", "0.0.0.0:0")
    refused("and that needs to know them", "--allow-remote: needs", "--http", "0.0.0.0:0",
            "--allow-remote")
    refused("an address has a port", "names no port", "--http", "localhost")
    refused("that is a number", "no number", "--http", "localhost:http")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused("a port can be taken", "another process holds", "--http",
                f"127.0.0.1:{taken.getsockname()[1]}")
    with Folder() as folder, Daemon("--emit-dir", folder, "--check-config", "--http",
                                    "localhost:8080", listen=["stdin"]) as daemon:
        text = daemon.process.stdout.read().decode()
        check(daemon.exit_code() == 0 and "http = localhost:8080" in text, "--check-config tells it")


def wide():
    """Both addresses of localhost, where there are two."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        print("skipped: no ::1")
        return
    with HttpDaemon(host="[::1]") as daemon:
        with Guest(("::1", daemon.port)) as guest:
            check(guest.ask("/livez", Host=f"[::1]:{daemon.port}").code == 200, "IPv6")


paths()
methods()
strange()
crowded()
events()
slow()
ends()
refusals()
wide()
