"""The shim that stands for a disk which loses what was not synced loses just that.

Run as `unsynced.py LATTND SHIM`. Each case is a few system calls of a process that then kills itself;
what its disk has must be what POSIX promises, and nothing else.
"""

import os
import subprocess
import sys
import tempfile

from daemon_support import check
from durable_support import Disk

SHIM = os.path.abspath(sys.argv[2])
PRELUDE = """
import os, signal
def opened(name, flags=os.O_RDWR | os.O_CREAT):
    return os.open(name, flags, 0o600)
def put(name, data, sync=False, flags=os.O_RDWR | os.O_CREAT, at=0):
    fd = opened(name, flags)
    os.pwrite(fd, data, at)
    if sync:
        os.fsync(fd)
    return fd
def sync_folder():
    os.fsync(os.open(".", os.O_RDONLY))
"""


def after(steps, before=None, seed=None):
    """The files of a folder after the steps, a kill and the loss of what was not synced."""
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(SHIM, os.path.join(folder, "disk"), seed)
        for name, data in (before or {}).items():
            with open(os.path.join(disk.folder, name), "wb") as file:
                file.write(data)
        code = PRELUDE + steps + "\nos.kill(os.getpid(), signal.SIGKILL)"
        ended = subprocess.run([sys.executable, "-c", code], cwd=disk.folder, check=False,
                               env={**os.environ, **disk.environment()})
        if ended.returncode != -9:
            check(False, "the steps run to their end", steps)
        disk.lose()
        files = {}
        for name in os.listdir(disk.folder):
            with open(os.path.join(disk.folder, name), "rb") as file:
                files[name] = file.read()
        return files


def is_after(expected, steps, claim, **given):
    files = after(steps, **given)
    check(files == expected, claim, {name: data[:80] for name, data in files.items()})


def writes():
    is_after({"a": b"old"}, 'put("a", b"new")', "an overwrite that was not synced is lost",
             before={"a": b"old"})
    is_after({"a": b"new"}, 'put("a", b"new", sync=True)', "one that was synced is there",
             before={"a": b"old"})
    is_after({"a": b"1230"}, 'fd = put("a", b"1", True); os.pwrite(fd, b"4", 3)',
             "what came behind the last sync is lost", before={"a": b"0230"})
    is_after({"a": b"1204"}, 'fd = put("a", b"1"); os.pwrite(fd, b"4", 3); os.fdatasync(opened("a"))',
             "a sync through any descriptor is one for all writes", before={"a": b"0200"})
    is_after({"a": b"0234"}, 'put("a", b"1"); put("a", b"4", flags=os.O_RDWR | os.O_DSYNC, at=3)',
             "O_DSYNC writes its own bytes and no others", before={"a": b"0230"})
    is_after({"a": b"abXY"}, 'fd = opened("a"); os.write(fd, b"ab"); os.writev(fd, [b"X", b"Y"]);'
             "os.fsync(fd); os.write(fd, b'no')", "so it is with write and writev",
             before={"a": b""})
    is_after({"a": b"0" * 1000}, 'fd = opened("a"); os.ftruncate(fd, 10)',
             "a size that was not synced is lost", before={"a": b"0" * 1000})
    is_after({"a": b"0" * 10}, 'fd = opened("a"); os.ftruncate(fd, 10); os.fsync(fd)',
             "one that was synced is there", before={"a": b"0" * 1000})


def names():
    is_after({}, 'put("a", b"new", sync=True)', "a file whose folder was not synced is lost")
    is_after({"a": b""}, 'put("a", b"new"); sync_folder()', "its bytes, where only that was")
    is_after({"a": b"new"}, 'put("a", b"new", True); sync_folder()', "both: it is there")
    is_after({"a": b"old"}, 'put("b", b"new", True); os.rename("b", "a")',
             "a name that was not synced is the old one", before={"a": b"old"})
    is_after({"a": b"new"}, 'put("b", b"new", True); os.rename("b", "a"); sync_folder()',
             "one that was synced is the new one", before={"a": b"old"})
    is_after({"a": b"old"}, 'os.unlink("a"); put("b", b"new", True); put("c", b"new", True)',
             "a file that was removed has its old bytes still", before={"a": b"old"})
    is_after({}, 'os.unlink("a"); sync_folder()', "until its folder was synced",
             before={"a": b"old"})


def early():
    size = 64 * 512
    counts = set()
    for seed in range(8):
        data = after(f'put("a", b"1" * {size})', before={"a": b"0" * size}, seed=seed)["a"]
        sectors = {data[at:at + 512] for at in range(0, size, 512)}
        if not sectors <= {b"0" * 512, b"1" * 512}:
            check(False, "a sector is written whole or not at all", sectors)
        counts.add(data.count(b"1") // 512)
    check(len(counts) > 1 and 0 < min(counts) and max(counts) < 64,
          "with a seed some sectors are written early, whole", counts)
    is_after({"a": b"1" * size}, f'put("a", b"1" * {size}, True)', "what was synced is there",
             before={"a": b"0" * size}, seed=3)
    kept = {after('put("b", b"new", True); os.rename("b", "a")', before={"a": b"old"},
                  seed=seed)["a"] for seed in range(12)}
    check(kept == {b"old", b"new"}, "and some names", kept)


writes()
names()
early()
