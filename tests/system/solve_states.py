"""lattn-solve: the sum of shards is what one daemon has learned, and what is no sum is refused.

Run as `solve_states.py LATTN LATTND LATTN_SOLVE SPREAD SWEEP`, SPREAD being lattn-solve that sums
the smallest states in pieces too, SWEEP what multiplies and solves with a factor in pieces.
LATTN_LONG=1: 20 full-rank and 20 deficient streams, and up to 16 ranks, in two rows.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

from tools_support import SECONDS_MAX, Daemon, check, lattn

SOLVE, SPREAD, SWEEP = sys.argv[3:6]
LONG = bool(os.environ.get("LATTN_LONG"))
STREAMS = 20 if LONG else 2
RANKS = (1, 2, 3, 16) if LONG else (1, 2)
ROOT = tempfile.mkdtemp()
MODEL = os.path.join(ROOT, "model.json")
IDLE_SECONDS = 1
D, M, SHARDS = 4, 2, 2


MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe"]


def ranks(count, program, *arguments):
    return [*MPIRUN, "-q", "-n", str(count), program, *map(str, arguments)]


def run(command, code=0):
    """Its report as JSON, or what it says on stderr; a model is there exactly if it ends with 0."""
    if os.path.exists(MODEL):
        os.unlink(MODEL)
    done = subprocess.run([*command, "--json", "-o", MODEL], capture_output=True, text=True,
                          timeout=SECONDS_MAX, check=False)
    check(done.returncode == code and os.path.exists(MODEL) == (code == 0),
          f"{os.path.basename(command[0])} ends with {code}, with a model only after 0",
          done.returncode, done.stdout, done.stderr)
    left = [name for name in os.listdir(ROOT) if name.startswith("model.json.")]
    check(not left, "nothing else is left behind", left)
    return json.loads(done.stdout) if code == 0 else done.stderr


def coefficients(path):
    """W of a model file, m x d x d x d, symmetric in the pair of token coordinates."""
    with open(path, encoding="utf-8") as file:
        model = json.load(file)
    w = sum(np.einsum("ab,ce->abce", np.array(head["V"]), np.array(head["Q"]))
            for head in model["heads"])
    return w + w.transpose(0, 2, 1, 3)


def learned(name, lines, model=None, options=()):
    """Copy of what a daemon knows after these lines, and its status."""
    path = os.path.join(ROOT, name)
    with Daemon("--engine", "gram", *options) as daemon:
        lattn("feed", daemon.address, stdin="".join(lines))
        lattn("checkpoint", daemon.address, "-o", path)
        status = daemon.status()
        if model is not None and status["verdict"] == "identifying":
            lattn("model", daemon.address, "-o", model)
    return path, status


def stream(seed, is_deficient, d=D, pairs=160):
    """Lines of pairs; deficient: the last coordinate is the sum of the others, exactly."""
    random = np.random.default_rng(seed)
    lines = []
    for _ in range(pairs):
        z = random.integers(-9, 10, (3, d)) / 8
        if is_deficient:
            z[:, -1] = z[:, :-1].sum(axis=1)
        elif seed % 2:
            z[:, -1] += 4 * z[:, 0]  # such tokens are turned, by each shard in its own way
        y = z.T @ z @ z[-1]
        lines.append(json.dumps({"z": z.tolist(), "y": (y[:M] + random.normal(0, 0.1, M)).tolist()})
                     + "\n")
    return lines


def compare(seed, is_deficient):
    lines = stream(seed, is_deficient)
    one = os.path.join(ROOT, "one.json")
    _, want = learned(f"whole{seed}", lines, one)
    states = [learned(f"{seed}.{k}", lines[k::SHARDS])[0] for k in range(SHARDS)]
    if is_deficient:
        check(want["verdict"] != "identifying", "a deficient stream", want)
        said = run([SOLVE, *states], 2)
        check(want["verdict"] in said and f"rank {want['rank']} of 40" in said,
              "its verdict and rank are the daemon's", want["verdict"], said)
        return
    if seed % 2:
        said = subprocess.run([SPREAD, "--explain", *states], capture_output=True, text=True,
                              timeout=SECONDS_MAX, check=True).stdout
        check("1 of them to be turned" in said, "shards stand in coordinates of their own", said)
    first = None
    for program, count in [(SOLVE, 1)] + [(SPREAD, count) for count in RANKS]:
        got = run(ranks(count, program, *states) if count > 1 else [program, *states])
        status = got["status"]
        check(got["spread"] == (program == SPREAD), "in pieces, or merged", got)
        check(status["verdict"] == want["verdict"] == "identifying"
              and status["rank"] == want["rank"] and status["pairs"] == want["pairs"],
              "verdict, rank and pairs are the daemon's", status, want)
        for word in ("rho", "lambda_min", "lambda_max"):
            check(abs(status[word] / want[word] - 1) < 1e-6, f"so is {word}, as far as it is told",
                  status[word], want[word])
        check(abs(status["loss"]["train"] / want["loss"]["train"] - 1) < 1e-9, "so is the loss",
              status["loss"], want["loss"])
        w, reference = coefficients(MODEL), coefficients(one)
        size = np.linalg.norm(reference)
        check(np.linalg.norm(w - reference) < 1e-9 * size, "so are the weights")
        if program == SPREAD:
            first = w if first is None else first
            check(np.linalg.norm(w - first) < 1e-12 * size, f"{count} ranks agree with 1")


def pieces():
    """Products and solutions with a factor in pieces: of one row of ranks, and of two."""
    for count in (3, 16) if LONG else (3,):
        done = subprocess.run(ranks(count, SWEEP, 1100, 4), capture_output=True, text=True,
                              timeout=SECONDS_MAX, check=False)
        check(done.returncode == 0, f"{count} ranks multiply and solve", done.stderr)


def spoil(path, name, change):
    """A copy of an image, changed."""
    with open(os.path.join(path, "image"), "rb") as file:
        data = bytearray(file.read())
    spoilt = os.path.join(ROOT, name)
    with open(spoilt, "wb") as file:
        file.write(change(data))
    return spoilt


def flip(data):
    data[len(data) // 2] ^= 1
    return data


def shard(which, epoch):
    """A state of a shard, of a few pairs."""
    seed = 80 + len(os.listdir(ROOT))
    return learned(f"shard{seed}", stream(seed, False)[:9], None,
                   ("--shard", which, "--epoch", str(epoch)))[0]


def bad_states():
    """Each is named with one line, and ends with 3."""
    good, _ = learned("good", stream(70, False))
    other, _ = learned("other", stream(72, False))
    kept = os.path.join(ROOT, "kept")
    with Daemon("--engine", "gram", "--state", kept) as daemon:
        lattn("feed", daemon.address, stdin="".join(stream(73, False)[:9]))
    cases = [
        ("it is missing", [good, os.path.join(ROOT, "nowhere")]),
        ("1 of 3 shards are missing", [good, other, "--expect", "3"]),
        ("--expect 1: there are 2", [good, other, "--expect", "1"]),
        ("lattn checkpoint", [good, kept]),
        ("state image", [good, spoil(other, "truncated", lambda data: data[:len(data) // 2])]),
        ("checksum", [good, spoil(other, "flipped", flip)]),
        ("count twice", [good, spoil(good, "twice", lambda data: data)]),
        ("coordinates", [good, learned("wide", stream(74, False, d=D + 1))[0]]),
    ]
    mine = shard("0/2", 1)
    cases += [
        ("of epoch 2, those before it of 1", [mine, shard("1/2", 2)]),
        ("of 3 shards, those before it of 2", [mine, shard("1/3", 1)]),
        ("it is shard 0/2, as is", [mine, shard("0/2", 1)]),
    ]
    for word, states in cases:
        said = run([SPREAD, *states], 3)
        check(said.startswith("lattn-solve: ") and said.count("\n") == 1 and word in said,
              f"says: {word}", said)
    run(ranks(2, SPREAD, *cases[5][1]), 3)
    got = run([SPREAD, good, os.path.join(ROOT, "nowhere"), "--allow-missing"])
    check(got["shards"] == 1 and got["expected"] == 2, "unless it may be missing", got)
    check("--heads" in run([SPREAD, good, "--heads", "none"], 1), "misuse ends with 1")
    check("at most" in run([SPREAD, good, "--heads", "99"], 1), "so do too many heads")
    with open("/dev/full", "w", encoding="ascii") as full:
        code = subprocess.run([SPREAD, good, "-o", MODEL], stdout=full, stderr=subprocess.PIPE,
                              timeout=SECONDS_MAX, check=False).returncode
    check(code == 1 and not [name for name in os.listdir(ROOT) if name.startswith("model")],
          "a report that cannot be written leaves no model", code, os.listdir(ROOT))
    explained = subprocess.run([SPREAD, "--explain", "-n", "2", good, other], capture_output=True,
                               text=True, timeout=SECONDS_MAX, check=True).stdout
    check("memory" in explained and "grid of 1 x 2" in explained, "it explains", explained)


def descendants(pid):
    """All processes that this one has started, and those have."""
    found = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            found = [int(child) for child in file.read().split()]
    except OSError:
        pass  # it has ended
    return found + [other for child in found for other in descendants(child)]


def is_program(pid, program):
    try:
        return os.path.realpath(f"/proc/{pid}/exe") == os.path.realpath(program)
    except OSError:
        return False


def is_rank(pid, number):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"OMPI_COMM_WORLD_RANK=%d" % number in file.read().split(b"\0")
    except OSError:
        return False


def ticks(pid):
    """Of processor time that it has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:13]))


