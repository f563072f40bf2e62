"""/metrics: what Prometheus reads is what status says, in its format, at any moment."""

import http.client
import json
import math
import os
import re
import threading

from daemon_support import Daemon, Folder, Layer, check, wait_until
from promtool_support import PROMTOOL, promtool

RULES = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "prometheus",
                     "lattnd.rules.yml")
ESCAPED = 'a "b" \\ c\nd{},=#'

# The metric of each number of status; a name with dots is that of a member's member.
SAME = {
    "lattn_pairs_total": "pairs",
    'lattn_items_total{result="accepted"}': "accepted",
    'lattn_items_total{result="rejected"}': "rejected",
    'lattn_items_total{result="duplicate"}': "duplicates",
    'lattn_items_total{result="unkept"}': "unkept",
    "lattn_connections_denied_total": "denied",
    "lattn_coordinates": "d",
    "lattn_outputs": "m",
    "lattn_directions": "p",
    "lattn_rank": "rank",
    "lattn_features_seen": "features_seen",
    "lattn_components": "components",
    "lattn_identifying_since_pairs": "identifying_since",
    "lattn_rho": "rho",
    "lattn_rho_seen": "rho_seen",
    "lattn_rho_threshold": "threshold",
    "lattn_lambda_min": "lambda_min",
    "lattn_lambda_max": "lambda_max",
    "lattn_heads": "heads",
    "lattn_memory_bytes": "memory_bytes",
    "lattn_emission_pairs": "pairs",
    "lattn_pairs_effective": "pairs_effective",
    "lattn_stream_checked": "stream.checked",
    "lattn_stream_undetermined": "stream.undetermined",
    "lattn_stream_bound95_ratio": "stream.bound95",
    'lattn_loss{kind="train"}': "loss.train",
    'lattn_loss{kind="progressive"}': "loss.progressive",
    'lattn_loss{kind="recent"}': "loss.recent",
}

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
HELP = re.compile(rf"# HELP ({NAME}) (\S.*)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram)")
SAMPLE = re.compile(rf"({NAME})(\{{{LABEL}(?:,{LABEL})*\}})? (\S+)")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?|[+-]Inf|NaN")


class Page:
    """A scrape, read by the letter of the format 0.0.4: anything else ends the test."""

    def __init__(self, text):
        self.text = text
        self.values = {}
        self.types = {}
        if not text.endswith("\n"):
            check(False, "the page ends with a newline", text[-80:])
        lines = iter(text[:-1].split("\n"))
        for line in lines:
            if line.startswith("#"):
                family = self.family(line, next(lines))
            else:
                self.sample(family, line)

    def family(self, help_line, type_line):
        helped, typed = HELP.fullmatch(help_line), TYPE.fullmatch(type_line)
        if not helped or not typed or helped[1] != typed[1] or helped[1] in self.types:
            check(False, "a family begins once, with HELP and TYPE", help_line, type_line)
        if (typed[2] == "counter") != helped[1].endswith("_total"):
            check(False, "counters, and no others, are named _total", type_line)
        self.types[typed[1]] = typed[2]
        return typed[1]

    def sample(self, family, line):
        parts = SAMPLE.fullmatch(line)
        endings = "(_bucket|_sum|_count)" if self.types[family] == "histogram" else ""
        if not parts or not re.fullmatch(family + endings, parts[1]) \
                or not NUMBER.fullmatch(line.rsplit(" ", 1)[1]):
            check(False, "a sample is of its family", family, line)
        series = parts[1] + (parts[2] or "")
        if series in self.values:
            check(False, "a series comes once", line)
        self.values[series] = float(line.rsplit(" ", 1)[1])

    def counters(self):
        return {series: value for series, value in self.values.items()
                if self.types.get(series.split("{")[0]) == "counter"}

    def __getitem__(self, series):
        return self.values[series]


def address_of(daemon):
    return re.search(r"address=\"?http://([^/\s]+)/", daemon.log())[1]


def fetch(daemon, path, method="GET"):
    connection = http.client.HTTPConnection(address_of(daemon), timeout=60)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def scrape(daemon):
    response, body = fetch(daemon, "/metrics")
    if response.status != 200:
        check(False, "/metrics is served", response.status, body)
    return Page(body.decode("utf-8"))


def serve(*options):
    return Daemon("--http", "127.0.0.1:0", *options)


def escape(name):
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number_of(status, path):
    for word in path.split("."):
        status = status[word]
    return math.nan if status is None else float(status)


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def differences(page, status):
    """The series that do not say what status says."""
    return [(series, page[series], number_of(status, path)) for series, path in SAME.items()
            if not same(page[series], number_of(status, path))]


