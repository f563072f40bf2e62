"""An aggregate serves the sum of what workers have learned, and names what is missing or wrong.

Real workers feed it over sockets and through a directory; what no worker would send is sent by hand.
"""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess

from access_support import Authority, write
from daemon_support import (LATTND, Client, Daemon, Folder, Layer, check, need_msgpack, wait_until)
from ports import free_port

D = 3
PAIRS = 120
TOKEN = "correct-horse-battery"


class Worker(Daemon):
    """A daemon that learns a shard and shows it to an aggregate."""

    def __init__(self, push, shard, shards, *options, **more):
        super().__init__("--shard", f"{shard}/{shards}", "--push", push, "--push-every", "20ms",
                         *options, **more)

    def learn(self, lines):
        with_client = self.client()
        with_client.send("".join(lines))
        with_client.ask("status")
        with_client.close()


def aggregate(shards, *options, **more):
    return Daemon("--expect", str(shards), "--emit-every", "50ms", *options, **more)


def status_of(daemon):
    client = daemon.client()
    status = client.ask("status")
    client.close()
    return status


def shard_of(daemon, shard):
    return status_of(daemon)["aggregate"]["shards"][shard]


def await_pairs(daemon, pairs):
    wait_until(lambda: status_of(daemon)["pairs"] == pairs, f"{pairs} pairs are added up")


def answers(daemon, layer_seed=99):
    """What it predicts for a few inputs."""
    inputs = Layer(D, seed=layer_seed)
    client = daemon.client()
    told = [client.ask("predict", z=inputs.sequence(3))["y"] for _ in range(5)]
    client.close()
    return told


def agree(one, other):
    return all(abs(a - b) <= 1e-10 * max(1, abs(a)) for x, y in zip(one, other) for a, b in zip(x, y))


def refused(*options):
    """What lattnd says to options that do not go together."""
    run = subprocess.run([LATTND, "--listen", "unix:/nowhere/s", *options], capture_output=True,
                         text=True)
    return run.returncode, run.stderr


def image_of(daemon):
    """The image of a state, as checkpoint carries it away."""
    client = daemon.packed_client()
    image = client.ask("checkpoint", image=True)
    parts = [client.ask("checkpoint", image=image["id"], part=part)["data"]
             for part in range(image["parts"])]
    client.close()
    return b"".join(parts)


def worker_of(daemon):
    """The id that a worker has logged."""
    return daemon.log().split("worker=")[1].split()[0]


def offer(client, data, *, worker, shard=0, shards=2, epoch=1, parts=None, **more):
    """Show a state by hand, in one part."""
    if data:
        more = {"bytes": len(data), "parts": 1, "part": 0, "data": data, **more}
    return client.ask("offer", shard=shard, shards=shards, epoch=epoch, worker=worker, pairs=0,
                      **more)


def options_are_checked():
    for options, words in (
            (("--expect", "2", "--state", "/tmp/x"), "--state does not go with --expect"),
            (("--expect", "2", "--dim", "3"), "--dim does not go with --expect"),
            (("--expect", "0"), "outside 1..4096"),
            (("--expect", "2", "--engine", "gram"), "--engine does not go with --expect"),
            (("--from", "/tmp"), "--from goes with --expect only"),
            (("--push", "unix:/x"), "--push needs --shard"),
            (("--push", "stdin", "--shard", "0/1"), "one pushes to"),
            (("--push-token", "/x", "--shard", "0/1"), "--push-token goes with --push only"),
            (("--push-ca", "/x", "--push", "tcp:localhost:1", "--shard", "0/1"),
             "--push-ca goes with --push tls:HOST:PORT only"),
            (("--push", "tls:localhost", "--shard", "0/1"), "names no port")):
        code, said = refused(*options)
        check(code == 2 and words in said and said.count("\n") == 1, f"refused: {words}", said)


