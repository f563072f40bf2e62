"""checkpoint: a daemon saves its state, and a copy of it goes elsewhere."""

import os
import subprocess
import tempfile

from tools_support import LATTN, LATTND, SECONDS_MAX, Daemon, check, lattn


def words(out):
    """Lines of a name and a value."""
    return dict(line.split(" ", 1) for line in out.splitlines())


def model(daemon):
    return lattn("model", daemon.address)[0]


def state_check(folder):
    done = subprocess.run([LATTND, "--check-state", folder], capture_output=True, text=True,
                          timeout=SECONDS_MAX)
    check(done.returncode == 0, f"--check-state {os.path.basename(folder)}", done)
    return words(done.stdout)


pairs = lattn("gen", "random", "--dim", 5, "--pairs", 600, "--length", 6)[0]

with tempfile.TemporaryDirectory() as root:
    state, copy = os.path.join(root, "state"), os.path.join(root, "copy")
    with Daemon("--state", state) as daemon:
        lattn("feed", daemon.address, stdin=pairs)
        found = words(lattn("checkpoint", daemon.address)[0])
        check(found["pairs"] == "600" and int(found["bytes"]) > 1000
              and int(found["position"]) > 0, "a checkpoint, and what is in it", found)
        out, _ = lattn("status", daemon.address)
        check("\n  checkpoint pairs  600\n  journal bytes     0\n" in out, "status tells of it", out)
        out, err = lattn("checkpoint", daemon.address, "-o", copy)
        check(words(out)["pairs"] == "600" and err == "", "a copy, and what is in it", out, err)
        check(os.listdir(copy) == ["image"] and os.stat(copy).st_mode & 0o777 == 0o700
              and os.stat(os.path.join(copy, "image")).st_mode & 0o777 == 0o600,
              "a folder with one file, for its owner only", os.listdir(copy))
        check(os.path.getsize(os.path.join(copy, "image")) == int(words(out)["bytes"]),
              "as large as was said")
        learned = model(daemon)
        for place in (copy, state):
            before = os.listdir(place)
            _, err = lattn("checkpoint", daemon.address, "-o", place, code=1)
            check(err == f"lattn checkpoint: {place}: cannot use it for a copy: Directory not "
                  "empty\n" and os.listdir(place) == before, "nothing is written over", err)
        _, err = lattn("checkpoint", daemon.address, "-o", "/no/such/place", code=1)
        check(err.startswith("lattn checkpoint: /no/such/place: cannot make the directory: "),
              "a place that does not exist is named", err)
    check(state_check(copy)["pairs"] == "600", "the copy can be looked at")
    with Daemon("--state", copy) as elsewhere:
        check(model(elsewhere) == learned, "the copy says what the original said")
        lattn("feed", elsewhere.address, stdin=pairs)
    check(state_check(copy)["pairs"] == "1200" and state_check(state)["pairs"] == "600",
          "it goes on by itself")

with tempfile.TemporaryDirectory() as root, Daemon("--max-frame", "64K") as daemon:
    copy = os.path.join(root, "copy")
    _, err = lattn("checkpoint", daemon.address, code=1)
    check(err.startswith(f"lattn checkpoint: {daemon.address}: there is no --state"),
          "without --state there is no checkpoint", err)
    os.mkdir(copy)
    out, _ = lattn("checkpoint", daemon.address, "-o", copy)
    check(words(out)["pairs"] == "0", "an empty folder will do, and an empty daemon", out)
    lattn("feed", daemon.address, stdin=pairs)
    daemon.status()  # since when the verdict holds is in the copy
    for name in ("one", "two"):
        lattn("checkpoint", daemon.address, "-o", os.path.join(root, name))
    with open(os.path.join(root, "one", "image"), "rb") as one, \
            open(os.path.join(root, "two", "image"), "rb") as two:
        check(one.read() == two.read(), "what does not change is copied to the same bytes")
    check(state_check(os.path.join(root, "one"))["pairs"] == "600", "from memory alone as well")
    daemon.end()
    _, err = lattn("checkpoint", daemon.address, "-o", os.path.join(root, "three"), code=1)
    check(not os.path.exists(os.path.join(root, "three")), "nothing is left where nobody answers",
          err)
