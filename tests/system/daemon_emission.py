"""Emissions: to subscribers and into files, as often as asked for, and the last one always."""

import json
import os
import signal
import threading
import time

from daemon_support import Daemon, Folder, Layer, check, wait_until


def read_status(folder):
    with open(os.path.join(folder, "status.json")) as file:
        return json.load(file)


def read_model(folder):
    """The header of model.safetensors; ValueError where the file is not whole."""
    with open(os.path.join(folder, "model.safetensors"), "rb") as file:
        data = file.read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    if len(data) != 8 + size + header["Q"]["data_offsets"][1]:
        raise ValueError(f"{len(data)} bytes for {header}")
    return header


def subscribers():
    layer = Layer(3)
    with Daemon("--emit-every", "50ms") as daemon:
        early, client = daemon.client(), daemon.client()
        check(early.ask("subscribe") == {"subscribed": "status"}, "before there is an emission")
        client.send("".join(layer.pairs(50)))
        emission = early.line()
        check(emission["method"] == "emission" and emission["params"]["status"]["pairs"] > 0
              and "model" not in emission["params"], "the first one comes", emission)
        late = daemon.client()
        check(late.ask("subscribe", what="model") == {"subscribed": "model"}, "after it")
        emission = late.line()
        check(emission["params"]["model"]["d"] == 3, "the newest one comes at once", emission)
        client.send("".join(layer.pairs(50)))
        while emission["params"]["status"]["pairs"] < 100:
            emission = late.line()
        check(emission["params"]["status"]["verdict"] == "identifying"
              and emission["params"]["status"]["heads"] == len(emission["params"]["model"]["heads"]),
              "then one for each change", emission["params"]["status"])


def at_most_every():
    layer = Layer(2)
    with Daemon("--emit-every", "10ms") as daemon:
        slow, client = daemon.client(), daemon.client()
        slow.ask("subscribe", every="400ms")
        times = []
        begin = time.time()
        until = begin + 2
        seen = threading.Thread(target=lambda: [times.append(time.time())
                                                for _ in iter(slow.line, None)])
        seen.start()
        while time.time() < until:
            client.send(layer.pair())
            time.sleep(0.005)
        last = client.ask("status")["pairs"]
        time.sleep(0.6)
        check(daemon.stop() == 0, "it ends")
        seconds = time.time() - begin
        seen.join()
        # The first comes at once, the last at the end; fewer are no fault of a busy machine.
        check(2 <= len(times) <= seconds / 0.4 + 2, f"{len(times)} emissions in {seconds:.1f} s "
              f"for one who wants one in 0.4 s, of {last} pairs")


def by_pairs():
    layer = Layer(2)
    with Folder() as folder, Daemon("--emit-every", "100pairs", "--emit-dir", folder) as daemon:
        client = daemon.client()
        client.send("".join(layer.pairs(99)))
        client.ask("status")
        time.sleep(0.2)
        check(os.listdir(folder) == [], "no emission before its number of pairs")
        client.send("".join(layer.pairs(1)))
        wait_until(lambda: "status.json" in os.listdir(folder), "one with them")
        check(read_status(folder)["pairs"] == 100, "one with them")


def files():
    layer = Layer(4, m=2)
    with Folder() as folder, Daemon("--emit-every", "1ms", "--emit-dir", folder) as daemon:
        client = daemon.client()
        broken, reads, stop = [], [0], [False]

        def reader():
            while not stop[0]:
                for read in (read_status, read_model):
                    try:
                        read(folder)
                        reads[0] += 1
                    except FileNotFoundError:
                        if reads[0] > 0 and read is read_status:
                            broken.append("gone")
                    except ValueError as error:
                        broken.append(error)

        thread = threading.Thread(target=reader)
        thread.start()
        for _ in range(150):
            client.send("".join(layer.pairs(5)))
            time.sleep(0.01)
        generation = client.ask("emit")["generation"]
        stop[0] = True
        thread.join()
        check(not broken and reads[0] > 100, f"{reads[0]} reads while they are replaced, all whole",
              broken[:3])
        status, model = read_status(folder), read_model(folder)
        said = model["__metadata__"]
        check(status["generation"] == generation == int(said["generation"]),
              "after emit they are of the state it found", status["generation"], generation)
        check(status["pairs"] == 750 == int(said["pairs"]) and said["verdict"] == "identifying"
              and model["V"]["shape"] == [status["heads"], 2, 4], "and complete", model)
        check(sorted(os.listdir(folder)) == ["model.safetensors", "status.json"],
              "nothing else is there", os.listdir(folder))
        check(client.ask("reset", confirm=True) == {"reset": True}, "reset")
        client.ask("emit")
        check(read_status(folder)["pairs"] == 0 and os.listdir(folder) == ["status.json"],
              "is emitted, too", os.listdir(folder))


def earlier_files():
    with Folder() as folder:
        with open(os.path.join(folder, "model.safetensors"), "w") as file:
            file.write("earlier")
        with Daemon("--emit-dir", folder) as daemon:
            client = daemon.client()
            client.ask("status")
            check(os.listdir(folder) == ["model.safetensors"], "files of an earlier run stay")
            client.send(Layer(2).pair())
            client.ask("emit")
            check(read_model(folder)["__metadata__"]["pairs"] == "1", "until there is something new")


def on_signal_and_at_the_end():
    layer = Layer(2)
    with Folder() as folder, Daemon("--emit-every", "60m", "--emit-dir", folder) as daemon:
        client = daemon.client()
        client.send(layer.pair(id=1))
        client.line()
        wait_until(lambda: "status.json" in os.listdir(folder), "the first pair is emitted")
        client.send("".join(layer.pair(id=i) for i in range(9)))
        for _ in range(9):
            client.line()
        daemon.signal(signal.SIGUSR1)
        wait_until(lambda: read_status(folder)["pairs"] == 10, "SIGUSR1 emits")
        check(True, "SIGUSR1 emits")
        subscriber = daemon.client()
        subscriber.ask("subscribe")
        subscriber.line()
        client.send("".join(layer.pair(id=i) for i in range(5)))
        for _ in range(5):
            client.line()
        check(daemon.stop() == 0, "SIGTERM ends it")
        check(read_status(folder)["pairs"] == 15, "the end emits what was new")
        last = subscriber.rest()
        check(last and last[-1]["params"]["status"]["pairs"] == 15, "to subscribers, too", last)


def unwritable():
    layer = Layer(2)
    with Folder() as parent:
        folder = os.path.join(parent, "out")
        os.mkdir(folder)
        with Daemon("--emit-every", "10ms", "--emit-dir", folder) as daemon:
            client = daemon.client()
            client.ask("status")
            os.rmdir(folder)
            for _ in range(5):
                client.send(layer.pair())
                client.ask("emit")
            check(daemon.log().count("cannot write the emission") == 1, "a failure is logged once",
                  daemon.log())
            os.mkdir(folder)
            client.send(layer.pair())
            client.ask("emit")
            check(read_status(folder)["pairs"] == 6, "and writing goes on afterwards")
    with Folder() as folder, Daemon("--emit-dir", folder) as daemon:
        os.mkdir(os.path.join(folder, "status.json"))
        client = daemon.client()
        client.send(layer.pair())
        client.ask("emit")
        check(os.listdir(folder) == ["status.json"], "a file that cannot be replaced leaves none",
              os.listdir(folder))


subscribers()
at_most_every()
by_pairs()
files()
earlier_files()
on_signal_and_at_the_end()
unwritable()
