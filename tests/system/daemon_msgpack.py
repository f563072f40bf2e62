"""The daemon speaks MessagePack-RPC: every method, batches, notifications, and what bad input gets."""

import json
import random
import struct
import subprocess

from daemon_support import (Client, Daemon, Layer, check, msgpack, need_msgpack, tensor, wait_until)

need_msgpack()

# Without emissions, at one of which a verdict is first noticed: a model says at which.
NEVER = ("--emit-every", "1000000pairs")
GIGABYTES = b"\xff\xff\xff\xff"
MEMORY_GROWTH_MAX = 8 << 20
# What waits of a client is read into a block of this size, however little of it came.
CLIENT_BYTES = 128 << 10


def flat(rows):
    return [number for row in rows for number in row]


def pairs_of(layer, count, n=4):
    """Sequences with their labels, as lists of numbers."""
    sequences = [layer.sequence(n) for _ in range(count)]
    return [(z, layer.label(z)) for z in sequences]


def batch_of(pairs):
    """Pairs of one shape as the z and y of a batch."""
    n, d, m = len(pairs[0][0]), len(pairs[0][0][0]), len(pairs[0][1])
    return (tensor([x for z, _ in pairs for x in flat(z)], len(pairs), n, d),
            tensor([x for _, y in pairs for x in y], len(pairs), m))


def lasting(status):
    """Of a status what depends on the pairs alone: not on the time, nor on emissions made so far."""
    passing = ("pairs_per_s", "queue_bytes", "uptime_s", "memory_bytes", "heads",
               "heads_generation", "identifying_since", "lost_at")
    return {key: value for key, value in status.items() if key not in passing}


# ---- methods ----


def answers_every_method():
    layer = Layer(3, m=2)
    z, y = batch_of(pairs_of(layer, 100))
    with Daemon("--emit-every", "1000000pairs") as daemon:
        client, lines = daemon.packed_client(), daemon.client()
        hello = client.ask("hello", producer="p")
        check(hello["last_seq"] is None and hello["d"] is None, "hello", hello)
        applied = client.learn(z, y)
        check(applied == {"applied": 100, "duplicate": False, "durable": None}, "learn", applied)
        check(lasting(client.ask("status")) == lasting(lines.ask("status")),
              "status is the same in both formats")
        check(client.ask("model") == lines.ask("model"), "model, too, to the last bit")
        check(client.ask("model", heads=1)["heads"] == lines.ask("model", heads=1)["heads"],
              "model of one head")
        for name, query in (("nested arrays", layer.sequence(4)),
                            ("whole numbers", [[1, 2, 3], [-4, 5, 6]])):
            answer = client.ask("predict", z=query)
            check(answer == lines.ask("predict", z=query) and answer["determined"],
                  f"predict of {name}", answer)
        query = layer.sequence(4)
        check(client.ask("predict", z=tensor(flat(query), 4, 3)) == client.ask("predict", z=query),
              "predict of a block of bytes")
        check(client.ask("predict", t=[[0, 2], [], [1]])
              == client.ask("predict", z=[[1, 0, 1], [0, 0, 0], [0, 1, 0]]), "predict of ones")
        generation = client.ask("emit")
        check(generation == {"generation": client.ask("status")["generation"]}, "emit", generation)
        named = client.ask("name", append=["a", "é"], outputs=["o"])
        check(named == {"append": [3, 4], "outputs": [2], "d": 5, "m": 3}, "name", named)
        inputs = [{"z": [[1, 2, 3, 0, 0]]}, {"t": [[0, 4], [], [4]]}]
        check(client.ask("certify", inputs=inputs) == lines.ask("certify", inputs=inputs), "certify")
        order = client.ask("suggest", candidates=inputs)
        check(order == lines.ask("suggest", candidates=inputs) == {"order": [1]},
              "suggest out of candidates", order)
        made = client.ask("suggest", n=3, norm_max=2)
        check(made == lines.ask("suggest", n=3, norm_max=2) and len(made["inputs"]) == 3
              and made["missing"] > 3, "suggest made to order", made)
        check(client.ask("reset")["code"] == "confirm", "reset asks to be confirmed")
        check(client.ask("reset", confirm=True) == {"reset": True}
              and client.ask("status")["pairs"] == 0, "reset")


