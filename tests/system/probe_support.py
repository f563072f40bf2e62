"""What the tests of probe share: layers of known parameters behind a script, and files of findings.

A script is `python3 oracle.py LAYER`: LAYER is a JSON file with what `layer` makes.
"""

import json
import os
import shlex
import sys

import numpy

from tools_support import check, lattn

# Written by NumPy and nothing of ours. Questions are counted in a file beside the layer.
ORACLE = '''
import json, sys
import numpy

layer = json.load(open(sys.argv[1]))
dtype = numpy.dtype(layer.get("dtype", "float64"))
W = numpy.array(layer["W"], dtype)
V = numpy.array(layer["V"], dtype)
counted = open(sys.argv[1] + ".count", "a")

def attend(W, X):
    scores = X @ (W @ X[-1])
    weights = numpy.exp(scores - scores.max())
    return weights @ X / weights.sum()

def answer(X):
    if "A" in layer:
        hidden = numpy.maximum(attend(W[0], X) @ numpy.array(layer["A"]), 0)
        return float(hidden @ numpy.array(layer["w"]))
    y = sum(v @ attend(w, X) for w, v in zip(W, V))
    if "threshold" in layer:
        return bool(y[0] >= layer["threshold"])
    return float(y[0]) if len(y) == 1 else [float(number) for number in y]

for line in sys.stdin:
    question = json.loads(line)
    X = numpy.array(question["z"], dtype)
    counted.write("x")
    counted.flush()
    if len(X) > layer.get("length", len(X)):
        said = {"id": question["id"], "error": "at most %d tokens" % layer["length"]}
    else:
        said = {"id": question["id"], "y": answer(X)}
    print(json.dumps(said), flush=True)
'''


def layer(d, heads=1, outputs=1, seed=1, **more):
    """Entries of W have variance 1/d, those of V 1."""
    random = numpy.random.default_rng(seed)
    return {"W": random.normal(0, d ** -0.5, (heads, d, d)).tolist(),
            "V": random.normal(0, 1, (heads, outputs, d)).tolist(), **more}


def questions_counted(path):
    return os.path.getsize(path + ".count") if os.path.exists(path + ".count") else 0


def oracle(folder, parameters, name="layer"):
    """Put a layer behind a script; gives its ORACLE and by what its questions are counted."""
    script = os.path.join(folder, "oracle.py")
    path = os.path.join(folder, name)
    if os.path.exists(path + ".count"):
        os.unlink(path + ".count")
    with open(script, "w", encoding="utf-8") as file:
        file.write(ORACLE)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(parameters, file)
    return f"exec:exec {shlex.join([sys.executable, script, path])}", path


def probe(place, *options, code=0):
    """The finding of a probe that ends so."""
    return json.loads(lattn("probe", place, "--json", *options, code=code)[0])


def distance(a, b):
    a, b = numpy.array(a), numpy.array(b)
    return numpy.linalg.norm(a - b) / numpy.linalg.norm(b)


def check_recovers(finding, parameters, bound, claim):
    """One head, found as it is."""
    check(finding["verdict"] == "recovered", f"{claim} is recovered", finding["reason"])
    head, = finding["heads"]
    values = [head["v"]] if "v" in head else head["V"]
    errors = distance(head["W"], parameters["W"][0]), distance(values, parameters["V"][0])
    check(max(errors) <= bound, f"{claim}: within {bound}", errors)


def tensors_read(path):
    """A safetensors file by hand: its tensors and its metadata."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata = header.pop("__metadata__")
    return {name: numpy.frombuffer(data[slice(*tensor["data_offsets"])], "<f8")
            .reshape(tensor["shape"]) for name, tensor in header.items()}, metadata
