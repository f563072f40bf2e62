"""lattn by TLS: every verb that asks a daemon, whom it trusts, and what it says when it does not."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

from access_support import Authority, need_openssl, write
from tools_support import LATTND, SECONDS_MAX, check, lattn

TOKEN = "a-token-of-26-characters-#"


class Guarded:
    """A lattnd at a TCP port; use as a context."""

    def __init__(self, *options):
        self.log = tempfile.NamedTemporaryFile("w+")
        self.process = subprocess.Popen(
            [LATTND, "--listen", "tcp:127.0.0.1:0", "--log-level", "debug", *options],
            stdin=subprocess.DEVNULL, stderr=self.log)
        deadline = time.time() + SECONDS_MAX
        while (found := re.search(r"address=tcp:127.0.0.1:(\d+)", self.said())) is None:
            if time.time() > deadline or self.process.poll() is not None:
                check(False, "lattnd comes up", self.said())
            time.sleep(0.02)
        self.port = int(found.group(1))
        self.address = f"tls:localhost:{self.port}"

    def said(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS_MAX)
        self.log.close()


def refused(claim, why, *arguments, code=1):
    _, err = lattn(*arguments, code=code)
    check(why in err and err.count("\n") == 1, claim, err)


def every_verb(daemon, ca, token_file, folder):
    way = ["--tls-ca", ca.certificate, "--token-file", token_file]
    pairs, _ = lattn("gen", "random", "--dim", 3, "--outputs", 1, "--length", 5, "--pairs", 200)
    out, _ = lattn("feed", daemon.address, *way, stdin=pairs)
    check(out == "fed 40 accepted 40 rejected 0 duplicates 0\n", "feed", out)
    out, _ = lattn("feed", daemon.address, *way, "--producer", "p", stdin=pairs)
    check(out == "fed 40 accepted 40 rejected 0 duplicates 0\n", "feed, under a name", out)
    status = json.loads(lattn("status", daemon.address, "--json", *way)[0])
    check(status["pairs"] == 400 and status["verdict"] == "identifying", "status", status)
    out, _ = lattn("predict", daemon.address, *way, stdin=pairs)
    check(out.count('"determined": true') + out.count('"determined":true') == 40, "predict", out)
    out, _ = lattn("certify", daemon.address, *way, stdin=pairs)
    check("40 of 40 inputs are determined" in out, "certify", out)
    model = os.path.join(folder, "model.json")
    lattn("model", daemon.address, *way, "-o", model)
    check(os.path.getsize(model) > 100, "model")
    lattn("suggest", daemon.address, "-n", 3, *way)
    check(True, "suggest")
    out, _ = lattn("watch", daemon.address, "--count", 1, *way)
    check("identifying" in out, "watch", out)
    os.environ.update(LATTN_TLS_CA=ca.certificate, LATTN_TOKEN_FILE=token_file)
    out, _ = lattn("status", daemon.address, "--json")
    check(json.loads(out)["pairs"] == 400, "the environment names files as well", out)
    del os.environ["LATTN_TLS_CA"], os.environ["LATTN_TOKEN_FILE"]


def no_trust(ca, other, folder):
    for identity, why in (
            (other.server(), "its certificate comes from no authority that is trusted here"),
            (ca.server("expired", days=-1), "its certificate has expired"),
            (ca.server("elsewhere"), "its certificate is for another host")):
        with Guarded("--tls-cert", identity[0], "--tls-key", identity[1]) as daemon:
            refused(f"refused: {why}", why, "status", daemon.address, "--tls-ca", ca.certificate)
    identity = ca.server()
    with Guarded("--tls-cert", identity[0], "--tls-key", identity[1]) as daemon:
        refused("the system does not trust our authority", "no authority that is trusted here",
                "status", daemon.address)
        lattn("status", f"tls:127.0.0.1:{daemon.port}", "--tls-ca", ca.certificate)
        check(True, "an address can be what the certificate is for")
        plain = f"tcp:127.0.0.1:{daemon.port}"
        refused("plain text to TLS", "TLS is spoken here: connect to tls:", "status", plain)
        for form in ("ndjson", "msgpack"):
            _, err = lattn("feed", plain, "--from", form, stdin="", code=1)
            check("connect to tls:" in err and "trying again" not in err, f"feed, {form}", err)
        empty = write(os.path.join(folder, "empty"), "")
        refused("no authority in the file", empty, "status", daemon.address, "--tls-ca", empty)
    with Guarded() as daemon:
        refused("TLS to plain text", "does not speak TLS", "status", daemon.address, "--tls-ca", ca.certificate)


def another_speaks_tls():
    """What is no lattnd says no in TLS's own way."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(1)
                    client.sendall(b"\x15\x03\x01\x00\x02\x02\x46")
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(1 << 16):
                        pass

        threading.Thread(target=serve, daemon=True).start()
        plain = f"tcp:127.0.0.1:{server.getsockname()[1]}"
        refused("an alert of TLS", "it speaks TLS: connect to tls:", "status", plain)
        for form in ("ndjson", "msgpack"):
            _, err = lattn("feed", plain, "--from", form, stdin="", code=1)
            check("connect to tls:" in err and "trying again" not in err, f"to feed, {form}", err)


