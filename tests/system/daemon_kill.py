"""Kill a daemon under load, again and again: nothing that was acknowledged as durable is missing,
nothing is counted twice, and what is known is what an uninterrupted daemon knows.

Run as `daemon_kill.py LATTND`, or `daemon_kill.py LATTND SHIM` on a disk that loses with each kill
what was not synced. A few kills by default, 300 with LATTN_LONG; KILL_SEED draws other moments.
"""

import os
import random
import signal
import sys
import time

import numpy as np

from daemon_support import Folder, check, need_msgpack, wait_until
from durable_support import (AGREEMENT, DIM, OUTPUTS, Disk, DurableDaemon, Pool, Producer, Truth,
                             disagreement, image, learned)

SHIM = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
LONG = os.environ.get("LATTN_LONG") == "1"
SEED = int(os.environ.get("KILL_SEED", 1))
FOLDERS, KILLS = (20, 15) if LONG else (2, 3)  # of several producers
BATCHES, BATCH_KILLS = (300, 60) if LONG else (30, 3)  # of one
OPTIONS = ["--dim", str(DIM), "--outputs", str(OUTPUTS), "--checkpoint-every", "50ms"]
MESSAGES_MAX = 1000  # acknowledged between two kills
JITTER_MAX = 0.01  # seconds from then on
START_MAX = 0.1  # seconds in which a daemon is killed while it comes up


def disk_of(folder, draw):
    """Every other disk writes some of what it need not."""
    if SHIM is None:
        return None
    seed = draw.randrange(1 << 30) if draw.random() < 0.5 else None
    return Disk(SHIM, os.path.join(folder, "disk"), seed)


def kill(daemon, draw):
    """Kill it and start it again; some daemons die before they are up. Returns how many died."""
    kills = 1
    if draw.random() < 0.3:
        daemon.process.send_signal(signal.SIGUSR1)
    time.sleep(draw.random() * JITTER_MAX)
    daemon.kill()
    daemon.start()
    while draw.random() < 0.25:
        time.sleep(draw.random() * START_MAX)
        daemon.kill()
        daemon.start()
        kills += 1
    return kills


def survives(client, producers):
    """Says that a state is what the producers sent, as often as they sent it."""
    last = {p.pool.name: client.ask("hello", producer=p.pool.name)["last_seq"] for p in producers}
    for producer in producers:
        if not producer.acknowledged <= last[producer.pool.name] <= producer.sent:
            check(False, "what was acknowledged is there", producer.acknowledged, last)
    status = client.ask("status")
    counts = {key: status[key] for key in ("pairs", "accepted", "rejected", "duplicates")}
    sent = sum(last.values())
    if counts != {"pairs": sent, "accepted": sent, "rejected": 0, "duplicates": 0}:
        check(False, f"{sent} pairs are counted once", counts, last)
    pools = [producer.pool for producer in producers]
    truth = Truth(np.concatenate([pool.z for pool in pools]),
                  np.concatenate([pool.y for pool in pools]),
                  np.concatenate([pool.counts(last[pool.name]) for pool in pools]))
    return sent, disagreement(client, truth)


def load(daemon, draw, kills):
    """Kill a daemon so many times while three producers teach it."""
    producers = [Producer(daemon.path, number, form)
                 for number, form in enumerate(("line", "request", "batch"))]
    for producer in producers:
        producer.start()
    done = 0
    while done < kills:
        target = sum(p.answered for p in producers) + draw.randint(1, MESSAGES_MAX)
        wait_until(lambda: sum(p.answered for p in producers) >= target
                   or any(p.failure for p in producers), "producers go on")
        done += kill(daemon, draw)
        daemon.wait()
    for producer in producers:
        producer.over.set()
    for producer in producers:
        producer.join()
        check(producer.failure is None and not producer.refusals,
              f"{producer.form}: {producer.acknowledged} acknowledged, none refused",
              producer.failure, producer.refusals, daemon.log())
    return producers, done


def several_producers():
    kills = pairs = 0
    worst = 0.0
    for number in range(FOLDERS):
        draw = random.Random(f"{SEED} {number}")
        with Folder() as folder, \
                DurableDaemon(folder, *OPTIONS, disk=disk_of(folder, draw)) as daemon:
            producers, done = load(daemon, draw, KILLS)
            before = learned(image(daemon.packed_client()))
            daemon.kill()
            daemon.start()
            daemon.wait()
            client = daemon.packed_client()
            check(learned(image(client)) == before, "once quiet, a killed daemon comes back to the bit")
            sent, difference = survives(client, producers)
            kills, pairs, worst = kills + done + 1, pairs + sent, max(worst, difference)
            check(daemon.stop() == 0, "and ends in order", daemon.log())
    check(worst <= AGREEMENT, f"{kills} kills, {pairs} pairs: nothing missing, nothing twice, "
          f"answers to {worst:.1e}")


def teach(daemon, pool, counts, kills, draw):
    """Batch after batch, each once the one before is acknowledged; killed before some of them."""
    seq, done = 1, 0
    client = daemon.packed_client()
    for number, count in enumerate(counts):
        message, last = pool.batch(seq, count)
        client.send(message)
        if number in kills:
            time.sleep(draw.random() * JITTER_MAX / 10)
            done += kill(daemon, draw)
            daemon.wait()
            client = daemon.packed_client()
            known = client.ask("hello", producer=pool.name)["last_seq"] or 0
            if known not in (seq - 1, last):
                check(False, "a batch is there as a whole or not at all", seq, last, known)
            if known < last:
                client.send(message)
        if number not in kills or known < last:
            answer = client.message()
            if answer is None or answer[2] is not None or answer[3]["durable"] != last:
                check(False, "a batch is acknowledged", answer, daemon.log())
        seq = last + 1
    return done


def one_producer(*options):
    draw = random.Random(f"{SEED} one {options}")
    counts = [draw.randint(1, 200) for _ in range(BATCHES)]
    kills = set(draw.sample(range(BATCHES), BATCH_KILLS))
    pool = Pool("producer", SEED)
    images = []
    for chosen in (kills, set()):
        with Folder() as folder, \
                DurableDaemon(folder, *OPTIONS, *options, disk=disk_of(folder, draw)) as daemon:
            done = teach(daemon, pool, counts, chosen, draw)
            if not images:
                title = f"{' '.join(options) or 'one producer'}: {done} kills"
            images.append(learned(image(daemon.packed_client())))
    check(images[0] == images[1],
          f"{title}: to the bit what an uninterrupted daemon knows ({len(images[0])} bytes)")


need_msgpack()
several_producers()
one_producer()
one_producer("--forget", "0.999")
