"""Pairs from a NATS stream: once each and none lost, whatever is killed; else named with its count.

What the worker has is compared with one process that was given the same pairs over its socket, and
with what the stream itself says. Small by default; LATTN_LONG=1 kills more often, and sends more.
"""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import jetstream
from daemon_support import LATTND, Client, check, wait_until
from ports import free_port

LONG = os.environ.get("LATTN_LONG") == "1"
DIM, LENGTH, OUTPUTS = 3, 4, 2
INPUTS = 50
AGREEMENT = 1e-10
STREAM, SUBJECT, CONSUMER = "lattn_0", "lattn.in.0", "lattn_0_worker"

random.seed(90210)


def pair():
    z = [[random.gauss(0, 1) for _ in range(DIM)] for _ in range(LENGTH)]
    return json.dumps({"z": z, "y": [random.gauss(0, 1) for _ in range(OUTPUTS)]})


class Worker:
    """A lattnd that takes from a server; killed and started again on the same state."""

    def __init__(self, url, *options, shard="0/1", state=True):
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, "s")
        self.state = os.path.join(self.folder, "state")
        self.log_path = os.path.join(self.folder, "log")
        self.options = ["--listen", "unix:" + self.path, "--source", url, "--shard", shard,
                        *(["--state", self.state] if state else []), *options]
        self.process = None
        self.start()

    def start(self):
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen([LATTND, *self.options], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        return self.process.wait(60)

    def ask(self, method, **params):
        """What it answers; None while it is not there."""
        try:
            client = Client(self.path)
            answer = client.ask(method, **params)
            client.close()
            return answer
        except OSError:
            return None

    def source(self):
        status = self.ask("status")
        return status and status["source"]

    def stream(self):
        source = self.source()
        return source and source["streams"][0]

    def error(self):
        source = self.source()
        return (source and source["error"]) or ""

    def log(self):
        with open(self.log_path) as log:
            return log.read()

    def takes(self, seq):
        """Wait until all up to there is learned and kept."""
        wait_until(lambda: (self.stream() or {"sequence": -1})["sequence"] == seq,
                   f"the worker comes to message {seq}: {self.stream()} {self.error()}", 60)

    def says(self, words):
        wait_until(lambda: words in self.error(), f'status says "{words}"', 60)
        check(words in self.log(), f'status and log say "{words}"', self.log())

    def close(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def wait_for_stream(server):
    client = server.client()
    wait_until(lambda: client.stream(STREAM) is not None, "the worker makes the stream")


def publish(server, pairs, publisher="pub", first=1, client=None):
    """Publish pairs under the numbers first, first + 1, ..."""
    client = client or server.client()
    for i, line in enumerate(pairs):
        client.publish(SUBJECT, line, id=f"{publisher}.{first + i}")


def is_up(path):
    try:
        Client(path).close()
        return True
    except OSError:
        return False


def compare(worker, path, pairs):
    ours, single = Client(worker.path), Client(path)
    single.send("".join(line + "\n" for line in pairs))
    expected, found = single.ask("status"), ours.ask("status")
    inputs = [json.loads(pair())["z"] for _ in range(INPUTS)]
    a = np.array([ours.ask("predict", z=z)["y"] for z in inputs])
    b = np.array([single.ask("predict", z=z)["y"] for z in inputs])
    ours.close()
    single.close()
    same = all(expected[key] == found[key] for key in ("pairs", "verdict", "rank", "d", "m", "p"))
    return same and np.max(np.abs(a - b)) <= AGREEMENT * np.max(np.abs(b))


def agrees(worker, pairs):
    """Is what the worker knows what one process learns from these pairs, each once?"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        process = subprocess.Popen([LATTND, "--listen", "unix:" + path], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: is_up(path), "one process is up")
            return compare(worker, path, pairs)
        finally:
            process.kill()
            process.wait()


# ---- what is exact -------------------------------------------------------------------------------

def is_exact_over_kills():
    """Kills of worker and server, at any time, while messages come and come again."""
    kills, servers, total = (20, 6, 20000) if LONG else (3, 2, 900)
    pairs = [pair() for _ in range(total)]
    with jetstream.Server() as server, Worker(server.url) as worker:
        events = ["worker"] * kills + ["server"] * servers
        random.shuffle(events)
        wait_for_stream(server)
        sent = 0
        for step, event in enumerate(events, 1):
            until = total * step // len(events)
            publish(server, pairs[sent:until], first=sent + 1)
            sent = until
            if event == "worker":
                worker.kill()
                worker.start()
            else:
                server.kill()
                server.start()
            again = max(0, sent - 40)
            publish(server, pairs[again:sent], first=again + 1)  # the server has them
        server.client().api("STREAM.UPDATE." + STREAM, {
            **server.client().stream(STREAM)["config"], "duplicate_window": 100 * 10**6})
        time.sleep(.25)
        again = pairs[total - 100:]
        publish(server, again, first=total - 99)  # and now it has forgotten them
        last = server.client().state(STREAM)["last_seq"]
        worker.takes(last)
        check(last == total + 100, f"the stream has {last} messages", total)
        check(worker.ask("status")["pairs"] == total, f"{total} pairs are learned, once each",
              worker.ask("status"))
        check(worker.stream()["duplicates"] >= 100, "what came again is counted", worker.stream())
        check(worker.stream()["lost"] == 0 and worker.stream()["rolled_back"] == 0,
              "nothing is lost", worker.stream())
        check(agrees(worker, pairs), "it knows what one process learns, to 1e-10")
        client = server.client()
        wait_until(lambda: client.consumer(STREAM, CONSUMER)["ack_floor"]["stream_seq"] == last,
                   "all is acknowledged")
        check(worker.kill(signal.SIGTERM) == 0, "SIGTERM ends it")


def is_exact_from_an_old_state():
    """A copy of the worker's state takes again what it does not have; or says what is gone."""
    pairs = [pair() for _ in range(300)]
    with jetstream.Server() as server, Worker(server.url) as worker:
        wait_for_stream(server)
        publish(server, pairs[:100])
        worker.takes(100)
        worker.kill()
        old = worker.state + ".old"
        shutil.copytree(worker.state, old)
        worker.start()
        publish(server, pairs[100:200], first=101)
        worker.takes(200)
        worker.kill()
        shutil.rmtree(worker.state)
        shutil.copytree(old, worker.state)
        worker.start()
        publish(server, pairs[200:], first=201)
        worker.takes(300)
        check(worker.stream()["lost"] == 0, "an old state takes again what it lacks")
        check(agrees(worker, pairs), "and knows all of it, once")
        worker.kill()
        shutil.rmtree(worker.state)
        shutil.copytree(old, worker.state)
        server.client().purge(STREAM, seq=151)  # retention has eaten what it lacks
        worker.start()
        worker.takes(300)
        check(worker.stream()["lost"] == 50, "what is gone is counted", worker.stream())
        check("lost 50 messages" in worker.log(), "and named in the log", worker.log())
        check(agrees(worker, pairs[:100] + pairs[150:]), "the rest is learned")


# ---- what is named -------------------------------------------------------------------------------

def names_a_rolled_back_server():
    total, copied = 3000, 100
    pairs = [pair() for _ in range(total + 50)]
    with jetstream.Server() as server:
        client = server.client()
        client.make_shard(0, 1)
        publish(server, pairs[:copied], client=client)
        old = server.copy()
        publish(server, pairs[copied:total], first=copied + 1, client=client)
        with Worker(server.url) as worker:
            wait_until(lambda: (worker.stream() or {"sequence": 0})["sequence"] > 0,
                       "the worker has begun")
            worker.kill()
            server.roll_back(old)
            worker.start()
            publish(server, pairs[total:], first=total + 1)
            worker.takes(copied + 50)
            learned = worker.ask("status")["pairs"] - 50
            lost = worker.stream()["lost"]
            check(learned + lost == total, f"{learned} learned and {lost} lost are all that were",
                  worker.stream())
            check(worker.stream()["rolled_back"] == 1, "the server went back", worker.stream())
            check("rolled back" in worker.log(), "the log says so", worker.log())
            publish(server, pairs[copied:total], first=copied + 1)  # their publisher kept them
            worker.takes(copied + 50 + total - copied)
            check(worker.ask("status")["pairs"] == total + 50, "what is sent again is learned once",
                  worker.ask("status"))
            worker.kill()
            worker.start()
            worker.takes(copied + 50 + total - copied)
            check(worker.stream()["lost"] == lost, "the loss is remembered", worker.stream())
            check(agrees(worker, pairs), "it knows all of it")


def names_a_stream_made_anew():
    with jetstream.Server() as server, Worker(server.url) as worker:
        wait_for_stream(server)
        client = server.client()
        pairs = [pair() for _ in range(60)]
        publish(server, pairs[:20], client=client)
        worker.takes(20)
        client.delete_stream(STREAM)
        client.make_shard(0, 1)
        publish(server, pairs[20:], first=21, client=client)
        worker.takes(40)
        check(worker.stream()["rolled_back"] == 1, "another stream of the name is named",
              worker.stream())
        check(agrees(worker, pairs), "what it has is learned")


def names_numbers_given_up():
    """A publisher leaves out every second number: of 15 gaps it is known that they may come yet."""
    port = free_port()
    with jetstream.Server() as server, Worker(server.url, "--http", f"127.0.0.1:{port}") as worker:
        wait_for_stream(server)
        client = server.client()
        for number in range(1, 41, 2):
            client.publish(SUBJECT, pair(), id=f"p.{number}")
        worker.takes(20)
        check(worker.stream()["lost"] == 4, "numbers that are given up are lost", worker.stream())
        check("too many gaps: lost" in worker.log(), "the log says so", worker.log())
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        check('lattn_source_lost_total{stream="lattn_0"} 4' in metrics, "metrics as well", metrics)
        worker.kill()
        worker.start()
        client.publish(SUBJECT, pair(), id="p.2")
        client.publish(SUBJECT, pair(), id="p.41")
        worker.takes(22)
        check(worker.stream()["lost"] == 5 and worker.ask("status")["pairs"] == 21,
              "a restart goes on counting; what comes too late is not learned", worker.stream())


def names_a_wrong_layout():
    with jetstream.Server() as server:
        client = server.client()
        client.make_stream(STREAM, ["lattn.>"])
        with Worker(server.url) as worker:
            worker.says("wrong layout")
            check("lattn.>" in worker.error(), "and what differs", worker.error())
        client.delete_stream(STREAM)
        client.make_shard(0, 1, discard="old")
        with Worker(server.url) as worker:
            worker.says("drops old")
        client.delete_stream(STREAM)
        client.make_shard(0, 1, description="made by hand")
        with Worker(server.url + "/") as worker:
            publish(server, [pair()])
            worker.takes(1)
            client.update_stream(STREAM, description="lattn shard 0/2 epoch 1")
            worker.says("lattn_0: wrong layout")
            check("lattn shard 0/2 epoch 1" in worker.error(), "of another P", worker.error())
            publish(server, [pair()], first=2)
            time.sleep(.3)
            check(worker.ask("status")["pairs"] == 1, "nothing more is taken")
            client.update_stream(STREAM, description="lattn shard 0/1 epoch 1")
            worker.takes(2)


def lets_one_worker_take():
    with jetstream.Server() as server, Worker(server.url) as first:
        wait_for_stream(server)
        publish(server, [pair() for _ in range(10)])
        first.takes(10)
        with Worker(server.url) as second:
            second.says("held by another worker")
            check(first.source()["worker"] in second.error(), "and by which", second.error())
            check(second.ask("status")["pairs"] == 0, "the second takes nothing")
            first.kill()
            first.start()
            publish(server, [pair()], first=11)
            first.takes(11)
            check(second.ask("status")["pairs"] == 0, "nor while the first starts again")
            first.kill()
            second.takes(11)
            first.start()
            first.says("held by another worker")
            second.kill(signal.SIGTERM)
            first.takes(11)


def names_refused_credentials():
    with jetstream.Server(config="authorization { token: s3cret }") as server:
        token = os.path.join(server.folder, "token")
        with open(os.open(token, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write("s3cret\n")
        with Worker(server.url) as worker:
            worker.says("not let in")
        with Worker(server.url, "--source-token", token) as worker:
            worker.takes(0)
            wait_until(lambda: worker.error() == "", "with the token it is let in")


def waits_for_a_server():
    with jetstream.Server() as server, Worker(server.url) as worker:
        wait_for_stream(server)
        publish(server, [pair() for _ in range(30)])
        worker.takes(30)
        server.kill()
        worker.says("connect")
        check(not worker.source()["connected"], "it is not connected")
        check("y" in worker.ask("predict", z=json.loads(pair())["z"]), "it predicts meanwhile")
        server.start()
        publish(server, [pair() for _ in range(30)], first=31)
        worker.takes(60)
        check(worker.source()["connected"] and worker.error() == "", "it goes on by itself")


def waits_for_a_full_disk():
    pairs = [pair() for _ in range(200)]
    with jetstream.Server() as server, Worker(server.url) as worker:
        wait_for_stream(server)
        publish(server, pairs[:50])
        worker.takes(50)
        hard = resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
        publish(server, pairs[50:], first=51)
        worker.says("could not be kept")
        check(worker.ask("status")["pairs"] == 50, "nothing is learned that is not kept")
        resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        worker.takes(200)
        check(agrees(worker, pairs), "all comes again once there is space")
        worker.kill()
        worker.start()
        worker.takes(200)
        check(agrees(worker, pairs), "and is kept")


def passes_what_it_refuses():
    with jetstream.Server(config="max_payload: 4MB") as server, \
            Worker(server.url, state=False) as worker:
        wait_for_stream(server)
        client = server.client()
        client.publish(SUBJECT, '{"z":[[1,2]],"y":[1]' + " " * (2 << 20) + "}")  # a long one is none
        for data in ("", "{", "[1]", b"\xc1", '{"id":1,"method":"status"}', '{"z":[[1]],"y":[1]}',
                     '{"z":[[1,2]],"y":[1]}'):
            client.publish(SUBJECT, data)
        worker.takes(8)
        status = worker.ask("status")
        check((status["accepted"], status["rejected"]) == (2, 6), "bad messages are passed", status)


def shows_its_streams():
    port = free_port()
    with jetstream.Server() as server, \
            Worker(f"{server.url}/b", "--source", server.url + "/a", "--http", f"127.0.0.1:{port}",
                   "--epoch", "3", shard="1/4") as worker:
        client = server.client()
        wait_until(lambda: client.stream("b_1") and client.stream("a_1"), "both are made")
        check(client.stream("a_1")["config"]["description"] == "lattn shard 1/4 epoch 3",
              "as publishers make them", client.stream("a_1"))
        client.publish("b.in.1", pair(), id="p.1")
        client.publish("a.in.1", pair(), id="p.1")
        worker.takes(1)
        wait_until(lambda: worker.ask("status")["pairs"] == 2, "each numbers for itself")
        source = worker.source()
        check([stream["name"] for stream in source["streams"]] == ["b_1", "a_1"] and
              (source["shard"], source["shards"], source["epoch"]) == (1, 4, 3),
              "status has shard and streams", source)
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        for line in ("lattn_source_connected 1", 'lattn_source_lag{stream="a_1"} 0',
                     'lattn_source_lost_total{stream="b_1"} 0'):
            check(line in metrics, line, metrics)
        worker.kill()
        ended = subprocess.run([LATTND, "--state", worker.state, "--listen", "stdin",
                                "--shard", "2/4", "--epoch", "3"], capture_output=True, text=True,
                               stdin=subprocess.DEVNULL)
        check(ended.returncode == 2 and "1/4" in ended.stderr and "2/4" in ended.stderr,
              "its state is refused to another shard", ended.stderr)


def is_refused_at_the_start():
    for options, words in (
            (["--source", "nats://h:1"], "needs --shard"),
            (["--source", "nats://u:hidden@h:1", "--shard", "0/1"], "belongs into a file"),
            (["--source", "nats://h:0", "--shard", "0/1"], "not a port"),
            (["--source", "nats://h", "--source", "nats://g", "--shard", "0/1"], "prefix lattn"),
            (["--source-token", "/x", "--listen", "stdin"], "needs --source")):
        ended = subprocess.run([LATTND, "--check-config", *options], capture_output=True, text=True)
        check(ended.returncode == 2 and words in ended.stderr, f'"{words}"', ended.stderr)
        check("hidden" not in ended.stderr, "secrets are not repeated", ended.stderr)


def need_nats():
    """Skip the test where lattnd was built without."""
    ended = subprocess.run([LATTND, "--check-config", "--source", "nats://h", "--shard", "0/1"],
                           capture_output=True, text=True)
    if "without NATS" in ended.stderr:
        print("skipped: " + ended.stderr)
        sys.exit(jetstream.SKIPPED)


def run_all(tests):
    """All at once: they wait more than they work."""
    children = {}
    for test in tests:
        child = os.fork()
        if child == 0:
            test()
            sys.stdout.flush()
            os._exit(0)
        children[child] = test.__name__
    failed = [children[os.waitpid(child, 0)[0]] for child in list(children)
              if os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT).si_status != 0]
    check(not failed, "all hold", failed)


need_nats()
run_all([is_exact_over_kills, is_exact_from_an_old_state, names_a_rolled_back_server,
         names_a_stream_made_anew, names_numbers_given_up, names_a_wrong_layout,
         lets_one_worker_take, names_refused_credentials, waits_for_a_server, waits_for_a_full_disk,
         passes_what_it_refuses, shows_its_streams, is_refused_at_the_start])