def no_token(ca, folder):
    identity = ca.server()
    right = write(os.path.join(folder, "right"), f"# first\n{TOKEN}\n")
    wrong = write(os.path.join(folder, "wrong"), "some-other-token-of-some-length\n")
    public = write(os.path.join(folder, "public"), TOKEN, 0o644)
    none = write(os.path.join(folder, "none"), "# nothing\n")
    with Guarded("--tls-cert", identity[0], "--tls-key", identity[1],
                 "--token-file", right) as daemon:
        trust = ["--tls-ca", ca.certificate]
        every_verb(daemon, ca, right, folder)
        refused("no token", "the first message must be auth", "status", daemon.address, *trust)
        refused("a wrong token", "the token is none that is known here", "status", daemon.address,
                *trust, "--token-file", wrong)
        refused("a token for everybody", "mode 0644", "status", daemon.address, *trust,
                "--token-file", public)
        refused("a file without one", "there is no token in it", "status", daemon.address, *trust,
                "--token-file", none)
        _, err = lattn("feed", daemon.address, *trust, "--token-file", wrong, stdin="", code=1)
        check("the token is none that is known here" in err, "feed says so, too", err)
        check(TOKEN not in daemon.said() and "some-other" not in daemon.said(),
              "no token is in the log")


def certificates(ca, other):
    identity = ca.server()
    mine = ca.issue("me", "extendedKeyUsage=clientAuth")
    theirs = other.issue("them", "extendedKeyUsage=clientAuth")
    with Guarded("--tls-cert", identity[0], "--tls-key", identity[1],
                 "--tls-ca", ca.certificate) as daemon:
        way = [daemon.address, "--tls-ca", ca.certificate]
        lattn("status", *way, "--tls-cert", mine[0], "--tls-key", mine[1])
        check("CN=me" in daemon.said(), "a client's certificate lets it in")
        refused("none does not", "the daemon refuses: Certificate is required", "status", *way)
        refused("nor another authority's", "the daemon refuses:", "status", *way,
                "--tls-cert", theirs[0], "--tls-key", theirs[1])
        _, err = lattn("feed", *way, stdin='{"z": [[1, 2]], "y": 1}\n', code=1)
        check("trying again" not in err and "refuses: Certificate is required" in err,
              "and feed does not try again", err)
        os.chmod(mine[1], 0o604)
        refused("a key for everybody", "mode 0604", "status", *way, "--tls-cert", mine[0],
                "--tls-key", mine[1])


def misused():
    for arguments, why in (
            (["unix:/tmp/x", "--token-file", "t"], "--token-file does not go with this address"),
            (["tcp:localhost:7", "--tls-ca", "c"], "--tls-ca does not go with this address"),
            (["tls:localhost:7", "--tls-cert", "c"], "--tls-cert and --tls-key come together"),
            (["tls:localhost"], "names no port"),
            (["ssl:localhost:7"], "one connects to unix:PATH, tcp:HOST:PORT or tls:HOST:PORT")):
        refused(f"misused: {why}", why, "status", *arguments, code=2)


def main():
    need_openssl()
    with tempfile.TemporaryDirectory() as folder:
        ca, other = Authority(folder, "ca"), Authority(folder, "other")
        no_token(ca, folder)
        no_trust(ca, other, folder)
        certificates(ca, other)
        another_speaks_tls()
        misused()


main()
