"""feed from NDJSON: everything is accounted for, and what was refused is named by its line."""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

from tools_support import LATTN, LATTND, Daemon, check, fed, lattn, line

GOOD = line([[1.0, 2.0], [3.0, 4.0]], [5.0])

with Daemon() as daemon:
    out, err = lattn("feed", daemon.address, stdin="")
    check(fed(out) == (0, 0, 0, 0) and err == "", "nothing fed is nothing learned")

    pairs = lattn("gen", "random", "--dim", 2, "--pairs", 1000)[0]
    out, err = lattn("feed", daemon.address, stdin=pairs)
    check(fed(out) == (10, 10, 0, 0), "lines are counted, not label rows")
    check(err == "", "a run without errors says nothing")
    check(daemon.status()["pairs"] == 1000, "all of it is learned when feed returns")

with Daemon() as daemon:
    text = (GOOD + "\n" + '{"z": [[1, 2], [3]], "y": [1]}\n' + "  \t\n" + GOOD +
            "not json\n" + '{"z": [[1, 2]], "y": [NaN]}\n' + line([[1.0, 2.0, 3.0]], [1.0]) +
            GOOD + '{"method": "reset", "params": {"confirm": true}}\n' + GOOD[:-1])
    out, err = lattn("feed", daemon.address, stdin=text, code=1)
    check(fed(out) == (9, 4, 5, 0), "bad lines are counted as rejected", out, err)
    named = [text.split(":")[1].strip() for text in err.splitlines()]
    check(sorted(named) == [f"line {n}" for n in (10, 3, 6, 7, 8)], "and named by input line", err)
    check("line 3: z[1] has 1 coordinate" in err, "and the field and reason are told", err)
    check("line 10: it is a request" in err, "a request is not passed on")
    status = daemon.status()
    check(status["pairs"] == 4 and status["rejected"] == 4, "nothing of a bad line is learned")

with Daemon() as daemon:
    out, err = lattn("feed", daemon.address, stdin=GOOD + "[]\n" * 500 + GOOD, code=1)
    check(fed(out) == (502, 2, 500, 0), "any number of bad lines is passed over")
    check(err.count("line ") == 20 and "480 more" in err, "only the first of them are shown", err)

with Daemon() as daemon:
    text = "".join(line([[float(i), 1.0]], [2.0]) for i in range(100))
    out, _ = lattn("feed", daemon.address, "--producer", "p", stdin=text)
    check(fed(out) == (100, 100, 0, 0), "a producer has a name")
    out, _ = lattn("feed", daemon.address, "--producer", "p", stdin=text + GOOD)
    check(fed(out) == (101, 1, 0, 100), "what it sent before is not learned again")
    out, _ = lattn("feed", daemon.address, stdin=text)
    check(fed(out) == (100, 100, 0, 0), "without a name every run is a producer of its own")
    own = [line([[1.0, 2.0]], [1.0], producer="own", seq=n) for n in (1, 2, 2, 3)]
    out, _ = lattn("feed", daemon.address, "--producer", "q",
                   stdin=GOOD + own[0] + own[1] + GOOD + own[2] + own[3])
    check(fed(out) == (6, 5, 0, 1), "numbers that lines carry themselves are kept")
    text = GOOD + "oops\n" + GOOD + line([[1.0, 2.0, 3.0]], [1.0]) + GOOD
    out, _ = lattn("feed", daemon.address, "--producer", "r", stdin=text, code=1)
    check(fed(out) == (5, 3, 2, 0), "a refused line leaves no gap behind")
    out, _ = lattn("feed", daemon.address, "--producer", "r", stdin=text, code=1)
    check(fed(out)[1] == 0 and fed(out)[3] >= 3, "nor does it when all is sent again", out)

with Daemon() as daemon:
    pair = json.loads(GOOD)
    nested = [json.dumps({"id": 7, "method": "learn", "params": {**pair, **own}}) + "\n"
              for own in ({}, {"w": 2.5}, {"producer": "own", "seq": 5})]
    nested += [line(**pair, id="{"), GOOD, '{"params": {"y": [[0.1], [1e-3]], "causal": false,'
               ' "z": [[1, 2], [3, 4]]}, "m\\u0065thod": "learn"}\n']
    out, err = lattn("feed", daemon.address, "--producer", "p", stdin="".join(nested))
    check(fed(out) == (6, 6, 0, 0) and err == "", "a pair may be the params of learn", out, err)
    out, err = lattn("feed", daemon.address, "--producer", "p", stdin="".join(nested))
    check(fed(out) == (6, 0, 0, 6) and daemon.status()["pairs"] == 7,
          "and is numbered as others are", out, err)

with Daemon() as daemon:
    named = [line(**pair, id=f"lattn {n}") for n in range(1, 9)]
    out, err = lattn("feed", daemon.address, stdin="".join(named))
    check(fed(out) == (8, 8, 0, 0) and err == "", "ids of lines are not taken for those of feed",
          out, err)

