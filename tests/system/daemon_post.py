"""What is posted by HTTP is learned and predicted as what comes by the socket is."""

import json
import signal

from daemon_support import Layer, check, wait_until
from http_support import Guest, HttpDaemon

LINES = "application/x-ndjson"
OBJECT = "application/json"
POSTS_MAX = 16
CONNECTIONS_MAX = 256
BODY_BYTES = 100000


def posted(daemon, path, text, media=LINES):
    """The answer, as its code and its lines of JSON."""
    answer = daemon.ask(path, "POST", text.encode(), Content_Type=media)
    if not answer.body.endswith(b"\n"):
        check(False, "an answer's last line has its end", answer.head, answer.body)
    return answer.code, [json.loads(line) for line in answer.body.splitlines()]


def learns_and_predicts():
    layer = Layer(3)
    pairs = layer.pairs(60, 4)
    query = {"z": [[0.5, -1, 2], [1, 0, 0.25]]}
    with HttpDaemon("--dim", "3") as daemon:
        code, answers = posted(daemon, "/predict", json.dumps(query), OBJECT)
        check(code == 409 and answers[0]["error"]["code"] == "no_data",
              "nothing is predicted before anything was learned", code, answers)
        code, answers = posted(daemon, "/learn", "".join(pairs))
        check(code == 200 and answers == [{"accepted": 60, "rejected": 0, "duplicates": 0,
                                           "unkept": 0, "durable": False}], "pairs are learned", code, answers)
        client = daemon.client()
        check(client.ask("status")["pairs"] == 60, "and seen on the socket at once")
        code, answers = posted(daemon, "/predict", json.dumps(query), OBJECT)
        check(code == 200 and answers == [client.ask("predict", **query)],
              "a prediction is that of the socket", code, answers)
        code, answers = posted(daemon, "/predict", (json.dumps(query) + "\n") * 3)
        check(code == 200 and len(answers) == 3 and len({str(a) for a in answers}) == 1,
              "each line has its answer", code, answers)
        check(daemon.ask("/predict", "POST", b'{"z":[[1,2,3]]}\n', Content_Type=OBJECT)
              .headers["content-type"] == OBJECT, "one is an object")


def refuses():
    with HttpDaemon() as daemon:
        good, bad = '{"z":[[1,2]],"y":1}\n', '{"z":[[1,2,3]],"y":1}\n'
        code, answers = posted(daemon, "/learn", good + bad + "{\n" + good)
        check(code == 400 and answers[0]["accepted"] == 2 and answers[0]["rejected"] == 2 and
              answers[0]["error"]["line"] == 2 and answers[0]["error"]["code"] == "shape",
              "good lines are learned, and the first bad one is told", code, answers)
        reset = '{"id":1,"method":"reset","params":{"confirm":true}}'
        for path in "/learn", "/predict":
            code, answers = posted(daemon, path, reset, OBJECT)
            check(code == 400 and "error" in answers[0], f"{path} takes no requests", answers)
        sly = '{"z":[[1,2]]},"method":"reset","params":{"confirm":true}}'
        check(posted(daemon, "/predict", sly, OBJECT)[0] == 400, "nor a part of one")
        check(daemon.client().ask("status")["pairs"] == 2, "nothing was forgotten")
        for media, code in ("text/plain", 415), ("application/x-www-form-urlencoded", 415):
            answer = daemon.ask("/learn", "POST", good.encode(), Content_Type=media)
            check(answer.code == code and "message" in answer.error(), f"{media} is refused",
                  answer.head, answer.body)
        for path in "/learn", "/predict":
            answer = daemon.ask(path)
            check(answer.code == 405 and answer.headers["allow"] == "POST",
                  f"{path} is posted to", answer.head)
    with HttpDaemon("--max-frame", "4K") as daemon:
        code, answers = posted(daemon, "/learn", '{"z":[[' + "1," * 4000 + '1]],"y":1}')
        check(code == 413 and answers[0]["error"]["code"] == "too_big",
              "a line that is too long is refused", code, answers)