def takes_params_as_the_specification_has_them():
    with Daemon() as daemon:
        client = daemon.packed_client()
        for name, params in (("a map", {}), ("an array of one map", [{}]), ("an empty array", [])):
            check(client.call("status", params)[2] is None, f"params: {name}")
        check(client.call("learn", [{"z": [[1]], "y": 1}])[2] is None, "learn with its map in an array")
        check(client.call("status", {"colour": "red"})[2] is None, "unknown params are passed over")
        answer = client.call("status", {}, 2**64 - 1)
        check(answer[1] == 2**64 - 1, "ids of 64 bits")


def sends_emissions():
    layer = Layer(2)
    z, y = batch_of(pairs_of(layer, 50))
    with Daemon("--emit-every", "20ms") as daemon:
        watcher, client = daemon.packed_client(), daemon.packed_client()
        check(watcher.ask("subscribe", what="model") == {"subscribed": "model"}, "subscribe")
        client.learn(z, y)
        while True:
            kind, method, params = watcher.message()
            if params["status"]["pairs"] == 50:
                break
        check((kind, method) == (2, "emission") and params["model"] == client.ask("model"),
              "an emission is a notification with status and model")
        watcher = daemon.packed_client()
        watcher.notify("subscribe", what="status")
        kind, method, params = watcher.message()
        check(method == "emission" and "model" not in params,
              "who subscribes silently gets emissions and nothing else", params)


# ---- pairs ----


def takes_every_form():
    """Each form next to the line that says the same; both daemons answer alike."""
    three = [[1.5, 2], [3, 4.25], [-1, 0.5]]
    forms = [
        ("nested arrays", {"z": three, "y": [7]}, {"z": three, "y": [7]}),
        ("one number as a label", {"z": three, "y": 7}, {"z": three, "y": 7}),
        ("<f8", {"z": tensor(flat(three), 3, 2), "y": tensor([7.5], 1)}, {"z": three, "y": 7.5}),
        ("a label at every position", {"z": tensor(flat(three), 3, 2), "y": tensor([1, 2, 3], 3, 1)},
         {"z": three, "y": [[1], [2], [3]]}),
        ("not causal", {"z": three, "y": [[1], [2], [3]], "causal": False},
         {"z": three, "y": [[1], [2], [3]], "causal": False}),
        ("a weight", {"z": three, "y": 7, "w": 0.5}, {"z": three, "y": 7, "w": 0.5}),
        ("ones", {"t": [[0, 1], [], [1]], "y": 7}, {"t": [[0, 1], [], [1]], "y": 7}),
    ]
    with Daemon(*NEVER) as packed, Daemon(*NEVER) as plain:
        client, lines = packed.packed_client(), plain.client()
        for name, params, line in forms:
            applied = client.ask("learn", **params)
            lines.send(json.dumps({"id": 1, **line}) + "\n")
            check(applied == lines.line().get("result"), f"{name} is learned", applied)
        check(lasting(client.ask("status")) == lasting(lines.ask("status"))
              and client.ask("model") == lines.ask("model"), "and all to the same bits")


def takes_batches():
    three = [[1.5, 2], [3, 4.25], [-1, 0.5]]
    with Daemon() as daemon:
        client = daemon.packed_client()
        for name, z, y, applied in (
                ("nested arrays", [three, three], [[7], [8]], 2),
                ("y of k numbers", [three, three], [7, 8], 4),
                ("<f8", tensor(flat(three) * 2, 2, 3, 2), tensor([7, 8], 2, 1), 6),
                ("labels at every position", tensor(flat(three) * 2, 2, 3, 2),
                 tensor([1, 2, 3, 4, 5, 6], 2, 3, 1), 12),
                ("a batch of one", tensor(flat(three), 1, 3, 2), tensor([7], 1), 13)):
            answer = client.learn(z, y)
            check(answer.get("applied") == applied, f"a batch: {name}", answer)
        status = client.ask("status")
        check(status["accepted"] == 9 and status["pairs"] == 13, "its members are counted", status)


