"""Command lines: what is asked for exists, or lattn says what does not and ends with 2."""

import os
import subprocess

from tools_support import LATTN, check, lattn

out, err = lattn("--help")
check("usage: lattn VERB" in out and err == "", "help goes to stdout")
check(lattn("--version")[0].startswith("lattn "), "the version is told")
for verb in "gen feed status watch predict model run distance".split():
    out, err = lattn(verb, "--help")
    check(out.startswith(f"usage: lattn {verb}") and err == "", f"{verb} has a help")

for arguments, word in (
    ([], "usage"),
    (["probe"], "probe"),
    (["gen"], "argument is missing"),
    (["gen", "music"], "music"),
    (["gen", "memory", "--heads", "2"], "--heads"),
    (["gen", "turing", "--noise", "0.1"], "--noise"),
    (["gen", "turing", "--whole-word"], "--whole-word"),
    (["gen", "random", "--cells", "3"], "--cells"),
    (["run", "model", "--tape"], "--autoregressive"),
    (["run", "model", "--json"], "--autoregressive"),
    (["run", "model", "--autoregressive", "0"], "1 to 65536"),
    (["run", "model", "--autoregressive", "2", "--tape", "--json"], "--tape"),
    (["gen", "random", "--dims", "3"], "--dims"),
    (["gen", "random", "--dim"], "--dim"),
    (["gen", "random", "--dim", "0"], "1 to 256"),
    (["gen", "random", "--dim", "257"], "1 to 256"),
    (["gen", "random", "--dim", "-1"], "1 to 256"),
    (["gen", "random", "--dim", "4x"], "4x"),
    (["gen", "random", "--seed", "18446744073709551616"], "--seed"),
    (["gen", "random", "--noise", "nan"], "--noise"),
    (["gen", "random", "--noise=-1"], "--noise"),
    (["gen", "memory", "--mix", "2"], "from 0 to 1"),
    (["gen", "random", "--last-label=yes"], "no argument"),
    (["gen", "random", "again"], "again: is one argument too many"),
    (["feed"], "usage: lattn feed ADDR"),
    (["gen", "random", "--format", "csv"], "csv"),
    (["feed", "unix:"], "path"),
    (["feed", "unix:" + "x" * 200], "path"),
    (["feed", "/x"], "unix:PATH"),
    (["feed", "tcp:localhost"], "port"),
    (["feed", "tcp:localhost:65536"], "port"),
    (["status", "fd:3"], "unix:PATH"),
    (["predict", "stdin"], "unix:PATH"),
    (["feed", "unix:/x", "--from", "xml"], "xml"),
    (["feed", "unix:/x", "--from", "events"], "--window"),
    (["feed", "unix:/x", "--window", "3"], "csv or events"),
    (["feed", "unix:/x", "--from", "msgpack", "--window", "3"], "csv or events"),
    (["feed", "unix:/x", "--from", "csv"], "--tokens COLS"),
    (["feed", "unix:/x", "--from", "csv", "--tokens", "a"], "--label COLS"),
    (["feed", "unix:/x", "--from", "csv", "--label", "a"], "--tokens COLS"),
    (["feed", "unix:/x", "--from", "csv", "--autoregressive"], "--window W"),
    (["feed", "unix:/x", "--from", "csv", "--autoregressive", "--window", "0"], "1 to 1024"),
    (["feed", "unix:/x", "--tokens", "a"], "--from csv"),
    (["feed", "unix:/x", "--label", "a"], "--from csv"),
    (["feed", "unix:/x", "--autoregressive"], "--from csv"),
    (["feed", "unix:/x", "--from", "events", "--window", "2", "--key", "a"], "--from csv"),
    (["feed", "unix:/x", "--producer", 'a"b'], "--producer"),
    (["feed", "unix:/x", "--producer", ""], "--producer"),
    (["status", "unix:/x", "--jsn"], "--jsn"),
    (["watch", "unix:/x", "--tui"], "--tui"),
    (["watch", "unix:/x", "--count", "0"], "--count"),
    (["predict", "unix:/x", "--from", "events"], "--window"),
    (["suggest", "unix:/x", "-n", "1", "--norm-max", "0"], "above 0"),
    (["model", "unix:/x", "--format", "npy"], "npy"),
    (["model", "unix:/x", "--heads", "least"], "least"),
    (["run"], "usage"),
    (["distance", "a"], "usage"),
):
    out, err = lattn(*arguments, code=2)
    check(out == "" and word in err and err.startswith(("lattn", "usage")),
          f"lattn {' '.join(arguments)[:50]}: misused, and says so", err)

for arguments, word in ((["status", "tcp:127.0.0.1:1"], "Connection refused"),
                        (["status", "tcp:no.such.host.invalid:1"], "cannot connect")):
    out, err = lattn(*arguments, code=1)
    check(out == "" and word in err and err.count("\n") == 1,
          f"lattn {' '.join(arguments)}: refused in one line", err)

for arguments in (["status", "unix:/no/such/socket"], ["run", "/no/such/model"],
                  ["distance", "/no/such/model", "/no/such/model"],
                  ["gen", "random", "--truth", "/no/such/folder/truth.json"]):
    out, err = lattn(*arguments, code=1)
    check(out == "" and "No such file" in err and err.count("\n") == 1,
          f"lattn {' '.join(arguments)}: refused in one line", err)

check(lattn("gen", "random", "--dim=3", "--pairs=1", "--length=1")[0].count(",") == 3,
      "--name=value is --name value")

pipe = subprocess.Popen([LATTN, "gen", "random", "--pairs", "1000000000"], stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE)
pipe.stdout.readline()
pipe.stdout.close()
pipe.wait(10)
check(pipe.stderr.read() == b"", "a reader that goes away ends gen quietly")
if os.path.exists("/dev/full"):
    with open("/dev/full", "w") as full:
        run = subprocess.run([LATTN, "gen", "random"], stdout=full, stderr=subprocess.PIPE)
    check(run.returncode == 1 and b"No space left" in run.stderr, "a full disk is said")
