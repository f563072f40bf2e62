"""Each header compiles alone as C; public ones also as C++. Each declares itself once."""
import os
import re
import shutil
import subprocess

import sources

C = ["-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
     "-Wno-pragma-once-outside-header", "-Wno-unused-function"]
CXX = ["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]


def compiler(*names):
    """The first of the programs that is installed, the environment's choice before all."""
    for name in names:
        if name and shutil.which(name.split()[0]):
            return name.split()
    return None


def complaints(command, language, path):
    base = sources.root()
    flags = C if language == "c" else CXX
    result = subprocess.run(
        command + flags + ["-I", base / "include", "-I", base / "src", "-I", base / "tests",
                           "-I", base / "tools", "-x", language, "-include", base / path,
                           os.devnull],
        capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    errors = [line for line in result.stderr.splitlines() if "error" in line]
    return [f"{path}: as {language}: {line}" for line in errors[:3] or ["it does not compile"]]


def guard_of(path):
    """LATTN_BATCH_H for include/lattn/batch.h, CORE_DENSE_H for src/core/dense.h, FEED_H in tools."""
    parts = path.split("/")
    return re.sub(r"\W", "_", "_".join(parts[-1:] if parts[0] == "tools" else parts[-2:])).upper()


def main():
    c = compiler(os.environ.get("CC"), "gcc", "cc", "clang")
    cxx = compiler(os.environ.get("CXX"), "g++", "clang++")
    violations = []
    checked = sources.files(".h")
    if c is None:
        print("skipped: no C compiler")
        raise SystemExit(sources.SKIPPED)
    if cxx is None:
        print("no C++ compiler: public headers are checked as C only")
    for file, path in checked:
        violations += complaints(c, "c", path)
        if path.startswith("include/") and cxx is not None:
            violations += complaints(cxx, "c++", path)
        if f"#ifndef {guard_of(path)}\n#define {guard_of(path)}\n" not in file.read_text("utf-8"):
            violations.append(f"{path}: the guard should be {guard_of(path)}")
    sources.finish(violations, len(checked))


main()