def learns_the_same_bits():
    """One acknowledged pair at a time, so that the blocks are the same."""
    pairs = pairs_of(Layer(3), 60)
    with Daemon(*NEVER) as packed, Daemon(*NEVER) as plain:
        client, lines = packed.packed_client(), plain.client()
        for z, y in pairs:
            client.learn(tensor(flat(z), 4, 3), y)
            lines.send(json.dumps({"id": 1, "z": z, "y": y}) + "\n")
            lines.line()
        check(client.ask("model") == lines.ask("model")
              and lasting(client.ask("status")) == lasting(lines.ask("status")),
              "lines and frames give the same bits")


def knows_the_precision_of_f4():
    pairs = pairs_of(Layer(2), 40)
    with Daemon() as packed, Daemon("--precision", "f32") as plain:
        client, lines = packed.packed_client(), plain.client()
        for z, y in pairs:
            rounded = struct.unpack("<8f", struct.pack("<8f", *flat(z)))
            client.learn(tensor(flat(z), 4, 2, dtype="<f4"), y)
            lines.send(json.dumps({"id": 1, "z": [rounded[i:i + 2] for i in (0, 2, 4, 6)],
                                   "y": y}) + "\n")
            lines.line()
        status = client.ask("status")
        check(lasting(status) == lasting(lines.ask("status")) and status["threshold"] > 1e-7,
              "<f4 is what --precision f32 is", status["threshold"])


def refuses_batches_as_a_whole():
    with Daemon() as daemon:
        client = daemon.packed_client()
        error = client.learn([[[1, 2]], [[1e60, 2]], [[3, 4]]], [1, 2, 3])
        check(error["code"] == "feature_overflow" and error["message"].startswith("item 1: "),
              f"a member that overflows: {error['message']}", error)
        status = client.ask("status")
        check(status["rejected"] == 3 and status["pairs"] == 0 and status["d"] is None,
              "refuses all of them, and leaves nothing behind", status)
        client.learn([[1, 2, 3]], 1)
        error = client.learn(tensor([1, 2, float("nan"), 4, 5, 6], 2, 1, 3), [1, 2])
        check(error["code"] == "not_finite", f"a NaN in a batch: {error['message']}", error)
        error = client.learn([[[1, 2]], [[3, 4]]], [1, 2])
        check(error["code"] == "shape", f"a batch of another size: {error['message']}", error)
        status = client.ask("status")
        check(status["rejected"] == 7 and status["accepted"] == 1, "each member counts", status)


def learns_members_once():
    def members(first, last):
        return tensor([float(i) for i in range(first, last)], last - first, 1, 1)

    with Daemon() as daemon:
        client = daemon.packed_client()

        def send(first, last):
            return client.learn(members(first, last), tensor([1.0] * (last - first), last - first),
                                producer="p", seq=first)

        check(send(1, 5) == {"applied": 4, "duplicate": False, "durable": None}, "members 1 to 4")
        check(send(1, 5) == {"applied": 4, "duplicate": True, "durable": None}, "the same again")
        check(send(3, 8) == {"applied": 7, "duplicate": False, "durable": None},
              "members 3 to 7: what came before is left out")
        error = send(9, 12)
        check(error["code"] == "gap" and "expected 8, got 9" in error["message"],
              f"a gap: {error['message']}")
        check(client.ask("hello", producer="p")["last_seq"] == 7, "it uses up no numbers")
        error = client.learn(members(1, 4), [1, 2, 3], producer="q", seq=2**64 - 2)
        check(error["code"] == "range", f"numbers beyond 64 bits: {error['message']}")
        hello = client.ask("hello", producer="p")
        check((hello["accepted"], hello["duplicates"], hello["rejected"]) == (7, 6, 6),
              "every member is counted once", hello)


def takes_large_batches():
    layer = Layer(2)
    pairs = pairs_of(layer, 5000, 2)
    with Daemon() as daemon:
        client = daemon.packed_client()
        check(client.learn(*batch_of(pairs)).get("applied") == 5000, "a batch of 5000")
        query = layer.sequence(3)
        answer, wanted = client.ask("predict", z=query)["y"][0], layer.label(query)[0]
        check(abs(answer - wanted) <= 1e-9 * (1 + abs(wanted)), "is learned to 1e-9")


