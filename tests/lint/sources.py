"""What the lint tests share: the files of the tree, their code without comments, and the report."""
import pathlib
import re
import sys

FOLDERS = ("include", "src", "tools", "tests")
SKIPPED = 77  # meson's exit status of a test that could not run

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def root():
    """The root of the tree: the first argument, or the one this file lies in."""
    default = pathlib.Path(__file__).resolve().parents[2]
    return pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else default


def files(*suffixes):
    """Files of the tree with one of the suffixes, as (path, path below the root)."""
    base = root()
    found = []
    for folder in FOLDERS:
        for path in sorted((base / folder).rglob("*")):
            if path.is_file() and path.suffix in suffixes:
                found.append((path, path.relative_to(base).as_posix()))
    return found


def blank(text, keep_strings=True):
    """The text with comments, and strings where asked, replaced by blanks; lines stay lines."""
    def replace(match):
        token = match.group(0)
        if token[0] in "\"'" and keep_strings:
            return token
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(replace, text)


def lines(text):
    """Lines with their numbers, from 1."""
    return list(enumerate(text.split("\n"), 1))


def finish(violations, checked):
    """Print what was found and end the test."""
    for violation in violations:
        print(violation)
    print(f"{checked} files, {len(violations)} violations")
    sys.exit(1 if violations else 0)
