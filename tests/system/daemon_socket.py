"""The socket: private, one daemon per path, stale ones taken over, nothing else ever removed."""

import os
import signal
import socket
import subprocess
import stat

from daemon_support import LATTND, Daemon, Folder, check


def run(*arguments):
    done = subprocess.run([LATTND, *arguments], capture_output=True, timeout=20,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr.decode()


def is_private():
    with Daemon() as daemon:
        mode = stat.S_IMODE(os.stat(daemon.path).st_mode)
        check(mode == 0o600, "the socket is for its owner only", oct(mode))


def second_is_refused():
    with Daemon() as daemon:
        code, log = run("--listen", "unix:" + daemon.path)
        check(code == 1 and "another lattnd holds unix:" + daemon.path in log,
              "a second daemon is refused", code, log)
        check(daemon.client().ask("status")["pairs"] == 0, "the first one still serves")


def is_removed_at_the_end():
    with Folder() as folder:
        path = os.path.join(folder, "s")
        with Daemon(path=path) as daemon:
            check(daemon.stop() == 0, "SIGTERM ends it with 0", daemon.log())
        check(os.listdir(folder) == [], "neither socket nor lock stays", os.listdir(folder))


def stale_is_taken_over():
    with Folder() as folder:
        path = os.path.join(folder, "s")
        with Daemon(path=path) as killed:
            killed.signal(signal.SIGKILL)
            killed.exit_code()
        check(os.path.exists(path), "a killed daemon leaves its socket")
        with Daemon(path=path) as daemon:
            check(daemon.client().ask("status")["pairs"] == 0, "the next one takes it over")
            check("stale socket taken over" in daemon.log(), "and says so")


def stranger_is_respected():
    with Folder() as folder:
        path = os.path.join(folder, "s")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            other.bind(path)
            other.listen()
            code, log = run("--listen", "unix:" + path)
            check(code == 1 and "another process serves" in log,
                  "a path served by somebody else is refused", code, log)
            check(os.path.exists(path), "and left alone")


def file_is_left_alone():
    with Folder() as folder:
        path = os.path.join(folder, "notes")
        with open(path, "w") as file:
            file.write("mine")
        code, log = run("--listen", "unix:" + path)
        check(code == 1 and "no socket" in log, "a path that is no socket is refused", code, log)
        with open(path) as file:
            check(file.read() == "mine", "and left alone")


def addresses():
    code, log = run("--listen", "unix:/nowhere/at/all/s")
    check(code == 1 and "No such file" in log, "a folder that does not exist is refused", log)
    code, log = run("--listen", "unix:/tmp/" + "x" * 200)
    check(code == 2 and "longer than" in log, "a path too long for a socket is refused", log)
    for address in ("/tmp/s", "unix:", "tcp:", "fd:", "udp:localhost:7"):
        code, log = run("--listen", address)
        check(code == 2 and address in log, f"{address} is no address", code, log)
    code, log = run()
    check(code == 2 and "--listen" in log and log.count("\n") == 1,
          "without an address it says what to do", code, log)
    code, log = run("--listen", "stdin", "--emit-dir", "/nowhere")
    check(code == 1 and "/nowhere" in log, "a folder it cannot write to is refused", code, log)


def two_sockets():
    with Folder() as folder:
        paths = [os.path.join(folder, name) for name in ("a", "b")]
        with Daemon(listen=["unix:" + path for path in paths], path=paths[0]) as daemon:
            first = daemon.client()
            first.send('{"id":1,"z":[[1]],"y":[1]}\n')
            first.line()
            daemon.path = paths[1]
            check(daemon.client().ask("status")["pairs"] == 1, "two sockets, one learner")
            daemon.stop()


is_private()
second_is_refused()
is_removed_at_the_end()
stale_is_taken_over()
stranger_is_respected()
file_is_left_alone()
addresses()
two_sockets()
