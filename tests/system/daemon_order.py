"""The same pairs give the same result however their bytes come, and answers keep their order."""

import json
import random
import threading

from daemon_support import Daemon, Layer, check

PAIRS = 300
INPUTS = 5


def close(a, b, tolerance=1e-9):
    return all(abs(x - y) <= tolerance * (1 + abs(y)) for x, y in zip(a, b))


def learned(client, layer, inputs):
    """What it predicts for some inputs is what the layer says."""
    for z in inputs:
        answer = client.ask("predict", z=z)
        if not answer["determined"] or not close(answer["y"], layer.label(z)):
            return False
    return True


def any_chunking():
    layer = Layer(3, m=2)
    text = "".join(layer.pairs(PAIRS)).encode()
    inputs = [layer.sequence(4) for _ in range(INPUTS)]
    rng = random.Random(5)
    for name, size in (("one byte", lambda: 1), ("a few bytes", lambda: rng.randint(1, 50)),
                       ("pieces across lines", lambda: rng.randint(500, 5000)),
                       ("all at once", lambda: len(text))):
        with Daemon() as daemon:
            client = daemon.client()
            at = 0
            while at < len(text):
                step = size()
                client.send(text[at:at + step])
                at += step
            status = client.ask("status")
            check(status["pairs"] == PAIRS and status["accepted"] == PAIRS
                  and status["verdict"] == "identifying" and status["rank"] == 18
                  and learned(client, layer, inputs),
                  f"{name} at a time: learned to 1e-9", status)


def one_pair_at_a_time():
    layer = Layer(3)
    with Daemon() as daemon:
        client = daemon.client()
        for i in range(100):
            client.send(layer.pair(id=i))
            answer = client.line()
            if answer != {"id": i, "result": {"applied": i + 1, "duplicate": False,
                                              "durable": None}}:
                check(False, "each pair with an id is answered at once", answer)
        check(learned(client, layer, [layer.sequence(3)]), "one acknowledged pair at a time")


def several_connections():
    layer = Layer(3)
    parts = [layer.pairs(200) for _ in range(8)]
    with Daemon() as daemon:
        def send(part):
            client = daemon.client()
            for pair in part:
                client.send(pair)
            client.end_of_input()
            check(client.rest() == [], "a half-closed connection is learned to its end and closed")

        threads = [threading.Thread(target=send, args=(part,)) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client = daemon.client()
        status = client.ask("status")
        check(status["pairs"] == 1600, "eight at once: every pair is there", status)
        check(learned(client, layer, [layer.sequence(4)]), "and the result is the same")


def answers_keep_their_order():
    layer = Layer(2)
    with Daemon() as daemon:
        client = daemon.client()
        sent = []
        for i in range(400):
            kind = i % 4
            if kind == 0:
                sent.append((i, layer.pair(id=i)))
            elif kind == 1:
                sent.append((i, json.dumps({"id": i, "z": [[1, 2], [3]], "y": 1}) + "\n"))
            elif kind == 2:
                sent.append((i, json.dumps({"id": i, "method": "status"}) + "\n"))
            else:
                sent.append((None, "not at all\n"))
        client.send("".join(text for _, text in sent))
        client.end_of_input()
        answers = client.rest()
        check([answer.get("id") for answer in answers] == [i for i, _ in sent],
              "400 answers in the order of their lines")
        statuses = [a["result"]["pairs"] for a in answers if "pairs" in a.get("result", {})]
        check(statuses == list(range(1, 101)), "each reflects every pair before it", statuses)
        lines = [a["error"]["line"] for a in answers if "error" in a]
        check(lines == [i + 1 for i in range(400) if i % 4 in (1, 3)], "errors name their lines")


def long_requests():
    """One that takes many turns is answered also where nothing else keeps the daemon awake."""
    with Daemon() as daemon:
        client = daemon.client()
        client.send('{"z":[[1,2]],"y":[1]}\n')
        for tokens in (4, 40, 160):
            inputs = [{"z": [[0.125, -0.25]] * tokens}] * 1000
            answer = client.ask("certify", inputs=inputs)
            check(answer.get("inputs") == 1000, f"a request of {tokens} tokens a thousand times",
                  answer)


def last_line_without_end():
    with Daemon() as daemon:
        client = daemon.client()
        client.send('{"z":[[1]],"y":[1]}\n\n  \n{"id":1,"z":[[1]],"y":[1]}')
        client.end_of_input()
        answers = client.rest()
        check([a["result"]["applied"] for a in answers] == [2],
              "a last line without its end is a line, blank ones are none", answers)


def exactly_once():
    with Daemon() as daemon:
        client = daemon.client()

        def item(seq, y="1"):
            client.send(f'{{"id":0,"producer":"p","seq":{seq},"z":[[1]],"y":[{y}]}}\n')
            return client.line()

        check(client.ask("hello", producer="p")["last_seq"] is None, "a new producer has no seq")
        check(not item(1)["result"]["duplicate"], "the first item")
        check(item(1)["result"] == {"applied": 1, "duplicate": True, "durable": None},
              "the same item again is a duplicate")
        error = item(3)["error"]
        check(error["code"] == "gap" and "expected 2, got 3" in error["message"], "a gap is refused")
        check(item(2, '"x"')["error"]["code"] == "field", "a refused item")
        check(not item(3)["result"]["duplicate"], "uses up its seq")
        hello = client.ask("hello", producer="p")
        check(hello["last_seq"] == 3 and hello["accepted"] == 2 and hello["rejected"] == 2
              and hello["duplicates"] == 1, "hello knows", hello)
        other = daemon.client().ask("hello", producer="p")
        check(other["last_seq"] == 3 and other["accepted"] == 0,
              "on another connection, too", other)


def names_and_reset():
    with Daemon() as daemon:
        client = daemon.client()
        named = client.ask("name", append=["a", "b"], outputs=["o"])
        check(named == {"append": [0, 1], "outputs": [0], "d": 2, "m": 1}, "names give indices",
              named)
        client.send('{"z":[[1,2]],"y":[1]}\n')
        named = client.ask("name", append=["c", "a"], outputs=["o", "u"])
        check(named == {"append": [2, 0], "outputs": [0, 1], "d": 3, "m": 2},
              "names let d and m grow", named)
        client.send('{"z":[[1,2,3]],"y":[1,2]}\n{"z":[[1,2]],"y":[1]}\n')
        check(client.ask("status")["pairs"] == 3, "rows as wide as they once were are accepted")
        check(client.ask("name", append=[""])["code"] == "name", "an empty name is refused")
        check(client.ask("reset", confirm=True) == {"reset": True}, "reset")
        status = client.ask("status")
        check(status["pairs"] == 0 and status["d"] is None and status["accepted"] == 0,
              "forgets everything", status)


any_chunking()
one_pair_at_a_time()
several_connections()
answers_keep_their_order()
long_requests()
last_line_without_end()
exactly_once()
names_and_reset()
