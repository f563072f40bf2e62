"""Half the crowd is hostile, and the other half is served; each bound does what it says.

`LATTN_LONG=1` makes it a thousand connections, several rounds, and says what the honest ones get
beside what they get alone.
"""

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import threading
import time

from daemon_support import LATTND, SECONDS_MAX, Daemon, Layer, check, wait_until

CROWD = os.path.abspath(sys.argv[2])
IS_LONG = os.environ.get("LATTN_LONG") == "1"
HONEST = HOSTILE = 500 if IS_LONG else 60
SECONDS = 8 if IS_LONG else 1
ROUNDS = 5 if IS_LONG else 1
WARM_UP_SECONDS = 5 if IS_LONG else 1
HONEST_KINDS = "lines,frames,frames,frames"
SILENT_KINDS = "idle,half,claim,deaf,models,trickle"
FLOODING_KINDS = "garbage,endless,churn"
SIZES = ["--dim", "4", "--outputs", "1"]


def crowd(daemon, kinds, count, seconds):
    """Whoever is not honest gets the processor only where nobody else wants it."""
    niceness = [] if kinds == HONEST_KINDS else ["nice", "-n", "19"]
    return subprocess.Popen([*niceness, CROWD, daemon.path, kinds, str(count), str(seconds)],
                            stdout=subprocess.PIPE)


def report(process):
    out, _ = process.communicate()
    check(process.returncode == 0, "the crowd came together")
    return json.loads(out)


def memory_most(*options):
    """What --explain promises."""
    text = subprocess.run([LATTND, "--explain", *options], stdout=subprocess.PIPE, check=True,
                          text=True).stdout
    return int(re.search(r"together, and an eighth for the heap +(\d+)", text)[1])


def crowded(kinds):
    """Alone, then beside the hostile half: nobody honest is dropped, all is learned once."""
    options = [*SIZES, "--message-timeout", "500ms", "--send-timeout", "2s"]
    most = memory_most(*options)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with Daemon(*options, "--log-level", "error") as daemon:
        ratios, pairs = [], 0
        for _ in range(ROUNDS):
            alone = report(crowd(daemon, HONEST_KINDS, HONEST, SECONDS))
            hostile = crowd(daemon, kinds, HOSTILE, WARM_UP_SECONDS + SECONDS + 2)
            time.sleep(WARM_UP_SECONDS)
            beside = report(crowd(daemon, HONEST_KINDS, HONEST, SECONDS))
            peak = daemon.memory("VmHWM")
            visits = report(hostile)["visits"]
            for part in alone, beside:
                check(part["dropped"] == part["refused"] == 0, f"{HONEST} honest ones are served")
                check(part["pairs"] > 0, f"and feed {part['pairs'] / part['seconds']:.0f} pairs/s")
                pairs += part["pairs"]
            check(visits >= HOSTILE, f"beside {HOSTILE} hostile ones, who came {visits} times")
            check(peak <= most, f"in {peak >> 20} MiB of at most {most >> 20} MiB", peak, most)
            ratios.append(beside["pairs"] / beside["seconds"] / alone["pairs"] * alone["seconds"])
        status = daemon.client().ask("status")
        check(status["pairs"] == pairs, f"{pairs} pairs were acknowledged and learned", status)
        check(status["duplicates"] == 0, "and none twice")
        print(f"     {kinds}: beside / alone: {[round(ratio, 2) for ratio in ratios]}, "
              f"median {statistics.median(ratios):.2f}", flush=True)
        check(daemon.stop() == 0, "and it ends in order")


def at_end(client):
    """What comes until the end of the connection, however it ends."""
    data = client.received
    try:
        while piece := client.socket.recv(1 << 16):
            data += piece
    except ConnectionError:
        pass
    return data


def places():
    with Daemon("--max-clients", "3") as daemon:
        kept = [served(daemon) for _ in range(3)]
        for _ in range(50):
            refused = at_end(daemon.client())
            if json.loads(refused)["error"]["code"] != "busy" or refused.count(b"\n") != 1:
                check(False, "one more is told in one line that there is no place", refused)
        check(True, "one more is told in one line that there is no place")
        lines = daemon.log().count("clients refused")
        check(1 <= lines <= 5, "which is in the log, but not 50 times", lines)
        kept[0].close()
        served(daemon)
        check(True, "a place that is given up is free")
        check(kept[1].ask("status")["pairs"] == 0, "those who have one keep it")


def served(daemon):
    """A client that has a place; others may be about to leave theirs."""
    deadline = time.time() + SECONDS_MAX
    while time.time() < deadline:
        client = daemon.client()
        try:
            client.send('{"id":1,"method":"status"}\n')
            if "result" in client.line():
                return client
        except ConnectionError:
            pass
        client.close()
    check(False, "somebody finds a place")


