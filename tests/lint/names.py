"""A function that is not static starts with the noun of its file, a public one with lattn_."""
import re

import sources

# A definition at the start of a line: what comes before the name, and the name.
DEFINITION = re.compile(r"^((?:[A-Za-z_][\w\s\*\(\),\"]*?[\s\*])??)([A-Za-z_]\w*)\([^;{}]*\)\s*\{",
                        re.M)
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof"}

# Files whose functions bear another noun, and why.
NOUNS = {
    "src/core/report.c": ("learner_freedom", "learner_solve", "report"),  # what all that is derived shares
    "src/serve/publish.c": ("publisher", "bulletin"),  # who publishes, and what
}


def nouns_of(path):
    """foo_bar.c holds foo_bar_..., or more of foo_...; a file of many foo holds foos_..."""
    noun = path.rsplit("/", 1)[1][:-2]
    return NOUNS.get(path, (noun, noun + "s", noun.split("_")[0]))


def is_named(path, name):
    if name == "main" or name.startswith("lattn_"):
        return True
    return any(name == noun or name.startswith(noun + "_") for noun in nouns_of(path))


def main():
    violations = []
    checked = [pair for pair in sources.files(".c") if not pair[1].startswith("tests/")]
    for file, path in checked:
        code = sources.blank(file.read_text(encoding="utf-8"), keep_strings=False)
        code = re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*", "", code, flags=re.M)
        for match in DEFINITION.finditer(code):
            before, name = match.groups()
            if name in KEYWORDS or not before.strip() or re.search(r"\b(static|INLINE)\b", before):
                continue
            if not is_named(path, name):
                violations.append(f"{path}: {name} should start with {nouns_of(path)[0]}_")
    sources.finish(violations, len(checked))


main()
