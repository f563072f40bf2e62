"""gen memory, automaton, turing and regression: draws, labels, and the names before the pairs."""

import json
import os
import subprocess
import tempfile

import numpy as np

from tools_draws import Stream
from tools_support import LATTN, Daemon, check, fed, lattn

STEPS = 5


def task(*arguments):
    """The request for names, and the pairs."""
    lines = [json.loads(text) for text in lattn("gen", *arguments)[0].splitlines()]
    check(lines[0]["method"] == "name", f"gen {arguments[0]} has names first")
    return lines[0]["params"], lines[1:]


def close(a, b):
    return np.allclose(a, b, rtol=1e-11, atol=1e-12)


# ---- draws and labels ---------------------------------------------------------------------------


def orthonormal(a):
    a = a.copy()
    for i in range(len(a)):
        a[i] /= np.linalg.norm(a[i])
        a[i + 1 :] -= np.outer(a[i + 1 :] @ a[i], a[i])
    return a


def check_memory(d, mix, noise, seed):
    stream, second, half = Stream(seed), Stream(2**64 - 1 - seed), d // 2
    right = True
    for pair in task("memory", "--dim", d, "--mix", mix, "--noise", noise, "--seed", seed,
                     "--pairs", 20)[1]:
        unitary = stream.uniform() < mix
        keys, values = stream.normals(half, half), stream.normals(half, half)
        if unitary:
            keys, values = orthonormal(keys), orthonormal(values)
        query = keys[stream.below(half)]
        zeta = stream.normals(half)
        z = np.vstack([np.hstack([keys, values]), np.hstack([query, zeta])])
        y = np.hstack([np.zeros(half), values.T @ keys @ query + query @ query * zeta])
        if noise > 0:
            y = y + noise * second.normals(d)
        right = right and close(pair["z"], z) and close(pair["y"], y)
    check(right, f"memory: d {d}, mix {mix}, noise {noise}, seed {seed} is as the page says")


def check_automaton(states, symbols, length):
    stream, keys = Stream(3), states * symbols
    pairs = iter(task("automaton", "--states", states, "--symbols", symbols, "--length", length,
                      "--seed", 3, "--pairs", 3 * length)[1])
    right = True
    for _ in range(3):
        table = [stream.below(states) for _ in range(keys)]
        state = 0
        for _ in range(length):
            key = state * symbols + stream.below(symbols)
            state = table[key]
            pair = next(pairs)
            right = right and pair["t"] == [[k, keys + q] for k, q in enumerate(table)] + [[key]]
            right = right and pair["y"] == ([float(q == state) for q in range(states)]
                                            if states > 1 else 1)
    check(right, f"automaton: {states} states, {symbols} symbols: table, word and labels")


def check_word(states, symbols, length):
    """The word in the context: a label is the sum of all keys of the state and of the symbol."""
    stream, keys = Stream(4), states * symbols
    d = keys + states + symbols + length
    pairs = iter(task("automaton", "--whole-word", "--states", states, "--symbols", symbols,
                      "--length", length, "--seed", 4, "--pairs", 3 * length)[1])
    right = True
    for _ in range(3):
        table = [stream.below(states) for _ in range(keys)]
        word = [stream.below(symbols) for _ in range(length)]
        tokens = [[k, keys + q] for k, q in enumerate(table)]
        tokens += [[keys + states + s, d - length + t] for t, s in enumerate(word)]
        state = 0
        for t in range(length):
            tokens.append([state * symbols + word[t], d - length + t])
            state = table[state * symbols + word[t]]
            y = np.zeros(d)
            y[state * symbols : (state + 1) * symbols] += 1
            if t + 1 < length:
                y[word[t + 1] : keys : symbols] += 1
                y[d - length + t + 1] = 1
            pair = next(pairs)
            right = right and pair["t"] == tokens and pair["y"] == y.tolist()
    check(right, f"automaton, whole words: {states} states, {symbols} symbols, length {length}")


