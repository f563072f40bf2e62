"""What others make of the same pairs, side by side with lattnd, one thread each.

`bench_peers.py CONTESTANT [DLIB]`, the programs of bench_contestant.c and bench_dlib.cpp. NumPy must
be there; scikit-learn, PyTorch and dlib are left out with a line where they are not. Each round asks
all in turn; printed are medians of the pairs per second, and of the ratios of one round. Seconds are
those of the processor, which others on the machine lengthen less. d = 24 and 32 take minutes and
gigabytes, and are measured with LATTN_LONG=1.
"""

import importlib
import os
import statistics
import subprocess
import sys
import time

import numpy as np

CONTESTANT = sys.argv[1]
DLIB = sys.argv[2] if len(sys.argv) > 2 else None
IS_LONG = os.environ.get("LATTN_LONG") == "1"
ENGINES = ["rls", "gram"]
TOKENS = 8
ROUNDS = 5
RUN_S = 0.2  # about so long is a run
ERROR_MAX = 1e-6
ROWS_DIM_MAX = 16  # beyond, all rows at once take too much memory


def features_of(d):
    return d * d * (d + 1) // 2


class Program:
    """A contestant in a process of its own, which times itself."""

    LEAST = 1  # pairs that it is asked for at once

    def __init__(self, *command):
        self.process = subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, pairs):
        """What it prints, as numbers; the last one is the seconds."""
        self.process.stdin.write(f"{pairs}\n")
        self.process.stdin.flush()
        return [float(word) for word in self.process.stdout.readline().split()]

    def __call__(self, pairs):
        return self.ask(pairs)[-1]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def lattn(kind, d, n=TOKENS):
    return Program(CONTESTANT, kind, d, n)


class Pairs:
    """Random sequences with the labels of a random layer, as NumPy has them."""

    def __init__(self, d, count, heads=1):
        draw = np.random.default_rng(1)
        self.d, self.z = d, draw.standard_normal((count, TOKENS, d))
        self.v, self.q = draw.standard_normal((heads, d)), draw.standard_normal((heads, d, d))
        self.y = np.einsum("hj,kij,kil,hlm,km->k", self.v, self.z, self.z, self.q, self.z[:, -1],
                           optimize=True)
        self.upper = np.triu_indices(d)

    def features(self, start, end):
        """The rows of so many pairs; products of matrices are the fastest way to their sums."""
        z = self.z[start:end]
        s = np.einsum("kij,kil->kjl", z, z, optimize=True)[:, self.upper[0], self.upper[1]]
        return np.einsum("kq,kl->kql", s, z[:, -1]).reshape(end - start, -1)


class NumpyGram:
    """Features by einsum and G += X'X, block by block."""

    BLOCK = LEAST = 512

    def __init__(self, d):
        self.pairs = Pairs(d, self.BLOCK)
        self.gram = np.zeros((features_of(d),) * 2)
        self.sums = np.zeros(features_of(d))

    def __call__(self, pairs):
        start = time.process_time()
        for at in range(0, pairs, self.BLOCK):
            size = min(self.BLOCK, pairs - at)
            rows = self.pairs.features(0, size)
            self.gram += rows.T @ rows
            self.sums += rows.T @ self.pairs.y[:size]
        return time.process_time() - start

    def close(self):
        pass


def numpy_solve(pairs, count):
    """Weights from so many pairs."""
    p = features_of(pairs.d)
    gram, sums = np.zeros((p, p)), np.zeros(p)
    for at in range(0, count, NumpyGram.BLOCK):
        end = min(at + NumpyGram.BLOCK, count)
        rows = pairs.features(at, end)
        gram += rows.T @ rows
        sums += rows.T @ pairs.y[at:end]
    return np.linalg.solve(gram, sums)


def sklearn_solve(pairs, count):
    linear = importlib.import_module("sklearn.linear_model").LinearRegression
    return linear(fit_intercept=False).fit(pairs.features(0, count), pairs.y[:count]).coef_


# ---- pairs in a second -------------------------------------------------------------------------

def pairs_for(contestant, least):
    """So many pairs that a run is long enough; the first one warms up."""
    pairs = max(least, contestant.LEAST)
    contestant(pairs)
    while (took := contestant(pairs)) < RUN_S / 2:
        pairs = int(pairs * min(8, max(2, RUN_S / max(took, 1e-9))))
    return pairs


def rates(contestants, least=1):
    """Pairs per second of each, round by round: {name: [rate]}."""
    counts = {name: pairs_for(each, least) for name, each in contestants.items()}
    found = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, each in contestants.items():
            found[name].append(counts[name] / each(counts[name]))
    for each in contestants.values():
        each.close()
    return found


def ratios_print(found, over, names):
    for name in names:
        if name in found:
            ratio = statistics.median(a / b for a, b in zip(found[over], found[name]))
            print(f"      {over} / {name}: {ratio:.2f}", flush=True)


def learning(d):
    """Learning itself, of those who learn pair by pair or block by block."""
    contestants = {engine: lattn(engine, d) for engine in ENGINES}
    contestants["NumPy"] = NumpyGram(d)
    contestants["one by one"] = lattn("one-by-one", d)
    if DLIB is not None and d <= 16:
        contestants["dlib"] = Program(DLIB, d, TOKENS)
    found = rates(contestants)
    print(f"d = {d}, p = {features_of(d)}: learned pairs per second")
    for name, values in found.items():
        print(f"    {name:12} {statistics.median(values):14,.1f}")
    for engine in ENGINES:
        ratios_print(found, engine, ["NumPy", "one by one", "dlib"])