# ---- order, pieces, ends ----


def never_answers_notifications():
    with Daemon("--log-level", "debug") as daemon:
        client = daemon.packed_client()
        client.notify("learn", z=[[1, 2]], y=1)
        client.notify("learn", z=[[1, "2"]], y=1)
        client.notify("learn", z=[[[1, 2]], [[1e60, 2]]], y=[1, 2])
        client.notify("divine")
        client.notify("predict", z=[])
        client.notify("name", append=["a", "b", "c"])
        status = client.ask("status")
        check(status["accepted"] == 1 and status["rejected"] == 3 and status["d"] == 5,
              "notifications are done, their errors counted, none is answered", status)
        check(daemon.log().count("notification refused") == 2, "refused requests are in the log")


def answers_in_order():
    with Daemon() as daemon:
        client = daemon.packed_client()
        sent = []
        for i in range(400):
            frame = ([0, i, "learn", {"z": [[1, 2]], "y": 1}],
                     [0, i, "learn", {"z": [[1, 2], [3]], "y": 1}],
                     [0, i, "status", {}],
                     [2, "learn", {"z": [[1]], "y": 1}])[i % 4]
            sent.append(frame)
        client.send(b"".join(msgpack.packb(frame) for frame in sent))
        client.end_of_input()
        answers = client.rest()
        check([answer[1] for answer in answers] == [f[1] for f in sent if f[0] == 0],
              "300 pipelined requests are answered in order, after half-close")
        statuses = [a[3]["pairs"] for a in answers if a[2] is None and "pairs" in a[3]]
        check(statuses == list(range(1, 101)), "each reflects every pair before it", statuses)


def any_pieces():
    layer = Layer(3, m=2)
    pairs = pairs_of(layer, 200)
    data = b"".join(msgpack.packb([0, i, "learn", {"z": z, "y": y}])
                    for i, (z, y) in enumerate(pairs))
    rng = random.Random(5)
    for name, size in (("one byte at a time", lambda: 1),
                       ("a few bytes at a time", lambda: rng.randint(1, 50)),
                       ("pieces across frames", lambda: rng.randint(500, 5000)),
                       ("all at once", lambda: len(data))):
        with Daemon() as daemon:
            client = daemon.packed_client()
            at = 0
            while at < len(data):
                step = size()
                client.send(data[at:at + step])
                at += step
            client.end_of_input()
            answers = client.rest()
            check([a[1] for a in answers] == list(range(200))
                  and all(a[2] is None for a in answers)
                  and answers[-1][3]["applied"] == 200, f"{name}: all is learned")


def reads_standard_input():
    data = b"".join(msgpack.packb([0, i, "learn", {"z": [[i]], "y": 1}]) for i in range(100))
    for name, end, errors in (("frames", b"", 0), ("frames and a cut-off one", b"\x94\x00\x64\xa5", 1)):
        with Daemon(listen=["stdin"], stdin=subprocess.PIPE) as daemon:
            output, _ = daemon.process.communicate(data + end, timeout=30)
            unpacker = msgpack.Unpacker()
            unpacker.feed(output)
            answers = list(unpacker)
            check([a[1] for a in answers] == list(range(100 + errors))
                  and sum(a[2] is not None for a in answers) == errors
                  and daemon.exit_code() == 0, f"{name} on standard input")


# ---- bad input ----


