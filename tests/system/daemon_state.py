"""What --state keeps: everything acknowledged, through any end, exactly once, and no more."""

import base64
import json
import os
import signal
import subprocess

from daemon_support import LATTND, SECONDS_MAX, Client, Daemon, Folder, Layer, check, wait_until

# What differs from one process to the next though all is the same.
PASSING = ("uptime_s", "pairs_per_s", "queue_bytes", "memory_bytes", "state", "heads",
           "heads_generation", "heads_certified_minimal", "heads_decomposition", "stream",
           "identifying_since", "pairs_to_go", "headline")


def lasting(status):
    """The part of a status that must survive."""
    return {key: value for key, value in status.items() if key not in PASSING}


def image_of(client):
    """An image of the state, fetched part by part."""
    image = client.ask("checkpoint", image=True)
    parts = [client.ask("checkpoint", image=image["id"], part=part)
             for part in range(image["parts"])]
    data = b"".join(base64.b64decode(part["data"], validate=True) for part in parts)
    check(len(data) == image["bytes"], f"an image of {image['bytes']} bytes", len(data))
    return data


def run(*options):
    """Run to its end, which must come by itself."""
    return subprocess.run([LATTND, *options], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=SECONDS_MAX, text=True)


def describe(folder):
    """What --check-state says, as a dictionary."""
    done = run("--check-state", folder)
    check(done.returncode == 0 and done.stderr == "", "--check-state finds it sound", done)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def teach(client, layer, first, count, producer="p"):
    """Send numbered pairs and wait for them."""
    client.send("".join(layer.pair(producer=producer, seq=seq)
                        for seq in range(first, first + count)))
    return client.ask("hello", producer=producer)


def survives(end, claim):
    """The same state before and after an end of this kind."""
    layer = Layer(8, 2)
    with Folder() as folder:
        with Daemon("--state", folder) as daemon:
            client = daemon.client()
            client.send("".join(layer.pairs(30)))
            hello = teach(client, layer, 1, 20)
            check(hello["durable"] is True and hello["last_seq"] == 20, "hello: durable", hello)
            client.send('bad\n{"producer":"p","seq":21,"z":[[1]],"y":1}\n')
            check([client.line()["error"]["code"] for _ in range(2)] == ["syntax", "shape"],
                  "what is refused is answered")
            client.send(layer.pair(id=7, producer="q", seq=5))
            check(client.line()["result"]["durable"] == 5, "an answer says what is durable")
            client.ask("name", append=[f"c{i}" for i in range(9)], outputs=["s", "t"])
            client.send(layer.pair(id=8))
            check(client.line()["result"]["durable"] is None, "a pair without a number has none")
            # An image has what questions found out, a journal has not.
            images = [image_of(client)]
            before, model = client.ask("status"), client.ask("model")
            images.append(image_of(client))
            check(before["state"]["position"] > 0 and before["state"]["error"] is None,
                  "status has the state", before["state"])
            end(daemon)
        with Daemon("--state", folder) as daemon:
            check("state recovered" in daemon.log(), "it says what was recovered", daemon.log())
            client = daemon.client()
            check(image_of(client) in images, claim + ": the same state, byte by byte")
            after = client.ask("status")
            check(lasting(after) == lasting(before), claim + ": status", before, after)
            check(client.ask("model") == model, claim + ": model", model)
            check(client.ask("hello", producer="p")["last_seq"] == 21
                  and client.ask("hello", producer="q")["last_seq"] == 5,
                  "a refused item has used up its number, for good")
            client.send(layer.pair(id=1, producer="p", seq=20))
            answer = client.line()["result"]
            check(answer["duplicate"] is True and answer["durable"] == 21
                  and answer["applied"] == before["pairs"], "nothing is learned twice", answer)
            client.send(layer.pair(id=1, producer="p", seq=23))
            check(client.line()["error"]["code"] == "gap", "and nothing is left out")


def kill(daemon):
    daemon.process.kill()
    daemon.process.wait()


def stop(daemon):
    check(daemon.stop() == 0, "SIGTERM ends it with 0", daemon.log())


def checkpoint(daemon):
    """A checkpoint on request, then a change, then the end."""
    answer = daemon.client().ask("checkpoint")
    check(answer["durable"] is True and answer["pairs"] > 0, "checkpoint", answer)
    kill(daemon)


