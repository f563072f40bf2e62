"""Addresses: TCP within this machine, sockets that were passed on, several at once."""

import contextlib
import os
import re
import socket
import stat
import subprocess

from daemon_support import LATTND, SECONDS_MAX, Client, Daemon, Folder, Layer, check, wait_until
from ports import free_port


def refused(claim, why, *addresses, code=1, **process):
    """These addresses are refused, and the log says which and why."""
    words = [word for address in addresses for word in ("--listen", address)]
    done = subprocess.run([LATTND, *words], capture_output=True, timeout=SECONDS_MAX,
                          stdin=subprocess.DEVNULL, **process)
    log = done.stderr.decode()
    check(done.returncode == code and why in log and addresses[-1] in log, claim,
          done.returncode, log)


def started(daemon):
    """Wait until it listens everywhere; gives the ports it says it listens on."""
    wait_until(lambda: "memory only" in daemon.log() or daemon.process.poll() is not None,
               "lattnd comes up")
    return [(host.strip("[]"), int(port))
            for host, port in re.findall(r"address=\"?tcp:(\S+):(\d+)", daemon.log())]


def serves(daemon, address, claim):
    check(Client(address).ask("status")["version"] is not None, claim, daemon.log())


def tcp():
    with Daemon(listen=["tcp:127.0.0.1:0"]) as daemon:
        (address,) = started(daemon)
        check(address[1] > 0, "port 0: the system chooses, and the log says which", address)
        layer = Layer(3)
        client = Client(address)
        client.send("".join(layer.pairs(60)) + '{"id":1,"method":"status"}\n')
        client.end_of_input()
        answers = client.rest()
        check(len(answers) == 1 and answers[0]["result"]["pairs"] == 60,
              "a half-closed connection is learned to its end and answered", answers)
        refused("a port in use is refused", "another process holds tcp:127.0.0.1:",
                f"tcp:127.0.0.1:{address[1]}")
        serves(daemon, address, "and the first one still serves")


def port_is_free_again():
    port = free_port()
    for turn in ("first", "second"):
        with Daemon(listen=[f"tcp:127.0.0.1:{port}"]) as daemon:
            started(daemon)
            client = Client(("127.0.0.1", port))
            check(client.ask("status")["pairs"] == 0, f"the {turn} daemon of a port", daemon.log())
            check(daemon.stop() == 0, "ends while a client is connected")
            check(client.line() is None, "which sees the end")


