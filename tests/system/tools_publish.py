"""lattn publish: pairs into streams of a real nats-server, which is killed, set back and refuses.

Run as `tools_publish.py LATTN LATTND`. Streams are read back over the plain protocol; the pairs in
them are compared with the input, shard by shard.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time

import jetstream
import nats_operator
from access_support import Authority
from tools_support import LATTN, SECONDS_MAX, Daemon, check, line

IS_LONG = os.environ.get("LATTN_LONG") == "1"

FOLDER = tempfile.TemporaryDirectory()


def path_of(name, text, mode=0o600):
    path = os.path.join(FOLDER.name, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def pairs_make(count, start=0):
    """Lines whose first number tells which they are."""
    return [line([[float(i), 0.5], [1.0, -0.25]], [float(i)]) for i in range(start, start + count)]


class Publish:
    """A lattn publish that runs beside the test, its input under the test's hand."""

    def __init__(self, *arguments):
        self.err_path = os.path.join(FOLDER.name, "err")
        with open(self.err_path, "w", encoding="utf-8") as err:
            self.process = subprocess.Popen([LATTN, "publish", *map(str, arguments)],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=err)

    def write(self, lines):
        self.process.stdin.write("".join(lines).encode())
        self.process.stdin.flush()

    def err(self):
        with open(self.err_path, encoding="utf-8") as err:
            return err.read()

    def await_word(self, words, claim):
        wait_until(lambda: words in self.err(), claim, self.err)

    def end(self):
        """Close the input and wait: (exit code, stdout, stderr)."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            check(False, "publish ends", self.err())
        with self.process.stdout as out:
            return self.process.returncode, out.read().decode(), self.err()


def wait_until(condition, claim, detail=lambda: ""):
    deadline = time.time() + SECONDS_MAX
    while not condition():
        if time.time() > deadline:
            check(False, claim, f"not within {SECONDS_MAX} s", detail())
        time.sleep(0.01)


def publish(*arguments, lines=(), data=None, code=0):
    data = "".join(lines).encode() if data is None else data
    run = subprocess.run([LATTN, "publish", *map(str, arguments)], input=data,
                         capture_output=True, timeout=SECONDS_MAX, check=False)
    if run.returncode != code:
        check(False, f"publish {arguments} ends with {code}", run.returncode, run.stdout,
              run.stderr)
    return run.stdout.decode(), run.stderr.decode()


def summary(pairs, messages, shards, durable=None):
    end = "workers were not waited for" if durable is None else f"durable at workers: {durable}"
    return f"published {pairs} pairs in {messages} messages to {shards} shards; {end}\n"


def first_copies(client, prefix, shard):
    """Messages by number, the first of each, and how many there are in all."""
    messages = client.messages(f"{prefix}_{shard}")
    found = {}
    for message in messages:
        _, number = jetstream.number_of(message.headers["Nats-Msg-Id"])
        found.setdefault(number, message.data)
    return found, len(messages)


def check_shards(client, prefix, shards, lines, claim, doubled=False):
    """Do the streams hold the lines in turns, all numbers from 1 on?"""
    for shard in range(shards):
        found, total = first_copies(client, prefix, shard)
        wanted = [text.rstrip("\n").encode() for text in lines[shard::shards]]
        check(sorted(found) == list(range(1, len(wanted) + 1)), f"{claim}: no gap in shard {shard}",
              len(found), len(wanted))
        check([found[number] for number in sorted(found)] == wanted,
              f"{claim}: shard {shard} has its pairs")
        check(doubled or total == len(wanted), f"{claim}: shard {shard} has none twice", total)


def stored(server, prefix, shards):
    client = server.client()
    return sum(client.state(f"{prefix}_{k}")["messages"] for k in range(shards))


class Worker:
    """What a worker does to a stream, without learning: it fetches and acknowledges."""

    def __init__(self, server, stream):
        self.client, self.stream, self.name = server.client(), stream, stream + "_worker"
        self.client.make_consumer(stream, self.name)

    def take(self, count):
        """Acknowledge so many of what is there."""
        fetched = self.client.fetch(self.stream, self.name, count)
        for reply, _ in fetched:
            self.client.ack(reply)
        return len(fetched)


# ---- what works -----------------------------------------------------------------------------------


def test_plain(server):
    lines = pairs_make(501)
    out, err = publish(server.url + "/plain", "--shards", 3, "--no-wait", lines=lines)
    check(out == summary(501, 501, 3) and err == "", "a plain run prints its summary", out, err)
    client = server.client()
    check_shards(client, "plain", 3, lines, "a plain run")
    config = client.stream("plain_1")["config"]
    wanted = {"subjects": ["plain.in.1"], "storage": "file", "retention": "limits",
              "discard": "new", "duplicate_window": 600 * 10**9,
              "description": "lattn shard 1/3 epoch 1"}
    check({name: config[name] for name in wanted} == wanted, "streams are laid out as agreed",
          config)
    publishers = set().union(*(client.numbers(f"plain_{k}") for k in range(3)))
    check(len(publishers) == 1 and len(next(iter(publishers))) == 16 and
          set(next(iter(publishers))) <= set("0123456789abcdef"), "the publisher is random",
          publishers)


def test_durable(server):
    run = Publish(server.url + "/durable")
    run.write(pairs_make(40))
    wait_until(lambda: server.client().stream("durable_0") is not None, "the stream is made")
    wait_until(lambda: stored(server, "durable", 1) == 40, "what was read is at the server")
    run.process.stdin.close()
    run.await_word("no worker has read", "a missing worker is said")
    worker = Worker(server, "durable_0")
    check(worker.take(39) == 39, "the worker takes all but one")
    time.sleep(0.3)
    check(run.process.poll() is None, "publish waits for the last one")
    worker.take(1)
    code, out, err = run.end()
    check(code == 0 and out == summary(40, 40, 1, 40), "and ends when it is durable", out, err)


def test_keep(server):
    """1 MiB is kept; nothing more is read before the worker has some of it."""
    lines = [line([[float(i)] * 100] * 40, [1.0]) for i in range(100)]
    path = path_of("big", "".join(lines))
    with open(path, "rb") as file:
        process = subprocess.Popen([LATTN, "publish", server.url + "/keep", "--keep", "1M"],
                                   stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_until(lambda: server.client().stream("keep_0") and stored(server, "keep", 1) > 40,
                   "as much is sent as may be kept")
        time.sleep(0.3)
        before = stored(server, "keep", 1)
        check(before < 100, "no more is sent than may be kept", before)
        worker = Worker(server, "keep_0")
        while process.poll() is None:
            worker.take(50)
        out, err = process.communicate()
    check(process.returncode == 0 and out.decode() == summary(100, 100, 1, 100),
          "the rest follows as the worker goes on", out, err)
    check(err.decode().count("do not fit into --keep") == 1, "which is said once", err)
    out, _ = publish(server.url + "/loose", "--keep", "1M", "--no-wait", lines=lines)
    check(out == summary(100, 100, 1), "without workers it does not wait for them", out)


def fnv(key):
    value = 0xcbf29ce484222325
    for byte in key.encode():
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return value


def test_events(server):
    keys = [f"machine {i}".replace(" ", "-") for i in range(20)]
    symbols = ["on", "off", "idle", "alarm"]
    draw = random.Random(1)
    events = [(draw.choice(keys), draw.choice(symbols)) for _ in range(600)]
    file = path_of("symbols", "\n".join(symbols) + "\n")
    text = [f"{key} {symbol}\n" for key, symbol in events]
    text.insert(300, f"{keys[0]} unheard\n")
    out, err = publish(server.url + "/events", "--shards", 4, "--from", "events", "--window", 2,
                       "--symbols", file, "--no-wait", lines=text, code=1)
    check("line 301: its symbol is not among those of --symbols" in err, "a strange symbol is told",
          err)
    past, wanted = {}, [[] for _ in range(4)]
    for index, (key, symbol) in enumerate(events):
        if index == 300:
            past.setdefault(keys[0], []).append("unheard")
        window = past.setdefault(key, [])[-2:]
        if window and "unheard" not in window:
            wanted[fnv(key) % 4].append((
                [[float(symbols.index(s) == c) for c in range(4)] for s in window],
                [float(symbol == s) for s in symbols]))
        past[key].append(symbol)
    client = server.client()
    for shard in range(4):
        found = [json.loads(m.data) for m in client.messages(f"events_{shard}")]
        check([(pair["z"], pair["y"]) for pair in found] == wanted[shard],
              f"shard {shard} has the events of its keys, in order", len(found),
              len(wanted[shard]))
    check(all(wanted), "each shard has keys")


def test_csv(server):
    rows = [(f"k{i % 7}", i, 2 * i) for i in range(100)]
    text = ["name,a,b\n"] + [f"{k},{a},{b}\n" for k, a, b in rows]
    publish(server.url + "/csv", "--shards", 2, "--from", "csv", "--tokens", "a", "--label", "b",
            "--key", "name", "--window", 2, "--no-wait", lines=text)
    past, wanted = {}, [[], []]
    for key, a, b in rows:
        past.setdefault(key, []).append([float(a)])
        wanted[fnv(key) % 2].append((past[key][-2:], [float(b)]))
    client = server.client()
    for shard in range(2):
        found = [json.loads(m.data) for m in client.messages(f"csv_{shard}")]
        check([(pair["z"], pair["y"] if isinstance(pair["y"], list) else [pair["y"]])
               for pair in found] == wanted[shard], f"rows of a key are in shard {shard}",
              found[:2], wanted[shard][:2])


def test_msgpack(server):
    try:
        import msgpack
    except ImportError:
        print("without msgpack of Python frames are not looked at")
        return
    maps = [{"z": [[1.0, float(i)]], "y": [2.0]} for i in range(10)]
    maps.append({"z": [[1.0, 77.0]], "y": [2.0], "producer": "old", "seq": 4})
    maps.append({"z": [[[1.0, 1.0]], [[2.0, 2.0]]], "y": [[1.0], [2.0]]})
    out, _ = publish(server.url + "/frames", "--from", "msgpack", "--no-wait",
                     data=b"".join(map(msgpack.packb, maps)))
    check(out == summary(13, 12, 1), "a batch is a message of several pairs", out)
    frames = [msgpack.unpackb(m.data) for m in server.client().messages("frames_0")]
    check(frames[:10] == [[2, "learn", pair] for pair in maps[:10]], "maps go as frames", frames[0])
    check(set(frames[10][2]) == {"z", "y"}, "without their own numbers", frames[10])
    check(frames[11][2] == maps[11], "batches as they are")


def test_own_numbers(server):
    text = [json.dumps({"id": 7, "producer": "old", "seq": 9, "z": [[1.0]], "y": [2.0]}) + "\n",
            json.dumps({"id": 1, "method": "name", "params": {"append": ["a"]}}) + "\n",
            "\n", "  " + line([[3.0]], [4.0]).rstrip("\n") + " \r\n", "{bad\n"]
    out, err = publish(server.url + "/own", "--no-wait", lines=text, code=1)
    data = [m.data for m in server.client().messages("own_0")]
    check([set(json.loads(d)) for d in data] == [{"z", "y"}, {"z", "y"}],
          "pairs bear no numbers of their own", data)
    check(data[1] == line([[3.0]], [4.0]).rstrip("\n").encode(), "nor blanks", data[1])
    check("line 2: names are passed over" in err and "line 5: " in err and
          "1 lines were refused" in err, "and what is no pair is told", err)


def test_producer(server):
    lines = pairs_make(100)
    for already in (0, 100):
        out, err = publish(server.url + "/again", "--producer", "plant-7", "--shards", 2,
                           "--no-wait", lines=lines)
        check(out == summary(100, 100, 2) and (f"{already} of the messages" in err) == bool(already),
              f"under the same name, {already} are there already", out, err)
    check_shards(server.client(), "again", 2, lines, "published twice")
    check(list(server.client().numbers("again_0")) == ["plant-7"], "the name is in the ids")


# ---- what breaks ----------------------------------------------------------------------------------


def test_kills(server):
    """Kill -9 while messages flow; each number is there once, since the server knows the ids."""
    kills, portion = (5, 20000) if IS_LONG else (5, 2000)
    lines = pairs_make((kills + 1) * portion)
    run = Publish(server.url + "/kills", "--shards", 2, "--no-wait")
    for i in range(kills):
        run.write(lines[i * portion:(i + 1) * portion])
        time.sleep(0.02 * random.random())
        server.restart()
        wait_until(lambda told=i: run.err().count("connected again") > told, "it connects again")
    run.write(lines[kills * portion:])
    code, out, err = run.end()
    check(code == 0 and out == summary(len(lines), len(lines), 2), f"{kills} kills: all is sent",
          out, err)
    check_shards(server.client(), "kills", 2, lines, f"{kills} kills")
    check(err.count("connected again") == kills, "each break is said", err)


def test_set_back(server):
    """The store goes back to a copy: what is kept is published again, the same ids in order."""
    lines = pairs_make(900)
    run = Publish(server.url + "/back", "--shards", 2)
    run.write(lines[:500])
    wait_until(lambda: server.client().stream("back_1") and stored(server, "back", 2) == 500,
               "half is at the server")
    workers = [Worker(server, f"back_{k}") for k in range(2)]
    for worker in workers:
        worker.take(100)
    old = server.copy()
    run.write(lines[500:])
    wait_until(lambda: stored(server, "back", 2) == 900, "all is at the server")
    for _ in range(5):  # the first time answers may have been under way: nothing was known then
        server.roll_back(old)
        wait_until(lambda: stored(server, "back", 2) == 900, "and again behind the copy", run.err)
        if run.err().count("the stream was set back: ") >= 2:
            break
    check_shards(server.client(), "back", 2, lines, "set back")
    for k in range(2):
        worker = Worker(server, f"back_{k}")
        while worker.take(450) > 0:
            pass
    code, out, err = run.end()
    check(code == 0 and out == summary(900, 900, 2, 900), "then it goes on", out, err)
    check(err.count("the stream was set back: ") >= 2, "what was set back is told", err)


def test_deleted(server):
    lines = pairs_make(60)
    run = Publish(server.url + "/gone")
    run.write(lines[:30])
    wait_until(lambda: server.client().stream("gone_0") and stored(server, "gone", 1) == 30,
               "half is at the server")
    server.client().delete_stream("gone_0")
    run.write(lines[30:])
    wait_until(lambda: server.client().stream("gone_0") and stored(server, "gone", 1) >= 60,
               "a stream that was deleted is made anew", run.err)
    worker = Worker(server, "gone_0")
    code, _, err = (worker.take(60), run.process.stdin.close(), run.end())[2]
    check(code == 0, "and has all that was kept", err)
    check_shards(server.client(), "gone", 1, lines, "deleted")


def test_full(server):
    lines = pairs_make(400)
    run = Publish(server.url + "/full", "--max-bytes", "20000", "--no-wait")
    run.write(lines)
    run.await_word("full_0: takes no messages: maximum bytes exceeded; trying again",
                   "a full stream is said")
    client = server.client()
    check(0 < client.state("full_0")["messages"] < 400, "it is full")
    time.sleep(0.3)
    client.update_stream("full_0", max_bytes=10**8)
    code, out, err = run.end()
    check(code == 0 and out == summary(400, 400, 1), "with room the rest is sent", out, err)
    check(err.count("takes no messages") == 1 and err.count("takes messages again") == 1,
          "each is said once", err)
    check_shards(server.client(), "full", 1, lines, "full")


def test_interrupted(server):
    run = Publish(server.url + "/int")
    run.write(pairs_make(50))
    wait_until(lambda: server.client().stream("int_0") and stored(server, "int", 1) == 50,
               "all is at the server")
    run.process.send_signal(signal.SIGINT)
    code, _, err = run.end()
    check(code == 1 and "of 50 messages 0 are not known to be at the servers, 50 not on" in err and
          "--producer" in err, "interrupted it says what is left", code, err)


def test_hung(server):
    """A server that is there and silent: an interrupted publish ends after two seconds."""
    run = Publish(server.url + "/hung", "--no-wait")
    run.write(pairs_make(5))
    wait_until(lambda: server.client().stream("hung_0") and stored(server, "hung", 1) == 5,
               "it is connected")
    server.pause()
    run.write(pairs_make(5))
    time.sleep(0.1)
    run.process.send_signal(signal.SIGTERM)
    code, _, err = run.end()
    server.resume()
    check(code == 1 and "of 10 messages 5 are not known" in err, "what hangs is told", err)


# ---- what is refused ------------------------------------------------------------------------------


def test_layouts(server):
    client = server.client()
    client.make_shard(0, 2, "subject")
    client.update_stream("subject_0", subjects=["other.in.0"])
    client.make_shard(0, 2, "p")
    client.make_shard(0, 1, "e", epoch=3)
    client.make_shard(0, 1, "old", discard="old")
    client.make_shard(0, 1, "memory", storage="memory")
    client.make_shard(0, 1, "queue", retention="workqueue")
    client.make_stream("elsewhere", ["taken.in.*"])
    for prefix, words in {
            "subject": 'its subject is "other.in.0"', "p": '"lattn shard 0/2 epoch 1"',
            "e": '"lattn shard 0/1 epoch 3"', "old": "drops old", "memory": "in memory",
            "queue": "drops messages that were taken", "taken": "another stream takes"}.items():
        _, err = publish(f"{server.url}/{prefix}", lines=pairs_make(1), code=1)
        check("wrong layout" in err and words in err and err.count("\n") == 1,
              f"a stream that is wrong is refused: {words}", err)
    client.make_stream("hand_0", ["hand.in.0"], description="made by hand")
    out, _ = publish(server.url + "/hand", "--no-wait", lines=pairs_make(1))
    check(out == summary(1, 1, 1), "one made by hand will do", out)
    client.delete_message("hand_0", 1)
    client.update_stream("hand_0", max_msg_size=600)
    _, err = publish(server.url + "/hand", "--no-wait", code=1,
                     lines=[line([[1.0] * 100] * 5, [1.0]), *pairs_make(1)])
    check("line 1: its" in err and "bytes are more than" in err, "a long message is refused", err)


def test_changed(server):
    """P changes under a run: it ends, and says so."""
    run = Publish(server.url + "/changed")
    run.write(pairs_make(3))
    wait_until(lambda: server.client().stream("changed_0") is not None, "the stream is made")
    server.client().update_stream("changed_0", description="lattn shard 0/9 epoch 2")
    code, _, err = run.end()
    check(code == 1 and 'wrong layout: it is "lattn shard 0/9 epoch 2"' in err,
          "a stream of another P ends it", err)


def test_misuse():
    for arguments, words in (
            (["nats://h", "--shards", "0"], "--shards"),
            (["http://h"], "it is no URL"),
            (["nats://name:hidden@h:1"], "belongs into a file"),
            (["nats://h:99999"], "not a port"),
            (["nats://h/a.b"], "the prefix"),
            (["nats://h,,g"], "no host"),
            (["nats://h", "--keep", "1"], "--keep"),
            (["nats://h", "--from", "xml"], "not a format"),
            (["nats://h", "--from", "events", "--window", "2"], "--symbols"),
            (["nats://h", "--symbols", "x"], "goes with --from events"),
            (["nats://h", "--tokens", "x"], "goes with --from csv"),
            (["nats://h", "--producer", "a.b"], "--producer"),
            (["nats://h", "--ca", "x"], "tls://"),
            (["nats://h", "--user", "x", "--token", "y"], "enough")):
        out, err = publish(*arguments, code=2)
        check(words in err and err.count("\n") == 1 and out == "" and "hidden" not in err,
              f"misused: {' '.join(arguments)}", err)
    _, err = publish("nats://127.0.0.1:1", code=1)
    check("cannot connect" in err, "where nobody is, it says so", err)
    missing = os.path.join(FOLDER.name, "missing")
    _, err = publish("nats://h", "--token", missing, code=1)
    check("missing" in err, "a file of secrets that is missing is named", err)
    _, err = publish("nats://h", "--token", path_of("open", "t" * 20, 0o644), code=1)
    check("open" in err, "and one that all may read", err)
    _, err = publish("nats://h", "--from", "events", "--window", "2", "--symbols",
                     path_of("twice", "a\nb\na\n"), code=1)
    check("line 3" in err, "a symbol that is there twice is refused", err)


def test_secrets():
    with jetstream.Server(config='authorization { token: "s3cret-token" }') as server:
        for arguments in ([], ["--token", path_of("wrong", "wrong-token\n")]):
            _, err = publish(server.url, *arguments, lines=pairs_make(1), code=1)
            check("not let in" in err and "wrong-token" not in err, "a wrong token is refused", err)
        out, _ = publish(server.url, "--no-wait", "--token", path_of("right", "s3cret-token\n"),
                         lines=pairs_make(1))
        check(out == summary(1, 1, 1), "the right one is not", out)
        run = Publish(server.url, "--token", path_of("right", "s3cret-token\n"))
        run.write(pairs_make(1))
        wait_until(lambda: len(server.client(auth_token="s3cret-token").messages("lattn_0")) == 2,
                   "it is let in")
        server.configure('authorization { token: "another-token" }')
        server.restart()
        code, _, err = run.end()
        check(code == 1 and "not let in" in err, "who is no longer let in is told", err)
    users = 'authorization { users = [ { user: "ada", password: "pass:word" },' \
            ' { user: "bob", password: "b", permissions: { publish: ["$JS.>", "_INBOX.>"] } } ] }'
    with jetstream.Server(config=users) as server:
        out, _ = publish(server.url, "--no-wait", "--user", path_of("ada", "ada:pass:word\n"),
                         lines=pairs_make(1))
        check(out == summary(1, 1, 1), "a name with a password is let in", out)
        _, err = publish(server.url, "--user", path_of("bob", "bob:b\n"), lines=pairs_make(1),
                         code=1)
        check("not let in" in err and "lattn.in.0" in err, "a right that is missing is told", err)


def check_learned(url, publishing, learning, claim):
    """Are pairs of a publisher with these options on the disk of a worker with those?"""
    prefix = os.urandom(4).hex()
    with Daemon("--state", os.path.join(FOLDER.name, prefix), "--source", f"{url}/{prefix}",
                "--shard", "0/1", *learning):
        out, err = publish(f"{url}/{prefix}", *publishing, lines=pairs_make(3))
        check(out == summary(3, 3, 1, 3), claim, out, err)


def test_tls(authority):
    certificate, key = authority.server()
    config = f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}'
    with jetstream.Server(config=config) as server:
        url = server.url.replace("nats:", "tls:")
        check_learned(url, ["--ca", authority.certificate], ["--source-ca", authority.certificate],
                      "a server with a certificate is known to publisher and worker")
        _, err = publish(url, code=1)
        check("no TLS with it" in err and "certificate" in err, "a strange one is refused", err)
    with jetstream.Server() as server:
        _, err = publish(server.url.replace("nats:", "tls:"), code=1)
        check("no TLS with it" in err, "a server without TLS is refused", err)
        _, err = publish(server.url, "--creds", os.path.join(FOLDER.name, "missing"), code=1)
        check("missing" in err, "credentials that are missing are named", err)
        out, _ = publish("nats://127.0.0.1:1," + server.host, "--no-wait", lines=pairs_make(1))
        check(out == summary(1, 1, 1), "one of several servers is enough", out)


def test_credentials(authority):
    """A JWT and its key, over TLS that has the server's name from the certificate of localhost."""
    operator, other = (nats_operator.Operator(FOLDER.name) for _ in range(2))
    certificate, key = authority.server()
    with jetstream.Server(config=operator.config()) as server:
        ada, bob = operator.credentials("ada"), operator.credentials("bob")
        check_learned(server.url, ["--creds", ada], ["--source-creds", bob],
                      "with credentials publisher and worker are let in")
        _, err = publish(server.url, "--creds", other.credentials("eve"), code=1)
        check("not let in" in err, "with those of another operator nobody is", err)
        server.configure(f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}\n'
                         + operator.config())
        server.restart()
        check_learned(server.url.replace("nats:", "tls:").replace("127.0.0.1", "localhost"),
                      ["--creds", ada, "--ca", authority.certificate],
                      ["--source-creds", bob, "--source-ca", authority.certificate],
                      "and over TLS")


def test_plain_server():
    with jetstream.Server(start=False) as server:
        with open(server.config, "w", encoding="utf-8") as file:
            file.write(f'listen: "{server.host}"\n')
        server.start()
        _, err = publish(server.url, code=1)
        check("the server has no JetStream" in err, "a server without JetStream is told", err)


def main():
    with jetstream.Server() as server:
        for test in (test_plain, test_durable, test_keep, test_events, test_csv, test_msgpack,
                     test_own_numbers, test_producer, test_kills, test_set_back, test_deleted,
                     test_full, test_interrupted, test_hung, test_layouts, test_changed):
            test(server)
    test_misuse()
    test_secrets()
    test_plain_server()
    if shutil.which("openssl") is None:
        print("without openssl TLS and credentials are not looked at")
        return
    authority = Authority(FOLDER.name, "plant")
    test_tls(authority)
    test_credentials(authority)


main()
FOLDER.cleanup()
