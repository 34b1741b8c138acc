"""The corpora of a recipe: one name split by a hash, or a file for each split."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from kseq2seq.cli.messages import Messages
from kseq2seq.data import Corpus, Pair, select, split_corpora, split_of, unique
from kseq2seq.data.split import SPLITS

Read = Callable[[str, Sequence[str]], Iterable[Pair]]
_HELD_OUT = 3  # percent of the keys, for a split without a file


def read_corpora(
    options: argparse.Namespace, read: Read, messages: Messages, advice: str = ""
) -> dict[str, Corpus]:
    """Returns the corpora of `--data`, or those of `--train`, `--validation` and `--test`.

    Where only some of the three are given, the others are taken out of the training file by the
    hash of keys, as the splits of `--data` are. Pairs that are in two of them are counted and told.

    Args:
        options: with `data`, and perhaps `columns`, `train`, `validation` and `test`.
        read: (name, columns) -> pairs, which `--data` and the files are read by.
        messages: of the recipe.
        advice: what to say where a name is not that of a file.

    Returns:
        {"train", "validation", "test"}: corpora.

    Raises:
        SystemExit: after a line that says what is wrong with a file.
    """
    columns = getattr(options, "columns", ())
    given = vars(options)
    files: dict[str, str] = {split: given[split] for split in SPLITS if given.get(split)}
    if not files:
        with messages.errors(f"--data {options.data}", _unless_file(options.data, advice)):
            return split_corpora(read(options.data, columns))
    found: dict[str, Corpus] = {}
    for split, file in files.items():
        with messages.errors(f"--{split} {file}", _unless_file(file, advice)):
            found[split] = Corpus.write(unique(read(file, columns)))
    if len(found) < len(SPLITS):
        with messages.errors(f"--train {files['train']}"):
            found |= _parted(found["train"], [split for split in SPLITS if split not in found])
    found = {split: found[split] for split in SPLITS}
    for (earlier, split), count in shared_pairs(found).items():
        print(
            f"WARNING: {count:,} of {len(found[split]):,} {split} pairs are {earlier} pairs, too. "
            "They are kept; scores on them say little about new input.\n"
        )
    return found


def shared_pairs(corpora: Mapping[str, Iterable[Pair]]) -> dict[tuple[str, str], int]:
    """Returns how many pairs, source and target, two corpora have in common, where they do.

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


def _parted(whole: Corpus, missing: list[str]) -> dict[str, Corpus]:
    """Takes splits out of a training corpus; returns them and the rest."""
    shares = {split: _HELD_OUT if split in missing else 0 for split in SPLITS[1:]}
    wanted = ["train", *missing]
    empty = set(wanted) - {split_of(pair.key, **shares) for pair in whole}
    if empty:
        raise ValueError(
            f"{len(whole)} pairs leave nothing for {' and '.join(sorted(empty))}: a split takes "
            f"{_HELD_OUT} in 100 keys by their hash. Give files of all three splits, --train, "
            "--validation and --test."
        )
    return {split: Corpus.write(select(whole, split, **shares)) for split in wanted}


def _unless_file(name: str, advice: str) -> str:
    """Returns the advice about names, which those of files that are there do not need."""
    paths = [name] if Path(name).exists() else str(name).split(",")
    return "" if all(Path(path).is_file() for path in paths) else advice


def _digest(pair: Pair) -> bytes:
    """Returns 16 bytes that stand for a source with its target, of whatever kind they are."""
    digest = blake2b(digest_size=16)
    for raw in map(_bytes, pair[:2]):
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def _bytes(side: object) -> bytes:
    return side.encode() if isinstance(side, str) else np.asarray(side).tobytes()
