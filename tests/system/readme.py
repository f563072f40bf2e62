"""The clients and the machine of README.md work as it says; install.py tries its C program.

Run as `readme.py LATTN LATTND README`.
"""

import importlib.util
import os
import sys
import tempfile

from document_support import SKIPPED, commands, markdown_blocks, programs_missing, read, try_out

PROGRAMS = sys.argv[1:3]
SOCKET = "/tmp/l.sock"


def python_client(source, transcript):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "client.py"), "w", encoding="utf-8") as file:
            file.write(source.replace(SOCKET, "l.sock"))
        os.symlink(sys.executable, os.path.join(folder, "python3"))
        start = ("lattnd --listen unix:l.sock &", [])
        try_out([start, *commands(transcript)], folder, [*PROGRAMS, os.path.join(folder, "python3")])


def shell_client(example):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "l.sock")
        try_out([(command.replace(SOCKET, path), shown) for command, shown in example], folder,
                PROGRAMS)


def main():
    source, python, shell = markdown_blocks(read(sys.argv[3]), "Write a client")
    missing = [name for name in ("msgpack", "numpy") if importlib.util.find_spec(name) is None]
    if not missing:
        python_client(source, python)
    learned, unseen, tape = markdown_blocks(read(sys.argv[3]), "A machine that was learned")
    shell_client(commands(learned + unseen + tape))
    missing_programs = programs_missing(commands(shell))
    if not missing_programs:
        shell_client(commands(shell))
    if missing + missing_programs:
        print("skipped, for want of", *missing, *missing_programs)
        sys.exit(SKIPPED)


main()
