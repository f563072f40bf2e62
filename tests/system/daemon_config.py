"""Configuration: its sources and who wins, what a mistake is told, --check-config, --explain."""

import os
import re
import signal
import subprocess

from daemon_support import LATTND, SECONDS_MAX, Daemon, Folder, Layer, check

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("LATTND_")}


def run(*options, **variables):
    done = subprocess.run([LATTND, *options], capture_output=True, timeout=SECONDS_MAX,
                          stdin=subprocess.DEVNULL, env={**CLEAN, **variables})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def write(folder, text):
    path = os.path.join(folder, "lattnd.conf")
    with open(path, "w") as file:
        file.write(text)
    return path


def settings_of(text):
    """What --check-config prints, as {name: (value, who said so)}."""
    lines = re.findall(r"^([a-z-]+) = (.*?) +# (.*)$", text, re.MULTILINE)
    return {name: (value, origin) for name, value, origin in lines}


def who_wins():
    with Folder() as folder:
        socket = os.path.join(folder, "s")
        file = write(folder, f"listen = unix:{socket}\ndim = 2\noutputs = 2\nbias = true\n")
        variables = {"LATTND_CONFIG": file, "LATTND_DIM": "3"}
        code, out, err = run("--check-config", "--heads", "4", **variables)
        said = settings_of(out)
        check(code == 0 and err == "", "--check-config says what holds", code, out, err)
        check(said["outputs"] == ("2", file + ":3") and said["dim"] == ("3", "environment")
              and said["heads"] == ("4", "command line") and said["forget"] == ("1", "default"),
              "and who said so", out)
        check(not os.path.exists(socket), "it opens no socket")
        with Daemon("--outputs", "1", listen=["unix:" + socket], path=socket,
                    env={**CLEAN, **variables}) as daemon:
            client = daemon.client()
            client.send('{"id":1,"z":[[1,2,3]],"y":[1]}\n')
            check(client.line().get("result") is not None, "the daemon does what was said")
            status = client.ask("status")
            check((status["d"], status["m"]) == (4, 1), "dim of the environment, bias of the file, "
                  "outputs of the command line", status)
            check(file in daemon.log(), "and the log names the file", daemon.log())


def printed_is_a_file():
    with Folder() as folder:
        options = ["--listen", "unix:/tmp/a #b", "--listen", "tcp:localhost:7", "--bias",
                   "--emit-dir", folder, "--dim=3", "--precision=6", "--max-memory", "2G"]
        code, first, err = run(*options, "--check-config")
        check(code == 0, "a configuration is printed", err)
        code, second, err = run("--config", write(folder, first), "--check-config")
        bare = [re.sub(r" +# \S+( line)?$", "", line) for line in first.splitlines()]
        again = [re.sub(r" +# \S+( line)?$", "", line) for line in second.splitlines()]
        check(code == 0 and bare == again, "and read again it says the same", first, second, err)


def mistakes():
    def refused(why, *options, file=None, **variables):
        with Folder() as folder:
            if file is not None:
                options += ("--config", write(folder, file))
            for action in ([], ["--check-config"]):
                code, out, err = run(*options, *action, **variables)
                check(code == 2 and out == "" and why in err and err.count("\n") == 1,
                      f"{' '.join(action)} {why}", code, out, err)

    stdin = ("--listen", "stdin")
    refused("lattnd.conf:2: forget 1.5: must be above 0 and at most 1", *stdin,
            file="dim = 3\nforget = 1.5\n")
    refused("lattnd.conf:1: forgte: not an option", *stdin, file="forgte = 1\n")
    refused("lattnd.conf:1: not of the form name = value", *stdin, file="listen stdin\n")
    refused("--config /nowhere: cannot be opened: No such file", *stdin, "--config", "/nowhere")
    refused("LATTND_EMIT_EVERY 5: neither a time (250ms, 5s, 2m) nor 100pairs", *stdin,
            LATTND_EMIT_EVERY="5")
    refused("LATTND_EMIT_EVRY: not an option", *stdin, LATTND_EMIT_EVRY="5s")
    refused("--dim 0: outside 1..256", *stdin, "--dim", "0")
    refused("--allow-remote: needs --tls-cert and --tls-key, and --token-file or --tls-ca",
            "--listen", "tcp:localhost:7", "--allow-remote")
    refused("--allow-remote: needs --tls-cert and --tls-key", "--listen", "tcp:localhost:7",
            "--allow-remote", "--token-file", "t")
    refused("--tls-cert: needs --tls-key", *stdin, "--tls-cert", "c")
    refused("--tls-key: needs --tls-cert", *stdin, "--tls-key", "k")
    refused("--tls-ca: needs --tls-cert and --tls-key", *stdin, "--tls-ca", "c")
    refused("--token-file: guards TCP, and there is no such address", *stdin, "--token-file", "t")
    refused("--group: there is no Unix socket to share", *stdin, "--group", "0")
    refused("--group nobody-at-all: there is no such group", *stdin, "--group", "nobody-at-all")
    refused("--listen tls:localhost:7: one listens at tcp:HOST:PORT", "--listen", "tls:localhost:7")
    refused("nothing to listen on")
    refused("--listen tcp:a: names no port", "--listen", "tcp:a")