def streams():
    """A body without a length, as `curl -T -` sends it, longer than the queue of the daemon."""
    layer = Layer(2)
    block = "".join(layer.pairs(500, 2)).encode()
    blocks = (6 << 20) // len(block)
    with HttpDaemon("--dim", "2") as daemon, Guest(daemon.address) as guest:
        guest.socket.sendall(b"POST /learn HTTP/1.1\r\nHost: localhost\r\n"
                             b"Content-Type: application/x-ndjson\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\n")
        piece = b"%x\r\n%s\r\n" % (len(block), block)
        for _ in range(blocks):
            guest.socket.sendall(piece)
        half = daemon.client().ask("status")["pairs"]
        guest.socket.sendall(b"0\r\n\r\n")
        answer = guest.answer()
        check(answer.code == 200 and json.loads(answer.body)["accepted"] == blocks * 500,
              f"{blocks * len(block) >> 20} MiB in pieces are learned", answer.head, answer.body)
        check(half > 0, "while they come")


def begun(daemon, text):
    """A body of BODY_BYTES that goes on."""
    guest = Guest(daemon.address)
    guest.socket.sendall(b"POST /learn HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
                         b"Content-Type: application/x-ndjson\r\n\r\n" % BODY_BYTES + text)
    return guest


def breaks_off():
    with HttpDaemon() as daemon:
        client = daemon.client()
        guest = begun(daemon, b'{"z":[[1,2]],"y":1}\n{"z":[[1')
        wait_until(lambda: client.ask("status")["pairs"] == 1, "what came is learned")
        guest.socket.close()
        guests = []
        line = b'{"z":[[1,2]],"y":1}\n'
        while len(guests) < POSTS_MAX:
            guests.append(begun(daemon, line))
        wait_until(lambda: client.ask("status")["pairs"] == 1 + POSTS_MAX, "all are served")
        answer = daemon.ask("/learn", "POST", b"{}", Content_Type=OBJECT)
        check(answer.code == 503 and answer.error()["code"] == "busy", "one more is refused")
        check(client.ask("status")["rejected"] == 0, "a piece that broke off is no message")
        daemon.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "msg=stopping" in daemon.log(), "the daemon is told to end")
        for guest in guests:
            guest.socket.sendall(b" " * (BODY_BYTES - len(line)))
            answer = guest.answer()
            check(answer.code == 503 and json.loads(answer.body)["accepted"] == 1,
                  "whoever is still sending is told what was learned", answer.head, answer.body)
            guest.socket.close()
        check(daemon.process.wait(30) == 0, "and the daemon ends")


def keeps_nobody_out():
    """What is left of a refused body is waited for as a head is: whoever comes takes its place."""
    with HttpDaemon() as daemon:
        guests = [begun(daemon, b" ") for _ in range(CONNECTIONS_MAX)]
        check(daemon.ask("/livez").code == 200,
              f"{CONNECTIONS_MAX} that send bodies without end keep nobody out")
        for guest in guests:
            guest.socket.close()


def makes_place():
    """Crowds of senders that drip: each goes once its time is over and another comes."""
    line = b'{"z":[[1,2]],"y":1}\n'
    with HttpDaemon("--message-timeout", "300ms") as daemon:
        client = daemon.client()
        guests = [begun(daemon, line) for _ in range(POSTS_MAX)]
        wait_until(lambda: client.ask("status")["pairs"] == POSTS_MAX, "all places are taken")
        taken, drips = 0, 0

        def is_taken():
            nonlocal drips
            drips += 1
            for guest in guests:
                guest.socket.sendall(b" ")
            return daemon.ask("/learn", "POST", line, Content_Type=OBJECT).code == 200

        wait_until(is_taken, "one of them makes place")
        for guest in guests:
            guest.socket.sendall(b" " * (BODY_BYTES - len(line) - drips))
            answer = json.loads(guest.answer().body)
            taken += answer["accepted"]
            guest.late = answer.get("error", {}).get("code") == "timeout"
            guest.socket.close()
        check(taken == POSTS_MAX and any(guest.late for guest in guests),
              "what came is learned, and the refusal says why", taken)


if __name__ == "__main__":
    learns_and_predicts()
    refuses()
    streams()
    breaks_off()
    keeps_nobody_out()
    makes_place()
