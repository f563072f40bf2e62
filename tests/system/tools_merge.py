"""merge: states of disjoint streams become one, as if one daemon had learned them all."""

import json
import os
import shutil
import tempfile

import numpy as np

from tools_support import Daemon, check, lattn

PARTS = 3
pairs = lattn("gen", "random", "--dim", 5, "--outputs", 2, "--pairs", 900, "--length", 6,
              "--noise", 0.1, "--last-label")[0].splitlines(keepends=True)
inputs = "".join(pairs[:20])


def words(out):
    """Lines of a name and a value."""
    return dict(line.split(" ", 1) for line in out.splitlines())


def answers(daemon):
    return [json.loads(line) for line in
            lattn("predict", daemon.address, stdin=inputs)[0].splitlines()]


def expect_same(got, want):
    """To rounding: 1e-16 times the condition of R, about 1e3 here, and some for its steps."""
    ys = [np.array([answer["y"] for answer in each]) for each in (got, want)]
    errors = [np.array([answer["std_error"] for answer in each]) for each in (got, want)]
    check(np.abs(ys[0] - ys[1]).max() < 1e-11, "predictions are those of one daemon",
          np.abs(ys[0] - ys[1]).max())
    check(np.allclose(*errors, rtol=1e-9), "and so are their standard errors")


def learned(state, lines, *options):
    """A state that has learned these, of a daemon that has ended."""
    with Daemon("--state", state, *options) as daemon:
        lattn("feed", daemon.address, "--producer", os.path.basename(state), stdin="".join(lines))


def refused(out, *arguments):
    _, err = lattn("merge", *arguments, "-o", out, code=1)
    check(not os.path.exists(out), "and nothing is left behind")
    return err


with tempfile.TemporaryDirectory() as root, Daemon() as one:
    names = [os.path.join(root, name) for name in ("a", "b", "c")]
    for place, name in enumerate(names):
        learned(name, pairs[place::PARTS])
    lattn("feed", one.address, stdin="".join(pairs))
    merged, again = os.path.join(root, "merged"), os.path.join(root, "again")
    out, err = lattn("merge", *names, "-o", merged)
    check(words(out)["states"] == "3" and words(out)["pairs"] == "900" and err == "",
          "three states, and what they amount to", out, err)
    lattn("merge", *names[:2], "-o", os.path.join(root, "two"))
    lattn("merge", names[2], os.path.join(root, "two"), "-o", again)
    for state in merged, again:
        with Daemon("--state", state) as daemon:
            status = daemon.status()
            check(status["pairs"] == 900 and status["verdict"] == "identifying"
                  and status["accepted"] == 900, "all is known", status)
            expect_same(answers(daemon), answers(one))
            out, _ = lattn("feed", daemon.address, "--producer", "b", stdin=pairs[1])
            check("duplicates 1" in out, "who sent what is known as well", out)
            lattn("feed", daemon.address, stdin=inputs)
    with Daemon("--state", merged) as daemon:
        check(daemon.status()["pairs"] == 920, "it goes on from there")
        out = os.path.join(root, "out")
        err = refused(out, names[0], merged)
        check("another process has it" in err or "in use" in err or merged in err,
              "a state that a daemon has is refused", err)
        lattn("checkpoint", daemon.address, "-o", os.path.join(root, "copy"))

    other = os.path.join(root, "other")
    err = refused(out, names[0], os.path.join(root, "copy"))
    check("producer a is in both: its pairs would count twice" in err, "twice the same", err)
    err = refused(out, names[0], os.path.join(root, ".", "a"))
    check("it comes twice" in err, "the same state by another name", err)
    learned(other, lattn("gen", "random", "--dim", 4, "--outputs", 2, "--pairs", 9)[0])
    check("tokens have 5 and 4 coordinates" in refused(out, names[0], other), "other tokens")
    shutil.rmtree(other)
    learned(other, lattn("gen", "random", "--dim", 5, "--pairs", 9)[0])
    check("labels have 2 and 1 outputs" in refused(out, names[0], other), "other labels")
    shutil.rmtree(other)
    learned(other, pairs[:9], "--forget", "0.99")
    check("they forget by 1 and 0.99" in refused(out, names[0], other), "another memory")
    with open(os.path.join(root, "two", "image"), "r+b") as image:
        image.seek(300)
        image.write(b"\xff" * 8)
    err = refused(out, names[2], os.path.join(root, "two"))
    check(os.path.join(root, "two") in err, "a damaged one is named", err)
    err = refused(out, names[0], os.path.join(root, "none"))
    check(os.path.join(root, "none") in err, "one that is not there is named", err)
    _, err = lattn("merge", *names, "-o", merged, code=1)
    check("Directory not empty" in err, "nothing is written over", err)
    _, err = lattn("merge", *names, code=2)
    check("-o: is missing" in err, "it must be told where to", err)