def refusals():
    """What is sent as params of learn after a pair of d = 2, m = 1; the code; words of the message."""
    return [
        ("tokens of another size", {"z": [[1, 2, 3]], "y": [1]}, "shape", ["3", "2"]),
        ("a label of another size", {"z": [[1, 2]], "y": [1, 2]}, "shape", ["2", "1"]),
        ("a ragged matrix", {"z": [[1, 2], [3]], "y": [1]}, "shape", ["z[1]"]),
        ("an empty sequence", {"z": [], "y": [1]}, "empty", ["z"]),
        ("a string where a number belongs", {"z": [[1, "2"]], "y": [1]}, "field", ["z[0][1]"]),
        ("a string as a label", {"z": [[1, 2]], "y": "1"}, "field", ["y"]),
        ("nil as a number", {"z": [[1, None]], "y": [1]}, "field", ["z[0][1]"]),
        ("NaN", {"z": [[1, float("nan")]], "y": [1]}, "not_finite", ["z[0][1]"]),
        ("infinity in bytes", {"z": tensor([1, float("inf")], 1, 2), "y": 1}, "not_finite", ["z"]),
        ("a missing label", {"z": [[1, 2]]}, "field", ["y"]),
        ("a missing sequence", {"y": 1}, "field", ["z"]),
        ("z and t together", {"z": [[1, 2]], "t": [[0]], "y": 1}, "field", ["t"]),
        ("bytes that are too few", {"z": {**tensor([1, 2], 1, 2), "shape": [2, 2]}, "y": 1},
         "shape", ["16", "32"]),
        ("bytes that are too many", {"z": {**tensor([1, 2], 1, 2), "shape": [1, 1]}, "y": 1},
         "shape", ["16", "8"]),
        ("a shape beyond all memory", {"z": {**tensor([1, 2], 1, 2), "shape": [2**62, 4]}, "y": 1},
         None, ["z"]),
        ("an unknown dtype", {"z": {**tensor([1, 2], 1, 2), "dtype": ">f8"}, "y": 1},
         "field", [">f8", "<f8", "<f4"]),
        ("data that is no bin", {"z": {**tensor([1, 2], 1, 2), "data": "text"}, "y": 1},
         "field", ["data"]),
        ("a sequence of one axis", {"z": tensor([1, 2], 2), "y": 1}, None, ["z"]),
        ("labels for other members", {"z": [[[1, 2]], [[3, 4]]], "y": [1, 2, 3]}, "shape", ["y"]),
        ("a seq without a producer", {"z": [[1, 2]], "y": 1, "seq": 1}, "field", ["producer"]),
        ("features that overflow", {"z": [[1e60, 2]], "y": [1]}, "feature_overflow", []),
        ("a weight of zero", {"z": [[1, 2]], "y": 1, "w": 0}, "range", ["w"]),
        ("params that are no map", 5, "field", ["params"]),
        ("no params", [], "field", []),
    ]


def answers_bad_pairs_under_their_id():
    with Daemon() as daemon:
        client = daemon.packed_client()
        client.learn([[1, 2], [3, 4]], 1)
        before = client.ask("status")
        rejected = 0
        for name, params, code, words in refusals():
            _, _, error, result = client.call("learn", params)
            check(result is None and code in (None, error["code"])
                  and all(word in error["message"] for word in words),
                  f"{name}: {error['code']}: {error['message']}", error)
            status = client.ask("status")
            rejected += 2 if "members" in name else 1
            check(status["rejected"] == rejected, "  is counted", status["rejected"], rejected)
        check(all(status[key] == before[key] for key in ("pairs", "generation", "rank", "loss")),
              "nothing of them was learned", before, status)
        check(client.learn([[1, 2]], 1, colour="red")["applied"] == 2,
              "unknown keys are passed over, and the stream goes on")


def answers_bad_requests():
    with Daemon() as daemon:
        client = daemon.packed_client()
        check(client.ask("divine")["code"] == "method", "an unknown method")
        check(client.ask("predict", z=[[1]])["code"] == "no_data", "predict before any pair")
        check(client.ask("predict", z="text")["code"] in ("field", "shape"), "predict of a string")
        check(client.ask("subscribe", what=["status"])["code"] == "field", "a param of another type")
        for name, message in (("an answer", [1, 5, None, {}]), ("a number as its type", [7, 5, "status", {}]),
                              ("an id that is no number", [0, "mine", "status", {}]),
                              ("an array that is too short", [0, 5]), ("an empty array", [])):
            client.send_message(*message)
            kind, number, error, result = client.message()
            check(kind == 1 and result is None and number in (None, 5),
                  f"{name}: {error['code']}: {error['message']}", number, error)
        check(client.ask("status")["pairs"] == 0, "and the stream goes on")