def await_idleness(pids):
    """While ranks find each other they are at work; one killed in that crashes mpirun itself."""
    before, since = None, time.time()
    while time.time() - since < IDLE_SECONDS:
        time.sleep(0.02)
        now = [ticks(pid) for pid in pids]
        if now != before:
            before, since = now, time.time()


def lost(code, words, options, victims):
    """Both ranks wait for a state that never comes, until rank 1 and the like are killed."""
    pipe = os.path.join(ROOT, "pipe")
    if not os.path.exists(pipe):
        os.mkfifo(pipe)
    if os.path.exists(MODEL):
        os.unlink(MODEL)
    process = subprocess.Popen([*MPIRUN, *options, "-n", "2", SPREAD, pipe, "-o", MODEL],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    started, deadline = [], time.time() + SECONDS_MAX
    while len(started) < 2 and time.time() < deadline and process.poll() is None:
        time.sleep(0.02)
        started = [pid for pid in descendants(process.pid) if is_program(pid, SPREAD)]
    if len(started) < 2:
        process.kill()
        check(False, "mpirun starts two ranks", process.returncode, process.communicate())
    await_idleness(started)
    for pid in victims([pid for pid in started if is_rank(pid, 1)][0]):
        os.kill(pid, signal.SIGKILL)
    _, said = process.communicate(timeout=SECONDS_MAX)
    check(process.returncode == code and not os.path.exists(MODEL),
          f"what is lost leaves no model, and ends with {code}", process.returncode, said)
    check(any(all(word in line for word in words) for line in said.splitlines()),
          "one line says which", said)


def rank_lost():
    lost(128 + signal.SIGKILL, ("rank 1", "signal 9"), [], lambda pid: [pid])


def host_lost():
    """Of two hosts, which are this one twice, one goes, with the daemon by which mpirun reaches it."""
    agent = os.path.join(ROOT, "agent")
    with open(agent, "w", encoding="ascii") as file:
        # Its first argument is the host. Daemons that share a folder get into each other's way.
        file.write(f"#!/bin/sh\nexport TMPDIR={ROOT}/$1\nshift\nexec sh -c \"$*\"\n")
    os.chmod(agent, 0o700)
    for host in ("h1", "h2"):
        os.makedirs(os.path.join(ROOT, host), exist_ok=True)
    options = ["--host", "h1:1,h2:1", "--bind-to", "none"]
    for name, value in (("plm_rsh_agent", agent), ("oob_tcp_if_include", "lo"),
                        ("btl", "tcp,self"), ("btl_tcp_if_include", "lo")):
        options += ["--mca", name, value]
    lost(205, ("Remote daemon", "node h2"), options, lambda pid: [parent(pid), pid])


def parent(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return int(file.read().rpartition(")")[2].split()[1])


try:
    for seed in range(STREAMS):
        compare(seed, False)
        compare(100 + seed, True)
    pieces()
    bad_states()
    rank_lost()
    host_lost()
finally:
    shutil.rmtree(ROOT)
