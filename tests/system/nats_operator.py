"""An operator of NATS: accounts and users that a server knows by signatures alone.

    operator = nats_operator.Operator(folder)
    with jetstream.Server(config=operator.config()) as server:
        path = operator.credentials("ada")  # a file for whoever connects as ada

What nsc does, in little: Ed25519 keys of openssl, written in base32 with a letter and a checksum in
front and behind (nkeys), and claims signed by them (JWT, version 2).
"""

import base64
import binascii
import json
import os
import subprocess
import time

# The first five bits make the letter that a key begins with; a seed has both.
SEED, OPERATOR, ACCOUNT, USER = 18, 14, 0, 20
KEY_BYTES = 32
UNLIMITED = {name: -1 for name in ("subs", "data", "payload")}
ACCOUNT_LIMITS = {**UNLIMITED, "imports": -1, "exports": -1, "wildcards": True, "conn": -1,
                  "leaf": -1}
STORAGE_LIMITS = {name: -1 for name in ("mem_storage", "disk_storage", "streams", "consumer")}


def openssl(*words):
    return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout


def base64_text(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def key_text(head, key):
    """Head and key in base32; the checksum is CRC-16 of XMODEM, its low byte first."""
    body = head + key
    checked = body + binascii.crc_hqx(body, 0).to_bytes(2, "little")
    return base64.b32encode(checked).decode().rstrip("=")


class Key:
    """A pair of keys; `name` is the public one, as others know it."""

    def __init__(self, folder, kind):
        self.kind = kind
        self.path = os.path.join(folder, os.urandom(8).hex() + ".key")
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.path)
        public = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        self.name = key_text(bytes([kind << 3]), public[-KEY_BYTES:])

    def seed(self):
        private = openssl("pkey", "-in", self.path, "-outform", "DER")[-KEY_BYTES:]
        return key_text(bytes([SEED << 3 | self.kind >> 2, (self.kind & 3) << 6]), private)

    def sign(self, text):
        path = self.path + ".text"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", path)

    def token(self, key, name, claims):
        """What this key says of another one."""
        body = {"jti": os.urandom(16).hex(), "iat": int(time.time()), "iss": self.name,
                "name": name, "sub": key.name, "nats": {**claims, "version": 2}}
        text = ".".join(base64_text(json.dumps(part).encode())
                        for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, body))
        return text + "." + base64_text(self.sign(text))


class Operator:
    """With an account for streams, and one for the server's own messages."""

    def __init__(self, folder):
        self.folder = folder
        self.key = Key(folder, OPERATOR)
        self.account = Key(folder, ACCOUNT)
        self.system = Key(folder, ACCOUNT)

    def config(self):
        """For a server that lets in who has credentials of the account."""
        limits = {"limits": {**ACCOUNT_LIMITS, **STORAGE_LIMITS}, "type": "account"}
        own = {"limits": ACCOUNT_LIMITS, "type": "account"}
        return "\n".join((
            "operator: " + self.key.token(self.key, "operator", {"type": "operator"}),
            "system_account: " + self.system.name,
            "resolver: MEMORY",
            "resolver_preload: {",
            f"  {self.account.name}: {self.key.token(self.account, 'plant', limits)}",
            f"  {self.system.name}: {self.key.token(self.system, 'SYS', own)}",
            "}"))

    def credentials(self, name):
        """The path of a file with a user's claims and seed."""
        user = Key(self.folder, USER)
        token = self.account.token(user, name, {**UNLIMITED, "type": "user"})
        path = os.path.join(self.folder, name + ".creds")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(f"-----BEGIN NATS USER JWT-----\n{token}\n"
                       "------END NATS USER JWT------\n\n"
                       f"-----BEGIN USER NKEY SEED-----\n{user.seed()}\n"
                       "------END USER NKEY SEED------\n")
        return path