def forgets_for_good():
    layer = Layer(2)
    with Folder() as folder:
        with Daemon("--state", folder) as daemon:
            client = daemon.client()
            teach(client, layer, 1, 50)
            check(client.ask("checkpoint")["pairs"] == 50, "a checkpoint of 50 pairs")
            check(client.ask("reset", confirm=True) == {"reset": True}, "reset")
            kill(daemon)
        with Daemon("--state", folder) as daemon:
            client = daemon.client()
            check(client.ask("status")["pairs"] == 0
                  and client.ask("hello", producer="p")["last_seq"] is None,
                  "what was forgotten stays forgotten")
            client.send(Layer(5).pair(id=1))
            check(client.line()["result"]["applied"] == 1, "another width can be learned")
            stop(daemon)
        check(describe(folder)["d"] == "5", "and is kept")


def checkpoints():
    """Who makes one, and what it does to the journal."""
    layer = Layer(2)
    with Folder() as folder:
        with Daemon("--state", folder) as daemon:
            client = daemon.client()
            journal = lambda: client.ask("status")["state"]["journal_bytes"]
            teach(client, layer, 1, 20)
            check(journal() > 0, "a change is in the journal")
            daemon.signal(signal.SIGUSR1)
            wait_until(lambda: journal() == 0, "SIGUSR1 makes a checkpoint")
            teach(client, layer, 21, 20)
            position = client.ask("status")["state"]["position"]
            answer = client.ask("checkpoint")
            check(answer["position"] == position and answer["pairs"] == 40 and journal() == 0,
                  "so does a request, answered when it is there", answer)
            check(client.ask("checkpoint") == answer, "without a change it is there already")
            client.send('{"id":1,"method":"checkpoint"}\n{"id":2,"z":[[1,2]],"y":1}\n'
                        '{"id":3,"method":"checkpoint"}\n{"id":4,"method":"status"}\n')
            answers = [client.line() for _ in range(4)]
            check([answer["id"] for answer in answers] == [1, 2, 3, 4]
                  and answers[0]["result"]["pairs"] == 40 and answers[2]["result"]["pairs"] == 41
                  and answers[3]["result"]["pairs"] == 41,
                  "answers keep their order, and hold what came before", answers)
            others = [daemon.client() for _ in range(5)]
            for number, other in enumerate(others):
                other.send(layer.pair(id=1) + '{"id":2,"method":"checkpoint"}\n')
            answers = [(other.line()["result"]["applied"], other.line()["result"]["pairs"])
                       for other in others]
            check(all(applied <= pairs for applied, pairs in answers),
                  "several at once: each holds what came before it", answers)
            stop(daemon)
        found = describe(folder)
        check(found["records"] == "0" and found["pairs"] == "46", "so does the end", found)
    with Folder() as folder, Daemon("--state", folder, "--checkpoint-every", "1ms") as daemon:
        client = daemon.client()
        teach(client, layer, 1, 5)
        wait_until(lambda: client.ask("status")["state"]["checkpoint_pairs"] == 5,
                   "--checkpoint-every")
        check(client.ask("status")["state"]["journal_bytes"] == 0, "status tells what is behind it")


def leaves_while_it_waits():
    """A client that asks and goes costs nothing."""
    with Folder() as folder, Daemon("--state", folder) as daemon:
        for _ in range(20):
            client = daemon.client()
            client.send('{"z":[[1,2]],"y":1}\n{"id":1,"method":"checkpoint"}\n')
            client.close()
        client = daemon.client()
        wait_until(lambda: client.ask("status")["pairs"] == 20, "what it sent is learned")
        stop(daemon)


def memory_only():
    with Daemon() as daemon:
        client = daemon.client()
        check(client.ask("hello")["durable"] is False and client.ask("status")["state"] is None,
              "without --state nothing is durable")
        client.send('{"id":1,"producer":"p","seq":3,"z":[[1]],"y":1}\n')
        check(client.line()["result"]["durable"] is None, "as the answers say")
        check(client.ask("checkpoint") == {"code": "field", "message":
              'there is no --state for a checkpoint, only "image": true'}, "nor is a checkpoint")
        image = image_of(client)
        check(image[:8] == b"lattnsta", "but an image can be had")
        refused = client.ask("checkpoint", image=1, part=0)
        check(refused["code"] == "range", "once", refused)