def positions(d, n):
    """Labels at all positions of a sequence without mask, against each as a pair of its own."""
    for engine in ENGINES:
        found = rates({"together": lattn("full-" + engine, d, n), "apart": lattn(engine, d, n)}, n)
        print(f"d = {d}, {n} labels a sequence, {engine}: labels per second")
        for name, values in found.items():
            print(f"    {name:12} {statistics.median(values):14,.1f}")
        ratios_print(found, "together", ["apart"])


# ---- until it is known -------------------------------------------------------------------------

class Adam:
    """PyTorch's Adam on a layer of so many heads, all pairs at each step."""

    RATE, DECAY, STEPS_MAX, LOOK = 0.05, 0.999, 8000, 20

    def __init__(self, pairs, heads):
        self.torch = importlib.import_module("torch")
        self.torch.set_num_threads(1)
        self.torch.manual_seed(1)
        self.z, self.y = self.torch.from_numpy(pairs.z), self.torch.from_numpy(pairs.y)
        self.shape = (heads, pairs.d)

    def seconds(self, count, tests):
        """From `count` pairs in memory until the others are right to ERROR_MAX; None: never."""
        torch, (heads, d) = self.torch, self.shape
        start = time.process_time()
        v = torch.nn.Parameter(torch.randn(heads, d, dtype=torch.float64))
        q = torch.nn.Parameter(torch.randn(heads, d, d, dtype=torch.float64))
        adam = torch.optim.Adam([v, q], lr=self.RATE)
        decay = torch.optim.lr_scheduler.ExponentialLR(adam, self.DECAY)
        sums, query = self.z.transpose(1, 2) @ self.z, self.z[:, -1]

        def wrong(part):
            keys = query[part] @ q.reshape(heads * d, d).T
            values = sums[part] @ v.T
            return (values * keys.reshape(-1, heads, d).transpose(1, 2)).sum((1, 2)) - self.y[part]

        learned, others = slice(0, count), slice(len(self.y) - tests, None)
        for step in range(self.STEPS_MAX):
            adam.zero_grad()
            torch.mean(wrong(learned) ** 2).backward()
            adam.step()
            decay.step()
            if step % self.LOOK == 0:
                with torch.no_grad():
                    error = wrong(others).abs().max() / self.y[others].abs().max()
                if error <= ERROR_MAX:
                    return time.process_time() - start
        return None


def adam_seconds(d, heads, tests):
    """The least time of a few numbers of pairs: it needs more than it has parameters."""
    found = []
    for count in (4 * heads * d * d, 8 * heads * d * d):
        seconds = Adam(Pairs(d, count + tests, heads), heads).seconds(count, tests)
        print(f"d = {d}: Adam, {heads} head(s), {count} pairs:",
              "does not come so far in time" if seconds is None else f"{seconds:.2f} s", flush=True)
        found += [] if seconds is None else [seconds]
    return min(found, default=None)


def timed(solve, pairs, count, tests):
    """Seconds, and the relative error of predictions for inputs that were not seen."""
    start = time.process_time()
    weights = solve(pairs, count)
    took = time.process_time() - start
    y = pairs.y[-tests:]
    rows = pairs.features(len(pairs.y) - tests, len(pairs.y))
    return took, np.max(np.abs(rows @ weights - y)) / np.max(np.abs(y))


def knowing(d, engines=ENGINES, rounds=ROUNDS, with_adam=False):
    """From pairs in memory to weights that predict."""
    p, tests = features_of(d), 64
    count = p + p // 8 + 8
    pairs = Pairs(d, count + tests)
    solvers = {"NumPy": numpy_solve}
    if found_module("sklearn") and d <= ROWS_DIM_MAX:
        solvers["scikit-learn"] = sklearn_solve
    times = {name: [] for name in engines + list(solvers)}
    errors = {}
    programs = {engine: lattn("learn-" + engine, d) for engine in engines}
    for _ in range(rounds):
        for name, program in programs.items():
            errors[name], took = program.ask(count)
            times[name].append(took)
        for name, solve in solvers.items():
            took, errors[name] = timed(solve, pairs, count, tests)
            times[name].append(took)
    for program in programs.values():
        program.close()
    if with_adam and found_module("torch"):
        for heads in (1, 4):
            took = adam_seconds(d, heads, tests)
            if took is not None:
                times[f"Adam, H={heads}"], errors[f"Adam, H={heads}"] = [took], ERROR_MAX
    print(f"d = {d}: ms from {count} pairs in memory to weights, error of unseen labels")
    for name, values in times.items():
        print(f"    {name:12} {1e3 * statistics.median(values):14,.3f}  {errors[name]:.1e}")
    for engine in engines:
        own = statistics.median(times[engine])
        for name in times:
            if name not in engines:
                print(f"      {name} / {engine}: {statistics.median(times[name]) / own:.1f}",
                      flush=True)


def found_module(name):
    try:
        importlib.import_module(name)
        return True
    except ImportError:
        return False


def main():
    for name in ("sklearn", "torch"):
        if not found_module(name):
            print(f"left out, since it is not installed: {name}")
    if DLIB is None:
        print("left out, since it was not there when this was configured: dlib")
    for d in (4, 8, 16, 24) if IS_LONG else (4, 8, 16):
        learning(d)
    positions(16, 64)
    for d in (4, 8, 16):
        knowing(d, with_adam=d == 8)
    for d in (24, 32) if IS_LONG else ():
        knowing(d, ["gram"], rounds=1)


main()
