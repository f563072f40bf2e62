"""What the tests of access share: authorities and certificates, made by openssl for the test."""

import os
import shutil
import socket
import ssl
import subprocess
import sys

SKIPPED = 77  # as meson understands it
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def need_openssl():
    """Skip the test where there is no openssl."""
    if shutil.which("openssl") is None:
        print("skipped: no openssl")
        sys.exit(SKIPPED)


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


class Authority:
    """Signs certificates; its own is `certificate`. All lie in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate = os.path.join(folder, f"{name}.pem")
        self.key = os.path.join(folder, f"{name}.key")
        openssl("req", "-x509", *NEW_KEY, "-keyout", self.key, "-out", self.certificate,
                "-days", "2", "-subj", f"/CN={name}")

    def issue(self, name, *extensions, days=2):
        """Paths of a certificate and its key."""
        base = os.path.join(self.folder, f"{self.name}-{name}")
        added = [word for extension in extensions for word in ("-addext", extension)]
        openssl("req", *NEW_KEY, "-keyout", base + ".key", "-out", base + ".csr",
                "-subj", f"/CN={name}", *added)
        openssl("x509", "-req", "-in", base + ".csr", "-CA", self.certificate,
                "-CAkey", self.key, "-CAcreateserial", "-days", str(days), "-copy_extensions",
                "copy", "-out", base + ".pem")
        os.chmod(base + ".key", 0o600)
        return base + ".pem", base + ".key"

    def server(self, name="localhost", **days):
        return self.issue(name, f"subjectAltName=DNS:{name},IP:127.0.0.1"
                          if name == "localhost" else f"subjectAltName=DNS:{name}", **days)

    def context(self, identity=None):
        """For clients that trust this authority, and perhaps show a certificate."""
        context = ssl.create_default_context(cafile=self.certificate)
        if identity is not None:
            context.load_cert_chain(*identity)
        return context


def connect(address, context=None):
    """A connection, encrypted where there is a context."""
    plain = socket.create_connection(address, 120)
    return plain if context is None else context.wrap_socket(plain, server_hostname="localhost")