def images():
    layer = Layer(4)
    with Folder() as folder, Daemon("--max-frame", "8K") as daemon:
        client = daemon.client()
        client.send("".join(layer.pairs(200)))
        model = client.ask("model")
        first = client.ask("checkpoint", image=True)
        check(first["parts"] > 1 and first["pairs"] == 200, "parts are shorter than a message",
              first)
        second = client.ask("checkpoint", image=True)
        refused = client.ask("checkpoint", image=first["id"], part=0)
        check(second["id"] != first["id"] and refused["code"] == "range",
              "the next image takes the place of the last", refused)
        refused = client.ask("checkpoint", image=second["id"], part=second["parts"])
        check(refused["code"] == "range", "there is no part behind the last", refused)
        client.ask("emit")  # whose verdict is in the image, here and elsewhere
        image = image_of(client)
        copy = os.path.join(folder, "copy")
        os.mkdir(copy)
        with open(os.path.join(copy, "image"), "wb") as file:
            file.write(image)
        client.send("".join(layer.pairs(10)))
        with Daemon("--state", copy) as elsewhere:
            check("state taken over" in elsewhere.log(), "it says so", elsewhere.log())
            client = elsewhere.client()
            client.ask("emit")
            check(image_of(client) == image, "opened elsewhere it is what it was")
            check(client.ask("model") == model, "and says the same")
            client.send(layer.pair(id=1))
            check(client.line()["result"]["applied"] == 201, "and goes on")
            stop(elsewhere)
        check(describe(copy)["pairs"] == "201", "and is kept")


def contradictions():
    with Folder() as folder:
        state = os.path.join(folder, "state")
        with Daemon("--state", state, "--forget", "0.99", "--bias") as daemon:
            client = daemon.client()
            client.send(Layer(3).pair(id=1))
            client.line()
            check(os.stat(state).st_mode & 0o777 == 0o700, "the folder is made for its owner")
            asked = run("--check-config", "--listen", "stdin", "--state", state)
            check(asked.returncode == 0 and "not compared" in asked.stderr,
                  "what is in use is not compared", asked.stderr)
            second = run("--listen", "unix:" + os.path.join(folder, "t"), "--state", state)
            check(second.returncode == 1 and state in second.stderr,
                  "a second daemon is refused", second.stderr)
            checked = run("--check-state", state)
            check(checked.returncode == 1 and state in checked.stderr,
                  "and so is a look at what is open", checked.stderr)
            stop(daemon)
        for wrong, said in ((("--forget", "0.9"), "0.9"), (("--dim", "4"), "4"),
                            (("--outputs", "2"), "2"), (("--bias=false",), "bias")):
            done = run("--listen", "stdin", "--state", state, *wrong)
            check(done.returncode == 2 and said in done.stderr and wrong[0][2:6] in done.stderr,
                  " ".join(wrong) + " contradicts the state", done.stderr)
            done = run("--check-config", "--listen", "stdin", "--state", state, *wrong)
            check(done.returncode == 2 and said in done.stderr and wrong[0][2:6] in done.stderr
                  and done.stdout == "", "as --check-config says beforehand", done.stderr)
        done = run("--listen", "stdin", "--state", state, "--forget", "0.99", "--dim", "3",
                   "--ridge", "1e-3", "--precision", "f32", "--max-memory", "1G")
        check(done.returncode == 0, "what agrees is taken, and what may change", done.stderr)
        with Daemon("--state", state) as daemon:
            client = daemon.client()
            status, hello = client.ask("status"), client.ask("hello")
            check(status["bias"] is True and status["d"] == 4, "without a word the state rules",
                  status)
            check(hello["bias"] is True, "and hello tells clients so", hello)


