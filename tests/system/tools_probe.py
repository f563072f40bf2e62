"""lattn probe: what it finds out about layers behind scripts and daemons, and what it refuses.

Run as `tools_probe.py LATTN LATTND`.
"""

import json
import os
import tempfile

import numpy

from probe_support import (check_recovers, distance, layer, oracle, probe, questions_counted,
                           tensors_read)
from tools_support import Daemon, check, lattn


def attended(W, X):
    scores = X @ (W @ X[-1])
    weights = numpy.exp(scores - scores.max())
    return weights @ X / weights.sum()


def applied(path, tokens, code=0):
    """What lattn run makes of a file for one sequence."""
    said, talk = lattn("run", path, stdin=json.dumps({"z": tokens.tolist()}) + "\n", code=code)
    return talk if code else numpy.array(json.loads(said)["y"])


def softmax(folder):
    """Recovered to rounding, from as many questions as the theory counts."""
    parameters = layer(8)
    place, path = oracle(folder, parameters)
    file = os.path.join(folder, "found.json")
    finding = probe(place, "--dim", 8, "-o", file)
    check_recovers(finding, parameters, 1e-14, "a softmax head of 8 coordinates")
    check(finding["kind"] == "softmax" and finding["rank"] == 8 and finding["freedoms"] == [],
          "it is named", finding)
    check(finding["residual"] <= finding["residual_max"], "held-out answers agree", finding)
    queries = finding["queries"]
    check(queries["learn"] == finding["theory"] == 72, "it took d + d^2 questions to learn",
          queries)
    check(0 <= questions_counted(path) - sum(queries.values()) <= 1,
          "it asked what it says, and one question for the shape of answers", queries)
    with open(file, encoding="utf-8") as kept:
        check(json.load(kept) == finding, "-o keeps the same finding")
    plan = probe("exec:touch " + os.path.join(folder, "started"), "--dim", 8, "--dry-run")
    check(plan["queries"]["learn"] == queries["learn"] and plan["theory"] == finding["theory"],
          "a dry run tells how many that would be", plan)
    check(not os.path.exists(os.path.join(folder, "started")), "and asks nobody")


def report(folder):
    """For people, on one screen."""
    place, _ = oracle(folder, layer(4, seed=2))
    said, _ = lattn("probe", place, "--dim", 4)
    lines = said.splitlines()
    check(lines[0] == "recovered: one softmax head", "the verdict comes first", said)
    check(any("20 to learn (theory: 20)" in line for line in lines), "questions are told", said)
    check(any("rank of W           4 of 4" in line for line in lines), "so is the rank", said)
    check(any("an attack, where the defence is" in line for line in lines), "and what defends",
          said)
    check(len(lines) <= 40 and max(map(len, lines)) <= 100, "on one screen", said)
    said, _ = lattn("probe", place, "--dim", 64, "--dry-run", "--rate", 100)
    check("4 160 to learn (theory: 4 160)" in said and "s at this rate" in said,
          "a dry run is told in words", said)


