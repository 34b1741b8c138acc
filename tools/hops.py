"""Counts the files of the package that three everyday calls enter.

A reader who follows a call opens these files. Three calls are followed, each of them warm, so that
what happens once (imports, graphs that are traced, weights that are built) is not counted:

- `decode step`: one step of the greedy loop of a small Transformer, run eagerly;
- `pipeline call`: `pipeline("text")` on a Pipeline that has answered before;
- `training batch`: the batch that `fit` takes next, traced anew: model, loss and optimizer.

    python tools/hops.py            # the counts
    python tools/hops.py --files    # and the names of the files

Functions are followed by `sys.setprofile`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import kseq2seq

PACKAGE = Path(kseq2seq.__file__).parent


def entered(call: Callable[[], object]) -> dict[str, list[str]]:
    """Returns the package's files that `call` enters, with the functions entered in each."""
    files: dict[str, list[str]] = {}

    def follow(frame, event, _):
        code = frame.f_code
        path = Path(code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE) and code.co_name != "<module>":
            functions = files.setdefault(path.relative_to(PACKAGE).as_posix(), [])
            if code.co_qualname not in functions and not code.co_name.startswith("<"):
                functions.append(code.co_qualname)

    sys.setprofile(follow)
    try:
        call()
    finally:
        sys.setprofile(None)
    return files


def decode_step() -> Callable[[], object]:
    """Returns one step of a greedy loop, after a first one."""
    model, source = _transformer(), _source()
    loop = kseq2seq.decoding.Loop(model.decoder, kseq2seq.Greedy(), max_length=8)
    carry = loop.run(loop.start(model.encoder(source)), steps=1)
    if loop.done(carry):
        raise SystemExit("Nothing is left to decode after the first step; choose another seed.")
    return lambda: loop.run(carry, steps=1)


def pipeline_call() -> Callable[[], object]:
    """Returns a call of a pipeline with one text, after a first one of the same length."""
    tokenizer = kseq2seq.text.ByteTokenizer()
    pipeline = kseq2seq.Pipeline(_transformer(tokenizer), tokenizer, tokenizer, "greedy")
    pipeline("text", max_length=8)
    return lambda: pipeline("text", max_length=8)


def training_batch() -> Callable[[], object]:
    """Returns a batch trained on in a newly traced step, after one of another length."""
    import numpy as np

    model = _transformer()
    model.compile("adam", kseq2seq.TokenCrossEntropy(), weighted_metrics=[])

    def fit(length: int) -> object:
        target = np.full((2, length), 5)
        return model.fit({**_source(), "target": target}, target, verbose=0)

    fit(4)
    return lambda: fit(6)


CALLS = {
    "decode step": decode_step,
    "pipeline call": pipeline_call,
    "training batch": training_batch,
}


def hops(name: str) -> dict[str, list[str]]:
    """Returns the files that one of `CALLS` enters, and the functions entered in each."""
    return entered(CALLS[name]())


def _transformer(ids=20):
    import keras

    keras.utils.set_random_seed(1)  # with other weights the first token may be the end
    sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2, "inner_dim": 16}
    return kseq2seq.build_model("transformer", ids, ids, **sizes)


def _source():
    import numpy as np

    ids = np.array([[7, 8, 2], [9, 2, 0]])
    return {"source": ids, "source_mask": ids != 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", action="store_true", help="name the files and their functions")
    arguments = parser.parse_args()
    for name in CALLS:
        files = hops(name)
        print(f"{name}: {len(files)} files")
        for file, functions in sorted(files.items()) if arguments.files else []:
            print(f"    {file}: {', '.join(functions)}")


if __name__ == "__main__":
    main()
