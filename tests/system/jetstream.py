"""A nats-server with JetStream for tests, and a client that speaks the plain NATS protocol to it.

    with jetstream.Server() as server:
        client = server.client()
        client.make_stream("lattn_0", ["lattn.in.0"], description="lattn shard 0/1 epoch 1")
        client.publish("lattn.in.0", b"...", id="p.1")
        old = server.copy()         # of its data directory
        server.kill()               # as kill -9 does
        server.start()              # on the same port, with what it finds
        server.roll_back(old)       # kill, put the copy in place, start

A client ends with its server: ask for another one after a start. Times are nanoseconds since 1970.
Tests that import this are skipped where there is no nats-server (NATS_SERVER may name one).
"""

import base64
import calendar
import collections
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from ports import free_port

SECONDS_MAX = 60
LISTEN_SECONDS_MAX = 10
SKIPPED = 77  # as meson understands it

# One message of a stream. headers: {name: value}; ns: when the server stored it.
Message = collections.namedtuple("Message", "seq subject headers data ns")


class Unheard(ConnectionError):
    """Nobody listens to a subject."""


class Refused(Exception):
    """What JetStream answered instead of a result: its sentence, with err_code."""

    def __init__(self, error):
        super().__init__(error.get("description", str(error)))
        self.code = error.get("code")
        self.err_code = error.get("err_code")


def server_find():
    """The path of nats-server; ends the test as skipped where there is none."""
    path = os.environ.get("NATS_SERVER") or shutil.which("nats-server") \
        or shutil.which("nats-server", path="/usr/sbin:/usr/local/sbin")
    if path is None or not os.path.exists(path):
        print("skipped: there is no nats-server")
        sys.exit(SKIPPED)
    return path


