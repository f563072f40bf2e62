"""Bad input to the tools, kind by kind: one line that says what is wrong, exit 1, and a daemon that
has learned nothing of it and answers as before."""

import json
import os
import socket
import struct
import tempfile

from tools_support import Daemon, check, lattn, line

GOOD = line([[1.0, 2.0], [3.0, 4.0]], 1) + line([[1.0, 0.0], [2.0, 1.0]], 2)
INPUT = line([[1.0, 2.0]])


def refuses(claim, words, *arguments, stdin=""):
    """The tool says in one line what is wrong, without a word on stdout, and ends with 1."""
    out, err = lattn(*arguments, stdin=stdin, code=1)
    check(out == "" and err.count("\n") == 1 and err.startswith(f"lattn {arguments[0]}: ")
          and all(word in err for word in words), f"{claim}: {err.strip()}", out, err)


def written(path, header, data, size=None):
    """A safetensors file; size is what it claims of its header."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text) if size is None else size) + text + data)


def parts(path):
    """Header and data of a safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), data[8 + size:]


def changed(header, tensor, **fields):
    """The header with other fields of one tensor."""
    return {**header, tensor: {**header[tensor], **fields}}


def asked(daemon, method, **params):
    """The answer to a request that lattn has no verb for."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(daemon.path)
        request = {"id": 1, "method": method, "params": params}
        connection.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(connection.makefile().readline())


def damages(header, data):
    """What is wrong with a file, words that say so, and the file."""
    end = header["Q"]["data_offsets"][1]
    V, Q = header["V"], header["Q"]
    return [
        ("a header that claims too much", ["header claims 1099511627776 bytes"],
         (header, data, 1 << 40)),
        ("a header longer than the file", ["header claims 100000 bytes of"], (header, data, 100000)),
        ("numbers that are cut off", [f"take {end} bytes, {end - 8} are there"],
         (header, data[:-8])),
        ("numbers behind the last", [f"take {end} bytes, {end + 8} are there"],
         (header, data + bytes(8))),
        ("tensors that overlap", ["gap or overlap"],
         (changed(header, "Q", data_offsets=[8, 8 + end - V["data_offsets"][1]]), data)),
        ("offsets that do not fit the shape", ["V has bytes 0 to 8"],
         (changed(header, "V", data_offsets=[0, 8]), data)),
        ("offsets that run back", ["Q has bytes"],
         (changed(header, "Q", data_offsets=Q["data_offsets"][::-1]), data)),
        ("another type of number", ["V.dtype is \"F32\", \"F64\" is expected"],
         (changed(header, "V", dtype="F32"), data)),
        ("shapes that do not go together", ["goes with V"],
         (changed(header, "Q", shape=[Q["shape"][0], 1, 4]), data)),
        ("a shape of two axes", ["Q.shape"], (changed(header, "Q", shape=[2, 2]), data)),
        ("no Q", ["no tensor Q"], ({"V": V}, data)),
        ("NaN", ["V[0][0][0] is not finite"], (header, struct.pack("<d", float("nan")) + data[8:])),
        ("infinity", ["is not finite"], (header, data[:-8] + struct.pack("<d", float("inf")))),
    ]


def models(folder, good):
    """Files that are no models, or none of the right size."""
    header, data = parts(good)
    path = os.path.join(folder, "bad.safetensors")
    for claim, words, damage in damages(header, data):
        written(path, *damage)
        refuses(claim, words + [path], "run", path, stdin=INPUT)
        refuses(claim, words + [path], "distance", good, path)
    with open(good, "rb") as file:
        whole = file.read()
    for length in (0, 5, 8, 20, 200):
        with open(path, "wb") as file:
            file.write(whole[:length])
        refuses(f"{length} bytes of a file", ["not a model"], "run", path, stdin=INPUT)
    refuses("no file", ["No such file"], "distance", good, os.path.join(folder, "none"))
    refuses("a folder", ["cannot read"], "run", folder)
    for size in (("--dim", 3), ("--outputs", 2)):
        lattn("gen", "random", "--dim", 2, "--pairs", 1, *size, "--truth", path)
        refuses(f"a model of another size, {size[0]}", ["has d = ", "and m = "], "distance", good,
                path)
    refuses("inputs of another width for a model", ["line 1", "3 coordinates", "takes 2"], "run",
            good, stdin=line([[1.0, 2.0, 3.0]]))


def names(folder, daemon):
    """Names that repeat, in models, tables and requests."""
    truth = os.path.join(folder, "truth.json")
    lattn("gen", "automaton", "--pairs", 1, "--truth", truth)
    with open(truth, encoding="utf-8") as file:
        text = file.read()
    for kind in ("coordinates", "outputs", "blocks"):
        model = json.loads(text)
        model["names"][kind][1] = model["names"][kind][0]
        with open(truth, "w", encoding="utf-8") as file:
            json.dump(model, file)
        refuses(f"{kind} of the same name", ["not a model"], "run", truth, stdin=INPUT)
    refuses("columns of the same name", ["both called \"x\""], "feed", daemon.address, "--from",
            "csv", "--tokens", "x", "--label", "y", stdin="x,x,y\n1,2,3\n")
    for what in ("append", "outputs"):
        error = asked(daemon, "name", **{what: ["c", "other", "c"]})["error"]
        check(error["code"] == "name" and "\"c\" comes twice, at 0 and 2" in error["message"],
              f"name: {what} that repeat: {error['message']}", error)


# Inputs for certify and suggest that are none, and words that say why.
INPUTS = [
    ("no line", "", ["there is no"]),
    ("empty lines", "\n\n", ["there is no"]),
    ("another width", line([[1.0, 2.0, 3.0]]), ["line 1: a token of z has 3 coordinates", "2"]),
    ("another width behind good ones", INPUT * 3 + line([[1.0]]), ["line 4: a token of z has 1 "]),
    ("a ragged input", '{"z":[[1,2],[1]]}\n', ["line 1: z[1] has 1 coordinates, z[0] has 2"]),
    ("an input without tokens", '{"z":[]}\n', ["line 1: z has no token"]),
    ("no input at all", '{"y":1}\n', ["line 1: z is missing"]),
    ("ones beyond the coordinates", '{"t":[[2]]}\n', ["line 1: ", "coordinate 2"]),
    ("a number as a string", INPUT + '{"z":[["1",2]]}\n', ["line 2: z[0][0]"]),
    ("null", '{"z":[[1,null]]}\n', ["line 1: z[0][1] is null"]),
    ("a number beyond all doubles", '{"z":[[1,1e999]]}\n', ["line 1: z[0][1]"]),
    ("features that overflow", '{"z":[[1e100,1]]}\n', ["line 1: features of z may reach"]),
    ("text", "hello\n", ["line 1: byte 1"]),
]


def inputs(folder, daemon):
    """Inputs and candidates of the wrong shape or none."""
    path = os.path.join(folder, "candidates")
    for claim, text, words in INPUTS:
        refuses(f"certify: {claim}", words, "certify", daemon.address, stdin=text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        refuses(f"suggest: {claim}", words, "suggest", daemon.address, "--from", path)
    refuses("suggest: no file", ["No such file"], "suggest", daemon.address, "--from",
            os.path.join(folder, "none"))


def main():
    with tempfile.TemporaryDirectory() as folder, Daemon("--emit-every", "1m") as daemon:
        good = os.path.join(folder, "good.safetensors")
        lattn("feed", daemon.address, stdin=GOOD)
        lattn("model", daemon.address, "--format", "safetensors", "-o", good)
        learned = [key for key in daemon.status() if not key.endswith("_s")]
        before = daemon.status()
        models(folder, good)
        names(folder, daemon)
        inputs(folder, daemon)
        after = daemon.status()
        check({key: after[key] for key in learned} == {key: before[key] for key in learned},
              "what was learned is as it was", before, after)
        out, _ = lattn("certify", daemon.address, stdin=INPUT)
        check(out.startswith("0 of 1 inputs are determined"), "and the daemon answers", out)


main()
