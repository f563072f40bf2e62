"""HTTP with TLS, tokens and client certificates; what is read again at SIGHUP."""

import base64
import os
import re
import shutil
import signal
import ssl

from access_support import Authority, need_openssl, write
from daemon_support import Folder, Layer, check, wait_until
from http_support import Events, Guest, HttpDaemon

TOKEN = "a-token-of-27-characters-!#"
BASIC = base64.b64encode(b"anybody:" + TOKEN.encode()).decode()


def denied(daemon):
    client = daemon.client()
    count = client.ask("status")["denied"]
    client.close()
    return count


def tokens(folder, authority):
    """Who shows a token is let in, over TLS or on loopback without."""
    path = write(os.path.join(folder, "tokens"), f"{TOKEN}\n")
    identity = authority.server()
    tls = ["--tls-cert", identity[0], "--tls-key", identity[1]]
    for name, options, context in (("plain", [], None), ("TLS", tls, authority.context())):
        with HttpDaemon("--token-file", path, "--log-level", "debug", *options) as daemon:
            with Guest(daemon.address, context) as guest:
                answer = guest.ask("/livez")
                check(answer.code == 401 and answer.error()["code"] == "denied" and
                      "www-authenticate" in answer.headers, f"{name}: no token, not let in")
                for header in ("Bearer wrong-token-of-some-length", "Basic !", "Bearer", BASIC,
                               f"Digest {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"):
                    answer = guest.ask("/metrics", Authorization=header)
                    check(answer.code == 401, f"{name}: {header.split()[0]}: nor with another one")
                check(guest.ask("/nowhere").code == 401, "strangers are not told what there is")
                check(guest.ask("/livez", Authorization=f"Bearer {TOKEN}").code == 200,
                      f"{name}: Bearer")
                check(guest.ask("/livez", Authorization=f"Basic {BASIC}").code == 200,
                      f"{name}: Basic, as browsers do")
                check(denied(daemon) == 9, f"{name}: refusals are counted", denied(daemon))
            check(TOKEN not in daemon.log() and BASIC not in daemon.log(), "no token is in the log")
            check("access denied" in daemon.log(), "but that somebody was refused")


def encrypted(folder, authority):
    layer = Layer(12, m=4)
    identity = authority.server()
    with HttpDaemon("--tls-cert", identity[0], "--tls-key", identity[1], "--heads", "svd",
                    "--emit-every", "10ms") as daemon:
        check(f"https://127.0.0.1:{daemon.port}/" in daemon.log(), "the log has the address")
        context = authority.context()
        client = daemon.client()
        client.send("".join(layer.pairs(200)))
        client.ask("emit")
        model = client.ask("model")
        with Guest(daemon.address, context) as guest:
            check(guest.socket.version() == "TLSv1.3", "TLS 1.3")
            check(guest.ask("/livez", Host="any.name.at.all").code == 200,
                  "the certificate tells who we are, not Host")
            body = guest.ask("/model.json").body
            check(len(body) > 50000 and abs(len(body) - len(str(model))) < len(body) / 2,
                  "a long answer", len(body))
            check(not guest.socket.session.has_ticket, "no ticket to come back with")
        with Events(daemon.address, context) as events:
            first = events.event()[0]
            client.send("".join(layer.pairs(5)))
            client.ask("emit")
            check(events.event()[0] != first, "events")
        check(b"200 OK" not in daemon.raw(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              "nothing is said without TLS")
        old = ssl.create_default_context(cafile=authority.certificate)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with Guest(daemon.address, old) as guest:
            check(guest.ask("/livez").code == 200, "TLS 1.2 with forward secrecy")
        old.set_ciphers("AES128-GCM-SHA256")
        try:
            Guest(daemon.address, old)
            check(False, "without it there is none")
        except (ssl.SSLError, ConnectionError):
            check(True, "without it there is none")
        client.close()
        check(daemon.stop() == 0, "it ends")


def serial_of(guest):
    return guest.socket.getpeercert()["serialNumber"]


def renewed(folder, authority):
    """Files are read again: for connections to come, all or none."""
    certificate, key = authority.server()
    paths = [os.path.join(folder, name) for name in ("live.pem", "live.key")]
    token = write(os.path.join(folder, "live.tokens"), f"{TOKEN}\n")
    for source, target in zip((certificate, key), paths):
        shutil.copy(source, target)
    with HttpDaemon("--tls-cert", paths[0], "--tls-key", paths[1], "--token-file", token) as daemon:
        context = authority.context()
        shown = {"Authorization": f"Bearer {TOKEN}"}
        with Guest(daemon.address, context) as before:
            old = serial_of(before)
            check(before.ask("/livez", **shown).code == 200, "before")
            for source, target in zip(authority.server(), paths):
                shutil.copy(source, target)
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: "read again" in daemon.log(), "the files are read again")
            with Guest(daemon.address, context) as after:
                check(serial_of(after) != old, "who comes gets the new certificate")
                check(after.ask("/livez", **shown).code == 200, "and is served")
            check(before.ask("/livez", **shown).code == 200, "who is there stays")
            write(token, "another-token-than-before\n")
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: daemon.log().count("read again") == 2, "and again")
            check(before.ask("/livez", **shown).code == 401, "an old token is none any more")
            write(paths[1], "nonsense\n")
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: "stay as they were" in daemon.log(), "a bad file is not taken")
            with Guest(daemon.address, context) as after:
                check(after.ask("/livez", Authorization="Bearer another-token-than-before").code ==
                      200, "what was there before it holds")


def certified(folder, authority):
    """Clients show certificates of an authority."""
    clients, strangers = Authority(folder, "clients"), Authority(folder, "strangers")
    usage = "extendedKeyUsage=clientAuth"
    identity = authority.server()
    with HttpDaemon("--tls-cert", identity[0], "--tls-key", identity[1], "--tls-ca",
                    clients.certificate, "--log-level", "debug") as daemon:
        with Guest(daemon.address, authority.context(clients.issue("me", usage))) as guest:
            check(guest.ask("/livez").code == 200, "a certificate of the authority lets one in")
        cases = [("none at all", None), ("one of another", strangers.issue("me", usage)),
                 ("one for servers", clients.issue("srv", "extendedKeyUsage=serverAuth"))]
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for name, shown in cases:
                before = denied(daemon)
                context = authority.context(shown)
                context.minimum_version = context.maximum_version = version
                try:
                    with Guest(daemon.address, context) as guest:
                        guest.send("/livez")
                        check(guest.rest() == b"", f"{name}: not let in")
                except (ssl.SSLError, ConnectionError):
                    check(True, f"{name}: not let in")
                wait_until(lambda: denied(daemon) == before + 1, f"{name}: it is counted", 5)
        log = daemon.log()
        check(re.search('error="it shows no certificate"|error="its certificate', log) is not None,
              "and the log says why", log[-600:])


need_openssl()
with Folder() as place:
    own = Authority(place, "own")
    tokens(place, own)
    encrypted(place, own)
    renewed(place, own)
    certified(place, own)