with Daemon("--dim", "4") as daemon:
    ones = [json.dumps({"t": [[0, 3], [], [1]], "y": 1}) + "\n", '{"y":2,"t":[[2]]}\n',
            '  {"t": [[3, 0]], "y": [3]}\n', line([[0, 1, 0, 0]], 4)]
    out, err = lattn("feed", daemon.address, "--producer", "p",
                     stdin="".join(ones) + '{"t": [[4]], "y": 1}\n{"t": [[1.5]], "y": 1}\n', code=1)
    check(fed(out) == (6, 4, 2, 0) and "line 5:" in err and "line 6:" in err,
          "tokens may be their ones, within d", out, err)
    out, err = lattn("feed", daemon.address, "--producer", "p", stdin="".join(ones))
    check(fed(out) == (4, 0, 0, 4), "and are numbered as others are", out, err)
    dense = [line([[1, 0, 0, 1], [0] * 4, [0, 1, 0, 0]]), line([[0, 0, 1, 0]])]
    asked = lattn("predict", daemon.address, stdin="".join(dense))[0]
    check(lattn("predict", daemon.address, stdin="".join(ones[:2]))[0] == asked
          and asked.count('"determined":true') == 2, "predict takes them as well", asked)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        lattn("model", daemon.address, "-o", path)
        out, err = lattn("run", path, stdin="".join(ones[:2]) + '{"t": [[4]]}\n', code=1)
        check(out == lattn("run", path, stdin="".join(dense))[0] and out.count("\n") == 2,
              "so does run", out)
        check("line 3: a token has 5 coordinates, the model takes 4" in err, "within d", err)

for limit, tokens in (("1M", 60000), ("1K", 50)):
    with Daemon("--max-frame", limit) as daemon:
        large = line([[0.123456789012345, 2.0]] * tokens, [1.0])
        out, err = lattn("feed", daemon.address, stdin=GOOD + large + GOOD * 3, code=1)
        check(fed(out) == (5, 4, 1, 0) and "line 2: it is longer than the" in err,
              f"a line above the daemon's limit of {limit} costs only itself", out, err)

with Daemon("--listen", "tcp:127.0.0.1:0") as daemon:
    with open(os.path.join(daemon.folder, "log")) as log:
        port = re.search(r"tcp:127\.0\.0\.1:(\d+)", log.read()).group(1)
    for host in ("127.0.0.1", "localhost"):
        out, err = lattn("feed", f"tcp:{host}:{port}", stdin=GOOD * 3)
        check(fed(out) == (3, 3, 0, 0) and err == "", f"a daemon is fed at tcp:{host}", out, err)
    out, _ = lattn("status", f"tcp:127.0.0.1:{port}", "--json")
    check(json.loads(out)["pairs"] == 6, "and asked there")

with Daemon() as daemon:
    def feed_some(results, seed):
        pairs = lattn("gen", "random", "--dim", 3, "--pairs", 5000, "--length", 10, "--seed",
                      seed)[0]
        results.append(fed(lattn("feed", daemon.address, stdin=pairs)[0]))
    results = []
    threads = [threading.Thread(target=feed_some, args=(results, n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(results == [(500, 500, 0, 0)] * 4, "four feeders at once are told apart", results)
    check(daemon.status()["pairs"] == 20000, "and all of theirs is learned")

with Daemon() as daemon:
    feeder = subprocess.Popen([LATTN, "feed", daemon.address, "--retry", "0"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    feeder.stdin.write(GOOD.encode())
    feeder.stdin.flush()
    deadline = time.time() + 5
    while daemon.status()["pairs"] < 1 and time.time() < deadline:
        time.sleep(0.02)
    check(daemon.status()["pairs"] == 1, "a line is learned while the next is waited for")
    time.sleep(1.5)  # feed asks how far it got while its input pauses
    daemon.end()
    out, err = feeder.communicate(timeout=10)
    check(feeder.returncode == 1 and b"closed the connection" in err
          and b" 1 of 1 pairs were acknowledged" in err, "a daemon that ends is told at once", err)


def kill_when_learned(target, pairs):
    deadline = time.time() + 60
    while target.status()["pairs"] < pairs and time.time() < deadline:
        time.sleep(0.1)
    target.end(signal.SIGKILL)


with Daemon() as daemon:
    feeder = subprocess.Popen([LATTN, "feed", daemon.address, "--retry", "0"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    killer = threading.Thread(target=kill_when_learned, args=(daemon, 100000))
    killer.start()
    try:
        while True:
            feeder.stdin.write(GOOD.encode() * 1000)
    except BrokenPipeError:
        pass
    try:
        feeder.stdin.close()
    except BrokenPipeError:
        pass
    feeder.wait(10)
    err = feeder.stderr.read().decode()
    acknowledged = int(err.split(" of ")[0].split()[-1])
    check(feeder.returncode == 1 and acknowledged > 0, "a daemon killed under load, too", err)
    killer.join()

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "s")
    feeder = subprocess.Popen([LATTN, "feed", "unix:" + path], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    time.sleep(0.3)
    late = subprocess.Popen([LATTND, "--listen", "unix:" + path], stderr=subprocess.DEVNULL)
    out, _ = feeder.communicate(GOOD.encode(), timeout=60)
    check(feeder.returncode == 0 and fed(out.decode()) == (1, 1, 0, 0),
          "a daemon that comes up a moment later is waited for", out)
    late.terminate()
    late.wait(60)

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "s")
    run = subprocess.run([LATTN, "feed", "unix:" + path], input=b"", capture_output=True)
    check(run.returncode == 1 and b"cannot connect" in run.stderr, "no daemon, no feed")