def damage_that_costs_nothing():
    """Of two checkpoints the newer one is spoilt: the one before serves, and the advice holds."""
    with Folder() as folder:
        state = os.path.join(folder, "state")
        with Daemon("--state", state) as daemon:
            client = daemon.client()
            for first in (1, 101):
                teach(client, Layer(3), first, 100)
                client.ask("checkpoint")
            kill(daemon)
        path = os.path.join(state, "data.mdb")
        with open(path, "rb") as file:
            whole = file.read()
        at = whole.rindex(b"lattnsta") + 2000
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(bytes(255 - byte for byte in whole[at:at + 8]))
        done = run("--check-state", state)
        lines = done.stderr.splitlines()
        check(done.returncode == 1 and "damage none" not in done.stdout and len(lines) == 2
              and lines[0].endswith("damaged, and can be recovered")
              and lines[1].startswith("Start lattnd on it:"), "damage that costs nothing", done)
        with Daemon("--state", state) as daemon:
            check(daemon.client().ask("status")["pairs"] == 200, "nothing is lost")
            stop(daemon)
        check(os.path.exists(os.path.join(state, "damaged-1.mdb")), "the old file remains")
        check(describe(state)["damage"] == "none", "and all is well again")


def files_of(state):
    """Names, sizes and times of what is in a folder."""
    return {entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns)
            for entry in os.scandir(state)}


def a_start_that_fails_leaves_nothing():
    """Else the next one, with other options, would find a state that contradicts them."""
    with Folder() as folder:
        state, socket = os.path.join(folder, "state"), "unix:" + os.path.join(folder, "s")
        failures = (("--listen", "unix:" + os.path.join(folder, "no/s")),
                    ("--listen", socket, "--emit-dir", os.path.join(folder, "no")),
                    ("--listen", "tcp:localhost:0", "--token-file", os.path.join(folder, "no")))
        for options in failures:
            done = run("--state", state, "--dim", "3", *options)
            check(done.returncode == 1 and not os.path.exists(state), f"{options}: no state",
                  done.stderr)
        os.mkdir(state, 0o700)
        done = run("--state", state, "--dim", "3", *failures[0])
        check(done.returncode == 1 and files_of(state) == {}, "nor in a folder that is there")
        done = run("--check-config", "--state", state, "--listen", "stdin")
        check(done.returncode == 0 and files_of(state) == {}, "--check-config makes none",
              done.stderr)
        with Daemon("--state", state, "--dim", "4") as daemon:
            stop(daemon)
        os.unlink(os.path.join(state, "lock.mdb"))
        found = files_of(state)
        for options in (("--dim", "3", "--listen", "stdin"),
                        ("--dim", "3", "--listen", "stdin", "--check-config"), failures[0],
                        ("--listen", "stdin", "--check-config")):
            run("--state", state, *options)
            check(files_of(state) == found, f"{options}: a state that is there is left as it is",
                  files_of(state))


def checks():
    with Folder() as folder:
        state = os.path.join(folder, "state")
        done = run("--check-state", state)
        check(done.returncode == 1 and state in done.stderr, "no state is none", done.stderr)
        check(not os.path.exists(state), "and none is made")
        with Daemon("--state", state) as daemon:
            teach(daemon.client(), Layer(3), 1, 100)
            kill(daemon)
        found = describe(state)
        check(found["pairs"] == "100" and found["records"] != "0" and found["d"] == "3"
              and found["damage"] == "none", "--check-state describes it", found)
        path = os.path.join(state, "data.mdb")
        size = os.path.getsize(path)
        with open(path, "r+b") as file:
            for at in range(0, size, 97):
                file.seek(at)
                file.write(b"\xa5")
        done = run("--check-state", state)
        check(done.returncode == 1 and state in done.stderr, "rot is found", done)
        check(done.stderr.endswith("\nKeep it as it is, and start from a copy or from another "
                                   "directory.\n"), "and what to do is said", done.stderr)
        done = run("--listen", "stdin", "--state", state)
        check(done.returncode == 1 and state in done.stderr, "and refused", done)
        file = os.path.join(folder, "file")
        with open(file, "w"):
            pass
        done = run("--listen", "stdin", "--state", file)
        check(done.returncode == 1 and file in done.stderr, "a file is no folder", done.stderr)


survives(kill, "after kill -9")
survives(stop, "after SIGTERM")
survives(checkpoint, "after a checkpoint and kill -9")
forgets_for_good()
checkpoints()
leaves_while_it_waits()
memory_only()
images()
contradictions()
a_start_that_fails_leaves_nothing()
checks()
damage_that_costs_nothing()