def place_of_the_idle():
    """Takes the minute that somebody must have been idle."""
    with Daemon("--max-clients", "3") as daemon:
        idle, subscriber, active = (served(daemon) for _ in range(3))
        subscriber.ask("subscribe")
        until = time.time() + 61
        while time.time() < until:
            active.ask("status")
            time.sleep(1)
        late = daemon.client()
        check(late.ask("status")["pairs"] == 0, "after a minute one more gets a place")
        check(at_end(idle) == b"", "that of the one who was idle")
        check(active.ask("status")["pairs"] == 0, "not that of one who was not")
        check(b"busy" in at_end(daemon.client()), "nor that of a subscriber")


def few_descriptors():
    """Fewer descriptors than places: nobody is accepted in vain."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))

    with Daemon(preexec_fn=limit) as daemon:
        check("fewer clients than max-clients" in daemon.log(), "it says how many it can serve")
        kept = [served(daemon) for _ in range(16)]
        check(len(kept) == 16, "it serves them")
        waiting = [daemon.client() for _ in range(100)]
        check(all(b"busy" in at_end(client) for client in waiting), "the others are told")
        before = daemon.ticks()
        time.sleep(1)
        check(daemon.ticks() - before <= 5, "and then it rests", daemon.ticks() - before)


def long_message_that_ends_never():
    layer = Layer(3)
    with Daemon("--message-timeout", "300ms") as daemon:
        short, line, frame = daemon.client(), daemon.client(), daemon.client()
        text = layer.pair(id=7)
        short.send(text[:20])
        line.send(layer.pair() + '{"z":[[' + "1," * 100000)
        frame.send(b"\x94\x00\x05\xa5learn\x81\xa1z\xc6\x00\x10\x00\x00" + bytes(200000))
        error = json.loads(at_end(line))["error"]
        check(error["code"] == "timeout" and error["line"] == 2, "a long line must end", error)
        answer = at_end(frame)
        check(answer[:3] == b"\x94\x01\x05" and b"timeout" in answer, "and so must a frame", answer)
        short.send(text[20:])
        check(short.line()["result"]["applied"] == 2, "a short one has time, and nothing is lost")


def long_messages_wait_for_each_other():
    layer = Layer(3)
    pad = b" " * 300000
    with Daemon("--max-frame", "1M", "--max-input", "2200K", "--message-timeout", "60s") as daemon:
        texts = [layer.pair(id=i).encode() for i in range(12)]
        clients = [daemon.client() for _ in texts]
        for client, text in zip(clients, texts):
            client.send(text[:-2] + pad[:150000])
        check(daemon.client().ask("status")["pairs"] == 0, "others are served while they wait")
        senders = [threading.Thread(target=client.send, args=(pad + b"}\n",), daemon=True)
                   for client in clients]
        for sender in senders:
            sender.start()
        check(sorted(client.line()["result"]["applied"] for client in clients)
              == list(range(1, 13)), "each long message comes through in the end")


def answers_not_taken():
    with Daemon("--send-timeout", "300ms") as daemon:
        deaf, other = daemon.client(), daemon.client()
        sent = 0
        try:
            while sent < 1 << 30:
                sent += deaf.socket.send(b'{"id":1,"method":"status"}\n' * 1000)
            check(False, "who takes no answers is dropped")
        except ConnectionError:
            check(True, f"who takes no answers is dropped, after {sent >> 10} KiB")
        check("answers are not taken" in daemon.log(), "which is in the log")
        check(other.ask("status")["pairs"] == 0, "others are served")


def answers_of_all():
    """Each leaves less unread than one may, all together more."""
    layer = Layer(6, m=6)
    with Daemon("--max-output", "1M") as daemon:
        other = daemon.client()
        other.send("".join(layer.pairs(150)))
        size = len(json.dumps(other.ask("model")))
        deaf = [daemon.client() for _ in range(24)]
        for client in deaf:
            client.send(b'{"method":"model"}\n' * (900000 // size))
        wait_until(lambda: "max-output is exceeded" in daemon.log(), "somebody has to go")
        check(other.ask("status")["pairs"] == 150, "others are served")
        whole = sum(at_end_of_input(client).count(b"\n") == 900000 // size for client in deaf)
        check(0 < whole < 24, f"{whole} of 24 had all of their answers")


def at_end_of_input(client):
    try:
        client.end_of_input()
    except OSError:
        pass
    return at_end(client)


places()
few_descriptors()
long_message_that_ends_never()
long_messages_wait_for_each_other()
answers_not_taken()
answers_of_all()
for kinds in [SILENT_KINDS, f"{SILENT_KINDS},{FLOODING_KINDS}"] if IS_LONG else [
        f"{SILENT_KINDS},{FLOODING_KINDS}"]:
    crowded(kinds)
if IS_LONG:
    place_of_the_idle()
