"""A softmax head in PyTorch, in float32, is recovered from its answers alone.

Run as `probe_torch.py LATTN`; skipped where PyTorch (Debian's python3-torch) is not installed.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile

SKIPPED = 77  # meson's exit status of a test that could not run
D = 16
SEED = 1
BOUND = 2e-6

HEAD = f'''
import json, sys, torch

torch.set_num_threads(1)
torch.manual_seed({SEED})
W = torch.randn({D}, {D}) / {D} ** 0.5
v = torch.randn({D})
if len(sys.argv) > 1:
    print(json.dumps({{"W": [W.double().tolist()], "V": [[v.double().tolist()]]}}))
    sys.exit(0)
for line in sys.stdin:
    question = json.loads(line)
    X = torch.tensor(question["z"], dtype=torch.float32)
    y = torch.softmax(X @ (W @ X[-1]), 0) @ (X @ v)
    print(json.dumps({{"id": question["id"], "y": y.item()}}), flush=True)
'''


def main():
    try:
        import torch
    except ImportError:
        print("skipped, for want of PyTorch")
        sys.exit(SKIPPED)
    from probe_support import check_recovers, probe
    print("PyTorch", torch.__version__)
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "head.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(HEAD)
        told = subprocess.run([sys.executable, script, "tell"], capture_output=True, check=True)
        finding = probe(f"exec:exec {shlex.join([sys.executable, script])}", "--dim", D)
        check_recovers(finding, json.loads(told.stdout), BOUND, f"a PyTorch head of d = {D}")


main()
