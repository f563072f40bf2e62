"""No banned functions, tabs, trailing blanks, // comments or notes to ourselves; files not too long."""
import re

import sources

BANNED = re.compile(r"\b(sprintf|vsprintf|strcpy|strcat|atoi|atol|atof|alloca|gets)\s*\(")
EXIT = re.compile(r"\b_?exit\s*\(")
NOTES = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
LINE_COMMENT = re.compile(r"(?<!:)//")
COLUMNS = 100
LINES = 600

# Where the program may end, and why.
EXIT_ALLOWED = {
    "src/serve/main.c": "main",
    "tools/main.c": "main",
}


def code_violations(path, text):
    found = []
    code = sources.blank(text, keep_strings=False)
    for number, line in sources.lines(code):
        for match in BANNED.finditer(line):
            found.append(f"{path}:{number}: {match.group(1)} is banned")
        if EXIT.search(line) and path not in EXIT_ALLOWED and not path.startswith("tests/"):
            found.append(f"{path}:{number}: exit outside main")
    without_blocks = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"',
                            lambda match: re.sub(r"[^\n]", " ", match.group(0)), text, flags=re.S)
    for number, line in sources.lines(without_blocks):
        if LINE_COMMENT.search(line):
            found.append(f"{path}:{number}: // is for the desk")
    return found


def text_violations(path, text):
    found = []
    for number, line in sources.lines(text):
        if "\t" in line:
            found.append(f"{path}:{number}: tab")
        if line != line.rstrip():
            found.append(f"{path}:{number}: trailing blank")
        if NOTES.search(line):
            found.append(f"{path}:{number}: a note to ourselves")
        if len(line) > COLUMNS and not path.endswith(".py"):
            found.append(f"{path}:{number}: {len(line)} columns")
    if not text.endswith("\n") or text.endswith("\n\n"):
        found.append(f"{path}: ends with no newline, or with more than one")
    if text.count("\n") > LINES:
        found.append(f"{path}: {text.count(chr(10))} lines")
    return found


def main():
    violations = []
    checked = sources.files(".c", ".h", ".py", ".js", ".css")
    for file, path in checked:
        text = file.read_text(encoding="utf-8")
        if path == "tests/lint/words.py":
            continue
        violations += text_violations(path, text)
        if path.endswith((".c", ".h")):
            violations += code_violations(path, text)
    sources.finish(violations, len(checked))


main()
