"""lattn watch: plots on a terminal of any size that is always given back, and recordings."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from terminal_support import Terminal
from tools_support import LATTN, Daemon, check, lattn

SIZES = [(80, 24), (132, 43), (200, 60), (101, 31), (60, 16), (40, 12), (25, 7), (12, 2), (80, 24)]
TITLES = ["loss ", "rank ", "rho ", "singular values of R", "singular values of the heads",
          "pairs per second", "bytes in the queue", "rejected", "pairs in no checkpoint"]
BRAILLE = re.compile("[\u2801-\u28ff]")
COLOUR = re.compile("\033\\[[0-9;]*[34]8?[;m]")

PAIRS = lattn("gen", "random", "--dim", 5, "--pairs", 3000, "--noise", 0.01, "--last-label",
              "--length", 4)[0].splitlines(keepends=True)


def feed(daemon, first, end):
    lattn("feed", daemon.address, stdin="".join(PAIRS[first:end]))


def watch(daemon, *options):
    return " ".join([LATTN, "watch", daemon.address, "--tui", *map(str, options)])


def titles(screen):
    """The plots on a screen, below the two lines at its top."""
    below = "\n".join(screen.split("\n")[2:])
    return [title for title in TITLES if title in below]


def process_of(daemon):
    """The number of the lattn that watches this daemon."""
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as line:
                words = line.read().split(b"\0")
        except OSError:
            continue
        if words[:1] == [LATTN.encode()] and daemon.address.encode() in words:
            return int(name)
    raise LookupError("nobody watches")


def shows_the_run():
    with Daemon("--emit-every", "50ms") as daemon, Terminal(80, 24) as terminal:
        terminal.type(watch(daemon))
        feed(daemon, 0, 40)
        early = terminal.wait_for("40 pairs")
        check(early.startswith("not yet identifying: "), "the verdict is the headline", early)
        check(titles(early) == TITLES[:4], "four plots fit into 80 x 24", early)
        for mark in ("┤", "└──", "pairs", "1e-"):
            check(mark in early, f"axes are drawn: {mark}", early)
        feed(daemon, 40, 3000)
        late = terminal.wait_for("3 000 pairs")
        check(late.startswith("identifying since pair "), "the headline changes by itself", late)
        # Between two emissions at least; the first part may have been learned in one.
        check(len(BRAILLE.findall(late)) > 20, "curves are drawn", late)
        check("3 000\n" in late and early != late, "the curves move", late)
        check(early.count("\n") == late.count("\n") == 24, "nothing scrolls")
        terminal.resize(200, 60)
        terminal.wait(lambda screen: "nothing yet" not in screen and len(titles(screen)) == 9,
                      "the singular values arrive, those of the heads, too")
        rank = [row[40:] for row in late.split("\n")[2:12]]
        check("seen 75" in rank[0] and "of p 75" in rank[0], "the legend tells the numbers", rank)


def fits_any_size():
    with Daemon("--emit-every", "50ms") as daemon, Terminal(80, 24) as terminal:
        terminal.type(watch(daemon))
        feed(daemon, 0, 3000)
        terminal.wait_for("3 000 pairs")
        shown = {}
        for columns, rows in SIZES:
            terminal.resize(columns, rows)
            top = "identifying since pair "[:columns].rstrip()
            bottom = "q quit"[:columns] if rows > 3 else "3 000 pairs"[:columns]
            screen = terminal.wait(
                lambda screen: screen.count("\n") == rows and screen.startswith(top) and
                bottom in screen.split("\n")[rows - 1], f"the screen has {columns} x {rows}")
            lines = screen.split("\n")
            check(all(len(line) <= columns for line in lines),
                  f"{columns} x {rows}: the headline is at the top, no line is too wide", screen)
            shown[columns, rows] = len(titles(screen))
            check(all(len(line) <= columns for line in lines), "no line is wider", screen)
        check(shown == {(80, 24): 4, (132, 43): 9, (200, 60): 9, (101, 31): 6, (60, 16): 1,
                        (40, 12): 1, (25, 7): 0, (12, 2): 0},
              "more plots on larger screens", shown)


def obeys_keys():
    with Daemon("--emit-every", "50ms") as daemon, Terminal(80, 24) as terminal:
        terminal.type(watch(daemon))
        feed(daemon, 0, 100)
        terminal.wait_for("100 pairs")
        terminal.keys("h")
        terminal.wait_for("q, Ctrl-C       quit")
        terminal.keys("h", "Tab")
        check(titles(terminal.wait_for("plots 5 to 8 of 9")) == TITLES[4:8], "tab turns to others")
        terminal.keys("BTab", "Right")
        terminal.wait_for("plots 2 to 5 of 9")
        terminal.keys("Left", "3")
        check(titles(terminal.wait_for("plot 3 of 9")) == ["rho "], "a number shows one plot alone")
        terminal.keys("l")
        terminal.wait_for("lambda min")
        terminal.keys("Escape")
        terminal.wait_for("plots 3 to 6 of 9")
        terminal.keys("p")
        terminal.wait_for("paused")
        feed(daemon, 100, 200)
        terminal.keys("p")
        terminal.wait_for("200 pairs")
        check(True, "keys do what the help says")


def gives_the_terminal_back():
    ends = {
        "q": (lambda terminal, daemon: terminal.keys("q"), 0),
        "Ctrl-C": (lambda terminal, daemon: terminal.keys("C-c"), 0),
        "SIGTERM": (lambda terminal, daemon: os.kill(process_of(daemon), signal.SIGTERM), 143),
        "SIGHUP": (lambda terminal, daemon: os.kill(process_of(daemon), signal.SIGHUP), 129),
        "a failed assertion": (lambda terminal, daemon:
                               os.kill(process_of(daemon), signal.SIGABRT), 134),
        "Ctrl-\\": (lambda terminal, daemon: terminal.keys("C-\\"), 131),
    }
    with Daemon("--emit-every", "50ms") as daemon, Terminal(80, 24) as terminal:
        feed(daemon, 0, 100)
        modes = terminal.output("stty -g < /dev/tty")
        for what, (end, code) in ends.items():
            terminal.type("clear; echo something that was here before")
            terminal.wait(lambda screen: screen.startswith("something"), "the shell is back")
            before = terminal.screen()
            terminal.type(watch(daemon) + "; echo it ended with $?")
            terminal.wait_for("100 pairs")
            check(terminal.state() == (0, 1), "watch takes the other screen, without a cursor")
            end(terminal, daemon)
            after = terminal.wait_for(f"it ended with {code}")
            check(after.startswith(before.rstrip()) and "┤" not in after,
                  f"after {what} the screen is as before", after)
            check(terminal.state() == (1, 0), f"after {what} the cursor is to be seen")
            check(terminal.output("stty -g < /dev/tty") == modes,
                  f"after {what} the modes are as before")


def stops_and_goes_on():
    with Daemon("--emit-every", "50ms") as daemon, Terminal(80, 24) as terminal:
        terminal.type(watch(daemon))
        feed(daemon, 0, 100)
        terminal.wait_for("100 pairs")
        terminal.keys("C-z")
        terminal.wait_for("Stopped")
        check(terminal.state() == (1, 0), "Ctrl-Z gives the terminal to the shell")
        feed(daemon, 100, 200)
        terminal.resize(100, 30)
        terminal.type("fg")
        screen = terminal.wait_for("200 pairs")
        terminal.wait(lambda screen: screen.split("\n")[29].startswith("q quit"),
                      "the new size is taken")
        check(terminal.state() == (0, 1) and "┤" in screen, "fg brings back the plots", screen)
        terminal.keys("q")
        terminal.wait(lambda screen: "┤" not in screen, "it quits")


def waits_for_a_daemon_that_is_gone():
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "s")
    with Terminal(80, 24) as terminal:
        with Daemon("--emit-every", "50ms", path=path) as daemon:
            terminal.type(watch(daemon))
            feed(daemon, 0, 100)
            terminal.wait_for("100 pairs")
        screen = terminal.wait_for("the daemon is gone, trying again")
        check(len(titles(screen)) == 4, "what was known stays on the screen", screen)
        terminal.keys("h")
        terminal.wait_for("q, Ctrl-C       quit")
        terminal.keys("h")
        with Daemon("--emit-every", "50ms", path=path) as daemon:
            feed(daemon, 0, 50)
            screen = terminal.wait_for("50 pairs")
            check("is gone" not in screen, "it finds the daemon by itself", screen)
    shutil.rmtree(folder)


def keeps_to_what_the_terminal_has():
    with Daemon("--emit-every", "50ms") as daemon:
        feed(daemon, 0, 100)
        with Terminal(80, 24) as terminal:
            terminal.type(watch(daemon))
            terminal.wait_for("100 pairs")
            check(COLOUR.search(terminal.paints()), "there are colours where there can be")
        with Terminal(80, 24, NO_COLOR="1") as terminal:
            terminal.type(watch(daemon))
            terminal.wait_for("100 pairs")
            check(not COLOUR.search(terminal.paints()), "NO_COLOR is heard", terminal.paints())
        with Terminal(80, 24, LC_ALL="C") as terminal:
            terminal.type(watch(daemon))
            terminal.wait_for("100 pairs")
            feed(daemon, 100, 200)
            screen = terminal.wait_for("200 pairs")
            check(screen.isascii() and "+--" in screen and re.search("[.':]{8}", screen),
                  "letters take the place of what the locale lacks", screen)
        with Terminal(80, 24, TERM="dumb") as terminal:
            said = terminal.output(watch(daemon) + " < /dev/tty > /dev/tty")
            check(said.endswith("\n2\n") and "one behind another" in said,
                  "a terminal that cannot show it is told so", said)
        run = subprocess.run(watch(daemon).split(), capture_output=True, text=True,
                             stdin=subprocess.DEVNULL)
        check(run.returncode == 2 and run.stdout == "" and run.stderr ==
              "lattn watch: --tui: standard input and output are not a terminal\n",
              "where there is no terminal it says so", run)


def await_emission(daemon, pairs):
    """Wait until the newest emission has so many pairs."""
    while lattn("watch", daemon.address, "--count", 1)[0].split("\n")[2].split()[0] != str(pairs):
        time.sleep(0.02)


def recorded(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def records():
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "recording")
    with Daemon("--emit-every", "50ms") as daemon:
        feed(daemon, 0, 100)
        await_emission(daemon, 100)
        lattn("watch", daemon.address, "--record", path, "--count", 1)
        check([line["status"]["pairs"] for line in recorded(path)] == [100],
              "an emission is a line")
        status = daemon.status()
        check(all(recorded(path)[0]["status"][key] == status[key]
                  for key in ("p", "rank", "rho", "threshold", "loss")), "no number is rounded")
        with Terminal(80, 24) as terminal:
            terminal.type(watch(daemon, "--record", path))
            terminal.wait_for("100 pairs")
            feed(daemon, 100, 300)
            terminal.wait_for("300 pairs")
            terminal.keys("q")
            terminal.wait(lambda screen: "┤" not in screen, "it quits")
        pairs = [line["status"]["pairs"] for line in recorded(path)]
        check(pairs[:2] == [100, 100] and pairs[-1] == 300, "a recording goes on", pairs)
        last = recorded(path)[-1]
        check("model" not in last and len(last["spectrum"]["heads"]) == last["status"]["heads"],
              "there is no model in it, but the sizes of its heads", last)
        other = os.path.join(folder, "other")
        with open(other, "w") as file:
            file.write("my notes\n")
        _, err = lattn("watch", daemon.address, "--record", other, code=1)
        check("no recording of emissions" in err and open(other).read() == "my notes\n",
              "other files are left alone", err)
        _, err = lattn("watch", daemon.address, "--record", "/dev/full", "--count", 1, code=1)
        check("cannot go on recording: No space left on device" in err, "a full disk is said", err)
    shutil.rmtree(folder)


def main():
    if shutil.which("tmux") is None:
        print("skipped: there is no tmux")
        sys.exit(77)
    shows_the_run()
    fits_any_size()
    obeys_keys()
    gives_the_terminal_back()
    stops_and_goes_on()
    waits_for_a_daemon_that_is_gone()
    keeps_to_what_the_terminal_has()
    records()


main()