def bombs():
    """Frames that nothing can be read behind; whether their id can be told; the code."""
    head = b"\x94\x00\x07\xa5learn"
    return [
        ("five bytes that claim gigabytes", b"\xdd" + GIGABYTES, None, "too_big"),
        ("a bin of gigabytes", head + b"\x82\xa1z\xc6" + GIGABYTES, 7, "too_big"),
        ("a string of gigabytes", head + b"\x81\xdb" + GIGABYTES, 7, "too_big"),
        ("a map of gigabytes", head + b"\xdf" + GIGABYTES, 7, "too_big"),
        ("an extension of gigabytes", head + b"\x82\xa1z\xc9" + GIGABYTES, 7, "too_big"),
        ("a nesting bomb", head + b"\x81\xa1z" + b"\x91" * 100000, 7, "syntax"),
        ("a byte that is no MessagePack", head + b"\x81\xa1z\xc1", 7, "syntax"),
        ("an oversized frame", head + b"\x82\xa1z\xc6\x00\x20\x00\x00", 7, "too_big"),
        ("a cut-off frame", head + b"\x82\xa1z", 7, "syntax"),
        ("a cut-off frame without an id", b"\x94\x00", None, "syntax"),
    ]


def ends_behind_bombs():
    with Daemon("--max-frame", "1M") as daemon:
        observer = daemon.packed_client()
        observer.learn([[1, 2]], 1)
        rejected = 0
        for name, data, number, code in bombs():
            client = daemon.packed_client()
            client.send(msgpack.packb([0, 1, "hello", {}]) + data)
            client.end_of_input()
            answers = client.rest()
            check(len(answers) == 2 and answers[0][1:3] == [1, None] and answers[1][1] == number
                  and answers[1][2]["code"] == code,
                  f"{name}: {answers[-1][2]}", answers)
            rejected += 1
        status = observer.ask("status")
        check(status["rejected"] == rejected and status["pairs"] == 1, "each is counted", status)


def keeps_memory_flat():
    with Daemon() as daemon:
        observer = daemon.packed_client()

        def throw():
            for _, data, _, _ in bombs():
                clients = [daemon.packed_client() for _ in range(5)]
                for client in clients:
                    client.send(data)
                for client in clients:
                    client.end_of_input()
                    client.rest()
                    client.close()
            return daemon.memory("VmRSS")

        early = throw()
        late = [throw() for _ in range(4)][-1]
        open_ones = [daemon.packed_client() for _ in range(200)]
        for client in open_ones:
            client.send(b"\x94\x00\x07\xa5learn\x82\xa1z\xc6\x00\x80\x00\x00")  # 8 MiB, to come
        observer.ask("status")
        waiting = daemon.memory("VmRSS")
        check(late - early < MEMORY_GROWTH_MAX and
              waiting - early < MEMORY_GROWTH_MAX + len(open_ones) * CLIENT_BYTES,
              "memory stays flat: "
              f"{early >> 10} KiB, {late >> 10} KiB after 200 bombs, {waiting >> 10} KiB while 200 "
              "claims of 8 MiB wait")


def delivers_answers_to_who_goes_on_sending():
    """The stream is lost, but the client does not know yet, and sends megabytes before it reads."""
    good = msgpack.packb([0, 1, "status", {}])
    with Daemon("--log-level", "debug") as daemon:
        for name, leave in (("who ends", Client.end_of_input), ("who stays", lambda client: None)):
            gone = daemon.log().count("client gone")
            client = daemon.packed_client()
            client.send(good * 10 + b"\x94\x00\x07\xc1")
            for _ in range(100):
                client.send(b"\x00" * 65536)
            answers = client.rest()
            check([a[1] for a in answers] == [1] * 10 + [7] and answers[-1][2]["code"] == "syntax",
                  f"{name}: what came before is answered, and the end is orderly", len(answers))
            leave(client)
            wait_until(lambda: daemon.log().count("client gone") > gone, f"{name} is let go")


answers_every_method()
takes_params_as_the_specification_has_them()
sends_emissions()
takes_every_form()
takes_batches()
learns_the_same_bits()
knows_the_precision_of_f4()
refuses_batches_as_a_whole()
learns_members_once()
takes_large_batches()
never_answers_notifications()
answers_in_order()
any_pieces()
reads_standard_input()
answers_bad_pairs_under_their_id()
answers_bad_requests()
ends_behind_bombs()
keeps_memory_flat()
delivers_answers_to_who_goes_on_sending()