def sum_is_exact(shards):
    """Several workers, their pairs in turn, against one process that had them all."""
    layer = Layer(D, m=2, seed=shards)
    lines = layer.pairs(PAIRS)
    engine = ("--engine", "gram") if shards == 4 else ()
    with Daemon(*engine) as whole, aggregate(shards) as total:
        Worker.learn(whole, lines)
        check(status_of(total)["verdict"] == "not identifying" and
              status_of(total)["headline"].startswith("incomplete: shard"),
              "an aggregate of nothing says what is missing")
        workers = [Worker("unix:" + total.path, k, shards, *engine) for k in range(shards)]
        for k, worker in enumerate(workers[:-1]):
            worker.learn(lines[k::shards])
        wait_until(lambda: not status_of(total)["pairs"] < sum(
            len(lines[k::shards]) for k in range(shards - 1)), "all but one have come")
        workers[-1].learn(lines[shards - 1::shards])
        await_pairs(total, PAIRS)
        one, many = status_of(whole), status_of(total)
        check(many["verdict"] == one["verdict"] == "identifying", f"{shards}: the same verdict",
              many["headline"])
        check(many["rank"] == one["rank"] and many["p"] == one["p"] and
              many["accepted"] == one["accepted"], f"{shards}: rank and counts are the same")
        check(agree(answers(whole), answers(total)), f"{shards}: the same function to 1e-10")
        check(many["aggregate"]["complete"] and many["aggregate"]["epoch"] == 1 and
              [s["pairs"] for s in many["aggregate"]["shards"]] ==
              [len(lines[k::shards]) for k in range(shards)], "status names the shards")
        check("push" in status_of(workers[0]) and
              status_of(workers[0])["push"]["connected"], "a worker says to whom it pushes")
        bits = answers(total)
        with aggregate(shards) as again:
            client = again.packed_client()
            for k in reversed(range(shards)):
                taken = offer(client, image_of(workers[k]), worker=worker_of(workers[k]), shard=k,
                              shards=shards)
                check(taken == {"whole": True}, "a state is taken by hand", taken)
            client.close()
            await_pairs(again, PAIRS)
            check(answers(again) == bits, f"{shards}: the same bits in the order {shards - 1} ... 0")
        for worker in workers:
            worker.__exit__(None)


def missing_shard_withholds_the_verdict():
    layer = Layer(D, seed=5)
    with aggregate(3) as total, Worker("unix:" + total.path, 1, 3) as worker:
        worker.learn(layer.pairs(PAIRS))
        await_pairs(total, PAIRS)
        check(status_of(worker)["verdict"] == "identifying", "a worker alone is identifying")
        status = status_of(total)
        check(status["verdict"] == "cannot tell" and
              status["headline"] == "incomplete: shards 0, 2 never seen",
              "shards that were never seen withhold the verdict", status["headline"])
        check(status["aggregate"]["shards"][0] == {
            "shard": 0, "worker": None, "pairs": 0, "age_s": None, "lag": 0, "lost": 0,
            "stale": False, "rolled_back": False, "error": None}, "a shard that was never seen")


def only_workers_change_it():
    layer = Layer(D, seed=6)
    with aggregate(2) as total:
        client = total.client()
        client.send(layer.pair(id=7))
        error = client.line()["error"]
        check(error["code"] == "read_only" and
              error["message"] == "read-only: this daemon aggregates 2 shards", "pairs are refused",
              error)
        for method, params in (("name", {"append": ["a"]}), ("reset", {"confirm": True})):
            check(client.ask(method, **params)["code"] == "read_only", f"{method} is refused")
        client.close()
    with Daemon() as plain:
        client = plain.packed_client()
        check(offer(client, b"", worker="w")["code"] == "method", "who learns takes no offers")
        client.close()


def worker_comes_and_goes():
    """Killed and started again on its state, stale meanwhile, then replaced by another worker."""
    layer = Layer(D, seed=7)
    with Folder() as folder, aggregate(2, "--max-age", "400ms") as total, \
            Worker("unix:" + total.path, 0, 2) as first:
        state = os.path.join(folder, "state")
        push = "unix:" + total.path
        first.learn(layer.pairs(PAIRS))
        with Worker(push, 1, 2, "--state", state) as worker:
            worker.learn(layer.pairs(PAIRS))
            await_pairs(total, 2 * PAIRS)
            check(status_of(total)["verdict"] == "identifying", "both are there")
            worker.signal(signal.SIGKILL)
            worker.exit_code()
        wait_until(lambda: shard_of(total, 1)["stale"], "a worker that is gone becomes stale")
        status = status_of(total)
        check(status["pairs"] == 2 * PAIRS and status["verdict"] == "identifying" and
              "shard 1 stale for" in status["headline"], "its state stays in, and is named")
        with Worker(push, 1, 2, "--state", state) as worker:
            worker.learn(layer.pairs(1))
            await_pairs(total, 2 * PAIRS + 1)
            check(not shard_of(total, 1)["stale"], "it goes on where it was")
            with Worker(push, 1, 2) as double:
                double.learn(layer.pairs(3))
                said = (f"duplicate shard 1: workers {shard_of(total, 1)['worker']} and "
                        f"{worker_of(double)}")
                wait_until(lambda: shard_of(total, 1)["error"] == said,
                           "a second worker is refused, and both are named")
                check(status_of(total)["pairs"] == 2 * PAIRS + 1, "nothing counts twice")
                wait_until(lambda: status_of(double)["push"]["error"], "the second one says so")
                worker.signal(signal.SIGKILL)
                worker.exit_code()
                await_pairs(total, PAIRS + 3)
                status = status_of(total)
                check(status["aggregate"]["shards"][1]["rolled_back"] and
                      "shard 1 rolled back" in status["headline"],
                      "once the first is stale the newer one replaces it, which is named", status)
                double.learn(layer.pairs(PAIRS))
                await_pairs(total, 2 * PAIRS + 3)
                check(not shard_of(total, 1)["rolled_back"], "until it has more than before")
            check(shard_of(total, 0)["error"] is None, "the other shard is not concerned")


