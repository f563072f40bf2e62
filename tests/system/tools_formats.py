"""Models as files: safetensors and npz, loaded by other hands and applied by NumPy.

The loader below is written from the description of the safetensors format and refuses what the
library's own loader refuses; npz is loaded by NumPy, and its archive checked by Python.
"""

import json
import os
import pty
import socket
import struct
import subprocess
import tempfile
import zipfile

import numpy as np

from tools_support import LATTN, Daemon, check, lattn, line

ERROR_MAX = 1e-12


def require(condition, why):
    if not condition:
        raise ValueError(why)


def unique(pairs):
    require(len({key for key, _ in pairs}) == len(pairs), "a key comes twice")
    return dict(pairs)


def load(path):
    """The tensors of a safetensors file by their names, and the strings of its metadata."""
    with open(path, "rb") as file:
        data = file.read()
    require(len(data) >= 8, "no length")
    size = struct.unpack("<Q", data[:8])[0]
    require(size <= 100_000_000 and size <= len(data) - 8, "the header does not fit")
    require(size % 8 == 0, "the numbers are not aligned")
    text, data = data[8:8 + size].decode("utf-8"), data[8 + size:]
    require(text.startswith("{") and text.rstrip(" ").endswith("}"), "padded with other than spaces")
    header = json.loads(text, object_pairs_hook=unique)
    said = header.pop("__metadata__", {})
    require(all(isinstance(value, str) for value in said.values()), "metadata that is no string")
    tensors, end = {}, 0
    for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        require(set(tensor) == {"dtype", "shape", "data_offsets"}, "another field")
        require(tensor["dtype"] == "F64", "another dtype")
        begin, until = tensor["data_offsets"]
        require(begin == end and until >= begin, "a gap or an overlap")
        require(int(np.prod(tensor["shape"])) * 8 == until - begin, "a shape of another size")
        tensors[name] = np.frombuffer(data[begin:until], "<f8").reshape(tensor["shape"])
        end = until
    require(end == len(data), "bytes that belong to no tensor")
    return tensors, said


def apply(tensors, said, z):
    """What the model says about a sequence: the sum over heads of V Z Z' Q z."""
    z = np.array(z)
    if said["bias"] == "true":
        z = np.hstack([np.ones((len(z), 1)), z])
    return sum(V @ (z.T @ (z @ (Q @ z[-1]))) for V, Q in zip(tensors["V"], tensors["Q"]))


def save(daemon, path, form, *options):
    out, err = lattn("model", daemon.address, "--format", form, "-o", path, *options)
    check(out == "" and err == "", f"model --format {form} -o FILE says nothing", out, err)