def before_anything():
    with serve() as daemon:
        response, body = fetch(daemon, "/metrics")
        check(response.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8",
              "the content type is the format's", response.getheaders())
        head, nothing = fetch(daemon, "/metrics", "HEAD")
        check(head.status == 200 and nothing == b""
              and head.getheader("Content-Type") == response.getheader("Content-Type"),
              "HEAD gives the same without a body", nothing)
        page = Page(body.decode("utf-8"))
        check(page['lattn_verdict{verdict="not identifying"}'] == 1
              and page['lattn_verdict{verdict="identifying"}'] == 0
              and math.isnan(page["lattn_rho"]), "nothing is known yet")
        check("lattn_state_error" not in page.values, "nothing is said of a state")
        check(page["process_open_fds"] > 5
              and page["process_resident_memory_bytes"] > 1 << 20, "the process is there")


def agrees_with_status():
    layer = Layer(3, m=2)
    with serve() as daemon:
        client = daemon.client()
        client.ask("name", outputs=[ESCAPED, "1"])
        client.send("".join(layer.pairs(100)))
        client.send('{"z": [[1]], "y": [1, 2]}\n')
        for seq in (1, 2, 2):
            client.send(layer.pair(producer="p", seq=seq))
        check("error" in client.line(), "one item is refused, of which alone is told")
        client.ask("emit")
        status = client.ask("status")
        page = scrape(daemon)
        check(status["verdict"] == "identifying" and status["rejected"] == 1
              and status["duplicates"] == 1, "something was learned", status)
        check(not differences(page, status), "metrics are what status says",
              differences(page, status))
        check(page['lattn_verdict{verdict="identifying"}'] == 1
              and page["lattn_verdict_lost"] == 0, "so is the verdict")
        for i, name in enumerate((escape(ESCAPED), "1")):
            labels = f'{{output="{i}",name="{name}"}}'
            check(same(page["lattn_noise_std" + labels], status["noise_std"][i])
                  and same(page["lattn_r2" + labels], status["r2"][i]),
                  "outputs are named as they are", labels)
        _, body = fetch(daemon, "/status.json")
        live = json.loads(body)
        check(all(live[word] == status[word] for word in ("pairs", "accepted", "rejected", "rho")),
              "/status.json says the same", live, status)


def counts_upwards():
    layer = Layer(3)
    with serve("--emit-every", "20ms") as daemon:
        client = daemon.client()
        pairs = [layer.pair() for _ in range(200)]
        sender = threading.Thread(target=lambda: [client.send(pair) for pair in pairs * 20])
        sender.start()
        last = scrape(daemon)
        fallen = []
        scrapes = 1
        while last["lattn_pairs_total"] < 20 * len(pairs):
            page = scrape(daemon)
            fallen += [(series, value, page[series]) for series, value in last.counters().items()
                       if page[series] < value]
            last = page
            scrapes += 1
        sender.join()
        check(not fallen, f"counters never fall, in {scrapes} scrapes", fallen[:3])
        check(last['lattn_items_total{result="accepted"}'] == 20 * len(pairs),
              "all is counted in the end")
        fetch(daemon, "/no/such/path")
        page = scrape(daemon)
        check(page['lattn_http_requests_total{code="404"}'] == 1
              and page['lattn_http_requests_total{code="200"}'] == scrapes,
              "answers of HTTP are counted by code", scrapes)
        check(page["lattn_clients"] == 1, "so are clients")
        client.close()
        wait_until(lambda: scrape(daemon)["lattn_clients"] == 0, "and those who have gone")


def tells_of_a_state():
    layer = Layer(2)
    with Folder() as folder, serve("--state", os.path.join(folder, "state")) as daemon:
        client = daemon.client()
        before = scrape(daemon)
        for number in range(5):
            client.send(layer.pair(id=number))
            check("error" not in client.line(), "a pair is learned")
        page = scrape(daemon)
        check(page["lattn_commit_seconds_count"] == before["lattn_commit_seconds_count"] + 5
              and page["lattn_commit_seconds_sum"] > 0, "each answer is a commit, counted before it",
              page["lattn_commit_seconds_count"])
        buckets = [value for series, value in page.values.items()
                   if series.startswith("lattn_commit_seconds_bucket")]
        check(buckets == sorted(buckets) and buckets[-1] == page["lattn_commit_seconds_count"],
              "a histogram of them", buckets)
        check(page["lattn_state_kept"] == 1 and page["lattn_state_error"] == 0
              and page["lattn_journal_bytes"] > 0 and page["lattn_checkpoint_lag_seconds"] > 0,
              "what is in no checkpoint is old")
        client.ask("checkpoint")
        page = scrape(daemon)
        check(page["lattn_checkpoints_total"] == before["lattn_checkpoints_total"] + 1
              and page["lattn_checkpoint_lag_seconds"] == 0
              and page["lattn_checkpoint_age_seconds"] >= 0, "until there is one")
        with open(RULES) as rules:
            asked = set(re.findall(r"\b(?:lattn|process)_\w+", rules.read()))
        check(asked <= set(page.types), "the alerts ask for what there is",
              asked - set(page.types))
        if PROMTOOL is None:
            print("no promtool: only our own reader has judged the format")
            return
        status, said = promtool("check", "metrics", input=page.text)
        check(status == 0 and said == "", "promtool has nothing to say of the format", said)


before_anything()
agrees_with_status()
counts_upwards()
tells_of_a_state()
