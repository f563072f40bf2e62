"""Damage the files of a state at random: the daemon recovers all of it from the checkpoint before
and the journal, or refuses with one clear line; it never crashes and never knows something else.

A few by default, 2000 with LATTN_LONG; CORRUPT_SEED draws others. What a daemon came up with is
compared, bit for bit, with what the undamaged one knew at that position.
"""

import collections
import os
import random
import shutil
import subprocess

from daemon_support import LATTND, Folder, check, need_msgpack
from durable_support import DurableDaemon, Pool, image, learned

LONG = os.environ.get("LATTN_LONG") == "1"
COUNT = int(os.environ.get("CORRUPT_COUNT", 2000 if LONG else 20))
SEED = int(os.environ.get("CORRUPT_SEED", 1))
DIM = 6
BATCHES, CHECKPOINTS = 40, (13, 27)  # checkpoints after so many of the batches
PAGE = 4096
EDGE = 64
SECONDS_MAX = 60
ALLOWED = {"recovered", "shorter", "shorter in silence", "refused"}


class Template:
    """A state with two checkpoints and a journal behind each, as a daemon that was killed left it.

    folder       of the state
    images       by position: what is known there
    checkpoints  where the two lie in the file
    """

    def __init__(self, folder):
        self.images = {}
        pool, seq, made = Pool("producer", SEED, DIM), 1, []
        with DurableDaemon(folder, "--checkpoint-every", "60m") as daemon:
            client = daemon.packed_client()
            for number in range(1, BATCHES + 1):
                message, last = pool.batch(seq, 7)
                client.send(message)
                if client.message()[2] is not None:
                    check(False, "a batch is learned")
                seq = last + 1
                if number in CHECKPOINTS:
                    client.ask("checkpoint")
                    made.append(image(client))
                position = client.ask("status")["state"]["position"]
                self.images[position] = learned(image(client))
            daemon.kill()
            self.folder = daemon.state
        self.file = max((os.path.join(self.folder, name) for name in os.listdir(self.folder)),
                        key=os.path.getsize)
        with open(self.file, "rb") as file:
            data = file.read()
        self.size = len(data.rstrip(b"\0"))  # what lies behind was never written
        self.checkpoints = [places(data, checkpoint) for checkpoint in made]
        self.position = max(self.images)

    def copy(self, folder):
        """A copy of the state, and the path of its file."""
        shutil.copytree(self.folder, folder)
        return os.path.join(folder, os.path.basename(self.file))


def places(data, wanted):
    """Where the wanted bytes lie in the data: from, to; without their ends, which say how they do."""
    middle = wanted[EDGE:-EDGE]
    at = data.find(middle)
    if at < 0 or data.find(middle, at + 1) >= 0:
        check(False, "a checkpoint lies in the file, once")
    return at, at + len(middle)


# ---- damage --------------------------------------------------------------------------------------


def flip(file, place, size, draw):
    """One byte becomes another."""
    file.seek(place)
    byte = file.read(1)[0]
    file.seek(place)
    file.write(bytes([byte ^ draw.randint(1, 255)]))


def scribble(file, place, size, draw):
    """Bytes become others, up to a page of them."""
    file.seek(place)
    file.write(draw.randbytes(min(draw.randint(1, PAGE), size - place)))


def blank(file, place, size, draw):
    """A page of zeros, as of a sector that could not be read."""
    file.seek(place // PAGE * PAGE)
    file.write(bytes(min(PAGE, size - place // PAGE * PAGE)))


def swap(file, place, size, draw):
    """A page has what belongs to another one."""
    file.seek(draw.randrange(size) // PAGE * PAGE)
    page = file.read(PAGE)
    file.seek(place // PAGE * PAGE)
    file.write(page)


def cut(file, place, size, draw):
    """The file ends early."""
    file.truncate(place)


DAMAGES = [flip] * 6 + [scribble] * 2 + [blank, swap, cut]


def damage(template, path, draw):
    """Damage a file. Returns how, and whether only one checkpoint was hit."""
    with open(path, "r+b") as file:
        if draw.random() < 0.5:
            place = draw.randrange(*draw.choice(template.checkpoints))
            flip(file, place, template.size, draw)
            return f"flip {place} of a checkpoint", True
        how = draw.choice(DAMAGES)
        place = draw.randrange(template.size)
        how(file, place, template.size, draw)
        return f"{how.__name__} {place}", False


# ---- what comes of it ----------------------------------------------------------------------------


def checked(folder):
    """What --check-state says: sound, or refused, also where a daemon would recover it; its words."""
    try:
        run = subprocess.run([LATTND, "--check-state", folder], capture_output=True, text=True,
                             timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return "hangs", ""
    if run.returncode == 0:
        return "sound", run.stdout
    return verdict_refused(run.returncode, run.stderr), run.stderr


def verdict_refused(code, words):
    if code != 1:
        return f"ends with {code}"
    return "refused" if words.strip() else "says nothing"


def opened(template, daemon):
    """What a daemon makes of the state: recovered, shorter, refused, or what must not be."""
    daemon.start()
    is_up = daemon.comes_up(SECONDS_MAX)
    if is_up is None:
        return "hangs"
    if not is_up:
        return verdict_refused(daemon.process.returncode, daemon.log())
    client = daemon.packed_client()
    position = client.ask("status")["state"]["position"]
    if learned(image(client)) != template.images.get(position):
        return "something else"
    if not goes_on(client, daemon):
        return "broken later"
    if position == template.position:
        return "recovered"
    return "shorter" if "warn" in daemon.log() else "shorter in silence"


def goes_on(client, daemon):
    """Teach it more; what it then knows, it knows after the next start."""
    pool = Pool("another", SEED, DIM)
    for seq in range(1, 100, 10):
        client.send(pool.batch(seq, 10)[0])
        if client.message()[2] is not None:
            return False
    if not client.ask("checkpoint").get("durable"):
        return False
    known = learned(image(client))
    if daemon.stop() != 0:
        return False
    daemon.start()
    return daemon.comes_up(SECONDS_MAX) and learned(image(daemon.packed_client())) == known


def outcome(template, folder, draw):
    """Damage a copy and look: how, whether one checkpoint was hit, what became of it, the log."""
    daemon = DurableDaemon(folder, state=os.path.join(folder, "state"))
    how, is_checkpoint = damage(template, template.copy(daemon.state), draw)
    said, words = checked(daemon.state)
    try:
        became = opened(template, daemon)
    except (SystemExit, OSError) as failure:
        became = f"dies ({failure})"
    finally:
        daemon.end()
    if said not in ("sound", "refused"):
        became = f"--check-state {said}"
    elif said == "sound" and became != "recovered":
        became += ", though --check-state says sound"
    return how, is_checkpoint, became, words + daemon.log()


def campaign():
    need_msgpack()
    draw = random.Random(SEED)
    counts = {True: collections.Counter(), False: collections.Counter()}
    with Folder() as origin:
        template = Template(origin)
        for number in range(COUNT):
            with Folder() as folder:
                how, is_checkpoint, became, log = outcome(template, folder, draw)
            counts[is_checkpoint][became] += 1
            if became not in ALLOWED:
                check(False, f"damage {number} of seed {SEED}, {how}: {became}", log)
    for is_checkpoint, title in ((True, "one checkpoint hit"), (False, "hit anywhere")):
        print(f"     {title}: {dict(counts[is_checkpoint])}")
    one = counts[True]
    check(2 * one["recovered"] >= one.total(),
          f"{COUNT} times damaged: {one['recovered']} of {one.total()} where one checkpoint was hit "
          "are recovered", one)


campaign()
