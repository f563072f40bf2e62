"""A headless Chromium for tests: told what to do by its DevTools protocol, and asked what it saw.

The protocol runs over two pipes, JSON ended by a zero byte, so nothing but Chromium is needed.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from daemon_support import SECONDS_MAX, SKIPPED, check

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
           "--no-first-run", "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars",
           "--force-color-profile=srgb")
READ_BYTES = 1 << 16
TO_BROWSER, FROM_BROWSER = 3, 4  # the descriptors that --remote-debugging-pipe speaks of


def program():
    """Where Chromium is; None where it is not installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def need_browser():
    """Skip the test where there is none (Debian: chromium)."""
    if program() is None:
        print("skipped: chromium is not installed")
        raise SystemExit(SKIPPED)


class Browser:
    """One browser with one page; use as a context. Notes what went wrong and what was asked for."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.received = b""
        self.calls = 0
        self.events = []
        self.errors = []
        self.urls = []
        self.posted = []
        self.start()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(f"{domain}.enable")

    def start(self):
        self.session = None
        ours_read, theirs_write = os.pipe()
        theirs_read, ours_write = os.pipe()
        # Through a shell, which can give descriptors the numbers that they must have.
        command = f'exec "$@" {TO_BROWSER}<&{theirs_read} {FROM_BROWSER}>&{theirs_write}'
        with open(os.path.join(self.folder, "log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["/bin/bash", "-c", command, "browser", program(), *OPTIONS,
                 f"--user-data-dir={self.folder}/profile"],
                pass_fds=(theirs_read, theirs_write), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        os.close(theirs_read)
        os.close(theirs_write)
        self.input, self.output = ours_write, ours_read

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.input)
        os.close(self.output)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the protocol

    def message(self, seconds):
        """The next message; None where none comes in time."""
        deadline = time.time() + seconds
        while b"\0" not in self.received:
            ready, _, _ = select.select([self.output], [], [], max(0, deadline - time.time()))
            if not ready:
                return None
            data = os.read(self.output, READ_BYTES)
            if data == b"":
                check(False, "the browser runs")
            self.received += data
        text, self.received = self.received.split(b"\0", 1)
        return json.loads(text)

    def note(self, message):
        """Keep what an event says of errors and requests."""
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.errors.append(str([value.get("value") for value in params["args"]]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.urls.append(params["request"]["url"])
            self.posted += [params["request"]["postData"]] if "postData" in params["request"] else []

    def call(self, method, **params):
        """The result of a method of the protocol."""
        self.calls += 1
        request = {"id": self.calls, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.input, json.dumps(request).encode() + b"\0")
        while True:
            message = self.message(SECONDS_MAX)
            if message is None:
                check(False, f"the browser answers {method}")
            if message.get("id") == self.calls:
                if "error" in message:
                    check(False, f"the browser can do {method}", message["error"])
                return message["result"]
            self.note(message)

    # ---- the page

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'", "the page is loaded")

    def value(self, expression):
        """What a JavaScript expression is, as JSON; promises are awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            check(False, f"the page can say {expression}", result["exceptionDetails"])
        return result["result"].get("value")

    def wait(self, expression, claim, seconds=SECONDS_MAX):
        """Wait until the expression is true."""
        deadline = time.time() + seconds
        while not self.value(expression):
            if time.time() > deadline:
                check(False, claim, f"not within {seconds} s", *self.errors)
            time.sleep(0.05)

    def key(self, key, code=None, text=None, modifiers=0):
        """Press a key and let it go."""
        keys = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40, "ArrowUp": 38, "Escape": 27}
        params = {"key": key, "code": code or key, "modifiers": modifiers,
                  "windowsVirtualKeyCode": keys.get(key, 0)}
        if text or key == "Enter":
            params["text"] = text or "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", **params)
        self.call("Input.dispatchKeyEvent", type="keyUp", **params)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def look(self, width, height=900, dark=False, scale=1):
        """Be a screen of this size, in light or dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=scale, mobile=False)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def screenshot(self, path, whole=True):
        """Write the page, or what is seen of it at once, as a PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole,
                         optimizeForSpeed=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
