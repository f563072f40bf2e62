"""What a service manager sees of it: how it ends within a deadline.

A learner that hangs is made with --emit-dir: where the file of the next emission is a FIFO, writing
it waits for a reader, and the request `emit` waits for that on the learner thread.
"""

import fcntl
import os
import signal
import struct
import termios
import time

from daemon_support import Daemon, Folder, Layer, check, wait_until


class Hang:
    """A folder for --emit-dir in which an emission hangs until it is released."""

    def __init__(self, folder):
        self.fifo = os.path.join(folder, ".new-status.json")
        os.mkfifo(self.fifo)

    def release(self):
        with open(self.fifo, "rb") as file:
            file.read()


def bytes_unread(client):
    """What was sent and is not yet read by the daemon, in units of the kernel."""
    return struct.unpack("i", fcntl.ioctl(client.socket, termios.TIOCOUTQ, bytes(4)))[0]


def learner_hang(daemon):
    """Have its learner thread wait for the emission that hangs."""
    client = daemon.client()
    client.send("".join(Layer(2).pairs(5)))
    client.ask("status")
    client.send('{"id":"emit","method":"emit"}\n')
    wait_until(lambda: bytes_unread(client) == 0, "the request is read")
    return client


def stop_has_a_deadline():
    with Folder() as folder:
        Hang(folder)
        with Daemon("--emit-dir", folder, "--emit-every", "60m",
                    "--stop-timeout", "300ms") as daemon:
            client = learner_hang(daemon)
            check(daemon.stop() == 1, "an emission that hangs costs the exit code", daemon.log())
            check(client.rest() == [], "and the answer")
            check('level=error msg="not stopped in time: ending at once" '
                  'undone="messages that were read are not learned"' in daemon.log(),
                  "the log says what was not done", daemon.log())
            check(not os.path.exists(daemon.path), "and the socket is gone")


def stop_waits_as_long_as_it_may():
    with Folder() as folder:
        hang = Hang(folder)
        with Daemon("--emit-dir", folder, "--emit-every", "60m") as daemon:
            client = learner_hang(daemon)
            daemon.signal(signal.SIGTERM)
            time.sleep(0.2)
            check(daemon.process.poll() is None, "with time left it waits for the emission")
            hang.release()
            check(client.line()["id"] == "emit", "answers the request for it")
            check(daemon.exit_code() == 0, "and ends with 0", daemon.log())


stop_has_a_deadline()
stop_waits_as_long_as_it_may()
