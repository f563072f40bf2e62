"""clang-format agrees with every C file. Its versions differ, so only the agreed one is asked."""
import shutil
import subprocess

import sources

VERSION = "14"


def clang_format():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if shutil.which(name):
            said = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
            if f"version {VERSION}." in said.stdout:
                return name
    return None


def main():
    program = clang_format()
    violations = []
    if program is None:
        print(f"skipped: clang-format {VERSION} is not installed")
        raise SystemExit(sources.SKIPPED)
    checked = sources.files(".c", ".h")
    for file, path in checked:
        result = subprocess.run([program, "--dry-run", "-Werror", "--style=file", file],
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            count = result.stderr.count("error:")
            first = result.stderr.split(":", 2)[1]
            violations.append(f"{path}:{first}: {count} places differ")
    sources.finish(violations, len(checked))


main()
