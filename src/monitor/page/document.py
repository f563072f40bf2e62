#!/usr/bin/env python3
"""Make one document of the page's parts, and write it as C source for the daemon to serve.

Run as `document.py CHART PAGE STYLE SCRIPT... OUTPUT`: Chart.js as it is installed, the page, its
style and its scripts in the order in which they stand in the document.
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


def script_text(paths):
    """Scripts that see each other, and nothing outside them."""
    return "\n(() => {\n\"use strict\";\n\n" + "\n".join(map(read, paths)) + "})();\n"


def document(chart, page, style, scripts):
    """The document, and the policy that it is to be served with."""
    text = read(page)
    for mark in (STYLE, SCRIPT):
        if text.count(mark) != 1:
            sys.exit(f"document.py: {page} should have one {mark}")
    style, style_hash = element("style", "\n" + read(style))
    library, library_hash = element("script", "\n" + read(chart))
    script, script_hash = element("script", script_text(scripts))
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


def main(chart, page, style, *scripts_and_output):
    *scripts, output = scripts_and_output
    with open(output, "w", encoding="ascii") as file:
        file.write(c_source(*document(chart, page, style, scripts)))


main(*sys.argv[1:])
