"""A terminal for tests: tmux with one window, a shell in it, and what stands on its screen."""

import os
import shlex
import shutil
import subprocess
import tempfile
import time

SECONDS_MAX = 60


class Terminal:
    """A terminal of some size with a shell; use as a context."""

    def __init__(self, columns, rows, **environment):
        self.folder = tempfile.mkdtemp()
        self.socket = os.path.join(self.folder, "tmux")
        self.marks = 0
        shell = ["env", "-i", "PATH=" + os.environ["PATH"], "PS1=$ ", "LC_ALL=C.UTF-8",
                 *(f"{name}={os.environ[name]}" for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")
                   if name in os.environ),
                 "TERM=screen-256color", *(f"{key}={value}" for key, value in environment.items()),
                 "bash", "--norc", "--noprofile"]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows,
                  shlex.join(shell))
        self.tmux("set-option", "-g", "window-size", "manual")
        self.resize(columns, rows)
        self.wait(lambda screen: screen.startswith("$"), "a shell comes up")
        self.type("ulimit -c 0; clear")

    def tmux(self, *arguments):
        run = subprocess.run(["tmux", "-u", "-S", self.socket, *map(str, arguments)],
                             capture_output=True, timeout=SECONDS_MAX)
        if run.returncode != 0:
            raise RuntimeError(f"tmux {arguments}: {run.stderr.decode()}")
        return run.stdout.decode()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if exception[0] is not None:
            print(self.screen())
        self.tmux("kill-server")
        shutil.rmtree(self.folder)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def keys(self, *names):
        """Press keys, by the names that tmux has for them."""
        self.tmux("send-keys", *names)

    def type(self, line):
        """Type a line and its end."""
        self.tmux("send-keys", "-l", line)
        self.keys("Enter")

    def screen(self):
        """What is to be seen, line by line."""
        return self.tmux("capture-pane", "-p")

    def paints(self):
        """The same with the colours that it has, as a terminal is told them."""
        return self.tmux("capture-pane", "-p", "-e")

    def state(self):
        """Is the cursor to be seen? Is it the other screen, that programs take over?"""
        return tuple(int(word) for word in
                     self.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").split())

    def wait(self, condition, claim):
        """Wait for a screen of which something is true; gives it."""
        deadline = time.time() + SECONDS_MAX
        while not condition(screen := self.screen()):
            if time.time() > deadline:
                print(screen)
                raise TimeoutError(claim)
            time.sleep(0.02)
        return screen

    def wait_for(self, text):
        return self.wait(lambda screen: text in screen, f"{text!r} is on the screen")

    def output(self, command):
        """What a command of the shell says, with its exit status as the last line."""
        path = os.path.join(self.folder, f"out{self.marks}")
        self.marks += 1
        self.type(f"clear; {{ {command}; }} > {path}.part 2>&1; echo $? >> {path}.part;"
                  f" mv {path}.part {path}")
        deadline = time.time() + SECONDS_MAX
        while not os.path.exists(path):
            if time.time() > deadline:
                print(self.screen())
                raise TimeoutError(command)
            time.sleep(0.02)
        with open(path) as out:
            return out.read()