def names_and_families():
    names = {result[4][0] for result in
             socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
    with Daemon(listen=["tcp:localhost:0"]) as daemon:
        addresses = started(daemon)
        check(0 < len(addresses) <= len(names) and len({port for _, port in addresses}) == 1,
              f"localhost is {sorted(names)}, at one port", addresses)
        for address in addresses:
            serves(daemon, address, f"{address[0]} serves")
    if not has_ipv6():
        print("skip there is no IPv6 here")
        return
    with Daemon(listen=["tcp:[::1]:0"]) as daemon:
        (address,) = started(daemon)
        serves(daemon, address, "an IPv6 address in brackets serves")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def others_are_kept_out():
    why = "--allow-remote"
    for host in ("0.0.0.0", "[::]", "192.0.2.1", "[2001:db8::1]", "[::ffff:127.0.0.1]"):
        refused(f"{host} is no loopback address", why, f"tcp:{host}:7")
    refused("a host that does not exist", "cannot look up the host", "tcp:no.such.invalid:7")
    refused("a host without a port", "names no port", "tcp:localhost", code=2)
    refused("an IPv6 address without brackets", "in brackets", "tcp:::1:7", code=2)


def several_at_once():
    with Folder() as folder, listening_unix(os.path.join(folder, "c")) as passed:
        paths = [os.path.join(folder, name) for name in ("a", "b")]
        listen = [f"unix:{paths[0]}", "tcp:127.0.0.1:0", f"unix:{paths[1]}", "tcp:127.0.0.2:0",
                  f"fd:{passed.fileno()}"]
        with Daemon(listen=listen, path=paths[0], pass_fds=[passed.fileno()]) as daemon:
            addresses = [*paths, *started(daemon), os.path.join(folder, "c")]
            for number, address in enumerate(addresses, 1):
                client = Client(address)
                client.send('{"id":1,"z":[[1]],"y":[1]}\n')
                check(client.line()["result"]["applied"] == number, f"{address}: the same learner")
            check(number == 5, "five addresses at once")
            check(daemon.stop() == 0, "and it ends")
        check(os.listdir(folder) == ["c"], "what it made is gone", os.listdir(folder))


@contextlib.contextmanager
def listening_unix(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chmod(path, 0o640)
        listener.listen()
        yield listener


def passed_on():
    with Folder() as folder, listening_unix(os.path.join(folder, "s")) as listener:
        path, number = os.path.join(folder, "s"), listener.fileno()
        early = Client(path)
        early.send('{"id":1,"z":[[1,2]],"y":[3]}\n')
        for turn in ("first", "second"):
            with Daemon(listen=[f"fd:{number}"], pass_fds=[number]) as daemon:
                started(daemon)
                if turn == "first":
                    check(early.line()["result"]["applied"] == 1,
                          "a client that came before the daemon is served", daemon.log())
                serves(daemon, path, f"the {turn} daemon of a socket that was passed on")
                check(daemon.stop() == 0, "ends")
            mode = stat.S_IMODE(os.stat(path).st_mode)
            check(mode == 0o640, "and leaves its path and mode alone", oct(mode))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        with Daemon(listen=[f"fd:{number}"], pass_fds=[number]) as daemon:
            started(daemon)
            serves(daemon, listener.getsockname(), "TCP that was passed on")


def activation():
    """LISTEN_PID and LISTEN_FDS, as systemd sets them: descriptors from 3 on."""
    with Folder() as folder, listening_unix(os.path.join(folder, "s")) as listener:
        path, number = os.path.join(folder, "s"), listener.fileno()

        def start(variables):
            return subprocess.Popen(
                ["sh", "-c", f'{variables} exec "$0" --listen fd:{number}', LATTND],
                pass_fds=[number], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

        for claim, variables in (
                ("a socket among LISTEN_FDS is served",
                 f"LISTEN_PID=$$ LISTEN_FDS={number - 2}"),
                ("LISTEN_FDS for another process are not looked at",
                 "LISTEN_PID=1 LISTEN_FDS=0")):
            with start(variables) as process:
                check(Client(path).ask("status")["pairs"] == 0, claim)
                process.terminate()
                check(process.wait(SECONDS_MAX) == 0, "and it ends")
        for claim, variables in (
                ("a descriptor beyond LISTEN_FDS", f"LISTEN_PID=$$ LISTEN_FDS={number - 3}"),
                ("one without LISTEN_FDS", "LISTEN_PID=$$")):
            with start(variables) as process:
                log = process.communicate(timeout=SECONDS_MAX)[1].decode()
                check(process.returncode == 1 and "not passed on: LISTEN_FDS is" in log,
                      claim + " is refused", process.returncode, log)


def without_standard_descriptors():
    with Folder() as folder, listening_unix(os.path.join(folder, "s")) as listener:
        number = listener.fileno()
        command = f'exec "$0" --listen fd:{number} <&- >&- 2>&-'
        with subprocess.Popen(["sh", "-c", command, LATTND], pass_fds=[number]) as process:
            check(Client(os.path.join(folder, "s")).ask("status")["pairs"] == 0,
                  "standard descriptors that are closed do not disturb one that was passed on")
            process.terminate()
            check(process.wait(SECONDS_MAX) == 0, "and it ends")


def wrong_descriptors():
    def refuse(thing, why):
        refused(f"{why}: refused", why, f"fd:{thing.fileno()}", pass_fds=[thing.fileno()])

    with open("/dev/null") as file:
        refuse(file, "no socket")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        refuse(datagrams, "no stream socket")
    with socket.socket(socket.AF_INET) as idle:
        refuse(idle, "the socket does not listen")
    with socket.create_server(("0.0.0.0", 0)) as wide:
        refuse(wide, "--allow-remote")
    left, right = socket.socketpair()
    with left, right:
        refuse(left, "the socket does not listen")
    refused("a descriptor that is closed", "not open", "fd:1000")
    for number in range(3):
        refused(f"descriptor {number}", "0 to 2 are input, output and the log", f"fd:{number}")
    with Folder() as folder:
        for number in range(3, 24):
            refused(f"what the daemon opens as {number} was not passed on", "not open",
                    f"unix:{folder}/s", "tcp:127.0.0.1:0", f"fd:{number}", close_fds=True)


tcp()
port_is_free_again()
names_and_families()
others_are_kept_out()
several_at_once()
passed_on()
activation()
without_standard_descriptors()
wrong_descriptors()
