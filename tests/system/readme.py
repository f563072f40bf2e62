"""What README.md shows works as it says; install.py tries its C program.

Run as `readme.py LATTN LATTND README`.
"""

import importlib.util
import json
import os
import sys
import tempfile
import types

from document_support import (SKIPPED, check, commands, markdown_blocks, programs_missing, read,
                              try_out)
from ports import free_port

PROGRAMS = sys.argv[1:3]
SOCKET = "/tmp/l.sock"
START = ("lattnd --listen unix:l.sock &", [])
NAME_WIDTH = 20  # of what stands before the numbers of status


def timeless(command, shown):
    """What status says depends on timing: only the names of its numbers are compared."""
    if not command.startswith("lattn status"):
        return command, shown
    return f"{command} | cut -c-{NAME_WIDTH}", [line[:NAME_WIDTH] for line in shown]


def five_minutes(example):
    with tempfile.TemporaryDirectory() as folder:
        try_out([timeless(command.replace(SOCKET, "l.sock"), shown)
                 for command, shown in example], folder, PROGRAMS)


def load_file(path):
    """The tensors of a safetensors file, in no order that one could rely on."""
    import numpy
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    return {name: numpy.frombuffer(data[slice(*tensor["data_offsets"])], "<f8")
            .reshape(tensor["shape"])
            for name, tensor in sorted(header.items()) if name != "__metadata__"}


def saved_model(snippet):
    """Apply a model as the snippet does, and compare with predict."""
    import numpy
    with tempfile.TemporaryDirectory() as folder:
        try_out([START,
                 ("lattn gen random --dim 3 --outputs 2 --length 9 --pairs 99 > pairs", []),
                 ("lattn feed unix:l.sock < pairs", []),
                 ("lattn model unix:l.sock --format safetensors -o model.safetensors", []),
                 ("head -n 1 pairs | lattn predict unix:l.sock > answer", [])], folder, PROGRAMS)
        library = types.SimpleNamespace(numpy=types.SimpleNamespace(
            load_file=lambda name: load_file(os.path.join(folder, name))))
        pair = json.loads(read(os.path.join(folder, "pairs")).splitlines()[0])
        names = {"safetensors": library, "Z": numpy.array(pair["z"])}
        exec(snippet, names)
        expected = json.loads(read(os.path.join(folder, "answer")))["y"]
    check(numpy.allclose(names["y"], expected, rtol=1e-9),
          "a saved model is applied in three lines of Python", names["y"], expected)


def python_client(source, transcript):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "client.py"), "w", encoding="utf-8") as file:
            file.write(source.replace(SOCKET, "l.sock"))
        os.symlink(sys.executable, os.path.join(folder, "python3"))
        try_out([START, *commands(transcript)], folder,
                [*PROGRAMS, os.path.join(folder, "python3")])


def probes(source, *transcripts):
    """Scripts and daemons that are probed, in one folder."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "head.py"), "w", encoding="utf-8") as file:
            file.write(source)
        os.symlink(sys.executable, os.path.join(folder, "python3"))
        example = [line for transcript in transcripts for line in commands(transcript)]
        try_out([(command.replace(SOCKET, "l.sock"), shown) for command, shown in example], folder,
                [*PROGRAMS, os.path.join(folder, "python3")])


def shell_client(example):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "l.sock")
        try_out([(command.replace(SOCKET, path), shown) for command, shown in example], folder,
                PROGRAMS)


def network(example, shown_port):
    """The port that is shown may be taken here."""
    port = f":{free_port()}"
    shell_client([(command.replace(shown_port, port), shown) for command, shown in example])


def main():
    text = read(sys.argv[3])
    first = [line for block in markdown_blocks(text, "Five minutes") for line in commands(block)]
    _, snippet = markdown_blocks(text, "A pair")
    source, python, shell = markdown_blocks(text, "Write a client")
    missing = [name for name in ("msgpack", "numpy") if importlib.util.find_spec(name) is None]
    if not missing:
        saved_model(snippet)
        python_client(source, python)
    learned, unseen, tape = markdown_blocks(text, "A machine that was learned")
    shell_client(commands(learned + unseen + tape))
    for block in markdown_blocks(text, "What to label next"):
        shell_client(commands(block))
    probes(*markdown_blocks(text, "Learning attention from questions"))
    kept, copied = markdown_blocks(text, "Left running for months")
    shell_client(commands(kept + copied))
    over_network = [line for block in markdown_blocks(text, "Over a network")
                    for line in commands(block)]
    if not programs_missing(over_network):
        network(over_network, ":7000")
    watching = [line for block in markdown_blocks(text, "Watching it") for line in commands(block)]
    if not programs_missing(watching):
        network(watching, ":8080")
    missing_programs = programs_missing(over_network + watching + first + commands(shell))
    if not missing_programs:
        five_minutes(first)
        shell_client(commands(shell))
    if missing + missing_programs:
        print("skipped, for want of", *missing, *missing_programs)
        sys.exit(SKIPPED)


main()
