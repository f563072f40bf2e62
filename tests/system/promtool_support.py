"""Prometheus' own checker: the program that PROMTOOL names, or the one on the path."""

import os
import shutil
import subprocess
import sys

SKIPPED = 77  # as meson understands it

PROMTOOL = shutil.which(os.environ.get("PROMTOOL") or "promtool")


def need_promtool():
    """Skip the test where there is none (Debian: package prometheus, which starts a service)."""
    if PROMTOOL is None:
        print("skipped: no promtool; tools/check unpacks one from Debian's package prometheus")
        sys.exit(SKIPPED)


def promtool(*arguments, **options):
    """What it says of its input: (exit status, text)."""
    result = subprocess.run([PROMTOOL, *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False, **options)
    return result.returncode, result.stdout
