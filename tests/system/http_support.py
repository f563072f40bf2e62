"""What the tests of HTTP share: requests as bytes, answers as they come, event streams."""

import json
import re
import socket
import time

from daemon_support import SECONDS_MAX, Daemon, check, wait_until


class HttpDaemon(Daemon):
    """A lattnd with --http at a port of its own, and a socket."""

    def __init__(self, *options, host="localhost", **process):
        super().__init__("--http", f"{host}:0", *options, **process)
        wait_until(lambda: "address=http" in self.log() or self.process.poll() is not None,
                   "lattnd serves HTTP")
        self.port = int(re.search(r"address=https?://[^ ]*:(\d+)/", self.log()).group(1))
        self.address = "127.0.0.1", self.port

    def ask(self, path, method="GET", body=b"", **headers):
        """One request on a connection of its own."""
        with Guest(self.address) as guest:
            return guest.ask(path, method, body, **headers)

    def json(self, path):
        """What is there from the first emission on, which may come a moment after the daemon."""
        answer = self.ask(path)
        while answer.code == 503 and answer.error()["code"] == "no_data":
            time.sleep(0.01)
            answer = self.ask(path)
        if answer.code != 200:
            check(False, f"{path} is there", answer.head, answer.body[:300])
        return json.loads(answer.body)

    def raw(self, data):
        """Send bytes, whatever they are; what comes back soon, which may be nothing."""
        with Guest(self.address) as guest:
            try:
                guest.socket.sendall(data)
                guest.socket.settimeout(0.01)
                return guest.socket.recv(1 << 16)
            except OSError:
                return b""


class Answer:
    def __init__(self, head, body):
        self.head, self.body = head, body
        words = head.split("\r\n")
        self.code = int(words[0].split(" ")[1])
        self.headers = {}
        for line in words[1:]:
            name, value = line.split(": ", 1)
            self.headers[name.lower()] = value

    def error(self):
        """Its code and message, from one line of JSON."""
        if self.body.count(b"\n") != 1 or not self.body.endswith(b"\n"):
            check(False, "a reason is one line", self.body)
        return json.loads(self.body)["error"]


class Guest:
    """A connection; use as a context."""

    def __init__(self, address, context=None):
        self.socket = socket.create_connection(address, SECONDS_MAX)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def send(self, path, method="GET", body=b"", **headers):
        lines = [f"{method} {path} HTTP/1.1"]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Host", "localhost")
        if body or method == "POST":
            named.setdefault("Content-Length", str(len(body)))
        lines += [f"{name}: {value}" for name, value in named.items()]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def until(self, end):
        while end not in self.received:
            data = self.socket.recv(1 << 16)
            if not data:
                check(False, "an answer is whole", self.received[-500:])
            self.received += data
        piece, self.received = self.received.split(end, 1)
        return piece

    def bytes(self, count):
        while len(self.received) < count:
            data = self.socket.recv(1 << 16)
            if not data:
                check(False, "a body is whole", self.received[-500:])
            self.received += data
        piece, self.received = self.received[:count], self.received[count:]
        return piece

    def ask(self, path, method="GET", body=b"", **headers):
        self.send(path, method, body, **headers)
        return self.answer(method)

    def answer(self, method="GET"):
        head = self.until(b"\r\n\r\n").decode()
        answer = Answer(head, b"")
        if method != "HEAD" and answer.code != 304:
            answer.body = self.bytes(int(answer.headers["content-length"]))
        return answer

    def rest(self):
        data = self.received
        while piece := self.socket.recv(1 << 16):
            data += piece
        return data


class Events(Guest):
    """An event stream."""

    def __init__(self, address, context=None, path="/events", **headers):
        super().__init__(address, context)
        self.send(path, Accept="text/event-stream", **headers)
        self.head = self.until(b"\r\n\r\n").decode()
        self.text = b""
        self.has_ended = False

    def chunk(self):
        length = int(self.until(b"\r\n"), 16)
        data = self.bytes(length)
        self.bytes(2)
        self.has_ended = length == 0
        return data

    def event(self):
        """The next one, as (id, data); None where the stream has ended."""
        while True:
            while b"\n\n" not in self.text:
                if self.has_ended:
                    return None
                self.text += self.chunk()
            block, self.text = self.text.split(b"\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n")
                          if not line.startswith(":"))
            if "data" in fields:
                if fields["event"] != "emission":
                    check(False, "events are emissions", fields)
                return fields["id"], json.loads(fields["data"])
