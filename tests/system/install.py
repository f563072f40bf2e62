"""What `meson install` puts where, and that it works there: programs, library, headers, pages.

Run as `install.py MESON BUILD SOURCE VERSION COMPILER...`, the compiler with the flags that a
program needs to be linked with what was built.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from document_support import check, commands, markdown_blocks, read, try_out

MESON, BUILD, SOURCE, VERSION = sys.argv[1:5]
COMPILER = [shutil.which(sys.argv[5]), *sys.argv[6:], "-Wall", "-Wextra", "-Werror", "-pedantic"]
README = os.path.join(SOURCE, "README.md")


def output(*command, **environment):
    return subprocess.run(command, capture_output=True, text=True, check=True,
                          env={**os.environ, **environment}).stdout


def files_below(folder):
    return {os.path.relpath(os.path.join(base, name), folder)
            for base, _, names in os.walk(folder) for name in names}


def everything_is_there(prefix, libdir):
    headers = {"include/lattn/" + os.path.basename(path)
               for path in glob.glob(os.path.join(SOURCE, "include", "lattn", "*.h"))}
    wanted = {"bin/lattn", "bin/lattnd", "share/man/man1/lattn.1", "share/man/man8/lattnd.8",
              f"{libdir}/pkgconfig/lattn.pc", *headers,
              "lib/systemd/system/lattnd.service", "lib/systemd/system/lattnd.socket",
              *(f"{libdir}/liblattn.so{end}" for end in ("", ".0", "." + VERSION))}
    if os.path.exists(os.path.join(BUILD, "src", "solve", "lattn-solve")):  # MPI is optional
        wanted |= {"bin/lattn-solve", "share/man/man1/lattn-solve.1"}
    found = files_below(prefix)
    check(found == wanted, "all is in its place, and nothing else is there", found ^ wanted)
    links = [os.path.join(prefix, libdir, "liblattn.so" + end) for end in ("", ".0")]
    check(all(os.path.islink(link) and not os.path.isabs(os.readlink(link)) for link in links),
          "the names of the library are links")
    dynamic = output("readelf", "-d", links[0])
    check("[liblattn.so.0]" in dynamic, "its soname is liblattn.so.0", dynamic)


def programs_run(prefix, libdir):
    clean = {"LD_LIBRARY_PATH": ""}
    for name in ("lattn", "lattnd"):
        path = os.path.join(prefix, "bin", name)
        check(output(path, "--version", **clean) == f"{name} {VERSION}\n", f"{name} runs there")
        check(BUILD not in output("readelf", "-d", path), "and knows nothing of the build")
    bench = output(os.path.join(prefix, "bin/lattn"), "bench", "--dim", "1", "--seconds", "0.001",
                   "--engine", "rls", **clean, PATH="/bin")
    check("end to end msgpack" in bench.splitlines()[-1], "bench starts the daemon beside it", bench)
    loaded = re.search(r"liblattn\S* => (\S+)", output("ldd", os.path.join(prefix, "bin/lattn"),
                                                       **clean))
    check(loaded and os.path.realpath(loaded.group(1)).startswith(os.path.join(prefix, libdir)),
          "lattn finds the library beside it", loaded)


def compiler_make(folder, flags):
    """A `cc` that compiles as the library was, with these flags; what it runs finds the real one."""
    path = os.path.join(folder, "cc")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\nPATH='{os.environ['PATH']}'\nexec {' '.join([*COMPILER, *flags])} \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def unit_starts_it(staged, prefix):
    unit = read(os.path.join(prefix, "lib/systemd/system/lattnd.service"))
    program = re.search(r"^ExecStart=(\S+)", unit, re.M).group(1)
    check(os.path.samefile(staged + program, os.path.join(prefix, "bin/lattnd")),
          "the unit starts the daemon that was installed", program)


def example_embeds(staged, prefix, libdir):
    """The program of README.md, built and run by the commands of README.md."""
    example, *_, transcript = markdown_blocks(read(README), "Embed the learner")
    paths = {"PKG_CONFIG_SYSROOT_DIR": staged,
             "PKG_CONFIG_PATH": os.path.join(prefix, libdir, "pkgconfig"),
             "LD_LIBRARY_PATH": os.path.join(prefix, libdir)}
    check(output("pkg-config", "--modversion", "lattn", **paths).strip() == VERSION,
          "pkg-config knows its version")
    for flags in (["-std=c11"], ["-std=c++20", "-x", "c++", "-Wno-missing-field-initializers"]):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as tools:
            with open(os.path.join(folder, "example.c"), "w", encoding="utf-8") as file:
                file.write(example)
            cc = compiler_make(tools, flags)
            print(" ".join(flags))
            try_out(commands(transcript), folder, [cc], **paths)


def main():
    with tempfile.TemporaryDirectory() as staged:
        output(MESON, "install", "-C", BUILD, "--no-rebuild", "--destdir", staged)
        package, = glob.glob(os.path.join(staged, "**", "lattn.pc"), recursive=True)
        prefix = staged + re.search(r"^prefix=(.*)$", read(package), re.M).group(1)
        libdir = os.path.relpath(os.path.dirname(os.path.dirname(package)), prefix)
        everything_is_there(prefix, libdir)
        programs_run(prefix, libdir)
        unit_starts_it(staged, prefix)
        example_embeds(staged, prefix, libdir)


main()
