"""The corpora of a recipe: one name split by a hash, or a file for each split."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from kseq2seq.cli.messages import Messages
from kseq2seq.data import Corpus, Pair, split_corpora, split_of, unique
from kseq2seq.data.split import SPLITS

Read = Callable[[str, Sequence[str]], Iterable[Any]]
Divide = Callable[[str], str]  # the key of an example -> the name of its split
_HELD_OUT = 3  # percent of the keys, for a split without a file


def read_corpora(
    options: argparse.Namespace,
    read: Read,
    messages: Messages,
    advice: str = "",
    source: Any = None,
    divide: Divide | None = None,
) -> dict[str, Corpus]:
    """Returns the corpora of `--data`, or those of `--train`, `--validation` and `--test`.

    Splits without a file are taken from the training file by the hash of keys, like the splits of
    `--data`. A warning counts the pairs that are in two splits.

    Args:
        options: with `data` and, optionally, `columns`, `train`, `validation` and `test`.
        read: (name, columns) -> examples; reads `--data` and the files.
        messages: of the recipe.
        advice: printed if a name is not that of a file.
        source: reads the sources of examples that are not texts. Those that it can't read are left
            out, with a warning.
        divide: the key of an example of `--data` -> its split; None for `split_of`.

    Returns:
        {"train", "validation", "test"}: corpora.

    Raises:
        SystemExit: if a file can't be read or split; after a line that says why.
    """
    columns = getattr(options, "columns", ())
    names = vars(options)
    files: dict[str, str] = {split: names[split] for split in SPLITS if names.get(split)}
    if not files:
        with messages.errors(f"--data {options.data}", _unless_file(options.data, advice)):
            examples = read(options.data, columns)
            if source or divide:
                return _split(list(examples), source, divide or split_of)
            return split_corpora(examples)
    corpora: dict[str, Corpus] = {}
    for split, file in files.items():
        with messages.errors(f"--{split} {file}", _unless_file(file, advice)):
            corpora[split] = _written(unique(read(file, columns)), source)
    if len(corpora) < len(SPLITS):
        with messages.errors(f"--train {files['train']}"):
            missing = [split for split in SPLITS if split not in corpora]
            shares = {split: _HELD_OUT * (split in missing) for split in SPLITS[1:]}
            corpora |= _split(corpora["train"], source, partial(split_of, **shares), missing)
    corpora = {split: corpora[split] for split in SPLITS}
    for (earlier, split), count in shared_pairs(corpora).items():
        print(
            f"WARNING: {count:,} of {len(corpora[split]):,} {split} pairs are {earlier} pairs, "
            "too. They are kept; scores on them say little about new input.\n"
        )
    return corpora


def shared_pairs(corpora: Mapping[str, Iterable[Any]]) -> dict[tuple[str, str], int]:
    """Returns how many pairs, source and target, two corpora have in common, if they have any.

    Args:
        corpora: names and corpora, each without repeats; the first may be large.

    Example:
        >>> pairs = [Pair(str(n), "x", str(n)) for n in range(5)]
        >>> shared_pairs({"train": pairs, "validation": pairs[:1], "test": pairs[3:]})
        {('train', 'validation'): 1, ('train', 'test'): 2}
    """
    (first, pairs), *others = corpora.items()
    digests = {name: set(map(_digest, corpus)) for name, corpus in others}
    counts = {(first, name): 0 for name in digests}
    for digest in map(_digest, pairs):
        for name, known in digests.items():
            counts[first, name] += digest in known
    for number, name in enumerate(digests):
        for later in list(digests)[number + 1 :]:
            counts[name, later] = len(digests[name] & digests[later])
    return {names: count for names, count in counts.items() if count}


def _split(
    examples: Any, source: Any, divide: Divide, held_out: Sequence[str] = SPLITS[1:]
) -> dict[str, Corpus]:
    """Divides a list or corpus by its keys; returns the training part and what is held out."""
    wanted = ["train", *held_out]
    empty = set(wanted) - {divide(example.key) for example in examples}
    if empty:
        raise ValueError(
            f"{len(examples)} examples leave nothing for {' and '.join(sorted(empty))}: a split "
            "takes a small share of the keys by their hash. Give files of all three splits, "
            "--train, --validation and --test."
        )
    return {
        split: _written(
            (example for example in unique(examples) if divide(example.key) == split), source
        )
        for split in wanted
    }


def _written(examples: Iterable[Any], source: Any) -> Corpus:
    reads = {"source": source, "errors": "skip"} if source else {}
    return Corpus.write(examples, **reads)


def _unless_file(name: str, advice: str) -> str:
    """Returns the advice about names; "" if the name is that of existing files."""
    paths = [name] if Path(name).exists() else str(name).split(",")
    return "" if all(Path(path).is_file() for path in paths) else advice


def _digest(pair: Pair) -> bytes:
    """Returns 16 bytes that stand for a source with its target."""
    digest = blake2b(digest_size=16)
    for raw in map(_bytes, pair[:2]):
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def _bytes(side: object) -> bytes:
    return side.encode() if isinstance(side, str) else np.asarray(side).tobytes()
