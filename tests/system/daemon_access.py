"""Access by TCP: TLS, tokens, client certificates; who is refused, what strangers try."""

import contextlib
import grp
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import time
import warnings

from access_support import Authority, connect, need_openssl, write
from daemon_support import (LATTND, SECONDS_MAX, Client, Daemon, Folder, Layer, PackedClient, check,
                            msgpack, wait_until)

TOKEN = "a-token-of-27-characters-!#"
OLD_TOKEN = "the-one-before-it-\"quoted\""
AUTH = {"id": 0, "method": "auth", "params": {"token": TOKEN}}
GRANTED = {"id": 0, "result": {"access": "granted"}}


class Secured(Client):
    """A connection of lines through TLS, or by a token, or both."""

    def __init__(self, address, context=None, token=None):
        self.socket = connect(address, context)
        self.received, self.requests = b"", 0
        if token is not None:
            self.send(json.dumps({**AUTH, "params": {"token": token}}) + "\n")
            check(self.line() == GRANTED, "a token lets one in")


def port_of(daemon):
    wait_until(lambda: "address=tcp:" in daemon.log() or daemon.process.poll() is not None,
               "lattnd comes up")
    return "127.0.0.1", int(re.search(r"address=tcp:127.0.0.1:(\d+)", daemon.log()).group(1))


def options_of(identity, ca=None, token_file=None):
    words = ["--tls-cert", identity[0], "--tls-key", identity[1], "--log-level", "debug"]
    if ca is not None:
        words += ["--tls-ca", ca.certificate]
    if token_file is not None:
        words += ["--token-file", token_file]
    return words


def ended(client, claim, code=None):
    """The connection ends, after an answer of this code where there is one."""
    try:
        answers = client.rest()
    except (ConnectionError, ssl.SSLError):
        answers = []
    codes = [answer["error"]["code"] for answer in answers]
    check(codes == ([code] if code else []), claim, answers)


def drained(client):
    """Whatever it was, it ends."""
    try:
        while client.socket.recv(1 << 16):
            pass
    except ConnectionError:
        pass


def denied(daemon):
    return daemon.client().ask("status")["denied"]


def learned(client, count, seed):
    client.send("".join(Layer(3, seed=seed).pairs(count)))
    return client.ask("status")["pairs"]


# ---- TLS ---------------------------------------------------------------------------------------


def tls_carries_what_plain_does(ca, identity):
    with Daemon(*options_of(identity), listen=["tcp:127.0.0.1:0"]) as daemon:
        address = port_of(daemon)
        client = Secured(address, ca.context())
        check(client.socket.version() == "TLSv1.3", "TLS 1.3", client.socket.version())
        check(learned(client, 50, 1) == 50, "pairs are learned through TLS")
        older = ca.context()
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        client = Secured(address, older)
        check(client.socket.version() == "TLSv1.2" and client.ask("status")["pairs"] == 50,
              "TLS 1.2")
        ciphers = {cipher["name"] for cipher in client.socket.context.get_ciphers()}
        check("GCM" in client.socket.cipher()[0] and ciphers, "an authenticated cipher",
              client.socket.cipher())
        too_old = ca.context()
        warnings.simplefilter("ignore", DeprecationWarning)
        too_old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        too_old.maximum_version = ssl.TLSVersion.TLSv1_1
        too_old.set_ciphers("ALL:@SECLEVEL=0")
        try:
            Secured(address, too_old)
            check(False, "TLS 1.1 is refused")
        except (ssl.SSLError, ConnectionError):
            check(True, "TLS 1.1 is refused")


def end_of_stream(ca, identity):
    with Daemon(*options_of(identity), "--listen", "tcp:127.0.0.1:0") as daemon:
        address = port_of(daemon)
        layer = Layer(3)
        last = layer.pair()[:-1]
        half_closed(address, ca, "".join(layer.pairs(60)) + '{"id":1,"method":"status"}')
        check(daemon.client().ask("status")["pairs"] == 60, "and learned")
        client = Secured(address, ca.context())
        client.send("".join(layer.pairs(20)) + last)
        client.socket.unwrap()
        wait_until(lambda: daemon.client().ask("status")["pairs"] == 81,
                   "a last line without its end is a message where TLS was ended")
        client = Secured(address, ca.context())
        client.send("".join(layer.pairs(9)) + last)
        os.close(client.socket.detach())
        wait_until(lambda: daemon.client().ask("status")["pairs"] == 90,
                   "and none where the connection was cut off")
        check(daemon.client().ask("status")["rejected"] == 0, "which is no bad message either")