def check_config_looks_at_folders():
    with Folder() as folder:
        file = write(folder, "")
        for path, why in ((file, "Not a directory"), (folder + "/no", "No such file")):
            code, out, err = run("--listen", "stdin", "--emit-dir", path, "--check-config")
            check(code == 2 and out == "" and f"emit-dir {path}" in err and why in err,
                  f"emit-dir: {why}", code, out, err)


def explained(*options):
    code, out, err = run("--explain", *options)
    check(code == 0 and err == "", f"--explain {' '.join(options)}", code, err)
    numbers = dict(re.findall(r"^  (\S.*?)  +(\d+)(?:  .*)?$", out, re.MULTILINE))
    return {name: int(number) for name, number in numbers.items()}, out


def learn(client, pair):
    client.send(pair.replace("{", '{"id":"p",', 1))
    return client.line()


def explain():
    """
    The state's bytes: those told beforehand are summed by the very functions by which the state
    accounts for itself, and a row of dense tokens has every feature, so that none is in reserve:
    they agree to the byte, and no tolerance is needed.
    """
    for d, m, more in ((4, 1, []), (8, 1, []), (16, 1, []), (4, 3, []), (4, 1, ["--bias"])):
        options = ["--dim", str(d), "--outputs", str(m), *more]
        numbers, _ = explained(*options)
        with Daemon(*options) as daemon:
            client = daemon.client()
            learn(client, Layer(d, m).pair())
            told, held = numbers["state (memory_bytes of status)"], \
                client.ask("status")["memory_bytes"]
            check(told == held, f"at d = {d}, m = {m} {' '.join(more)} {told} bytes, as told",
                  held)


def explain_of_engines():
    """With gram the state is told as it is when R has gone over, and as it was before."""
    d, m = 4, 2
    options = ["--dim", str(d), "--outputs", str(m), "--engine", "gram"]
    numbers, out = explained(*options)
    check("both are as fast" in out, "d = 4: features take longer than learning them", out)
    check("gram learns with 1/3.2 of the work" in explained("--dim", "8")[1], "d = 8: gram saves")
    with Daemon(*options) as daemon:
        client, layer = daemon.client(), Layer(d, m)
        for pairs, name in ((1, "before R has full rank it is"),
                            (400, "state (memory_bytes of status)")):
            client.send("".join(layer.pairs(pairs)))
            held = client.ask("status")["memory_bytes"]
            check(numbers[name] == held, f"gram: {name} {held} bytes, as told", numbers)
        check(client.ask("status")["engine"] == "gram", "gram: the status names it")


def explain_of_threads():
    numbers, _ = explained("--dim", "4", "--threads", "3")
    check(numbers["threads that share it (threads)"] == 3, "--explain: as many threads as given")
    with Daemon("--dim", "4") as daemon:
        status = daemon.client().ask("status")
    numbers, _ = explained("--dim", "4")
    check(numbers["threads that share it (threads)"] == status["threads"],
          "else as many as there will be", status)


