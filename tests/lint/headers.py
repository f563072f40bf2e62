"""Each header compiles alone; public ones as plain C and C++ too. Each declares itself once."""
import os
import re
import shutil
import subprocess

import sources

WARNINGS = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"]
OURS = ["-std=gnu17", "-D_GNU_SOURCE", *WARNINGS]

# What programs outside may be written in: (language, flags).
PUBLIC = [(language, [f"-std={standard}", "-pedantic", *WARNINGS])
          for language, standard in (("c", "c11"), ("c++", "c++11"), ("c++", "c++17"))]


def compiler(*names):
    """The first of the programs that is installed, the environment's choice before all."""
    for name in names:
        if name and shutil.which(name.split()[0]):
            return name.split()
    return None


def complaints(command, language, flags, path):
    base = sources.root()
    result = subprocess.run(
        command + flags + ["-I", base / "include", "-I", base / "src", "-I", base / "tests",
                           "-I", base / "tools", "-x", language, "-include", base / path, "-"],
        input="extern int not_empty;\n", capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    errors = [line for line in result.stderr.splitlines() if "error" in line]
    return [f"{path}: {flags[0]}: {line}" for line in errors[:3] or ["it does not compile"]]


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
        violations += complaints(c, "c", OURS, path)
        for language, flags in PUBLIC if path.startswith("include/") else []:
            if language == "c" or cxx is not None:
                violations += complaints(c if language == "c" else cxx, language, flags, path)
        if f"#ifndef {guard_of(path)}\n#define {guard_of(path)}\n" not in file.read_text("utf-8"):
            violations.append(f"{path}: the guard should be {guard_of(path)}")
    sources.finish(violations, len(checked))


main()