def foreign_offers_are_refused():
    layer = Layer(D, seed=8)
    with aggregate(2, "--max-age", "500ms") as total, \
            Worker("unix:" + total.path, 0, 2) as worker:
        worker.learn(layer.pairs(PAIRS))
        await_pairs(total, PAIRS)
        before = answers(total)
        client = total.packed_client()
        image = image_of(worker)
        name = worker_of(worker)
        for claim, words, told in (
                ("another P", "mixed: worker", offer(client, b"", worker="x", shard=1, shards=3)),
                ("another epoch", "of epoch 2, the others are of epoch 1",
                 offer(client, b"", worker="x", shard=1, epoch=2)),
                ("a shard out of range", "they count from 0 to 1",
                 offer(client, b"", worker="x", shard=2)),
                ("another worker", "duplicate shard 0", offer(client, image, worker="x")),
                ("the state of another shard", "is shard 0 of worker",
                 offer(client, image, worker=name, shard=1)),
                ("a damaged state", "", offer(client, image[:200] + b"!!!!" + image[204:],
                                              worker="y", shard=1)),
                ("a truncated state", "", offer(client, image[:-100], worker="y", shard=1)),
                ("a few bytes", "the least have", offer(client, b"abc", worker="y", shard=1)),
                ("a part too many", "", offer(client, b"abc", worker="y", shard=1, part=1)),
                ("parts of another size", "",
                 offer(client, b"abc", worker="y", shard=1, bytes=5))):
            check("code" in told and words in told["message"], f"refused: {claim}", told)
        check(client.ask("offer", shard=1, shards=2, epoch=1, worker="z", pairs=0) ==
              {"whole": False}, "a worker that is not known is asked for its state")
        client.close()
        check(status_of(total)["pairs"] == PAIRS and answers(total) == before, "nothing changed")
        lines = Layer(D + 1, seed=8).pairs(5)
        with Worker("unix:" + total.path, 1, 2) as other:
            other.learn(lines)
            wait_until(lambda: "tokens have 3 and 4 coordinates" in
                       (shard_of(total, 1)["error"] or ""), "other sizes are refused")
            wait_until(lambda: "tokens have" in (status_of(other)["push"]["error"] or ""),
                       "the worker says so, too")
        with Worker("unix:" + total.path, 1, 2, "--engine", "gram") as other:
            other.learn(layer.pairs(5))
            wait_until(lambda: "engines" in (shard_of(total, 1)["error"] or ""),
                       "another engine is refused")
        garbage = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        garbage.connect(total.path)
        garbage.sendall(b"\x94\x00\x01\xa5offer\x81\xa4data\xc6" + struct.pack(">I", 1 << 30))
        garbage.close()
        check(status_of(total)["pairs"] == PAIRS, "an offer that is cut off changes nothing")