def explain_of_symbols():
    numbers, out = explained("--dim", "16")
    check("Only what occurs counts" in out and "one-hot" in out, "it speaks of one-hot tokens")
    with Daemon("--dim", "16") as daemon:
        client = daemon.client()
        for symbol in range(16):
            token = [int(i == symbol) for i in range(16)]
            client.send(f'{{"z":[{token}],"y":[1]}}\n')
        status = client.ask("status")
        check(status["features_seen"] == 16, "16 symbols, 16 features", status)
        check(status["memory_bytes"] < numbers["state (memory_bytes of status)"] / 4,
              f"take {status['memory_bytes']} bytes", numbers)


def explain_of_the_service():
    numbers, out = explained("--dim", "4")
    most = numbers["together, and an eighth for the heap"]
    told = int(re.search(r"MemoryMax= of the service should be at least this: (\d+)M\n", out)[1])
    check(told << 20 >= most > (told - 1) << 20, f"--explain: MemoryMax={told}M", most)


def explain_of_limits():
    numbers, _ = explained("--dim", "4")
    need = numbers["tables of all features"] + numbers["factor: R, C, weights, waiting rows"]
    for limit, word, fits in ((need, "all features fit", True), (need - 1, "DOES NOT FIT", False)):
        options = ["--dim", "4", "--max-memory", str(limit)]
        check(word in explained(*options)[1], f"--max-memory {limit}: {word}")
        if fits:
            with Daemon(*options) as daemon:
                answer = learn(daemon.client(), Layer(4).pair())
                check("result" in answer, "and so it is", answer)
        else:
            refused_start(*options)


def refused_start(*options):
    """A start that is refused for its options says so, and so does --check-config."""
    for action in ([], ["--check-config"]):
        code, out, err = run("--listen", "stdin", *options, *action)
        check(code == 2 and out == "" and "the largest dim that fits is" in err and
              "leave --dim out" in err, f"refused at the start: {err.strip()}", code, out)


def limit_of_a_state():
    """Pairs that a state has say more than --dim: symbols need less than dense tokens."""
    with Folder() as folder:
        options = ["--dim", "16", "--state", folder + "/state"]
        with Daemon(*options) as daemon:
            learn(daemon.client(), '{"t":[[3],[5]],"y":[1]}\n')
        with Daemon(*options, "--max-memory", "1M") as daemon:
            check(daemon.client().ask("status")["pairs"] == 1, "a state of symbols goes on")
        refused_start("--dim", "16", "--state", folder + "/new", "--max-memory", "1M")
        check(not os.path.exists(folder + "/new"), "and nothing is made")


def explain_needs_and_assumes():
    code, out, err = run("--explain")
    check(code == 2 and out == "" and "needs --dim" in err, "--explain needs --dim", code, err)
    check("assumed" in explained("--dim", "3")[1], "--explain says that it assumes one output")
    check("assumed" not in explained("--dim", "3", "--outputs", "1")[1], "unless it was told")
    with open(os.devnull, "w") as null:
        process = subprocess.Popen([LATTND, "--explain", "--dim", "256", "--outputs", "1024"],
                                   stdout=null)
        _, wait, usage = os.wait4(process.pid, 0)
        process.returncode = wait
    check(wait == 0 and usage.ru_maxrss < 200 << 10, "the largest is explained without holding it",
          wait, usage.ru_maxrss)


def descriptors_are_raised():
    """More clients at once than the soft limit on descriptors allows."""
    def lower():
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))

    with Daemon("--log-level", "debug", preexec_fn=lower) as daemon:
        clients = [daemon.client() for _ in range(200)]
        check(all(client.ask("status")["pairs"] == 0 for client in clients),
              "200 clients at a soft limit of 64", daemon.log())
        check('msg="open descriptors are limited" most=512' in daemon.log(), "and the log says so",
              daemon.log())
        daemon.signal(signal.SIGTERM)
        check(daemon.exit_code() == 0, "it ends")


who_wins()
printed_is_a_file()
mistakes()
check_config_looks_at_folders()
explain()
explain_of_engines()
explain_of_threads()
explain_of_symbols()
explain_of_the_service()
explain_of_limits()
limit_of_a_state()
explain_needs_and_assumes()
descriptors_are_raised()
