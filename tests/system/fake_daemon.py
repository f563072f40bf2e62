"""A daemon that breaks where a test wants it: it remembers numbers as lattnd does, and learns nothing.

It speaks both formats, one connection at a time. Each connection follows the next act of the
script, and none in particular once the script has ended.
"""

import json
import os
import shutil
import socket
import tempfile
import threading

try:
    import msgpack
except ImportError:
    msgpack = None

WRONG = -1  # a label that the daemon refuses


class Act:
    """What goes wrong on one connection.

    says     a code and message said at once, before the connection is closed
    forgets  before it: all but so much, of each producer
    names    ... and knows this coordinate since
    bias     ... and adds a coordinate
    cut      close it when so many units were taken, and answer nothing that was not answered before
    answers  ... but answer those
    piece    ... with the last answer cut in the middle
    bytes    close it when so many bytes were read
    deaf     answer nothing after the first hello
    full     refuse so many units for want of space
    """

    def __init__(self, says=None, forgets=None, names=None, bias=None, cut=None, answers=False,
                 piece=False, bytes=None, deaf=False, full=0):
        self.says, self.forgets, self.names, self.bias = says, forgets, names, bias
        self.cut, self.answers, self.piece, self.bytes = cut, answers, piece, bytes
        self.deaf, self.full = deaf, full


class Cut(Exception):
    """The connection ends here."""


class Lines:
    """The bytes of a connection of JSON."""

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        return lines

    @staticmethod
    def read(line):
        """Kind, id, and what it is about."""
        try:
            message = json.loads(line)
        except ValueError:
            return "nothing", None, None, None
        if "method" in message:
            return "request", message["id"], message["method"], message["params"]
        return "pairs", message.get("id"), None, message

    @staticmethod
    def error(number, line, code, text):
        answer = {"error": {"code": code, "message": text, "line": line}}
        return json.dumps(answer if number is None else {"id": number, **answer}).encode() + b"\n"

    @staticmethod
    def result(number, result):
        return json.dumps({"id": number, "result": result}).encode() + b"\n"


class Frames:
    """The bytes of a connection of MessagePack."""

    def __init__(self):
        self.unpacker = msgpack.Unpacker()

    def feed(self, data):
        self.unpacker.feed(data)
        return list(self.unpacker)

    @staticmethod
    def read(frame):
        _, number, method, params = frame
        return ("pairs" if method == "learn" else "request"), number, method, params

    @staticmethod
    def error(number, line, code, text):
        return msgpack.packb([1, number, {"code": code, "message": text}, None])

    @staticmethod
    def result(number, result):
        return msgpack.packb([1, number, None, result])


class FakeDaemon:
    """Use as a context; the script may be changed between the runs of feed.

    learned  (z, y) of each pair, in the order in which they were learned
    units    how many units came, on all connections
    last     per producer, its last number
    """

    def __init__(self, *script, bias=False, path=None):
        self.script = list(script)
        self.bias = bias
        self.learned, self.units, self.last = [], 0, {}
        self.coordinates, self.outputs = [], []
        self.folder = tempfile.mkdtemp()
        self.address = "unix:" + (path or os.path.join(self.folder, "s"))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.address[5:])
        self.listener.listen()
        self.connection = self.listener
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.leave()
        shutil.rmtree(self.folder)

    def leave(self):
        """Listen no longer, and break the connection that is open."""
        for open_socket in (self.listener, self.connection):
            try:
                open_socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was closed before
        self.thread.join(120)
        self.listener.close()

    def serve(self):
        while True:
            try:
                self.connection, _ = self.listener.accept()
            except OSError:
                return
            with self.connection:
                act = self.script.pop(0) if self.script else Act()
                Connection(self, self.connection, act).serve()

    def forget(self, last):
        self.learned, self.coordinates, self.outputs = [], [], []
        self.last = {name: last for name in self.last} if last else {}

    def name(self, params):
        """As lattnd: a name that is known keeps its place."""
        places = {}
        for field, known in (("append", self.coordinates), ("outputs", self.outputs)):
            names = params.get(field, [])
            known += [name for name in names if name not in known]
            places[field] = [known.index(name) + (field == "append" and self.bias)
                             for name in names]
        return {**places, "d": len(self.coordinates) + self.bias, "m": len(self.outputs)}


