"""The EXAMPLES of the manual pages do what the pages show, each alone and one after the other.

Run as `manual.py LATTN LATTND PAGE...`.
"""

import sys
import tempfile

from document_support import (SKIPPED, check, commands, manual_blocks, programs_missing, read,
                              try_out)

PROGRAMS = sys.argv[1:3]
is_whole = True

for page in sys.argv[3:]:
    examples = [commands(block) for block in manual_blocks(read(page), "EXAMPLES")]
    check(any(examples), f"{page} has examples")
    together = []
    for example in examples:
        missing = programs_missing(example)
        if missing:
            print("skipped, for want of", *missing)
            is_whole = False
            continue
        with tempfile.TemporaryDirectory() as folder:
            try_out(example, folder, PROGRAMS)
        together += example
    print("all in one shell")
    with tempfile.TemporaryDirectory() as folder:
        try_out(together, folder, PROGRAMS)

sys.exit(0 if is_whole else SKIPPED)
