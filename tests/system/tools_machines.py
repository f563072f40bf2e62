"""A learned universal machine runs machines it has never seen: run --autoregressive, and its ways
to show what happens, against a machine in Python."""

import json
import math
import os
import tempfile

from tools_support import Daemon, check, fed, lattn, line

CELLS, STEPS, UNSEEN = 3, 24, 6


def machine_of(pair):
    """Table and tape, read off the tokens of the first pair of a machine."""
    tokens = pair["t"]
    table = [(t[1] - 5, t[2] - 7, t[3] - 11) for t in tokens[1:5]]
    return table, [t[0] - 7 for t in tokens[5 : 5 + CELLS]]


def history(pair, steps):
    """State, tape and head before each of the steps, and behind the last."""
    table, tape = machine_of(pair)
    q = p = 0
    rows = [(q, tuple(tape), p)]
    for _ in range(steps):
        q2, a2, m = table[2 * q + tape[p]]
        tape[p], q, p = a2, q2, (p + 2 * m - 1) % CELLS
        rows.append((q, tuple(tape), p))
    return rows


def rows_of(text):
    """State, tape and head as --tape shows them."""
    rows = []
    for number, row in enumerate(text.splitlines()):
        step, state, *cells = row.replace("[ ", "[").split()
        head = [i for i, cell in enumerate(cells) if cell[0] == "["]
        if int(step) != number or len(head) != 1:
            check(False, "rows are numbered and have one head", row)
        rows.append((int(state[1:]), tuple(int(cell.strip("[]")) for cell in cells), head[0]))
    return rows


with tempfile.TemporaryDirectory() as folder, Daemon("--emit-every", "1m") as daemon:
    saved = os.path.join(folder, "machine.safetensors")
    out, _ = lattn("feed", daemon.address,
                   stdin=lattn("gen", "turing", "--pairs", 2 * 64 * STEPS, "--seed", 123)[0])
    check(fed(out)[1] == 2 * 64 * STEPS, "64 machines are learned", out)
    status = daemon.status()
    check(status["rank"] == 267 + 408 and status["components"] == 2, "to their rank", status)
    check(status["verdict"] == "not identifying", "which does not identify all functions")
    lattn("model", daemon.address, "--format", "safetensors", "-o", saved)

    # Each first pair of a machine is its context and the first token.
    lines = lattn("gen", "turing", "--pairs", 2 * STEPS * UNSEEN, "--seed", 99991)[0].splitlines()
    first = lines[1 :: 2 * STEPS]
    inputs = "\n".join(first) + "\n"
    shown = lattn("run", saved, "--autoregressive", 8 * STEPS, "--tape", stdin=inputs)[0]
    histories = [rows_of(part) for part in shown.split("\n\n")]
    check(histories == [history(json.loads(text), 4 * STEPS) for text in first],
          f"{UNSEEN} unseen machines go right, {4 * STEPS} steps each")

    one = first[0] + "\n"
    shown = lattn("run", saved, "--autoregressive", 2, stdin=one)[0].splitlines()
    truth = os.path.join(folder, "truth.json")
    lattn("gen", "turing", "--pairs", 1, "--truth", truth)
    with open(truth, encoding="utf-8") as file:
        names = json.load(file)["names"]["coordinates"]
    ones = [json.loads(row)["y"] for row in
            lattn("run", saved, "--autoregressive", 2, "--json", stdin=one)[0].splitlines()]
    check(all(set(y) <= {0, 1} for y in ones), "--json shows rounded tokens", ones)
    check(shown == [f"{step + 1:6d}  " + "  ".join(n for n, bit in zip(names, y) if bit)
                    for step, y in enumerate(ones)], "the same by name", shown)
    check(lattn("run", truth, "--autoregressive", 50, stdin=inputs) ==
          lattn("run", saved, "--autoregressive", 50, stdin=inputs),
          "the machine built by hand goes the same way")
    shown = lattn("run", truth, "--autoregressive", 65536, "--tape", stdin=one)[0]
    check(rows_of(shown) == history(json.loads(first[0]), 32768),
          "one goes on for as many steps as can be asked for, in time that grows with them")
    check(not any(row.endswith(" ") for row in shown.splitlines()), "no row ends with a blank")

# A word in the context is read to its end without a hand from outside.
LENGTH = 8
with tempfile.TemporaryDirectory() as folder, Daemon("--bias", "--emit-every", "1m") as daemon:
    saved = os.path.join(folder, "automaton.json")
    lattn("feed", daemon.address,
          stdin=lattn("gen", "automaton", "--whole-word", "--pairs", 64 * LENGTH, "--seed", 3000)[0])
    lattn("model", daemon.address, "-o", saved)
    lines = lattn("gen", "automaton", "--whole-word", "--pairs", 100 * LENGTH, "--seed", 77)[0]
    first = [json.loads(text) for text in lines.splitlines()[1::LENGTH]]
    out, _ = lattn("run", saved, "--autoregressive", LENGTH,
                   stdin="".join(json.dumps({"t": pair["t"]}) + "\n" for pair in first))
    right = 0
    for pair, text in zip(first, out.split("\n\n")):
        table = [t[1] - 4 for t in pair["t"][:4]]
        word = [t[0] - 6 for t in pair["t"][4 : 4 + LENGTH]]
        states = [0]
        for symbol in word:
            states.append(table[2 * states[-1] + symbol])
        keys = [row.split()[1] for row in text.splitlines()]
        want = [f"q{q},{s}" for q, s in zip(states[1:], word[1:])]
        right += keys[:-1] == want and keys[-1].startswith(f"q{states[-1]},")
    check(right == 100, "100 unseen automata read their words right, behind a bias", right)

# What cannot go on by itself says so.
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.json")
    lattn("gen", "automaton", "--pairs", 1, "--truth", path)
    _, err = lattn("run", path, "--autoregressive", 1, code=1)
    check("its outputs are no tokens: 2 outputs, a token has 6 coordinates" in err,
          "a model whose outputs are no tokens", err)
    lattn("gen", "random", "--dim", 2, "--outputs", 2, "--pairs", 1, "--truth", path)
    _, err = lattn("run", path, "--autoregressive", 1, "--tape", code=1)
    check("its names have no tape" in err, "and a tape of one without names", err)
    out, _ = lattn("run", path, "--autoregressive", 3, stdin=line([[1.0, 0.5]]))
    y = [json.loads(row)["y"] for row in out.splitlines()]
    z = [[1.0, 0.5]]
    for token in y:
        follows = lattn("run", path, stdin=line(z))[0]
        check(all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(json.loads(follows)["y"], token)),
              "without blocks it goes on unrounded", follows, token)
        z.append(token)
