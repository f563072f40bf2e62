"""status, watch, predict, model, run and distance on a daemon that has learned a random layer."""

import json
import os
import subprocess
import tempfile

from tools_support import LATTN, Daemon, check, fed, lattn, line

with tempfile.TemporaryDirectory() as folder, Daemon("--emit-every", "50ms",
                                                      "--threads", "2") as daemon:
    truth = os.path.join(folder, "truth.json")
    saved = os.path.join(folder, "model.json")

    out, _ = lattn("status", daemon.address)
    check(out.startswith("nothing has been learned yet\n"), "an empty daemon says so")
    check("\n  engine            rls, 2 threads\n" in out, "what learns is told", out)
    check("\n  noise             -\n  r2                -\n" in out, "and leaves nothing blank", out)
    _, err = lattn("model", daemon.address, code=1)
    check(err == f"lattn model: {daemon.address}: nothing has been learned yet\n",
          "it has no model", err)
    _, err = lattn("predict", daemon.address, stdin=line([[1.0]]), code=1)
    check(err.startswith("lattn predict: line 1: nothing has been learned"),
          "and no prediction", err)

    watch = subprocess.Popen([LATTN, "watch", daemon.address], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    pairs = lattn("gen", "random", "--dim", 4, "--heads", 2, "--outputs", 2, "--pairs", 2000,
                  "--length", 20, "--truth", truth)[0]
    first = "".join(pairs.splitlines(True)[:1])
    lattn("feed", daemon.address, stdin=first)
    out, _ = lattn("status", daemon.address)
    check(out.startswith("not yet identifying: 20 of 40 directions seen; "
                         "about 20 more pairs at this rate\n"),
          "the verdict comes first, in words", out)
    headline = json.loads(lattn("status", daemon.address, "--json")[0])["headline"]
    check(out.splitlines()[0] == headline, "which are the daemon's", headline)
    lattn("feed", daemon.address, stdin=pairs[len(first):])
    out, _ = lattn("status", daemon.address)
    check(out.startswith("identifying since pair "), "it changes", out)
    check("  pairs             2000\n" in out and "rank              40 of 40" in out,
          "the numbers follow", out)
    status = daemon.status()
    check(status["verdict"] == "identifying" and status["pairs"] == 2000, "--json is the daemon's")

    lattn("model", daemon.address, "-o", saved)
    out, _ = lattn("model", daemon.address)
    with open(saved) as file:
        check(json.load(file)["heads"] == json.loads(out)["heads"], "-o FILE holds the same")
    check(len(json.loads(lattn("model", daemon.address, "--heads", 1)[0])["heads"]) == 1,
          "--heads N asks for the largest")
    _, err = lattn("model", daemon.address, "--heads", 9, code=1)
    check(err == f"lattn model: {daemon.address}: heads is 9, a model of d = 4 and m = 2 has at most "
          "8\n", "more than there can be are refused", err)
    _, err = lattn("model", daemon.address, "-o", "/no/such/folder/m", code=1)
    check("/no/such/folder/m: cannot write" in err, "a file that cannot be written is named", err)

    out, _ = lattn("distance", truth, saved)
    words = out.split()
    check(words[::2] == ["absolute", "relative"] and float(words[3]) < 1e-11,
          "the model is the layer that made the labels", out)
    check(float(lattn("distance", truth, truth)[0].split()[1]) == 0, "a model is itself")
    lattn("gen", "random", "--dim", 5, "--pairs", 1, "--truth", truth)
    _, err = lattn("distance", truth, saved, code=1)
    check("d = 4" in err and "d = 5" in err, "models of other sizes are not compared", err)

    inputs = [json.loads(text)["z"] for text in pairs.splitlines()]
    labels = [json.loads(text)["y"][-1] for text in pairs.splitlines()]
    text = "".join(line(z) for z in inputs) * 50
    answers = [json.loads(row) for row in lattn("predict", daemon.address, stdin=text)[0]
               .splitlines()]
    check(len(answers) == 5000 and all(
        max(abs(a - b) for a, b in zip(answer["y"], label)) < 1e-10
        for answer, label in zip(answers, labels * 50)), "predictions come in order")
    check(all(answer["determined"] for answer in answers), "all determined")
    applied = [json.loads(row) for row in lattn("run", saved, stdin=text)[0].splitlines()]
    check(all(max(abs(x - y) for x, y in zip(a["y"], b["y"])) < 1e-10
              for a, b in zip(answers, applied)), "run says the same as predict")

    bad = line(inputs[0]) + "{}\n\n" + line([[1.0, 2.0]]) + line(inputs[1])
    for verb, where in (("predict", daemon.address), ("run", saved)):
        out, err = lattn(verb, where, stdin=bad, code=1)
        check(out.count("\n") == 2 and [row.split(":")[1] for row in err.splitlines()] ==
              [" line 2", " line 4"], f"{verb}: bad inputs are named and left out", out, err)
    packed = os.path.join(folder, "model.npz")
    lattn("model", daemon.address, "--format", "npz", "-o", packed)
    for arguments in (["run", packed], ["distance", saved, packed]):
        _, err = lattn(*arguments, code=1)
        check(err == f"lattn {arguments[0]}: {packed}: not a model to be read: npz is not, JSON "
              "and safetensors are\n", f"{arguments[0]} says that it reads no npz", err)
    with open(truth, "w") as file:
        file.write('{"d": 2}')
    _, err = lattn("run", truth, stdin="", code=1)
    check("not a model" in err, "a file that is no model is refused", err)

    daemon.end()
    out, err = watch.communicate(timeout=10)
    rows = out.decode().splitlines()
    check(watch.returncode == 0 and err == b"", "watch ends with the daemon", err)
    check(rows[0].split()[:3] == ["pairs", "progressive", "recent"], "it has a header", rows[0])
    check(len(rows) > 2 and rows[-1].split()[0] == "2000" and "identifying" in rows[-1],
          "and the last row is the last state", rows)
    check(len({len(row.rstrip()) for row in rows[2:]}) <= 2 and
          all(len(row) == len(rows[0]) for row in rows[2:]), "columns stay in place", rows)

with Daemon("--emit-every", "20ms") as daemon:
    watch = subprocess.Popen([LATTN, "watch", daemon.address, "--count", "1"],
                             stdout=subprocess.PIPE)
    lattn("feed", daemon.address, stdin=line([[1.0]], [1.0]))
    out, _ = watch.communicate(timeout=10)
    check(watch.returncode == 0 and len(out.splitlines()) == 3, "--count N ends after N rows", out)
