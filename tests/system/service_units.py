"""The units of systemd: well formed, hardened, and with a configuration that the daemon takes.

Run as `service_units.py LATTND UNIT...`; the first unit is the service.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

LATTND, UNITS = os.path.abspath(sys.argv[1]), sys.argv[2:]
SKIPPED = 77  # as meson understands it
EXPOSURE_MAX = 2.0  # 10 is open to all; systemd calls it OK below 4.5


def check(condition, claim, *details):
    print(("ok   " if condition else "FAIL ") + claim, flush=True)
    if not condition:
        sys.exit("\n".join(map(str, details)))


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def units_copy(folder):
    """The units as they are installed, but with the daemon that was built."""
    paths = [os.path.join(folder, os.path.basename(unit)) for unit in UNITS]
    for source, path in zip(UNITS, paths):
        with open(source, encoding="utf-8") as file:
            text = re.sub(r"^ExecStart=\S+", f"ExecStart={LATTND}", file.read(), flags=re.M)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return paths


def configuration_is_taken(service):
    with open(service, encoding="utf-8") as file:
        text = file.read()
    text = text.replace("%S/", "/tmp/")
    variables = dict(pair.split("=", 1) for line in re.findall(r"^Environment=(.*)$", text, re.M)
                     for pair in line.split())
    options = re.search(r"^ExecStart=\S+(.*)$", text, re.M).group(1).split()
    done = run(LATTND, *options, "--check-config", env={**os.environ, **variables})
    check(done.returncode == 0 and "listen = fd:3 " in done.stdout
          and "state = /tmp/lattnd " in done.stdout, "the daemon takes its options",
          done.stderr)


def units_are_well_formed(paths):
    done = run("systemd-analyze", "verify", "--man=no", *paths)
    check(done.returncode == 0 and done.stderr == "", "systemd takes the units", done.stderr)


def service_is_hardened(service):
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", service)
    found = re.search(r"exposure level for lattnd.service: ([0-9.]+) (\w+)", done.stdout)
    check(found and float(found.group(1)) <= EXPOSURE_MAX and found.group(2) == "OK",
          f"its exposure is at most {EXPOSURE_MAX}", done.stdout, done.stderr)
    print("    ", found.group(0))


def main():
    with tempfile.TemporaryDirectory() as folder:
        paths = units_copy(folder)
        configuration_is_taken(paths[0])
        if shutil.which("systemd-analyze") is None:
            print("skipped: there is no systemd-analyze")
            sys.exit(SKIPPED)
        units_are_well_formed(paths)
        service_is_hardened(paths[0])


main()
