#!/usr/bin/python3
"""Judge judge_samples by NumPy: the same features, decomposed by an SVD, and textbook formulas.

usage: numpy_judge.py PROGRAM

Shares no line with what it judges: it reads tokens and labels, and computes the rest itself.
"""

import json
import os
import subprocess
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402  (after its number of threads is set)

EPSILON = np.finfo(float).eps
# What the project promises for lambda_min and lambda_max on well-conditioned data.
LAMBDA_ERROR = 1e-9
# Rounding is below this multiple of dimension * epsilon * condition (squared for noisy labels).
CONSTANT = 8


def tokens_of(case, item):
    z = np.array(item["z"]).reshape(item["n"], case["d"])
    return np.hstack([np.ones((item["n"], case["bias"])), z])


def features(z, query):
    """<z_j, z_k> z_l for j <= k, rows of the upper triangle first."""
    j, k = np.triu_indices(z.shape[1])
    return np.outer((z.T @ z)[j, k], query).ravel()


def rows_of(case, item):
    z = tokens_of(case, item)
    if item["labels"] == "last":
        return [features(z, z[-1])]
    if item["labels"] == "causal":
        return [features(z[: t + 1], z[t]) for t in range(len(z))]
    return [features(z, token) for token in z]


def problem_of(case):
    """Feature rows, labels, and the weight that each row has in the end."""
    rows, labels, weights = [], [], []
    for item in case["items"]:
        new = rows_of(case, item)
        rows += new
        labels += list(np.array(item["y"]).reshape(len(new), case["m"]))
        weights += [item["weight"]] * len(new)
    ages = np.arange(len(rows))[::-1]
    return np.array(rows), np.array(labels), np.array(weights) * case["forget"] ** ages


class Report:
    """Collects claims; remembers whether one failed."""

    def __init__(self):
        self.failed = False

    def claim(self, case, what, error, limit):
        good = bool(error <= limit)
        self.failed |= not good
        if not good:
            print(f"{case['name']}: {what}: error {error:.2g}, allowed {limit:.2g}")


def relative(got, want):
    return np.linalg.norm(np.subtract(got, want)) / np.linalg.norm(want)


def judge_spectrum(report, case, phi, weights):
    sigma = np.linalg.svd(phi * np.sqrt(weights)[:, None], compute_uv=False)
    lambdas = sigma**2 / weights.sum()
    report.claim(case, "lambda_max", relative(case["lambda_max"], lambdas[0]), LAMBDA_ERROR)
    if case["rank"] == case["p"]:
        report.claim(case, "lambda_min", relative(case["lambda_min"], lambdas[-1]), LAMBDA_ERROR)
    else:
        report.claim(case, "lambda_min", abs(case["lambda_min"]), 0)
    return lambdas


def judge_fit(report, case, phi, y, weights, basis, condition):
    """Weights where they are unique, else what they say of the data; returns the residuals."""
    root = np.sqrt(weights)[:, None]
    limit = CONSTANT * len(phi) * EPSILON * condition**2
    coef = np.array(case["coef"]).reshape(case["m"], -1).T
    along = np.linalg.lstsq(root * (phi @ basis), root * y, rcond=None)[0]
    report.claim(case, "coef", relative(basis.T @ coef, basis.T @ (basis @ along)), limit)
    return y - phi @ (basis @ along), limit


def judge_inputs(report, case, phi, residual, weights, basis, limit):
    """Leverage, standard error and the determined flag of each input."""
    rank = basis.shape[1]
    total, total2 = weights.sum(), (weights**2).sum()
    freedom = total - rank * total2 / total
    sigma2 = (weights[:, None] * residual**2).sum(axis=0) / freedom
    moment = (phi @ basis).T @ (weights[:, None] * (phi @ basis))
    for item, said in zip(case["inputs"], case["predictions"]):
        x = rows_of(case, item)[0]
        inside = np.linalg.norm(x - basis @ (basis.T @ x)) <= 1e-9 * np.linalg.norm(x)
        report.claim(case, "determined", said["determined"] != inside, 0)
        if not inside:
            continue
        leverage = (basis.T @ x) @ np.linalg.solve(moment, basis.T @ x)
        report.claim(case, "leverage", relative(said["leverage"], leverage), limit)
        std_error = np.sqrt(sigma2 * leverage * total2 / total)
        report.claim(case, "std_error", relative(said["std_error"], std_error), limit)
        coef = np.array(case["coef"]).reshape(case["m"], -1)
        report.claim(case, "prediction", relative(said["y"], coef @ x), limit)


def judge(report, case):
    phi, y, weights = problem_of(case)
    lambdas = judge_spectrum(report, case, phi, weights)
    scales = np.linalg.norm(phi, axis=0)
    report.claim(case, "rank", abs(case["rank"] - np.linalg.matrix_rank(phi / scales)), 0)
    # An orthonormal basis of the row space: all of space at full rank.
    basis = np.linalg.svd(phi * np.sqrt(weights)[:, None])[2][: case["rank"]].T
    condition = np.sqrt(lambdas[0] / lambdas[case["rank"] - 1])
    residual, limit = judge_fit(report, case, phi, y, weights, basis, condition)
    judge_inputs(report, case, phi, residual, weights, basis, limit)
    identifying = case["rank"] == case["p"]
    report.claim(case, "verdict", (case["verdict"] == "identifying") != identifying, 0)
    print(
        f"{case['name']}: p {case['p']}, {len(phi)} rows, rank {case['rank']}, lambda "
        f"{lambdas[case['rank'] - 1]:.3g} to {lambdas[0]:.3g}, {case['verdict']}"
    )


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: numpy_judge.py PROGRAM")
    output = subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True).stdout
    report = Report()
    for line in output.splitlines():
        judge(report, json.loads(line))
    if not output:
        sys.exit("no samples")
    sys.exit(report.failed)


if __name__ == "__main__":
    main()
