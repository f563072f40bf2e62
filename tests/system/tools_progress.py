"""Long work shows how far it is on a terminal, and is quiet everywhere else.

Standard error is a pseudo terminal here; what is written to it is read back.
"""

import os
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import termios
import threading
import time

from tools_support import LATTN, Daemon, check, lattn

FOLDER = tempfile.mkdtemp()
LONG = 1500000  # pairs that take more than a moment to make
LINE = re.compile(r"\r(lattn [^\r\x1b]*)\x1b\[K")


def path(name):
    return os.path.join(FOLDER, name)


def said(arguments, stdin=None, stdout=None, terminal="xterm", columns=80, slowly=0):
    """Run lattn with a terminal for standard error; gives its exit code and what was written there.

    slowly: the input comes in ten portions, so many seconds apart
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    environment = {**os.environ, "TERM": terminal}
    source = open(stdin, "rb") if stdin and not slowly else None
    process = subprocess.Popen([LATTN, *map(str, arguments)], stderr=theirs, env=environment,
                               stdin=source or (subprocess.PIPE if slowly else
                                                subprocess.DEVNULL),
                               stdout=stdout or subprocess.DEVNULL)
    os.close(theirs)
    if slowly:
        with open(stdin, "rb") as lines:
            data = lines.read()
        for i in range(10):
            process.stdin.write(data[len(data) * i // 10:len(data) * (i + 1) // 10])
            process.stdin.flush()
            time.sleep(slowly)
        process.stdin.close()
    written = b""
    try:
        while part := os.read(ours, 1 << 16):
            written += part
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    return process.wait(), written.decode()


def lines(text):
    return [line for line in LINE.findall(text) if line]


def is_clean(text):
    """Is the last thing said about the progress that it is gone?"""
    return text.endswith("\r\x1b[K") or not lines(text)


def probes():
    """A probe tells how far it is while one round of questions is answered slowly."""
    answers = "while read q; do echo '{\"y\": 0}'; done"
    code, text = said(["probe", "exec:" + answers, "--dim", 4, "--rate", 40, "--budget", 60])
    found = lines(text)
    check(code in (0, 1) and len(found) > 3, "probe shows its progress", code, text[:500])
    counts = [int(re.match(r"lattn probe: (\d+) questions, ", line).group(1)) for line in found]
    check(counts == sorted(counts), "questions are counted", found)
    check(is_clean(text), "the line is gone at the end", text[-200:])


def generates():
    begun = time.time()
    code, text = said(["gen", "random", "--dim", 8, "--pairs", LONG])
    seconds = time.time() - begun
    found = lines(text)
    check(code == 0 and found, "gen shows its progress", text[:500])
    check(all(re.fullmatch(r"lattn gen: [\d ]+ pairs, [\d ]+/s, \d+ %, .* left", line)
              for line in found), "pairs, rate, share and time left", found)
    check(len(found) <= 10 * seconds + 1, "ten times a second at most", len(found), seconds)
    shares = [int(re.search(r"(\d+) %", line).group(1)) for line in found]
    check(shares == sorted(shares) and shares[-1] <= 100, "the share grows", shares)
    check(is_clean(text), "the line is gone at the end", text[-200:])
    code, text = said(["gen", "random", "--dim", 8, "--pairs", LONG], columns=20)
    check(lines(text) and max(map(len, lines(text))) <= 19, "a line never wraps", lines(text))


def feeds(daemon):
    """A daemon that is stopped for a moment makes the work last."""
    daemon.process.send_signal(signal.SIGSTOP)
    timer = threading.Timer(0.6, daemon.process.send_signal, [signal.SIGCONT])
    timer.start()
    code, text = said(["feed", daemon.address], stdin=path("pairs"))
    found = lines(text)
    check(code == 0 and found and all(" pairs learned" in line and "%" in line for line in found),
          "feed shows its progress", text[:500])
    check(is_clean(text), "and clears it", text[-200:])
    code, text = said(["feed", daemon.address], stdin=path("bad"), slowly=0.1)
    found = lines(text)
    check(code == 1 and found and not any("%" in line or "left" in line for line in found),
          "of a pipe nobody knows how much there is", found)
    check("\r\x1b[Klattn feed: line 101: " in text.replace("\r\r", "\r"),
          "a complaint takes the place of the line", text)


def reads(daemon):
    lattn("model", daemon.address, "-o", path("model"))
    for arguments in (["predict", daemon.address], ["run", path("model")],
                      ["certify", daemon.address], ["suggest", daemon.address, "--from",
                                                    "/dev/stdin"]):
        code, text = said(arguments, stdin=path("pairs"), slowly=0.1)
        check(code == 0 and lines(text) and is_clean(text) and
              lines(text)[0].startswith(f"lattn {arguments[0]}: "),
              f"{arguments[0]} shows its progress", text[:500])


def is_quiet_elsewhere():
    arguments = ["run", path("model")]
    for terminal in ("dumb", ""):
        code, text = said(arguments, stdin=path("pairs"), slowly=0.05, terminal=terminal)
        check(code == 0 and text == "", f"nothing is said where TERM is {terminal!r}", text[:500])
    sink = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    code, text = said(arguments, stdin=path("pairs"), slowly=0.05, stdout=sink.stdin)
    sink.stdin.close()
    sink.wait()
    check(code == 0 and text == "", "who reads the results has the terminal", text[:500])
    out, err = lattn("gen", "random", "--pairs", LONG // 10)
    check(err == "", "nothing is said in a pipe")
    code, text = said(["gen", "random", "--pairs", 10])
    check(code == 0 and text == "", "what is done at once has no progress", text)


def main():
    pairs, _ = lattn("gen", "random", "--dim", 3, "--length", 3, "--last-label", "--pairs", 100)
    for name, text in {"pairs": pairs, "bad": pairs + '{"z": 1}\n'}.items():
        with open(path(name), "w") as out:
            out.write(text)
    generates()
    probes()
    with Daemon("--emit-every", "1s") as daemon:
        feeds(daemon)
        reads(daemon)
    is_quiet_elsewhere()
    shutil.rmtree(FOLDER)


main()