def check_turing(Q, S, n):
    stream = Stream(123)
    K, N = 1, 1 + Q * S
    W, X = N + Q, N + Q + S
    M, P, G = X + S, X + S + 2, X + S + 2 + n
    d = G + 2 * n
    pairs = iter(task("turing", "--states", Q, "--symbols", S, "--cells", n, "--length", STEPS,
                      "--seed", 123, "--pairs", 6 * STEPS)[1])
    right = True

    def expect(tokens, y):
        nonlocal right
        pair = next(pairs)
        right = right and pair["t"] == tokens and pair["y"] == y.tolist()

    for _ in range(3):
        table = [(stream.below(Q), stream.below(S), stream.below(2)) for _ in range(Q * S)]
        tape = [stream.below(S) for _ in range(n)]
        tokens = [[0]] + [[K + k, N + q, W + a, M + m] for k, (q, a, m) in enumerate(table)]
        tokens += [[W + a, G + c] for c, a in enumerate(tape)]
        q = p = 0
        for _ in range(STEPS):
            a = tape[p]
            q2, a2, m = table[q * S + a]
            tokens.append([K + q * S + a, P + p])
            y = np.zeros(d)
            y[[N + q2, W + a2, X + a]] = 1
            y[G + m * n : G + m * n + n] += 1
            y[[G + p, G + n + p]] += 1
            expect(tokens, y)
            tokens.append([N + q2, W + a2, X + a, G + m * n + p])
            tape[p], q, p = a2, q2, (p + 2 * m - 1) % n
            y = np.zeros(d)
            y[P + p] = 1
            y[K + q * S : K + q * S + S] += 1
            y[K + tape[p] : K + Q * S : S] += 1
            expect(tokens, y)
    check(right, f"turing: {Q} states, {S} symbols, {n} cells: tables, tapes and labels")


def check_regression(k, n, noise):
    stream = Stream(9)
    right = True
    for pair in task("regression", "--dim", k + 1, "--length", n, "--noise", noise, "--seed", 9,
                     "--pairs", 10)[1]:
        draws = stream.normals(k + (n + 1) * (k + 1))
        w, rest = draws[:k], draws[k:].reshape(n + 1, k + 1)
        y = rest[:, :k] @ w + noise * rest[:, k]
        z = np.hstack([rest[:, :k], np.append(y[:-1], 0)[:, None]])
        right = right and close(pair["z"], z) and close(pair["y"], y[-1])
    check(right, f"regression: {k} features, {n} examples, noise {noise}")


check_memory(8, 0.5, 0, 1)
check_memory(8, 0.5, 0.1, 2**64 - 1)
check_memory(6, 0.9, 0, 2)  # an odd half: half a pair of normals is left over
check_automaton(2, 2, 8)
check_automaton(3, 4, 5)
check_word(2, 3, 4)
check_turing(2, 2, 3)
check_turing(3, 2, 4)
check_regression(4, 20, 0)
check_regression(3, 5, 0.5)

# ---- truths -------------------------------------------------------------------------------------

with tempfile.TemporaryDirectory() as folder:
    truth = os.path.join(folder, "truth.json")
    for kind in (["memory"], ["automaton"], ["automaton", "--whole-word"], ["turing"]):
        text = lattn("gen", *kind, "--pairs", 200, "--truth", truth)[0]
        pairs = [json.loads(row) for row in text.splitlines()][1:]
        out = [json.loads(row)["y"] for row in lattn("run", truth, stdin=text)[0].splitlines()]
        check(len(out) == 200 and close(out, [pair["y"] for pair in pairs]),
              f"gen {' '.join(kind)}: the truth makes the labels, and run passes over the names")

# ---- names on their way -------------------------------------------------------------------------

NAMES, PAIRS = task("automaton", "--pairs", 50)
TEXT = lattn("gen", "automaton", "--pairs", 50)[0]
BODY = TEXT[TEXT.index("\n") + 1 :]


def names_of(daemon):
    return json.loads(lattn("model", daemon.address)[0])["names"]


