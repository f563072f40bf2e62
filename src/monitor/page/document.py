#!/usr/bin/env python3
"""Make one document of the page's parts, and write it as C source for the daemon to serve.

Run as `document.py CHART PART... OUTPUT`: Chart.js as it is installed, then the page (.html), its
styles (.css) and its scripts (.js), in the order in which they stand in the document.
"""

import base64
import hashlib
import sys

STYLE = "<!-- style -->"
SCRIPT = "<!-- script -->"
BYTES_PER_LINE = 24

# Nothing from elsewhere, nothing that is not written in the document itself.
POLICY = ("default-src 'none'; script-src {scripts}; style-src {styles}; connect-src 'self'; "
          "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def element(name, text):
    """An element that holds this text, and the text's hash as a policy names it."""
    if f"</{name}" in text.lower():
        sys.exit(f"document.py: a {name} has its own end inside")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"<{name}>{text}</{name}>", f"'sha256-{digest}'"


def joined(paths, suffix):
    """The text of the parts of a kind."""
    return "\n" + "\n".join(read(path) for path in paths if path.endswith(suffix))


def document(chart, parts):
    """The document, and the policy that it is to be served with."""
    text = joined(parts, ".html").lstrip()
    for mark in (STYLE, SCRIPT):
        if text.count(mark) != 1:
            sys.exit(f"document.py: the page should have one {mark}")
    # Scripts see each other, and nobody else sees them.
    scripts = "\n(() => {\n\"use strict\";\n" + joined(parts, ".js") + "})();\n"
    style, style_hash = element("style", joined(parts, ".css"))
    library, library_hash = element("script", "\n" + read(chart))
    script, script_hash = element("script", scripts)
    text = text.replace(STYLE, style).replace(SCRIPT, library + "\n" + script)
    return text, POLICY.format(scripts=f"{library_hash} {script_hash}", styles=style_hash)


def c_source(text, policy):
    data = text.encode()
    lines = [",".join(map(str, data[at:at + BYTES_PER_LINE]))
             for at in range(0, len(data), BYTES_PER_LINE)]
    return ('#include "monitor/page.h"\n\n'
            "const unsigned char page_html[] = {\n" + ",\n".join(lines) + "};\n\n"
            "const size_t page_html_length = sizeof page_html;\n\n"
            f'const char page_policy[] = "{policy}";\n')


def main(chart, *parts, output):
    with open(output, "w", encoding="ascii") as file:
        file.write(c_source(*document(chart, parts)))


main(*sys.argv[1:-1], output=sys.argv[-1])