class Server:
    """A nats-server on a port and in a folder of its own; use as a context.

    config     text for its configuration file, as "authorization { token: s3cret }"
    jetstream  limits for JetStream, as "max_file_store: 1M"
    start      0: it is not running yet
    """

    def __init__(self, config="", jetstream="", start=True):
        self.program = server_find()
        self.folder = tempfile.mkdtemp()
        self.store = os.path.join(self.folder, "store")
        self.log_path = os.path.join(self.folder, "log")
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.url = "nats://" + self.host
        self.process = None
        self.copies = 0
        self.clients = []
        self.configure(config, jetstream)
        if start:
            self.start()

    def configure(self, config="", jetstream=""):
        """What holds from the next start on."""
        self.config = os.path.join(self.folder, "conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f'listen: "{self.host}"\n'
                       f'jetstream {{ store_dir: "{self.store}"\n{jetstream}\n}}\n{config}\n')

    def start(self):
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen([self.program, "-c", self.config], stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        deadline = time.time() + SECONDS_MAX
        while not self.is_ready():
            if self.process.poll() is not None or time.time() > deadline:
                raise RuntimeError("nats-server does not come up: " + self.log())
            time.sleep(0.01)

    def is_ready(self):
        """It listens before JetStream has read its store: only the log tells."""
        return "Server is ready" in self.log()[self.log_start:]

    def log(self):
        with open(self.log_path, encoding="ascii", errors="replace") as log:
            return log.read()

    def kill(self, how=signal.SIGKILL):
        """End it, by default without warning, and wait until it is gone."""
        self.drop_clients()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(SECONDS_MAX)

    def stop(self):
        """End it in order: all is on disk then."""
        self.kill(signal.SIGTERM)

    def restart(self, how=signal.SIGKILL):
        self.kill(how)
        self.start()

    def pause(self):
        """It is there and answers nothing, until resume."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)  # it takes a moment with many threads

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def copy(self):
        """Copy the data directory as it is now; gives the copy for roll_back.

        Nothing should be published meanwhile.
        """
        time.sleep(0.1)  # what it has taken goes to its files a moment later
        self.copies += 1
        target = os.path.join(self.folder, f"copy{self.copies}")
        shutil.copytree(self.store, target)
        return target

    def roll_back(self, copy):
        """Kill it, and start it with an older copy of its data."""
        self.kill()
        shutil.rmtree(self.store)
        shutil.copytree(copy, self.store)
        self.start()

    def client(self, **options):
        """A new connection; options as CONNECT has them: user=, pass_=, auth_token=."""
        client = Client(self.port, **options)
        self.clients.append(client)
        return client

    def drop_clients(self):
        for client in self.clients:
            client.close()
        self.clients = []

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def header_write(headers):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return ("NATS/1.0\r\n" + lines + "\r\n").encode()


def header_read(data):
    """{name: value}; what the server says in the first line has the name "Status"."""
    lines = data.decode().split("\r\n")
    headers = dict(line.split(":", 1) for line in lines[1:] if ":" in line)
    headers = {name: value.strip() for name, value in headers.items()}
    status = lines[0][len("NATS/1.0"):].strip()
    return {**headers, "Status": status} if status else headers


def time_read(text):
    """2022-12-01T10:00:00.123456789Z in nanoseconds."""
    whole, _, rest = text.rstrip("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return seconds * 10**9 + int(rest.ljust(9, "0") or 0)


def number_of(message_id):
    """(publisher, number) of a Nats-Msg-Id "PUBLISHER.NUMBER"."""
    publisher, _, number = message_id.rpartition(".")
    return publisher, int(number)


class Client:
    """One connection, which waits for every answer."""

    def __init__(self, port, **options):
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.info = json.loads(self.file.readline()[len("INFO "):])
        self.inbox = "_INBOX." + os.urandom(8).hex()
        self.requests = 0
        self.subscriptions = 1
        options = {name.rstrip("_"): value for name, value in options.items()}
        self.send(b"CONNECT " + json.dumps({
            "verbose": False, "pedantic": False, "headers": True, "no_responders": True,
            "lang": "test", "version": "1", "protocol": 1, "name": "jetstream.py", **options,
        }).encode() + b"\r\n")
        self.send(f"SUB {self.inbox}.* 1\r\nPING\r\n".encode())
        while (line := self.file.readline()) != b"PONG\r\n":
            if not line or line.startswith(b"-ERR"):
                raise ConnectionError(line.decode().strip() or "closed")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def post(self, subject, data=b"", headers=None, reply=""):
        """Publish as plain NATS does; nobody answers."""
        data = data.encode() if isinstance(data, str) else data
        if headers:
            head = header_write(headers)
            command = f"HPUB {subject} {reply} {len(head)} {len(head) + len(data)}\r\n".encode()
            self.send(command + head + data + b"\r\n")
        else:
            self.send(f"PUB {subject} {reply} {len(data)}\r\n".encode() + data + b"\r\n")

    def subscribe(self, subject):
        self.subscriptions += 1
        self.send(f"SUB {subject} {self.subscriptions}\r\n".encode())
        return self.subscriptions

    def unsubscribe(self, number):
        self.send(f"UNSUB {number}\r\n".encode())

    def next(self):
        """The next message to us: (subject, reply, headers, data)."""
        while True:
            line = self.file.readline()
            words = line.split()
            if not words or words[0] == b"-ERR":
                raise ConnectionError(line.decode().strip() or "the server is gone")
            if words[0] == b"PING":
                self.send(b"PONG\r\n")
            if words[0] not in (b"MSG", b"HMSG"):
                continue
            has_head = words[0] == b"HMSG"
            head = int(words[-2]) if has_head else 0
            total = int(words[-1])
            body = self.file.read(total + 2)[:total]
            reply = words[3].decode() if len(words) == (6 if has_head else 5) else ""
            return (words[1].decode(), reply, header_read(body[:head]) if has_head else {},
                    body[head:])

    def request(self, subject, data=b"", headers=None):
        """Ask, and wait for the answer: (headers, data)."""
        self.requests += 1
        inbox = f"{self.inbox}.{self.requests}"
        self.post(subject, data, headers, inbox)
        while True:
            to, _, answer_headers, answer = self.next()
            if to == inbox:
                if answer_headers.get("Status", "").startswith("503"):
                    raise Unheard(f"nobody answers to {subject}")
                return answer_headers, answer

    def request_patiently(self, subject, data, headers):
        """The same of a stream that was just made, and which the server shows before it listens."""
        deadline = time.time() + LISTEN_SECONDS_MAX
        while True:
            try:
                return self.request(subject, data, headers)
            except Unheard:
                if time.time() > deadline:
                    raise
                time.sleep(0.01)

    def api(self, name, body=None):
        """Ask JetStream, "STREAM.INFO.lattn_0"; gives the answer as a dict, or raises Refused."""
        data = b"" if body is None else json.dumps(body).encode()
        answer = json.loads(self.request("$JS.API." + name, data)[1])
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    # ---- streams ---------------------------------------------------------------------------------

    def make_stream(self, name, subjects, **config):
        """Make a stream as the product does, but for what config says; gives its info."""
        return self.api("STREAM.CREATE." + name, {
            "name": name, "subjects": list(subjects), "storage": "file", "retention": "limits",
            "discard": "new", "num_replicas": 1, "duplicate_window": 600 * 10**9, **config,
        })

    def make_shard(self, k, p, prefix="lattn", epoch=1, **config):
        """Make the stream of shard k of p, as publisher and worker make it."""
        description = f"lattn shard {k}/{p} epoch {epoch}"
        return self.make_stream(f"{prefix}_{k}", [f"{prefix}.in.{k}"],
                                **{"description": description, **config})

    def update_stream(self, name, **config):
        return self.api("STREAM.UPDATE." + name, {**self.stream(name)["config"], **config})

    def streams(self):
        """The names of all streams."""
        return self.api("STREAM.NAMES").get("streams") or []

    def stream(self, name):
        """Its info: ["config"], ["state"]["messages"], ["first_seq"], ["last_seq"]; or None."""
        try:
            return self.api("STREAM.INFO." + name)
        except Refused as refusal:
            if refusal.code == 404:
                return None
            raise

    def state(self, name):
        return self.stream(name)["state"]

    def delete_stream(self, name):
        self.api("STREAM.DELETE." + name)

    def purge(self, name, **what):
        """All messages; seq=N: those before N; keep=N: all but the last N. Gives how many."""
        return self.api("STREAM.PURGE." + name, what)["purged"]

    def delete_message(self, name, seq):
        self.api("STREAM.MSG.DELETE." + name, {"seq": seq})

    def message(self, name, seq):
        """The message at a sequence, or None."""
        try:
            found = self.api("STREAM.MSG.GET." + name, {"seq": seq})["message"]
        except Refused as refusal:
            if refusal.code == 404:
                return None
            raise
        headers = header_read(base64.b64decode(found["hdrs"])) if "hdrs" in found else {}
        return Message(found["seq"], found["subject"], headers,
                       base64.b64decode(found.get("data", "")), time_read(found["time"]))

    def messages(self, name):
        """All messages of a stream, in order."""
        total = self.state(name)["messages"]
        inbox = "_DELIVER." + os.urandom(8).hex()
        number = self.subscribe(inbox)
        self.requests += 1
        asked = f"{self.inbox}.{self.requests}"
        self.post("$JS.API.CONSUMER.CREATE." + name, json.dumps({"stream_name": name, "config": {
            "deliver_subject": inbox, "deliver_policy": "all", "ack_policy": "none"}}), None, asked)
        found = []
        while len(found) < total:
            subject, reply, headers, data = self.next()  # the first may be before the answer
            if subject == asked and "error" in json.loads(data):
                raise Refused(json.loads(data)["error"])
            words = reply.split(".")  # $JS.ACK.STREAM.CONSUMER.tries.seq.consumer_seq.ns.pending
            if words[:2] == ["$JS", "ACK"]:
                found.append(Message(int(words[-4]), subject, headers, data, int(words[-2])))
        self.unsubscribe(number)
        return found

    def numbers(self, name):
        """{publisher: [number, ...]} of all messages in order, as Nats-Msg-Id has them."""
        found = {}
        for message in self.messages(name):
            if "Nats-Msg-Id" in message.headers:
                publisher, number = number_of(message.headers["Nats-Msg-Id"])
                found.setdefault(publisher, []).append(number)
        return found

    def publish(self, subject, data, headers=None, id=None):
        """Publish to a stream; gives {"stream", "seq"[, "duplicate"]}, or raises Refused."""
        headers = {**(headers or {}), **({"Nats-Msg-Id": id} if id else {})}
        answer = json.loads(self.request_patiently(subject, data, headers)[1])
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    # ---- consumers -------------------------------------------------------------------------------

    def make_consumer(self, stream, name, **config):
        """Make a durable pull consumer with explicit acks, but for what config says."""
        return self.api(f"CONSUMER.DURABLE.CREATE.{stream}.{name}", {
            "stream_name": stream, "config": {
                "durable_name": name, "deliver_policy": "all", "ack_policy": "explicit",
                "max_deliver": -1, "ack_wait": 2 * 10**9, "max_ack_pending": 4096, **config}})

    def consumers(self, stream):
        return self.api("CONSUMER.NAMES." + stream).get("consumers") or []

    def consumer(self, stream, name):
        """Its info: ["config"], ["ack_floor"]["stream_seq"], ["num_pending"], ...; or None."""
        try:
            return self.api(f"CONSUMER.INFO.{stream}.{name}")
        except Refused as refusal:
            if refusal.code == 404:
                return None
            raise

    def delete_consumer(self, stream, name):
        self.api(f"CONSUMER.DELETE.{stream}.{name}")

    def fetch(self, stream, name, count):
        """Pull up to `count` messages that are there: [(ack subject, Message)]."""
        self.requests += 1
        inbox = f"{self.inbox}.{self.requests}"
        self.post(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}",
                  json.dumps({"batch": count, "no_wait": True}), reply=inbox)
        found = []
        while len(found) < count:
            subject, reply, headers, data = self.next()
            if not reply.startswith("$JS.ACK."):
                break  # a status: there are no more
            words = reply.split(".")
            found.append((reply, Message(int(words[-4]), subject, headers, data, int(words[-2]))))
        return found

    def ack(self, reply):
        """Acknowledge a fetched message, and wait until the server has it."""
        self.request(reply, b"+ACK")
