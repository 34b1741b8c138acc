"""Writes what the page must show: python expected.py MODEL.tflite [LINES.txt] > expected.json.

The file runs on the interpreter of ai_edge_litert; texts become ids and ids texts
by kseq2seq itself. Without a file of lines it takes the sentences below.
"""

from __future__ import annotations

import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from kseq2seq.text import TextSource, TextTarget

SENTENCES = [
    "This package contains the documentation.",
    "A simple text editor for the command line.",
    "It provides shared libraries and header files.",
    "Development files for the library, version 2.0 (static).",
    "The quick brown fox jumps over the lazy dog.",
    "  This\tpackage   contains\u3000ｄｏｃｕｍｅｎｔａｔｉｏｎ.  ",
    "A game for the “desktop”, in ½ the time.",
    "x",
    "",
]


def main(path: str, *lines: str) -> None:
    """Prints the ids and texts of the host loop and of `generate` for each sentence."""
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        record = json.loads(archive.read("kseq2seq.json"))
        for name, file in record["files"].items():
            place = Path(folder, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(file["entry"]))
        source, target = TextSource.load(folder), TextTarget.load(folder)
    model = Interpreter(path, num_threads=1)
    made = []
    for text in Path(lines[0]).read_text(encoding="utf-8").splitlines() if lines else SENTENCES:
        ids = source.tokens([text]).to_list()[0]
        if len(ids) > record["source_length"]:
            print(f"left out, of {len(ids)} tokens: {text}", file=sys.stderr)
            continue
        one = {"text": text, "source": ids}
        for name, search in (("greedy", greedy), ("generate", generate)):
            found = search(model, record, ids) if len(ids) > 1 else []
            one[name] = {"ids": found, "text": target.texts([found]).numpy()[0].decode()}
        made.append(one)
    json.dump({"model_sha256": record["model_sha256"], "sentences": made}, sys.stdout, indent=1)


def padded(record: dict, ids: list[int]) -> dict:
    """Returns the inputs of `encode` and `generate`."""
    source = np.full((1, record["source_length"]), record["special"]["padding"], "int32")
    source[0, : len(ids)] = ids
    return {"source": source, "source_length": np.array([len(ids)], "int32")}


def generate(model: Any, record: dict, ids: list[int]) -> list[int]:
    """Returns the best target of the file's own search."""
    found = model.get_signature_runner("generate")(**padded(record, ids))
    return found["ids"][0, 0, : found["lengths"][0, 0]].tolist()


def greedy(model: Any, record: dict, ids: list[int]) -> list[int]:
    """Returns the target of a host's loop that always takes the likeliest token."""
    special = record["special"]
    made: list[int] = []
    carried = model.get_signature_runner("encode")(**padded(record, ids))
    step = model.get_signature_runner("decode_step")
    token = special["start"]
    while token != special["end"]:
        one = {
            name: np.array([value], "int32")
            for name, value in (("token", token), ("position", len(made)))
        }
        given = step(**one, **carried)
        carried |= {name: value for name, value in given.items() if name in carried}
        logits = given["logits"][0]
        logits[[special["padding"], special["start"]]] = -np.inf
        last = len(made) + 1 == record["target_length"]
        token = special["end"] if last else int(logits.argmax())
        made.append(token)
    return made


if __name__ == "__main__":
    main(*sys.argv[1:])
