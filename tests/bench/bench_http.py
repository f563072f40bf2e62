"""What watching costs: ingest with event streams against none, scrapes under full load, an idle page.

`bench_http.py LATTND [PAIRS]`: d = 8, n = 8, m = 1 as lines over a socket, an emission each 250 ms. The
daemon has the first core, its clients another where there is one.
"""

import json
import os
import random
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PAIRS = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
DIM, LENGTH, STREAMS, ROUNDS, SCRAPES = 8, 8, 100, 5, 300
IDLE_S = 10


def portion_make():
    draw = random.Random(1)
    row = lambda: [draw.gauss(0, 1) for _ in range(DIM)]
    return "".join(json.dumps({"z": [row() for _ in range(LENGTH)], "y": draw.gauss(0, 1)}) + "\n"
                   for _ in range(1000)).encode()


def learn(path, portion):
    """Pairs per second, until all of them are learned."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        start = time.monotonic()
        for _ in range(PAIRS // 1000):
            client.sendall(portion)
        client.sendall(b'{"id":1,"method":"hello","params":{}}\n')
        while not client.recv(4096).endswith(b"\n"):
            pass
        return PAIRS / (time.monotonic() - start)


def cpu_s(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def get(address, path):
    client = socket.create_connection(address)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return client


class Streams:
    """So many clients that read their events as they come."""

    def __init__(self, address, count):
        self.bytes, self.stopping = 0, False
        self.selector = selectors.DefaultSelector()
        for _ in range(count):
            self.selector.register(get(address, "/events"), selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping:
            for key, _ in self.selector.select(0.1):
                self.bytes += len(key.fileobj.recv(1 << 16))

    def stop(self):
        self.stopping = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def scrape(address, path):
    start = time.monotonic()
    with get(address, path) as client:
        while client.recv(1 << 16):
            pass
    return time.monotonic() - start


def scrapes(address, path, socket_path, portion):
    """Times of scrapes while another client keeps the learner busy."""
    stopping = threading.Event()

    def load():
        while not stopping.is_set():
            learn(socket_path, portion)

    thread = threading.Thread(target=load)
    thread.start()
    time.sleep(0.5)
    times = []
    for _ in range(SCRAPES):
        times.append(scrape(address, path))
        time.sleep(0.01)
    stopping.set()
    thread.join()
    return sorted(times)


def main():
    portion = portion_make()
    with tempfile.TemporaryDirectory() as folder:
        path, log = os.path.join(folder, "s"), os.path.join(folder, "log")
        with open(log, "w") as file:
            daemon = subprocess.Popen([sys.argv[1], "--listen", "unix:" + path, "--http",
                                       "127.0.0.1:0", "--emit-every", "250ms"], stderr=file,
                                      preexec_fn=lambda: os.sched_setaffinity(0, {0}))
        if os.cpu_count() > 1:
            os.sched_setaffinity(0, {1})
        while "memory only" not in open(log).read():
            time.sleep(0.01)
        address = "127.0.0.1", int(re.search(r"http://127.0.0.1:(\d+)/", open(log).read())[1])
        learn(path, portion)
        rates, costs, events = {0: [], STREAMS: []}, {0: [], STREAMS: []}, 0
        for _ in range(ROUNDS):
            for count in rates:
                streams = Streams(address, count)
                before = cpu_s(daemon)
                rates[count].append(learn(path, portion))
                costs[count].append(cpu_s(daemon) - before)
                streams.stop()
                events += streams.bytes
        for count in rates:
            print(f"{count:3d} event streams: {statistics.median(rates[count]):8.0f} pairs/s, "
                  f"{1e6 * statistics.median(costs[count]) / PAIRS:6.2f} us of CPU per pair")
        share = statistics.median(a / b - 1 for a, b in zip(costs[STREAMS], costs[0]))
        print(f"they cost {100 * share:.1f} % of its time; {events} bytes were sent")
        for target in ("/metrics", "/status.json"):
            times = scrapes(address, target, path, portion)
            print(f"{target} under full load: p50 {1e3 * times[SCRAPES // 2]:.1f} ms, "
                  f"p99 {1e3 * times[SCRAPES * 99 // 100]:.1f} ms, most {1e3 * times[-1]:.1f} ms")
        streams = Streams(address, 1)
        time.sleep(2)  # what was learned last is still being looked at
        before = cpu_s(daemon)
        for _ in range(2):
            scrape(address, "/status.json")
            time.sleep(IDLE_S / 2)
        print(f"an idle page: {100 * (cpu_s(daemon) - before) / IDLE_S:.2f} % of a core")
        streams.stop()
        daemon.terminate()
        daemon.wait()


main()
