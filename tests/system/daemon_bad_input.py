"""Bad input gets an error that names line, field and reason; nothing of it is learned."""

from daemon_support import Daemon, Layer, check

GOOD = '{"z":[[1,2],[3,4]],"y":[1]}\n'

# What is sent after one good pair of d = 2, m = 1; the code; words the message must contain.
BAD = [
    ("tokens of another size", '{"z":[[1,2,3]],"y":[1]}', "shape", ["3", "2"]),
    ("a label of another size", '{"z":[[1,2]],"y":[1,2]}', "shape", ["2", "1"]),
    ("a ragged matrix", '{"z":[[1,2],[3]],"y":[1]}', "shape", ["z[1]"]),
    ("an empty sequence", '{"z":[],"y":[1]}', "empty", ["z"]),
    ("NaN", '{"z":[[1,NaN]],"y":[1]}', None, ["z[0][1]"]),
    ("Infinity", '{"z":[[1,-Infinity]],"y":[1]}', None, ["z[0][1]"]),
    ("1e999", '{"z":[[1,2]],"y":[1e999]}', "not_finite", ["y"]),
    ("a number as a string", '{"z":[[1,"2"]],"y":[1]}', "field", ["z[0][1]"]),
    ("a missing label", '{"z":[[1,2]]}', "field", ["y is missing"]),
    ("a missing sequence", '{"y":[1]}', "field", ["z is missing"]),
    ("an unknown field", '{"z":[[1,2]],"y":[1],"zz":1}', "field", ["zz"]),
    ("features that overflow", '{"z":[[1e60,2]],"y":[1]}', "feature_overflow", []),
    ("a weight of zero", '{"z":[[1,2]],"y":[1],"w":0}', "range", ["w"]),
    ("labels that are too few", '{"z":[[1,2],[3,4]],"y":[[1]]}', "shape", ["y"]),
    ("a line that is no object", 'hello', "syntax", []),
    ("a line that breaks off", '{"z":[[1,2],[3', "syntax", []),
    ("an array", '[1,2]', "syntax", []),
    ("bytes that are no text", '\x01\x02', "syntax", []),
    ("a seq without a producer", '{"z":[[1,2]],"y":[1],"seq":1}', "field", ["producer"]),
    ("a producer without a seq", '{"z":[[1,2]],"y":[1],"producer":"p"}', "field", ["seq"]),
]


def refuses_each_kind():
    with Daemon() as daemon:
        client = daemon.client()
        client.send(GOOD)
        before = client.ask("status")
        for number, (name, line, code, words) in enumerate(BAD):
            client.send(line + "\n")
            error = client.line()["error"]
            wanted = 3 + number
            check(error["line"] == wanted and code in (None, error["code"])
                  and all(word in error["message"] for word in words),
                  f"{name}: {error['code']}: {error['message']}", error, f"line {wanted}")
        after = client.ask("status")
        check(after["rejected"] == len(BAD) and after["accepted"] == 1, "each is counted", after)
        check(all(after[key] == before[key] for key in ("pairs", "generation", "rank", "loss")),
              "nothing of them was learned", before, after)
        client.send(GOOD)
        check(client.ask("status")["pairs"] == 2, "and the stream goes on")


def refuses_requests():
    with Daemon() as daemon:
        client = daemon.client()
        error = client.ask("divine")
        check(error["code"] == "method" and "divine" in error["message"], "an unknown method")
        check(client.ask("merge")["code"] == "method", "a method of another day")
        check(client.ask("predict", z=[[1, 2]])["code"] == "no_data", "predict before any pair")
        check(client.ask("model")["code"] == "no_data", "model before any pair")
        check(client.ask("reset")["code"] == "confirm", "reset without confirm")
        client.send(GOOD)
        check(client.ask("predict", z=[[1, 2, 3]])["code"] == "shape", "predict of another size")
        check(client.ask("predict", z=[])["code"] == "empty", "predict of nothing")
        client.send('{"method": "divine"}\n')
        check(client.line()["error"]["line"] == 9, "without an id the line is named")
        check(client.ask("status")["rejected"] == 0, "requests are no items")


def errors_carry_the_id():
    with Daemon() as daemon:
        client = daemon.client()
        client.send('{"z":[[1,2]],"y":["1"],"id":"mine"}\n')
        answer = client.line()
        check(answer["id"] == "mine" and answer["error"]["line"] == 1,
              "an error carries the id that stood behind it", answer)


def sizes_by_option():
    with Daemon("--dim", "3", "--outputs", "2") as daemon:
        client = daemon.client()
        client.send(GOOD)
        error = client.line()["error"]
        check(error["code"] == "shape", f"--dim decides before the first pair: {error['message']}")


def memory_limit():
    with Daemon("--max-memory", "1M") as daemon:
        client = daemon.client()
        small, large = Layer(4), Layer(24)
        client.send(large.pair(8))
        error = client.line()["error"]
        check(error["code"] == "memory_limit", f"features that do not fit: {error['message']}")
        status = client.ask("status")
        check(status["pairs"] == 0 and status["d"] is None, "and nothing of them stays", status)
        client.send(small.pair(8))
        check(client.ask("status")["pairs"] == 1, "what fits is learned")


def too_long():
    with Daemon("--max-frame", "1K") as daemon:
        client = daemon.client()
        client.send(GOOD + '{"z":[[' + "1," * 5000 + '1]],"y":[1]}\n' + GOOD)
        error = client.line()["error"]
        check(error["code"] == "too_big" and error["line"] == 2,
              f"a line that is too long: {error['message']}", error)
        status = client.ask("status")
        check(status["pairs"] == 2 and status["rejected"] == 1, "the next one is in order", status)


refuses_each_kind()
refuses_requests()
errors_carry_the_id()
sizes_by_option()
memory_limit()
too_long()
