"""liblattn exports exactly the functions that its headers declare, and all headers are installed.

Run as `abi.py ROOT LIBRARY`.
"""
import re
import shutil
import subprocess
import sys

import sources

DECLARATION = re.compile(r"[^;(){}]*\b(lattn_\w+)\s*\([^;{}]*\)\s*;")
CALLBACK = re.compile(r"\btypedef\b[^;]*;")
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)


def declared(text):
    """(name, is it marked to be exported?) of each function that a header declares."""
    code = CALLBACK.sub("", DIRECTIVE.sub("", sources.blank(text, keep_strings=False)))
    return [(match.group(1), "LATTN_API" in match.group(0)) for match in DECLARATION.finditer(code)]


def exported(nm, library):
    """Names of ours in the dynamic table; those with two underscores are the compiler's."""
    listing = subprocess.run([nm, "-D", "--defined-only", "--format=posix", library],
                             capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listing.splitlines() if not line.startswith("__")}


def main():
    nm = shutil.which("nm")
    if nm is None:
        print("skipped: no nm")
        raise SystemExit(sources.SKIPPED)
    violations = []
    promised = set()
    headers = [pair for pair in sources.files(".h") if pair[1].startswith("include/")]
    listed = (sources.root() / "include" / "meson.build").read_text("utf-8")
    whole = (sources.root() / "include" / "lattn" / "lattn.h").read_text("utf-8")
    for file, path in headers:
        for name, is_marked in declared(file.read_text("utf-8")):
            promised.add(name)
            if not is_marked:
                violations.append(f"{path}: {name} is declared without LATTN_API")
        if f"'lattn/{file.name}'" not in listed:
            violations.append(f"{path}: is not installed by include/meson.build")
        if file.name != "lattn.h" and f"#include <lattn/{file.name}>" not in whole:
            violations.append(f"{path}: is not part of lattn/lattn.h")
    names = exported(nm, sys.argv[2])
    violations += [f"{name}: declared, not exported" for name in sorted(promised - names)]
    violations += [f"{name}: exported, not declared" for name in sorted(names - promised)]
    print(f"{len(names)} names exported, {len(promised)} declared")
    sources.finish(violations, len(headers))


main()