def ask(daemon, method, **params):
    """The answer to a request that lattn has no verb for."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(daemon.path)
        request = {"id": 1, "method": method, "params": params}
        connection.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(connection.makefile().readline())


def applied(verb, where, inputs):
    """The labels that predict or run gives."""
    rows = lattn(verb, where, stdin="".join(line(z.tolist()) for z in inputs))[0].splitlines()
    return np.array([json.loads(row)["y"] for row in rows])


def learned(daemon, d, m):
    """Let the daemon name d coordinates and learn a random layer; gives inputs to judge by."""
    bias = int(daemon.status()["bias"])
    width = d - bias
    reply = ask(daemon, "name", append=[f"coordinate {i} \"ж𝄞\"\n" for i in range(width)],
                outputs=[f"выход {i}" for i in range(m)],
                blocks=[{"name": "ß", "start": bias, "size": width}])
    check(reply.get("result", {}).get("d") == d, "coordinates are named", reply)
    pairs = lattn("gen", "random", "--dim", width, "--heads", 2, "--outputs", m, "--length", 9,
                  "--pairs", 2 * d ** 3 + 50, "--seed", d + 10 * m)[0]
    lattn("feed", daemon.address, stdin=pairs)
    return np.random.default_rng(d).normal(size=(40, 6, width))


def judge(d, m, *options):
    """One daemon, its model in every format, and what each of them predicts."""
    title = f"d = {d}, m = {m}{' with bias' if options else ''}"
    with Daemon(*options) as daemon:
        path = {form: os.path.join(daemon.folder, "model." + form)
                for form in ("json", "safetensors", "npz")}
        inputs = learned(daemon, d, m)
        status = daemon.status()
        for form, where in path.items():
            save(daemon, where, form, "--heads", "svd")
        tensors, said = load(path["safetensors"])
        predicted = applied("predict", daemon.address, inputs)
        byhand = np.array([apply(tensors, said, z) for z in inputs])
        error = np.abs(byhand - predicted).max() / np.abs(predicted).max()
        check(error < ERROR_MAX, f"{title}: NumPy predicts as predict does, to {error:.1e}")
        with open(path["json"]) as file:
            model = json.load(file)
        check(all(np.array_equal(tensors[name], [head[name] for head in model["heads"]])
                  for name in "VQ"), f"{title}: safetensors holds the numbers of JSON to the bit")
        check(json.loads(said["names"]) == model["names"] and said["format"] == "pt"
              and "ж𝄞" in model["names"]["coordinates"][-1], f"{title}: names come along", said)
        check(said["pairs"] == str(status["pairs"]) and said["rank"] == str(status["rank"])
              and said["p"] == str(status["p"]) and said["verdict"] == status["verdict"]
              and said["generation"] == str(model["generation"])
              and float(said["lambda_min"]) == model["certificate"]["lambda_min"]
              and float(said["residual"]) == model["residual"], f"{title}: so do its numbers", said)
        check(applied("run", path["safetensors"], inputs).tolist()
              == applied("run", path["json"], inputs).tolist(), f"{title}: run takes both")
        out, _ = lattn("distance", path["json"], path["safetensors"])
        check(out == "absolute 0\nrelative 0\n", f"{title}: they are the same function", out)
        judge_npz(title, path["npz"], tensors, said)


def judge_fewest():
    """The fewest heads in every format: two, named so and certified, that compute the labels."""
    with Daemon() as daemon:
        inputs = learned(daemon, 4, 3)
        path = {form: os.path.join(daemon.folder, "fewest." + form)
                for form in ("json", "safetensors", "npz")}
        for form, where in path.items():
            save(daemon, where, form)
        tensors, said = load(path["safetensors"])
        with open(path["json"]) as file:
            model = json.load(file)
        check(tensors["V"].shape == (2, 3, 4) and tensors["Q"].shape == (2, 4, 4),
              "two heads come back as two", tensors["V"].shape)
        check(said["heads_decomposition"] == model["heads_decomposition"] == "fewest"
              and said["heads_certified_minimal"] == "true"
              and model["heads_certified_minimal"] is True,
              "the files say that they are the fewest, and certified", said)
        check(float(said["residual"]) == model["residual"] < 1e-10, "and what they leave", said)
        check([float(size) for size in json.loads(said["sigma"])]
              == [head["sigma"] for head in model["heads"]], "and their sizes", said)
        predicted = applied("predict", daemon.address, inputs)
        byhand = np.array([apply(tensors, said, z) for z in inputs])
        error = np.abs(byhand - predicted).max() / np.abs(predicted).max()
        check(error < 1e-9, f"they predict as predict does, to {error:.1e}")
        judge_npz("fewest", path["npz"], tensors, said)
        again = os.path.join(daemon.folder, "again")
        save(daemon, again, "safetensors", "--heads", "fewest")
        with open(again, "rb") as one, open(path["safetensors"], "rb") as other:
            check(one.read() == other.read(), "--heads fewest is the default, to the bit")


def judge_npz(title, path, tensors, said):
    with zipfile.ZipFile(path) as archive:
        check(archive.testzip() is None and sorted(archive.namelist()) ==
              ["Q.npy", "V.npy", "metadata.npy", "sigma.npy"], f"{title}: zipfile finds no fault")
    with np.load(path, allow_pickle=False) as arrays:
        check(all(arrays[name].dtype == np.float64 and arrays[name].flags["C_CONTIGUOUS"]
                  and np.array_equal(arrays[name], tensors[name]) for name in "VQ"),
              f"{title}: numpy.load gives V and Q")
        check(json.loads(arrays["metadata"].item()) == said
              and json.loads(said["sigma"]) == arrays["sigma"].tolist(),
              f"{title}: and sigma and metadata")


def foreign(folder):
    """What NumPy writes without metadata is a model, too."""
    rng = np.random.default_rng(1)
    V, Q = rng.normal(size=(3, 2, 4)), rng.normal(size=(3, 4, 4))
    path = os.path.join(folder, "foreign.safetensors")
    header = json.dumps({
        "Q": {"dtype": "F64", "shape": Q.shape, "data_offsets": [0, Q.nbytes]},
        "V": {"dtype": "F64", "shape": V.shape, "data_offsets": [Q.nbytes, Q.nbytes + V.nbytes]},
    }).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + Q.tobytes() + V.tobytes())
    inputs = rng.normal(size=(20, 5, 4))
    said = applied("run", path, inputs)
    byhand = np.array([apply({"V": V, "Q": Q}, {"bias": "false"}, z) for z in inputs])
    error = np.abs(said - byhand).max() / np.abs(byhand).max()
    check(error < ERROR_MAX, f"run applies a file of NumPy's, to {error:.1e}")
    with open(path, "ab") as file:
        file.write(b"\n")
    _, err = lattn("run", path, stdin="", code=1)
    check("not a model: V and Q take 576 bytes, 577 are there" in err, "one byte more is too much",
          err)


def edges():
    with Daemon() as daemon:
        lattn("feed", daemon.address, stdin="".join(line([[1.0, i]], [0, 0, 0]) for i in range(9)))
        path = os.path.join(daemon.folder, "none")
        save(daemon, path, "safetensors")
        tensors, said = load(path)
        check(tensors["V"].shape == (0, 3, 2) and tensors["Q"].shape == (0, 2, 2)
              and said["sigma"] == "[]", "a model without heads is a file, too", tensors, said)
        check(applied("run", path, [np.ones((2, 2))]).tolist() == [[0, 0, 0]], "which says 0")
        save(daemon, path, "npz")
        with np.load(path, allow_pickle=False) as arrays:
            check(arrays["V"].shape == (0, 3, 2) and arrays["sigma"].shape == (0,), "as npz, too")
        _, err = lattn("run", path, stdin="", code=1)
        check("not a model" in err, "run takes no npz", err)

        lattn("feed", daemon.address, stdin=line([[1.0, 2.0], [3.0, 4.0]], [1, 2, 3]))
        for form in ("safetensors", "npz"):
            save(daemon, path, form)
            piped = subprocess.run([LATTN, "model", daemon.address, "--format", form],
                                   capture_output=True, check=True)
            with open(path, "rb") as file:
                check(piped.stdout == file.read(), f"{form} on stdout is the same, byte by byte")
            ours, theirs = pty.openpty()
            shown = subprocess.run([LATTN, "model", daemon.address, "--format", form],
                                   stdout=theirs, stderr=subprocess.PIPE)
            check(shown.returncode == 1 and f"does not show {form}; -o FILE".encode()
                  in shown.stderr, f"a terminal gets no {form}", shown)
            os.close(ours)
            os.close(theirs)
        _, err = lattn("model", daemon.address, "--format", "xml", code=2)
        check(err == "lattn model: --format: \"xml\" is not a format, json, safetensors and npz "
              "are\n", "another format is refused", err)


for size in range(2, 9):
    judge(size, 1 + size % 3)
    judge(size, 1 + (size + 1) % 3, "--bias")
judge_fewest()
with tempfile.TemporaryDirectory() as temporary:
    foreign(temporary)
edges()