def directory_is_shared():
    layer = Layer(D, seed=9)
    with Folder() as folder:
        with aggregate(2, "--from", folder, "--max-age", "3s") as total, \
                Worker("dir:" + folder, 0, 2) as first, Worker("dir:" + folder, 1, 2) as second:
            first.learn(layer.pairs(PAIRS))
            second.learn(layer.pairs(PAIRS))
            await_pairs(total, 2 * PAIRS)
            check(status_of(total)["verdict"] == "identifying", "states come through a directory")
            wait_until(lambda: sorted(os.listdir(folder)) ==
                       ["shard-0-of-2.state", "shard-1-of-2.state"], "nothing else is left there")
            second.stop()
            path = os.path.join(folder, "shard-1-of-2.state")
            with open(path, "r+b") as file:
                file.truncate(os.path.getsize(path) // 2)
            with open(os.path.join(folder, "shard-0-of-3.state"), "wb"):
                pass
            wait_until(lambda: shard_of(total, 1)["error"], "a truncated file is named")
            wait_until(lambda: "shard-0-of-3.state" in
                       (status_of(total)["aggregate"]["error"] or ""), "and a file of another P")
            check(status_of(total)["pairs"] == 2 * PAIRS, "what was there stays in")
            first.stop()
        with aggregate(2, "--from", folder) as total:
            await_pairs(total, PAIRS)
            check("shard 1 never seen" in status_of(total)["headline"],
                  "an aggregate that is started later finds what is there")


def token_is_shown_and_restart_survived():
    layer = Layer(D, seed=10)
    with Folder() as folder:
        for name, token in (("good", TOKEN), ("bad", "wrong-" + TOKEN)):
            with open(os.path.join(folder, name), "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
                f.write(token + "\n")
        good, bad = (os.path.join(folder, name) for name in ("good", "bad"))
        port = free_port()
        address = f"tcp:127.0.0.1:{port}"
        path = os.path.join(folder, "s")
        listen = {"listen": [address, "unix:" + path], "path": path}
        with Worker(address, 0, 1, "--push-token", good) as worker:
            worker.learn(layer.pairs(PAIRS))
            wait_until(lambda: status_of(worker)["push"]["error"], "nobody is there yet")
            check(not status_of(worker)["push"]["connected"], "which status says")
            for claim in ("a worker waits for its aggregate", "and pushes to the next one as well"):
                with aggregate(1, "--token-file", good, **listen) as total:
                    await_pairs(total, PAIRS)
                    check(status_of(total)["verdict"] == "identifying", claim)
                    if claim.startswith("and"):
                        with Worker(address, 0, 1, "--push-token", bad) as stranger:
                            wait_until(lambda: status_of(stranger)["push"]["error"],
                                       "a wrong token is refused")
                    total.stop()
            said = re.findall(r"the state is (?:not )?pushed.*", worker.log())
            check(all("refused" not in one or "refused" not in other
                      for one, other in zip(said, said[1:])), "that nobody is there is said once", said)


def tls_is_verified(folder):
    """Whoever is not who it should be is shown nothing, and named."""
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    lines = Layer(D, seed=12).pairs(PAIRS)
    token = write(os.path.join(folder, "token"), TOKEN + "\n")
    trust = ("--push-token", token, "--push-ca", authority.certificate)
    path = os.path.join(folder, "s")
    for words, identity in (
            ("from no authority that is trusted here", stranger.server()),
            ("its certificate is for another host", authority.server("elsewhere")),
            ("its certificate has expired",
             authority.issue("expired", "subjectAltName=DNS:localhost", days=-1)),
            ("what answers there does not speak TLS", None),
            (None, authority.server())):
        tls = () if identity is None else ("--tls-cert", identity[0], "--tls-key", identity[1])
        port = free_port()
        with aggregate(1, "--token-file", token, *tls, listen=[f"tcp:127.0.0.1:{port}",
                                                               "unix:" + path], path=path) as total, \
                Worker(f"tls:localhost:{port}", 0, 1, *trust) as worker:
            worker.learn(lines)
            if words is None:
                await_pairs(total, PAIRS)
                check(status_of(worker)["push"]["connected"], "the right certificate is trusted")
                with Worker(f"tcp:localhost:{port}", 0, 1, "--push-token", token) as plain:
                    wait_until(lambda: "connect to tls:" in (status_of(plain)["push"]["error"] or ""),
                               "who speaks no TLS is told so")
                continue
            wait_until(lambda: words in (status_of(worker)["push"]["error"] or ""), words)
            check(not status_of(worker)["push"]["connected"], "it is not connected", words)
            check(status_of(total)["aggregate"]["shards"][0]["worker"] is None, "nothing is shown")


def last_pairs_are_pushed_at_the_end():
    layer = Layer(D, seed=11)
    with aggregate(1) as total:
        with Daemon("--shard", "0/1", "--push", "unix:" + total.path, "--push-every",
                    "60s") as worker:
            wait_until(lambda: status_of(worker)["push"]["pairs"] == 0, "the first push is made")
            Worker.learn(worker, layer.pairs(PAIRS))
            check(worker.stop() == 0, "the worker ends")
        await_pairs(total, PAIRS)
        image = image_of(total)
        check(len(image) > 0, "the sum can be carried away")


def main():
    need_msgpack()
    options_are_checked()
    sum_is_exact(2)
    sum_is_exact(4)
    missing_shard_withholds_the_verdict()
    only_workers_change_it()
    worker_comes_and_goes()
    foreign_offers_are_refused()
    directory_is_shared()
    token_is_shown_and_restart_survived()
    last_pairs_are_pushed_at_the_end()
    if shutil.which("openssl") is not None:
        with Folder() as folder:
            tls_is_verified(folder)


main()
