"""What the tests of documents share: their examples as text, and a shell that tries them.

An example shows commands behind "$ " and, below each, what it prints.
"""

import os
import re
import shutil
import signal
import subprocess
import sys

SECONDS_MAX = 120
SKIPPED = 77  # meson's exit status of a test that could not run
END = "\x1e"  # between the output of two commands

# Does somebody answer at the socket?
KNOCK = f"""{sys.executable} -c '
import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])'"""

# Characters that a manual page cannot hold as they are.
ESCAPES = {r"\e": "\\", r"\(aq": "'", r"\(dq": '"', r"\(ti": "~", r"\(ha": "^", r"\-": "-", r"\&": ""}


def check(condition, claim, *details):
    """Say the claim; end the test where it does not hold."""
    print(("ok   " if condition else "FAIL ") + claim, flush=True)
    if not condition:
        for detail in details:
            print("     ", detail, file=sys.stderr)
        sys.exit(1)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def markdown_blocks(text, heading):
    """The indented blocks of a section, without their indentation."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    check(found, f"there is a section \"{heading}\"")
    blocks = re.findall(r"(?:^    [^\n]*\n|^\n(?=    ))+", found.group(1), re.M)
    return ["".join(line[4:] or "\n" for line in block.splitlines(True)).lstrip("\n")
            for block in blocks]


def manual_blocks(text, heading):
    """The literal displays of a section of a manual page."""
    found = re.search(rf"^\.Sh {heading}\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)
    check(found, f"there is a section {heading}")
    blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed\n", found.group(1), re.M | re.S)
    escape = re.compile("|".join(re.escape(key) for key in ESCAPES))
    return [escape.sub(lambda match: ESCAPES[match.group()], block) for block in blocks]


def commands(block):
    """(command, what it prints) in order; a backslash continues a command."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0][:-1] + line.strip(), [])
        elif found:
            found[-1][1].append(line)
    return found


def programs_missing(example):
    """Programs of others that an example needs and that are not installed."""
    used = {word for command, _ in example for word in command.split()}
    used |= {"gnuplot"} if "plot" in used else set()
    return [name for name in ("nc", "openssl", "systemd-socket-activate", "gnuplot", "curl")
            if name in used and not shutil.which(name)]


def is_number_like(shown, printed):
    """Do two words agree, numbers up to rounding?"""
    try:
        a, b = float(shown), float(printed)
    except ValueError:
        return False
    return abs(a - b) <= 1e-6 * abs(a) or max(abs(a), abs(b)) < 1e-9


def is_like(shown, printed):
    """Do two lines agree, numbers up to rounding and apart from how blanks are laid out?"""
    words = [re.findall(r'[^\s\[\]{},:"]+|[^\s]', line) for line in (shown, printed)]
    return len(words[0]) == len(words[1]) and all(
        a == b or is_number_like(a, b) for a, b in zip(*words))


def agrees(shown, printed):
    """Does what was printed agree line by line? A line "..." stands for any number of them."""
    if not shown:
        return not printed
    if shown[0].strip() == "...":
        return any(agrees(shown[1:], printed[at:]) for at in range(len(printed) + 1))
    return bool(printed) and is_like(shown[0], printed[0]) and agrees(shown[1:], printed[1:])


def script(example):
    """The example as a shell script that says after each command how it ended."""
    parts = ["trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    for command, _ in example:
        parts.append(command)
        parts.append("code=$?")
        if command.endswith("&"):
            parts += [f"until {KNOCK} {path} || ! kill -0 $!; do sleep 0.02; done 2>/dev/null"
                      for path in re.findall(r"[^\s:]+\.sock", command)]
            parts += [f"until [ -e {path} ] || ! kill -0 $!; do sleep 0.02; done"
                      for path in re.findall(r"--record (\S+)", command)]
        parts.append(f"printf '{END}%d\\n' $code; (exit $code)")
    return "\n".join(parts) + "\n"


def run(example, folder, programs, environment):
    """Run an example in a folder; gives (exit code, lines printed) per command, and the talk."""
    folders = [os.path.dirname(os.path.abspath(program)) for program in programs]
    path = os.pathsep.join([*folders, os.environ["PATH"]])
    shell = subprocess.Popen(["bash", "-c", script(example)], cwd=folder, text=True,
                             env={**os.environ, "PATH": path, **environment},
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, talk = shell.communicate(timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        out, talk = shell.communicate()
    parts = re.split(rf"{END}(\d+)\n", out)
    return [(int(code), printed.splitlines())
            for printed, code in zip(parts[::2], parts[1::2])], talk


def try_out(example, folder, programs, **environment):
    """Check that an example does what it shows: exit code 0, or the one asked for with $?."""
    results, talk = run(example, folder, programs, environment)
    for number, (command, shown) in enumerate(example):
        code, printed = results[number] if number < len(results) else (None, ["(it did not end)"])
        is_asked = number + 1 < len(example) and "$?" in example[number + 1][0]
        check((code == 0 or code is not None and is_asked) and
              (not shown or agrees(shown, printed)),
              f"$ {command}", f"exit code {code}", "shown:", *shown, "printed:", *printed, talk)
