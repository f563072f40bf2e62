"""Ports that are free, for programs that must be told one before they take it."""

import itertools
import os
import socket

FIRST, EACH = 12000, 20
SHARES = 1000  # all are below those that the system chooses itself
counter = itertools.count()


def free_port():
    """Nobody else takes it meanwhile: processes that run at the same time have ports of their own,
    and none of those gets to who asks the system for any."""
    first = FIRST + os.getpid() % SHARES * EACH
    for _ in range(EACH):
        port = first + next(counter) % EACH
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    raise RuntimeError("no port is free")
