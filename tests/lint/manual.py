"""The manual pages are well formed, and tell of the options that --help lists, and no others.

Run as `manual.py ROOT LATTN LATTND [LATTN_SOLVE]`.
"""
import os
import re
import shutil
import subprocess
import sys

import sources

PAGES = {"lattn": "tools/man/lattn.1", "lattnd": "tools/man/lattnd.8",
         "lattn-solve": "tools/man/lattn-solve.1"}
LINTERS = (["mandoc", "-T", "lint", "-W", "warning"], ["groff", "-mdoc", "-ww", "-z", "-T", "utf8"])

HELP_OPTION = re.compile(r"^  (-[-\w]+)", re.M)
HELP_VERB = re.compile(r"^  (\w+) ", re.M)
PAGE_OPTION = re.compile(r"^\.It Fl ([-\w]+)", re.M)
PAGE_VERB = re.compile(r"^\.Ss lattn (\w+)([^\n]*\n.*?)(?=^\.S[sh] )", re.M | re.S)
# What all verbs that ask a daemon take is told once.
PAGE_SHARED = re.compile(r"^\.Sh CONNECTIONS\n(.*?)(?=^\.Sh )", re.M | re.S)


def help_of(*command):
    return subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout


def is_built(program, verb):
    """A verb whose library was missing says so, and has no help."""
    code = subprocess.run([program, verb, "--help"], capture_output=True, check=False).returncode
    if code != 0:
        print(f"lattn {verb} is not in this build: its options are not checked")
    return code == 0


def differences(path, what, listed, described):
    return ([f"{path}: {what}: {name} is missing" for name in sorted(listed - described)] +
            [f"{path}: {what}: {name} does not exist" for name in sorted(described - listed)])


def options_of(page):
    return {"-" + name for name in PAGE_OPTION.findall(page)}


def program_violations(name, page, program):
    return differences(PAGES[name], "options", set(HELP_OPTION.findall(help_of(program))),
                       options_of(page))


def verb_violations(page, program):
    verbs = dict(PAGE_VERB.findall(page))
    shared = options_of(PAGE_SHARED.search(page).group(1))
    listed = set(HELP_VERB.findall(help_of(program)))
    violations = differences(PAGES["lattn"], "verbs", listed, set(verbs))
    for verb in sorted(verb for verb in listed & set(verbs) if is_built(program, verb)):
        options = set(HELP_OPTION.findall(help_of(program, verb))) - {"--help"}
        described = options_of(verbs[verb]) | (shared if options & shared else set())
        violations += differences(PAGES["lattn"], verb, options, described)
    return violations


def form_violations(path):
    """What the first of the linters that is installed has to say."""
    for linter in LINTERS:
        if shutil.which(linter[0]):
            result = subprocess.run([*linter, sources.root() / path], capture_output=True,
                                    text=True, check=False)
            return [f"{path}: {line}" for line in (result.stdout + result.stderr).splitlines()]
    print("neither mandoc nor groff: the form of the pages is not checked")
    return []


def main():
    lattn, lattnd, *solve = map(os.path.abspath, sys.argv[2:])
    text = {name: (sources.root() / path).read_text("utf-8") for name, path in PAGES.items()}
    violations = [line for path in PAGES.values() for line in form_violations(path)]
    violations += program_violations("lattnd", text["lattnd"], lattnd)
    violations += verb_violations(text["lattn"], lattn)
    for program in solve:
        violations += program_violations("lattn-solve", text["lattn-solve"], program)
    sources.finish(violations, len(PAGES))


main()
