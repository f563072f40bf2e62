"""feed and gen in MessagePack: the same pairs as in NDJSON, judged by Python's msgpack."""

import json
import os
import pty
import resource
import subprocess
import sys
import time

import numpy as np

try:
    import msgpack
except ImportError:
    print("skipped: there is no msgpack for Python")
    sys.exit(77)

from tools_support import LATTN, Daemon, check, fed, lattn, line

FROM = ("--from", "msgpack")


def run(*arguments, stdin=b"", code=0):
    """lattn with bytes on stdout."""
    done = subprocess.run([LATTN, *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=60)
    check(done.returncode == code, f"lattn {' '.join(map(str, arguments[:2]))} ends with {code}",
          done.returncode, done.stderr.decode())
    return done.stdout


def maps_of(data):
    unpacker = msgpack.Unpacker(max_buffer_size=1 << 28)
    unpacker.feed(data)
    return list(unpacker)


def numbers_of(value):
    """A tensor, or nested lists, as an array."""
    if isinstance(value, dict):
        return np.frombuffer(value["data"], value["dtype"]).reshape(value["shape"])
    return np.array(value, float)


def tensor(array, dtype="<f8"):
    array = np.asarray(array)
    return {"shape": list(array.shape), "dtype": dtype, "data": array.astype(dtype).tobytes()}


def pack(*maps):
    return b"".join(msgpack.packb(pairs) for pairs in maps)


def batch(draw, k, n, d, m, dtype="<f8"):
    return {"z": tensor(draw.standard_normal((k, n, d)), dtype),
            "y": tensor(draw.standard_normal((k, m)))}


def lines_of(pairs):
    """The members of a batch as NDJSON."""
    return [line(z.tolist(), y.tolist())
            for z, y in zip(numbers_of(pairs["z"]), numbers_of(pairs["y"]))]


# ---- gen ----

for options in ((), ("--outputs", 2), ("--last-label",), ("--last-label", "--outputs", 3)):
    options = ("--dim", 3, "--length", 7, "--pairs", 40, *options)
    texts = [json.loads(text) for text in lattn("gen", "random", *options)[0].splitlines()]
    maps = maps_of(run("gen", "random", *options, "--format", "msgpack"))
    check(len(maps) == len(texts) and
          all(np.array_equal(numbers_of(pair[key]), numbers_of(text[key]).reshape(
              numbers_of(pair[key]).shape)) for pair, text in zip(maps, texts) for key in "zy"),
          f"gen {' '.join(map(str, options[6:]))}: the numbers of both formats are the same bits")

terminal, other_side = pty.openpty()
done = subprocess.run([LATTN, "gen", "random", "--format", "msgpack"], stdout=other_side,
                      stderr=subprocess.PIPE, timeout=60)
check(done.returncode == 1 and b"terminal" in done.stderr, "no bytes are sent to a terminal",
      done.stderr)
os.close(other_side)
os.close(terminal)

# ---- the same learner ----

draw = np.random.default_rng(1)
singles = [{"z": tensor(draw.standard_normal((4, 3))), "y": tensor(draw.standard_normal(2))}
           for _ in range(25)]
singles += [{"z": draw.standard_normal((5, 3)).tolist(), "y": draw.standard_normal((5, 2)).tolist(),
             "causal": causal, "w": 2.5} for causal in (True, False)]
# Without emissions: a model says at which of them it was first found to be identified.
never = ("--emit-every", "1000000pairs")
with Daemon(*never) as binary, Daemon(*never) as text:
    for pair in singles:
        lattn("feed", binary.address, *FROM, stdin=pack(pair))
        plain = {key: value if key in ("causal", "w") else numbers_of(value).tolist()
                 for key, value in pair.items()}
        lattn("feed", text.address, stdin=json.dumps(plain) + "\n")
    models = [lattn("model", daemon.address)[0] for daemon in (binary, text)]
    check(models[0] == models[1] and json.loads(models[0])["pairs"] == 35,
          "one at a time, the model is the same to the bit")

batches = [batch(draw, k, 4, 3, 2) for k in (1, 64, 7, 300)]
with Daemon() as binary, Daemon() as text:
    out, err = lattn("feed", binary.address, *FROM, stdin=pack(*batches))
    check(fed(out) == (372, 372, 0, 0) and err == "", "batches count by their members", out, err)
    pairs = [pair for pairs in batches for pair in lines_of(pairs)]
    lattn("feed", text.address, stdin="".join(pairs))
    inputs = "".join(pairs[:20])
    said = [np.array([json.loads(row)["y"] for row in
                      lattn("predict", daemon.address, stdin=inputs)[0].splitlines()])
            for daemon in (binary, text)]
    check(np.allclose(*said, rtol=1e-12, atol=1e-12), "and predictions are those of lines")
    check(binary.status()["rank"] == text.status()["rank"] == 18, "as is the rank")

exact = batch(draw, 50, 4, 3, 1, "<f4")
with Daemon() as binary, Daemon("--precision", "f32") as declared, Daemon() as text:
    lattn("feed", binary.address, *FROM, stdin=pack(exact))
    for daemon in (declared, text):
        lattn("feed", daemon.address, stdin="".join(lines_of(exact)))
    thresholds = [daemon.status()["threshold"] for daemon in (binary, declared, text)]
    check(thresholds[0] == thresholds[1] > 1e3 * thresholds[2],
          "float32 tokens raise the threshold as --precision f32 does", thresholds)

with Daemon("--dim", "5", "--outputs", "1") as daemon:
    out, _ = lattn("feed", daemon.address, *FROM,
                   stdin=pack({"t": [[0, 3], [], [4]], "y": 1.5}, {"t": [[1]], "y": [2.0]}))
    check(fed(out) == (2, 2, 0, 0) and daemon.status()["pairs"] == 2, "tokens may be their ones")

# ---- numbers of items ----

with Daemon() as daemon:
    out, _ = lattn("feed", daemon.address, *FROM, "--producer", "p", stdin=pack(*batches))
    out, _ = lattn("feed", daemon.address, *FROM, "--producer", "p",
                   stdin=pack(*batches, singles[0]))
    check(fed(out) == (373, 1, 0, 372), "a file that is fed again is learned once", out)
    own = [dict(batches[2], producer="own", seq=seq) for seq in (1, 1, 8)]
    out, _ = lattn("feed", daemon.address, *FROM, stdin=pack(singles[0], *own, singles[1]))
    check(fed(out) == (23, 16, 0, 7), "numbers that maps carry themselves are kept", out)
    for entries in (0, 9, 10, 13, 14, 15, 16, 20):
        wide = dict(singles[0], **{f"note {i}": [i, {"deep": None}] for i in range(entries)})
        out, _ = lattn("feed", daemon.address, *FROM, stdin=pack(wide, singles[1]))
        check(fed(out) == (2, 2, 0, 0), f"a map of {entries + 2} entries is numbered", out)

# ---- bad maps ----

good = singles[0]
bad = [dict(good, z=tensor(np.zeros((4, 5)))),              # 2
       5,                                                   # 3
       dict(good, z=[[1.0, "2", 3.0]]),                     # 4
       dict(good, z=dict(good["z"], dtype=">f8")),          # 5
       dict(good, z=dict(good["z"], shape=[5, 3])),         # 6
       {"z": [[1.0, 2.0, 3.0]]},                            # 7
       dict(batches[2], y=tensor(np.zeros((6, 2)))),        # 8: 7 sequences
       dict(good, y=[float("nan"), 1.0]),                   # 9
       [0, 1, "learn", good]]                               # 10
with Daemon() as daemon:
    out, err = lattn("feed", daemon.address, *FROM, stdin=pack(good, *bad, good), code=1)
    check(fed(out) == (17, 2, 15, 0), "bad maps are counted by their members, the others go on",
          out, err)
    named = {said.split(": ")[1] for said in err.splitlines()}
    check(named == {f"map {number}" for number in range(2, 11)}, "and named by their place", err)
    check(">f8" in err and "y is missing" in err and "not finite" in err, "with the reason", err)
    check(daemon.status()["pairs"] == 2, "nothing of them is learned")

whole = pack(*singles)
for tail, said in ((b"\x85\xa1z\x92", "the input ends within it, behind 4 bytes"),
                   (b"\xc1\x01\x02", "0xc1"),
                   (b"\xc6\xff\xff\xff\xff", "4294967300 bytes"),
                   (b"\x91" * 40, "nested deeper")):
    with Daemon() as daemon:
        behind = b"" if "ends" in said else whole
        out, err = lattn("feed", daemon.address, *FROM, stdin=whole + tail + behind, code=1)
        check(fed(out) == (28, 27, 1, 0) and "map 28: " in err and said in err
              and err.count("\n") == 1, f"{said}: what came before is learned", out, err)
check(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 200 << 10,
      "no claim of gigabytes has cost memory")

with Daemon("--max-frame", "64K") as daemon:
    out, err = lattn("feed", daemon.address, *FROM,
                     stdin=pack(good, batch(draw, 3000, 4, 3, 2), good), code=1)
    check(fed(out) == (3002, 2, 3000, 0) and "map 2: it is longer than the 65536 bytes" in err,
          "a map above the daemon's limit costs only itself", out, err)

# ---- live ----

with Daemon() as daemon:
    feeder = subprocess.Popen([LATTN, "feed", daemon.address, *FROM], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    deadline = time.time() + 5
    feeder.stdin.write(pack(good) + pack(good)[:30])
    feeder.stdin.flush()
    while daemon.status()["pairs"] < 1 and time.time() < deadline:
        time.sleep(0.02)
    check(daemon.status()["pairs"] == 1, "a map is learned while the next is waited for")
    out = feeder.communicate(pack(good)[30:], timeout=10)[0].decode()
    check(fed(out) == (2, 2, 0, 0), "which may come in pieces", out)
