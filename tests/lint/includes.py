"""Includes follow the floors of src/README.md; foreign libraries stay with their adapter."""
import re

import sources

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)

# Folders of src that the files of a folder may include, besides <lattn/...>.
FLOORS = {
    "base": {"base"},
    "link": {"base", "link"},
    "core": {"base", "core"},
    "query": {"base", "core", "query"},
    "tasks": {"base", "core", "tasks"},
    "wire": {"base", "wire"},
    "store": {"base", "core", "wire", "store"},
    "monitor": {"base", "monitor"},
    "solve": {"base", "core", "wire", "store", "solve"},
    "source": {"base", "source"},
    "serve": {"base", "core", "tasks", "wire", "link", "store", "monitor", "source", "serve"},
}

# Headers of foreign libraries, and the only files that may read them.
FOREIGN = {
    r"(cblas|lapacke?|openblas.*)\.h": r"src/core/dense\.c",
    r"jansson\.h": r"src/wire/[^/]+",
    r"msgpack.*": r"src/wire/message_write\.c",
    r"mpi\.h": r"src/solve/ranks\.c",
    r"lmdb\.h": r"src/store/volume\.c",
    r"xxhash\.h": r"src/store/checksum\.c",
    r"nats/.*|nats\.h": r"src/source/jetstream\.c|tools/jetstream\.c",
    r"gnutls/.*": r"src/serve/tls\.c|src/link/tunnel\.c",
    r"(curses|term)\.h": r"tools/terminal\.c",
    r"microhttpd\.h": r"src/monitor/http[^/]*",
    r"uv\.h": r"src/serve/[^/]+|src/monitor/http[^/]*",
    r"criterion/.*": r"tests/.*",
}

# LAPACK's Fortran names, and cblas_ ones, are called and declared in one place; so are ScaLAPACK's.
BLAS = re.compile(r"\b(cblas_\w+|openblas_\w+|[sdcz](?:ge|or|st|tr|tp|sy|po|la)\w{2,5}_)\s*\(")
SCALAPACK = re.compile(r"\b(blacs_\w+_|numroc_|descinit_|p[sdcz]\w{4,6}_)\s*\(")
ADAPTERS = {"src/core/dense.c": BLAS, "src/solve/grid.c": SCALAPACK}


def allowed(folder, quote, header, path):
    """Why this header may not be included here, or None."""
    for pattern, where in FOREIGN.items():
        if quote == "<" and re.fullmatch(pattern, header):
            return None if re.fullmatch(where, path) else f"belongs to {where}"
    if quote == "<":
        return None
    first = header.split("/")[0] if "/" in header else ""
    if folder == "include":
        return "public headers read only <lattn/...>"
    if folder == "tools":
        return None if first == "" else "tools read only <lattn/...> and their own headers"
    if first == "":
        return "a header of src is named with its folder"
    if first not in FLOORS[folder]:
        return f"{folder} may not know {first}"
    return None


def folder_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def main():
    violations = []
    checked = sources.files(".c", ".h")
    checked = [pair for pair in checked if not pair[1].startswith("tests/")]
    for file, path in checked:
        text = sources.blank(file.read_text(encoding="utf-8"))
        folder = folder_of(path)
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            why = allowed(folder, match.group(1), match.group(2), path)
            if folder == "include" and match.group(1) == "<" and "/" in match.group(2) \
                    and not match.group(2).startswith("lattn/"):
                why = "public headers read only <lattn/...> and the C library"
            if why:
                violations.append(f"{path}:{line}: {match.group(2)}: {why}")
        for adapter, names in ADAPTERS.items():
            for match in names.finditer(sources.blank(text, keep_strings=False)):
                line = text.count("\n", 0, match.start()) + 1
                if path != adapter:
                    violations.append(f"{path}:{line}: {match.group(1)}: belongs to {adapter}")
    sources.finish(violations, len(checked))


main()