for form in ("ndjson", "msgpack"):
    with Daemon() as daemon:
        data = subprocess.run([LATTN, "gen", "automaton", "--pairs", "50", "--format", form],
                              capture_output=True, check=True).stdout
        out, _ = lattn("feed", daemon.address, "--from", form, stdin=data)
        check(fed(out) == (50, 50, 0, 0), f"{form}: names are no pairs", out)
        names = names_of(daemon)
        check(names["coordinates"] == NAMES["append"] and names["outputs"] == NAMES["outputs"]
              and names["blocks"] == NAMES["blocks"], f"{form}: the daemon has them", names)
        out, _ = lattn("feed", daemon.address, "--from", form, stdin=data)
        check(fed(out)[1] == 50 and names_of(daemon) == names,
              f"{form}: and keeps them when they come again")
        for field, what in (("append", "coordinate"), ("outputs", "output")):
            other = {**NAMES, field: NAMES[field][::-1]}
            text = json.dumps({"method": "name", "params": other}) + "\n" + BODY
            out, err = lattn("feed", daemon.address, stdin=text, code=1)
            check(out == "" and f"{what} 0 is called" in err and daemon.status()["pairs"] == 100,
                  f"pairs whose {field} stand in another order are refused", out, err)

with Daemon("--bias") as daemon:
    lattn("feed", daemon.address, stdin=TEXT)
    names = names_of(daemon)
    check(names["coordinates"][1:] == NAMES["append"], "they stand behind the bias", names)
    check([b["start"] for b in names["blocks"]] == [b["start"] + 1 for b in NAMES["blocks"]],
          "blocks as well", names)
    out, _ = lattn("predict", daemon.address, stdin=TEXT)
    check(len(out.splitlines()) == 50, "predict passes over them")

with Daemon("--dim", "6", "--outputs", "2") as daemon:
    out, _ = lattn("feed", daemon.address, stdin=TEXT)
    check(fed(out)[1] == 50 and names_of(daemon) is None,
          "a daemon that has its coordinates keeps them as they are")
    wide = lattn("gen", "automaton", "--states", 3, "--pairs", 5)[0]
    out, err = lattn("feed", daemon.address, stdin=wide, code=1)
    check(out == "" and "names 9 coordinates and 3 outputs, the daemon has 6 and 2" in err,
          "pairs of another size are refused at once", out, err)

with Daemon() as daemon:
    dense = lattn("gen", "memory", "--pairs", 50)[0]
    text = dense[dense.index("\n") + 1 :] + dense
    out, err = lattn("feed", daemon.address, stdin=text, code=1)
    check(fed(out) == (101, 100, 1, 0) and "line 51: names stand before the pairs" in err,
          "names behind pairs are refused", out, err)

for broken, word in (({**NAMES, "append": ["a"] * 6, "blocks": []}, "comes twice"),
                     ({**NAMES, "blocks": [{"name": "far", "start": 5, "size": 2}]}, "no names")):
    with Daemon() as daemon:
        text = json.dumps({"method": "name", "params": broken}) + "\n" + BODY
        out, err = lattn("feed", daemon.address, stdin=text, code=1)
        check(out == "" and "the header" in err and word in err and daemon.status()["pairs"] == 0,
              f"{word}: wrong names end it, nothing is learned", out, err)

with Daemon() as daemon:
    out, err = lattn("feed", daemon.address, stdin='{"method": "status"}\n' + dense, code=1)
    check(fed(out)[1:3] == (50, 1) and "only pairs are fed" in err, "other requests are refused",
          out, err)

# ---- sizes --------------------------------------------------------------------------------------

for wrong, why in ((["memory", "--dim", 7], "7 coordinates are not even"),
                   (["turing", "--cells", 100], "313 coordinates, it may have 256"),
                   (["turing", "--states", 200], "states=200 symbols=2 cells=3"),
                   (["turing", "--length", 40000], "40000 steps, it may make 32640"),
                   (["automaton", "--states", 16, "--symbols", 16], "272 coordinates"),
                   (["automaton", "--whole-word", "--length", 300], "308 coordinates"),
                   (["regression", "--dim", 1], "at least one x"),
                   (["regression", "--length", 65536], "at most 65536 tokens")):
    _, err = lattn("gen", *wrong, code=1)
    check(err.startswith(f"lattn gen: {wrong[0]}: ") and why in err and err.count("\n") == 1,
          f"gen {' '.join(map(str, wrong))}: {why}", err)