class Connection:
    def __init__(self, daemon, connection, act):
        self.daemon, self.connection, self.act = daemon, connection, act
        self.tally = {"accepted": 0, "rejected": 0, "duplicates": 0, "unkept": 0}
        self.bytes, self.messages, self.units, self.hellos = 0, 0, 0, 0
        self.format, self.out = None, b""

    def serve(self):
        try:
            if self.act.forgets is not None:
                self.daemon.forget(self.act.forgets)
            if self.act.names is not None:
                self.daemon.coordinates = [self.act.names]
            if self.act.bias is not None:
                self.daemon.bias = self.act.bias
            if self.act.says:
                code, text = self.act.says
                self.out = json.dumps({"error": {"code": code, "message": text}}).encode() + b"\n"
                self.flush()
                raise Cut
            while data := self.connection.recv(1 << 16):
                self.take(data)
                self.flush()
        except (Cut, OSError):
            pass

    def flush(self):
        self.connection.sendall(self.out)
        self.out = b""

    def take(self, data):
        if self.act.bytes is not None:
            data = data[:self.act.bytes - self.bytes]
        self.bytes += len(data)
        if self.format is None:
            self.format = Lines() if data[:1] == b"{" else Frames()
        for message in self.format.feed(data):
            self.messages += 1
            self.message_take(*self.format.read(message))
        if self.bytes == self.act.bytes:
            raise Cut

    def message_take(self, kind, number, method, params):
        if kind == "request":
            self.hellos += method == "hello"
            if not self.act.deaf or (method == "hello" and self.hellos == 1):
                self.request_take(number, method, params)
            return
        self.units += 1
        self.daemon.units += 1
        if kind == "nothing":
            self.refuse(None, 1, "syntax", "this is no JSON")
        else:
            self.pairs_take(number, params)
        if self.units == self.act.cut:
            if self.act.piece:
                self.out = self.out[:-3]
            if self.act.answers or self.act.piece:
                self.flush()
            raise Cut

    def refuse(self, number, count, code, text):
        self.tally["unkept" if code == "no_space" else "rejected"] += count
        self.out += self.format.error(number, self.messages, code, text)

    def request_take(self, number, method, params):
        if method == "hello":
            d, m = len(self.daemon.coordinates), len(self.daemon.outputs)
            result = {"version": "0", "last_seq": self.daemon.last.get(params["producer"]),
                      "d": d + self.daemon.bias if d else None, "m": m or None,
                      "bias": self.daemon.bias, "max_frame": 1 << 20, **self.tally}
            self.out += self.format.result(number, result)
        elif method == "name":
            self.out += self.format.result(number, self.daemon.name(params))
        else:
            self.out += self.format.error(number, self.messages, "no_data", "nothing is learned")

    def pairs_take(self, number, params):
        """Once, in order, or refused; a refused one uses up its number unless there is no space."""
        batch = "shape" in params["z"] if isinstance(params["z"], dict) else False
        count = len(params["y"]) if batch else 1
        producer, seq = params.get("producer"), params.get("seq")
        last = self.daemon.last.get(producer)
        if seq is not None and last is not None and seq + count - 1 <= last:
            self.tally["duplicates"] += count
            self.applied(number)
        elif seq is not None and last is not None and seq > last + 1:
            self.refuse(number, count, "gap", f"expected {last + 1}, got {seq}")
        elif self.act.full > 0:
            self.act.full -= 1
            self.refuse(number, count, "no_space", "there is no space in /state")
        else:
            if seq is not None:
                self.daemon.last[producer] = seq + count - 1
            if params["y"] == WRONG:
                self.refuse(number, count, "shape", "y is wrong")
                return
            self.tally["accepted"] += count
            self.daemon.learned.append((params["z"], params["y"]))
            self.applied(number)

    def applied(self, number):
        if number is not None:
            self.out += self.format.result(number, {"applied": len(self.daemon.learned),
                                                    "duplicate": False, "durable": None})