def tensors(folder):
    """What a file of tensors computes, NumPy says."""
    parameters = layer(5, outputs=3, seed=3)
    place, _ = oracle(folder, parameters)
    path = os.path.join(folder, "found.safetensors")
    finding = probe(place, "--dim", 5, "-o", path)
    check_recovers(finding, parameters, 1e-13, "a head of three answers")
    found, metadata = tensors_read(path)
    check(set(found) == {"W", "W_error", "V", "V_error"} and found["W"].shape == (1, 5, 5) and
          found["V"].shape == (1, 3, 5), "tensors have their shapes", found)
    check(json.loads(metadata["finding"])["verdict"] == "recovered", "the verdict is with them")
    random = numpy.random.default_rng(4)
    for tokens in 1, 2, 9:
        X = random.normal(0, 1, (tokens, 5))
        expected = numpy.array(parameters["V"][0]) @ attended(numpy.array(parameters["W"][0]), X)
        check(distance(found["V"][0] @ attended(found["W"][0], X), expected) <= 1e-12,
              f"they answer {tokens} tokens as the oracle")
    check("read back from JSON alone" in applied(path, X, code=1), "run does not take them")
    path = os.path.join(folder, "found.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(finding, file)
    check(distance(applied(path, X), expected) <= 1e-12, "of JSON it does, and says the same")
    _, talk = lattn("distance", path, path, code=1)
    check("is softmax attention" in talk, "distance says that it compares models alone", talk)
    _, talk = lattn("run", path, "--autoregressive", 2, code=1)
    check("goes with models alone" in talk, "so does --autoregressive", talk)


def float32(folder):
    """An oracle that computes with less is found out, and recovered as far as that goes."""
    parameters = layer(8, seed=5, dtype="float32")
    place, _ = oracle(folder, parameters)
    check_recovers(probe(place, "--dim", 8), parameters, 2e-6, "a head in float32")


def low_rank(folder):
    """Where the rank is low fewer questions do, and all can be asked in one go."""
    random = numpy.random.default_rng(14)
    W = random.normal(0, 1, (12, 1)) @ random.normal(0, 1, (1, 12)) / 4
    parameters = layer(12, seed=14)
    parameters["W"] = [W.tolist()]
    place, _ = oracle(folder, parameters)
    for options in ["find"], [1, "--batch"]:
        finding = probe(place, "--dim", 12, "--rank", *options)
        check_recovers(finding, parameters, 1e-12, f"a head of rank 1, --rank {options}")
        check(finding["rank"] == 1 and finding["queries"]["learn"] < 12 + 144,
              "from fewer questions", finding["queries"])


def two_heads(folder):
    """Not one head; two where that is known."""
    parameters = layer(4, heads=2, seed=6)
    place, _ = oracle(folder, parameters)
    path = os.path.join(folder, "refused.safetensors")
    finding = probe(place, "--dim", 4, "-o", path, code=1)
    check(finding["verdict"] == "not this architecture" and finding["reason"],
          "two heads are refused with the reason", finding)
    check(any(not tested["passed"] for tested in finding["checks"]), "the test that failed is told")
    check("heads" not in finding and tensors_read(path)[0] == {},
          "nothing that was refused has parameters")
    path = os.path.join(folder, "refused.json")
    probe(place, "--dim", 4, "-o", path, code=1)
    check("its verdict is \"not this architecture\"" in applied(path, numpy.eye(4), code=1),
          "nor does run apply it")
    finding = probe(place, "--dim", 4, "--heads", 2)
    check(finding["verdict"] == "recovered up to named freedoms" and
          [freedom["name"] for freedom in finding["freedoms"]] == ["order"],
          "two heads that are known to be two are recovered up to their order", finding["reason"])
    found = sorted((head["W"] for head in finding["heads"]))
    check(distance(found, sorted(parameters["W"])) <= 1e-12, "they are the same heads")


def silent(folder):
    """Where v is zero nothing tells W."""
    parameters = layer(3, seed=7)
    parameters["V"] = [[[0, 0, 0]]]
    place, _ = oracle(folder, parameters)
    finding = probe(place, "--dim", 3)
    check([freedom["name"] for freedom in finding["freedoms"]] == ["silent"],
          "an oracle that is always 0 leaves W free", finding)


def label(folder):
    """Labels alone: no label depends on one positive factor of v and the threshold."""
    for threshold in 0.3, 0:
        parameters = layer(4, seed=8, threshold=threshold)
        place, _ = oracle(folder, parameters)
        path = os.path.join(folder, "label.json")
        finding = probe(place, "--dim", 4, "-o", path,
                        *(["--model", "label"] if threshold == 0 else []))
        check(finding["verdict"] == "recovered up to named freedoms" and
              [freedom["name"] for freedom in finding["freedoms"]] == ["scale"],
              f"a head behind labels at {threshold} is recovered up to a factor", finding)
        head, = finding["heads"]
        found = numpy.array([*head["v"], finding["threshold"]])
        expected = numpy.array([*parameters["V"][0][0], threshold])
        found *= numpy.linalg.norm(expected) / numpy.linalg.norm(found)
        errors = distance(head["W"], parameters["W"][0]), distance(found, expected)
        check(max(errors) <= 1e-9, "W, v and the threshold are found", errors)
        for tokens in numpy.eye(4), -numpy.eye(4):
            y = numpy.dot(parameters["V"][0][0], attended(numpy.array(parameters["W"][0]), tokens))
            check(applied(path, tokens) == [y >= threshold], "run gives the label")


def network(folder):
    """A network behind attention: what was found answers as the oracle."""
    random = numpy.random.default_rng(9)
    A, w = random.normal(0, 0.5, (4, 3)), random.normal(0, 1, 3)
    parameters = layer(4, seed=9, A=A.tolist(), w=w.tolist())
    place, _ = oracle(folder, parameters)
    path = os.path.join(folder, "network.safetensors")
    finding = probe(place, "--dim", 4, "-o", path)
    written = os.path.join(folder, "network.json")
    with open(written, "w", encoding="utf-8") as file:
        json.dump(finding, file)
    check(finding["kind"] == "transformer" and finding["verdict"].startswith("recovered"),
          "a network behind attention is recovered", finding["reason"])
    found, _ = tensors_read(path)
    W = numpy.array(parameters["W"][0])
    check(distance(found["W"][0], W) <= 1e-6, "attention is found behind it")
    for tokens in 1, 3, 8:
        X = random.normal(0, 1, (tokens, 4))
        expected = numpy.maximum(attended(W, X) @ A, 0) @ w
        token = attended(found["W"][0], X)
        said = found["s"] @ numpy.maximum(found["J"] @ token + found["c"], 0) + \
            found["p"] @ token + found["q"]
        check(abs(said - expected) <= 1e-6, f"it answers {tokens} tokens as the oracle")
        check(abs(applied(written, X)[0] - expected) <= 1e-6, "so does lattn run")


def daemon(folder):
    """A daemon's own model, out of what it predicts."""
    with Daemon() as learner:
        pairs, _ = lattn("gen", "random", "--dim", 4, "--heads", 2, "--outputs", 2, "--pairs", 600)
        lattn("feed", learner.address, stdin=pairs)
        model = os.path.join(folder, "model.json")
        lattn("model", learner.address, "-o", model)
        before = learner.status()["pairs"]
        for name in "found.json", "found.safetensors":
            path = os.path.join(folder, name)
            finding = probe("lattnd:" + learner.address, "-o", path)
            check(finding["kind"] == "linear" and finding["verdict"].startswith("recovered"),
                  "a daemon's model is recovered", finding["reason"])
            check(finding["queries"]["learn"] == finding["theory"] == 40,
                  "in one question per feature", finding["queries"])
            apart = float(lattn("distance", model, path)[0].splitlines()[1].split()[1])
            check(apart <= 1e-12, f"{name} has the same coefficients", apart)
        check(learner.status()["pairs"] == before, "nothing was learned by that")


def budget(folder):
    """What was not paid for is not told."""
    place, path = oracle(folder, layer(6, seed=10))
    finding = probe(place, "--dim", 6, "--budget", 30, code=1)
    check(finding["verdict"] == "undecided" and "budget" in finding["reason"] and
          "heads" not in finding, "a budget that does not suffice is named", finding)
    check(questions_counted(path) <= 31, "and kept to", questions_counted(path))
    check("not enough" in lattn("probe", place, "--dim", 6, "--budget", 30, "--dry-run",
                                code=1)[1], "a dry run says so before")


def caps(folder):
    """Caps are found out and kept to, or said to be in the way."""
    parameters = layer(4, seed=11, length=3)
    place, _ = oracle(folder, parameters)
    finding = probe(place, "--dim", 4)
    check_recovers(finding, parameters, 1e-13, "an oracle of three tokens")
    finding = probe(place, "--dim", 4, "--norm-max", 10, "--length-max", 2)
    check(finding["norm_asked"] <= 10 * (1 + 1e-12) and finding["length_asked"] <= 2,
          "caps that are told are kept to", finding)
    finding = probe(place, "--dim", 4, "--norm-max", 1e-7, code=1)
    check("tokens of norm 1e-07 at most" in finding["reason"],
          "a cap that is told is not laid on the oracle", finding["reason"])
    finding = probe(place, "--dim", 4, "--length-max", 1, code=1)
    check(finding["verdict"] == "undecided" and "heads" not in finding,
          "one token at a time tells nothing of W", finding["reason"])


def kept(folder):
    """What the log has is not asked again, and replayed without the oracle."""
    place, path = oracle(folder, layer(4, seed=12), "kept")
    log = os.path.join(folder, "log.ndjson")
    first = probe(place, "--dim", 4, "--budget", 25, "--log", log, code=1)
    asked = questions_counted(path)
    second = probe(place, "--dim", 4, "--log", log)
    check(first["verdict"] == "undecided" and second["verdict"] == "recovered",
          "a probe goes on behind its log", first, second)
    check(questions_counted(path) - sum(second["queries"].values()) <= 1 < asked,
          "nothing is asked twice", asked, questions_counted(path))
    check(probe("log:" + log) == second, "a log is replayed without the oracle")
    _, talk = lattn("probe", place, "--dim", 4, "--log", log, "--seed", 2, code=1)
    check(log in talk or "settings" in talk, "other settings are refused", talk)


def misuse(folder):
    """What asks for nothing that exists ends with 2, before anybody is asked."""
    place, path = oracle(folder, layer(4, seed=13), "misused")
    kept_as = os.path.join(folder, "answers.json")
    for options in ([], [place], [place, "--dim", 0], [place, "--dim", 4, "--model", "relu"],
                    [place, "--dim", 4, "--rank", "some"], [place, "--dim", 4, "--dtype", "f16"],
                    [place, "--dim", 4, "-o", "found.txt"], ["oracle", "--dim", 4],
                    [place, "--dim", 4, "--heads", 9], [place, "--dry-run"],
                    [place, "--dim", 4, "--batch"], [place, "--dim", 4, "--rank", 5],
                    [place, "--dim", 4, "--heads", 2, "--rank", "find"],
                    [place, "--dim", 4, "--model", "label", "--outputs", 2],
                    [place, "--dim", 4, "--decimals", 16],
                    [place, "--dim", 4, "--log", kept_as, "-o", kept_as],
                    ["log:" + kept_as, "-o", kept_as]):
        _, talk = lattn("probe", *options, code=2)
        check(talk.count("\n") == 1 and talk.startswith("lattn probe: "),
              f"refused in one line: {options[1:]}", talk)
    _, talk = lattn("probe", place, "--dim", 4, "-o", os.path.join(folder, "no", "found.json"),
                    code=1)
    check("cannot be written" in talk, "a file that cannot be written is refused", talk)
    os.mkdir(os.path.join(folder, "folder.json"))
    _, talk = lattn("probe", place, "--dim", 4, "-o", os.path.join(folder, "folder.json"), code=1)
    check("Is a directory" in talk, "so is a folder", talk)
    check(not os.path.exists(kept_as), "no log was begun")
    check(questions_counted(path) == 0, "nothing was asked")
    _, talk = lattn("probe", place, "--dim", 4, "--outputs", 2, code=1)
    check("--outputs" in talk, "other answers than expected are refused", talk)


with tempfile.TemporaryDirectory() as place_of_all:
    for test in (softmax, report, tensors, float32, low_rank, two_heads, silent, label, network,
                 daemon, budget, caps, kept, misuse):
        test(place_of_all)
