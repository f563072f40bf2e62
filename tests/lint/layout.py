"""clang-format agrees with every C file. Its versions differ, so only the agreed one is asked."""
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess

import sources

VERSION = "14"
PIECE = 32  # files of one process: to start it takes longer than to look at one
PLACE = re.compile(r"^(.*?):(\d+):\d+: error:", re.M)


def clang_format():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if shutil.which(name):
            said = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
            if f"version {VERSION}." in said.stdout:
                return name
    return None


def complaints(program, files):
    """Lines that differ, by file."""
    result = subprocess.run([program, "--dry-run", "-Werror", "--style=file", *files],
                            capture_output=True, text=True, check=False)
    places = collections.defaultdict(list)
    for file, line in PLACE.findall(result.stderr):
        places[file].append(line)
    if result.returncode != 0 and not places:
        raise SystemExit(result.stderr)
    return places


def main():
    program = clang_format()
    violations = []
    if program is None:
        print(f"skipped: clang-format {VERSION} is not installed")
        raise SystemExit(sources.SKIPPED)
    checked = sources.files(".c", ".h")
    names = {str(file): path for file, path in checked}
    pieces = [list(names)[i:i + PIECE] for i in range(0, len(names), PIECE)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(lambda piece: complaints(program, piece), pieces):
            for file, lines in said.items():
                violations.append(f"{names[file]}:{lines[0]}: {len(lines)} places differ")
    sources.finish(violations, len(checked))


main()