def half_closed(address, ca, text):
    """End our side of TLS, then read all answers up to the end of the other."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ca.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    plain = socket.create_connection(address, SECONDS_MAX)

    def go(act):
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                plain.sendall(outgoing.read())
                data = plain.recv(1 << 16)
                incoming.write(data) if data else incoming.write_eof()

    go(tls.do_handshake)
    tls.write(text.encode())
    try:
        tls.unwrap()
    except ssl.SSLWantReadError:
        plain.sendall(outgoing.read())
    received = b""
    while b"\n" not in received:
        received += go(lambda: tls.read(1 << 16))
    check(json.loads(received)["result"]["pairs"] == 60,
          "a half-closed stream is answered to its end", received)
    try:
        ending = go(lambda: tls.read(1 << 16))
    except ssl.SSLZeroReturnError:
        ending = b""
    check(ending == b"", "and then ended by the daemon, as TLS does", ending)


def big_answers(ca, identity):
    """A model of megabytes, of which nothing is read for a while."""
    with Daemon(*options_of(identity), "--heads", "svd",
                "--listen", "tcp:127.0.0.1:0") as daemon:
        client = Secured(port_of(daemon), ca.context())
        names = [f"{number:03d}" for number in range(64)]
        client.ask("name", append=names, outputs=names)
        for number in range(64):
            y = [(number * 7 + output * 3) % 11 / 7 for output in range(64)]
            client.send(json.dumps({"t": [[number]], "y": y}) + "\n")
        client.send('{"id":"m","method":"model"}\n' * 30)
        observer = daemon.client()
        wait_until(lambda: observer.ask("status")["pairs"] == 64, "others are served meanwhile")
        sizes = set()
        for _ in range(30):
            while b"\n" not in client.received:
                client.received += client.socket.recv(1 << 20)
            text, client.received = client.received.split(b"\n", 1)
            sizes.add(len(text))
        check(len(sizes) == 1, "every answer arrives whole", sizes)
        print(f"     30 answers of {max(sizes)} bytes")


# ---- who is refused ----------------------------------------------------------------------------


def strangers(ca, other, identity, folder):
    token_file = write(os.path.join(folder, "tokens"), f"# new\n{TOKEN}\n\n# old\n{OLD_TOKEN}\n")
    with Daemon(*options_of(identity, token_file=token_file),
                "--listen", "tcp:127.0.0.1:0") as daemon:
        address = port_of(daemon)
        count = 0

        for text in ('{"id":1,"method":"status"}\n', bytes(range(256)) * 8):
            client = Client(address)
            client.send(text)
            drained(client)
            count += 1
            check(denied(daemon) == count, "what is no TLS is refused, and counted")
        for text, claim in (
                ('{"id":7,"method":"status"}\n', "a request before a token"),
                (Layer(3).pair(), "a pair before a token"),
                ("nonsense\n", "what is no message"),
                ('{"id":0,"method":"auth"}\n', "auth without a token"),
                (json.dumps({**AUTH, "params": {"token": TOKEN[:-1]}}) + "\n", "a part of a token"),
                (json.dumps({**AUTH, "params": {"token": TOKEN + "x"}}) + "\n", "more than one"),
                ("{" + " " * 5000, "more than 1 KiB without a message")):
            client = Secured(address, ca.context())
            client.send(text)
            ended(client, f"{claim} is refused", "denied")
            count += 1
            check(denied(daemon) == count, "and counted", denied(daemon), count)
        check(Secured(address, ca.context(), TOKEN).ask("status")["pairs"] == 0,
              "nothing of all that was learned")
        check(Secured(address, ca.context(), OLD_TOKEN).ask("status")["pairs"] == 0,
              "each token of the file lets one in")
        split(address, ca)
        lines_count_from_the_first_message(address, ca)
        log = daemon.log()
        check(log.count("access denied") == 1 and "peer=tcp:127.0.0.1:" in log,
              "refusals are logged once per address and minute", log)
        for secret in (TOKEN, OLD_TOKEN, TOKEN[:-1]):
            check(secret not in log, "no token is in the log, at debug either")
        packed(address, ca)


@contextlib.contextmanager
def silent(ca, identity, folder):
    """Three connections that do not say who they are go after ten seconds; others are tested then."""
    token_file = write(os.path.join(folder, "silent"), TOKEN)
    with Daemon(*options_of(identity, token_file=token_file),
                "--listen", "tcp:127.0.0.1:0") as daemon:
        address = port_of(daemon)
        clients = [socket.create_connection(address, SECONDS_MAX) for _ in range(3)]
        clients[1].sendall(b"\x16\x03\x01\x02\x00")  # a record that never comes
        clients[2] = ca.context().wrap_socket(clients[2], server_hostname="localhost")
        check(Secured(address, ca.context(), TOKEN).ask("status")["pairs"] == 0,
              "three that say nothing keep nobody out")
        yield
        for client in clients:
            client.settimeout(SECONDS_MAX)
            try:
                check(client.recv(1) == b"", "who does not say who it is has to go")
            except (ConnectionError, ssl.SSLError):
                check(True, "who does not say who it is has to go")
        wait_until(lambda: denied(daemon) == len(clients), "which counts as refused")


def split(address, ca):
    """The token byte by byte, and pairs right behind it."""
    client = Secured(address, ca.context())
    text = json.dumps(AUTH) + "\n"
    for byte in text[:-1]:
        client.send(byte)
    client.send("\n" + Layer(3).pair(id="p") + '{"id":1,"method":"status"}\n')
    check(client.line() == GRANTED, "a token in pieces lets one in")
    check(client.line()["result"]["applied"] == 1 and client.line()["result"]["pairs"] == 1,
          "what came with its end is learned")


def lines_count_from_the_first_message(address, ca):
    client = Secured(address, ca.context(), TOKEN)
    client.send("nonsense\n")
    check(client.line()["error"]["line"] == 1, "lines count from the one behind the token")


def packed(address, ca):
    if msgpack is None:
        return
    client = PackedClient.__new__(PackedClient)
    client.socket, client.received, client.requests = connect(address, ca.context()), b"", 0
    client.unpacker = msgpack.Unpacker()
    check(client.ask("auth", token=TOKEN) == {"access": "granted"}, "MessagePack: a token")
    check(client.ask("status")["pairs"] == 1, "and what comes behind it")
    client = PackedClient.__new__(PackedClient)
    client.socket, client.received, client.requests = connect(address, ca.context()), b"", 0
    client.unpacker = msgpack.Unpacker()
    answer = client.ask("auth", token="another-token-of-some-length")
    check(answer["code"] == "denied" and client.message() is None, "MessagePack: a wrong token",
          answer)


def client_certificates(ca, other, identity):
    with Daemon(*options_of(identity, ca=ca), "--listen", "tcp:127.0.0.1:0") as daemon:
        address = port_of(daemon)
        mine = ca.issue("worker-7", "extendedKeyUsage=clientAuth")
        check(Secured(address, ca.context(mine)).ask("status")["pairs"] == 0,
              "a client with a certificate is let in")
        check("subject=CN=worker-7" in daemon.log() or 'subject="CN=worker-7"' in daemon.log(),
              "and named in the log", daemon.log())
        for who, claim in (
                (None, "one without"),
                (other.issue("worker-8", "extendedKeyUsage=clientAuth"), "another authority's"),
                (ca.issue("worker-9", "extendedKeyUsage=clientAuth", days=-1), "an expired one"),
                (ca.issue("worker-10", "extendedKeyUsage=serverAuth"), "one of a server")):
            before = denied(daemon)
            try:
                client = Secured(address, ca.context(who))
                client.send('{"id":1,"method":"status"}\n')
                ended(client, f"{claim} is refused")
            except (ssl.SSLError, ConnectionError):
                check(True, f"{claim} is refused")
            wait_until(lambda: denied(daemon) == before + 1, "and counted")


def both_are_asked_for(ca, identity, folder):
    token_file = write(os.path.join(folder, "both"), TOKEN)
    mine = ca.issue("worker", "extendedKeyUsage=clientAuth")
    with Daemon(*options_of(identity, ca=ca, token_file=token_file),
                "--listen", "tcp:127.0.0.1:0") as daemon:
        address = port_of(daemon)
        client = Secured(address, ca.context(mine))
        client.send('{"id":1,"method":"status"}\n')
        ended(client, "with both a certificate alone is refused", "denied")
        check(Secured(address, ca.context(mine), TOKEN).ask("status")["pairs"] == 0,
              "and both together let one in")


def tokens_without_tls(folder):
    token_file = write(os.path.join(folder, "plain"), TOKEN)
    with Daemon("--token-file", token_file, "--listen", "tcp:127.0.0.1:0") as daemon:
        address = port_of(daemon)
        client = Client(address)
        client.send(Layer(3).pair())
        ended(client, "loopback asks for the token, too", "denied")
        check(learned(Secured(address, token=TOKEN), 30, 1) == 30, "and takes it without TLS")
        client = daemon.client()
        check(client.ask("auth", token="whatever") == {"access": "granted"},
              "a Unix socket asks for none, and takes any")
        burst = [Secured(address) for _ in range(300)]
        check(Secured(address, token=TOKEN).ask("status")["pairs"] == 30,
              "300 that say nothing keep nobody out")
        check(burst[0].line() is None, "the oldest of them had to go")
        for one in burst:
            one.close()


# ---- rotation, files, sockets ------------------------------------------------------------------


def rotation(ca, identity, folder):
    token_file = write(os.path.join(folder, "turning"), OLD_TOKEN)
    files = [os.path.join(folder, name) for name in ("turning.pem", "turning.key")]
    for source, target in zip(identity, files):
        with open(source, encoding="utf-8") as file:
            write(target, file.read())
    with Daemon(*options_of(files, token_file=token_file),
                "--listen", "tcp:127.0.0.1:0") as daemon:
        address = port_of(daemon)
        kept = Secured(address, ca.context(), OLD_TOKEN)
        first = kept.socket.getpeercert()["serialNumber"]
        for source, target in zip(ca.server(), files):
            with open(source, encoding="utf-8") as file:
                write(target, file.read())
        write(token_file, TOKEN)
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: "read again" in daemon.log(), "SIGHUP reads the files again")
        fresh = Secured(address, ca.context(), TOKEN)
        check(fresh.socket.getpeercert()["serialNumber"] != first, "new ones see the new certificate")
        client = Secured(address, ca.context())
        client.send(json.dumps({**AUTH, "params": {"token": OLD_TOKEN}}) + "\n")
        ended(client, "the old token is out", "denied")
        check(kept.ask("status")["pairs"] == 0, "who was in stays")
        for path, text, mode, why in ((token_file, TOKEN, 0o644, "mode 0644"),
                                      (token_file, "too short", 0o600, "line 1 is no token"),
                                      (files[1], "no key", 0o600, files[0])):
            with open(path, encoding="utf-8") as file:
                good = file.read()
            write(path, text, mode)
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: why in daemon.log().split("stay as they were")[-1],
                       f"a bad file is refused: {why}")
            check(Secured(address, ca.context(), TOKEN).ask("status")["pairs"] == 0,
                  "and all stay as they were")
            write(path, good)
        check("too short" not in daemon.log() and TOKEN not in daemon.log()
              and "BEGIN" not in daemon.log(), "nothing of a secret is in the log")


def bad_files(ca, other, identity, folder):
    open_key = write(os.path.join(folder, "open.key"), open(identity[1], encoding="utf-8").read(),
                     0o644)
    foreign = other.server()
    empty = write(os.path.join(folder, "empty"), "# none\n")
    for code, why, words in (
            (2, "everybody has access to it, mode 0644",
             ["--tls-cert", identity[0], "--tls-key", open_key]),
            (2, "not the key of the certificate",
             ["--tls-cert", identity[0], "--tls-key", foreign[1]]),
            (1, "/nowhere: No such file", ["--tls-cert", identity[0], "--tls-key", "/nowhere"]),
            (1, "/nowhere: cannot be read", ["--tls-cert", "/nowhere", "--tls-key", identity[1]]),
            (2, "there is no token", ["--token-file", empty]),
            (2, empty, ["--tls-cert", identity[0], "--tls-key", identity[1], "--tls-ca", empty])):
        for check_only in ([], ["--check-config"]):
            done = subprocess.run([LATTND, "--listen", "tcp:127.0.0.1:0", *words, *check_only],
                                  capture_output=True, timeout=SECONDS_MAX,
                                  stdin=subprocess.DEVNULL)
            check(done.returncode == (2 if check_only else code) and why in done.stderr.decode(),
                  f"{' '.join(check_only)} {why}", done.returncode, done.stderr.decode())


def plain_where_tls_is_spoken(identity):
    """Whoever begins with a message is told, in its own format."""
    with Daemon(*options_of(identity), "--listen", "tcp:127.0.0.1:0") as daemon:
        address = port_of(daemon)
        client = Secured(address)
        client.send('{"id": 1, "method": "status"}\n')
        told = client.line()["error"]
        check(told["code"] == "denied" and "connect to tls:" in told["message"], "a line", told)
        check(client.line() is None, "and that was all")
        client = PackedClient(address)
        client.send_message(0, 7, "status", {})
        kind, number, error, _ = client.message()
        check((kind, number, error["code"]) == (1, 7, "denied")
              and "connect to tls:" in error["message"], "a frame", error)
        check(client.message() is None, "and that was all")
        wait_until(lambda: denied(daemon) == 2, "both count as refused")
        check('error="it speaks no TLS"' in daemon.log(), "the log tells why", daemon.log())


def certificates_that_expire(ca):
    """A warning two weeks before, at the start, when they are read again, and beforehand."""
    for days, word in ((13, "expires soon"), (16, None), (-1, "has expired")):
        cert, key = ca.server("expiring", days=days)
        words = ["--listen", "tcp:127.0.0.1:0", "--tls-cert", cert, "--tls-key", key]
        done = subprocess.run([LATTND, *words, "--check-config"], capture_output=True,
                              timeout=SECONDS_MAX, stdin=subprocess.DEVNULL)
        said = done.stderr.decode()
        check(done.returncode == 0 and (cert in said and "expire" in said) == (word is not None),
              f"{days} days: --check-config", done.returncode, said)
        with Daemon(*words) as daemon:
            warned = [line for line in daemon.log().splitlines() if "level=warn" in line]
            check(len(warned) == (word is not None), f"{days} days: the log", daemon.log())
            if word is None:
                continue
            date = time.strftime("%Y-%m-%dT", time.gmtime(time.time() + days * 86400))
            check(word in warned[0] and cert in warned[0] and "date=" + date in warned[0],
                  "names file and date", warned)
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: daemon.log().count(word) == 2, "and again at a reload")


def shared_sockets():
    group = grp.getgrall()[-1]
    with Daemon("--group", group.gr_name, "--log-level", "debug") as daemon:
        found = os.stat(daemon.path)
        if os.geteuid() == 0:
            check(stat.S_IMODE(found.st_mode) == 0o660 and found.st_gid == group.gr_gid,
                  "a socket is shared with a group", oct(found.st_mode), found.st_gid)
        daemon.client().ask("status")
        me = f"unix pid {os.getpid()} uid {os.geteuid()} gid {os.getegid()}"
        check(me in daemon.log(), "the log names who connects", daemon.log())
    with Daemon() as daemon:
        check(stat.S_IMODE(os.stat(daemon.path).st_mode) == 0o600, "and without it is not")


def anywhere(ca, identity, folder):
    token_file = write(os.path.join(folder, "anywhere"), TOKEN)
    with Daemon(*options_of(identity, token_file=token_file), "--allow-remote",
                "--listen", "tcp:0.0.0.0:0") as daemon:
        wait_until(lambda: "address=tcp:" in daemon.log(), "lattnd comes up")
        port = int(re.search(r"address=tcp:0.0.0.0:(\d+)", daemon.log()).group(1))
        check(Secured(("127.0.0.1", port), ca.context(), TOKEN).ask("status")["pairs"] == 0,
              "--allow-remote serves all addresses")
    passed = socket.create_server(("0.0.0.0", 0))
    os.set_inheritable(passed.fileno(), True)
    number = passed.fileno()
    with Daemon(*options_of(identity, token_file=token_file), "--allow-remote",
                listen=[f"fd:{number}"], pass_fds=[number]) as daemon:
        client = Secured(("127.0.0.1", passed.getsockname()[1]), ca.context(), TOKEN)
        check(client.ask("status")["pairs"] == 0, "and sockets that were passed on")


def speed(ca, identity):
    """For the record: what TLS takes of the throughput."""
    text = "".join(Layer(8).pairs(200, 16)).encode() * 20
    rates = {}
    for name, context, words in (("plain", None, []), ("TLS", ca.context(), options_of(identity))):
        with Daemon(*words[:4], "--listen", "tcp:127.0.0.1:0") as daemon:
            client = Secured(port_of(daemon), context)
            start = time.monotonic()
            client.send(text)
            check(client.ask("status")["pairs"] == 4000, f"4000 pairs, {name}")
            rates[name] = 4000 / (time.monotonic() - start)
    print("     pairs/s:", {name: round(rate) for name, rate in rates.items()})


def main():
    need_openssl()
    with Folder() as folder:
        ca, other = Authority(folder, "ca"), Authority(folder, "other")
        identity = ca.server()
        with silent(ca, identity, folder):
            tls_carries_what_plain_does(ca, identity)
            end_of_stream(ca, identity)
            big_answers(ca, identity)
            client_certificates(ca, other, identity)
            both_are_asked_for(ca, identity, folder)
            tokens_without_tls(folder)
            rotation(ca, identity, folder)
            bad_files(ca, other, identity, folder)
            certificates_that_expire(ca)
            plain_where_tls_is_spoken(identity)
            shared_sockets()
            anywhere(ca, identity, folder)
            speed(ca, identity)
            strangers(ca, other, identity, folder)


main()
