"""The corpora of a recipe: one name split by a hash, or a file for each split."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from kseq2seq.cli.messages import Messages
from kseq2seq.data import Corpus, shared_pairs, split_corpora, unique
from kseq2seq.data.readers import format_of
from kseq2seq.data.split import SPLITS, Divide

Read = Callable[[str, Sequence[str]], Iterable[Any]]
_HELD_OUT = 3  # percent of the keys, for a split without a file
_FILE = ": .tsv, .csv, .jsonl, or two text files with a comma between"


def read_corpora(
    options: argparse.Namespace,
    read: Read,
    messages: Messages,
    data: str = "",
    source: Any = None,
    divide: Divide | None = None,
) -> dict[str, Corpus]:
    """Returns the corpora of `--data`, or those of `--train`, `--validation` and `--test`.

    Splits without a file are taken from the training file by the hash of keys, like the splits of
    `--data`. A warning counts the pairs that are in two splits or, where sources are not texts, the
    targets.

    Args:
        options: with `data` and, optionally, `columns`, `train`, `validation` and `test`.
        read: (name, columns) -> examples; reads `--data` and the files.
        messages: of the recipe.
        data: what `--data` takes, which is printed if a name is neither known nor that of a file.
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
        with messages.errors(f"--data {options.data}", _names(options.data, data)):
            errors = "skip" if source else "raise"
            return split_corpora(read(options.data, columns), source, errors, divide=divide)
    corpora: dict[str, Corpus] = {}
    for split, file in files.items():
        with messages.errors(f"--{split} {file}", _names(file, data)):
            corpora[split] = _written(unique(read(file, columns)), source)
    if len(corpora) < len(SPLITS):
        with messages.errors(f"--train {files['train']}"):
            validation, test = (_HELD_OUT * (split not in corpora) for split in SPLITS[1:])
            packed = corpora["train"].packed()
            corpora |= split_corpora(packed, source, validation=validation, test=test)
    corpora = {split: corpora[split] for split in SPLITS}
    what = "targets" if source else "pairs"  # a sentence that is said twice is no new one
    for (earlier, split), count in shared_pairs(corpora, targets=bool(source)).items():
        print(
            f"WARNING: {count:,} of {len(corpora[split]):,} {split} {what} are {earlier} {what}, "
            "too. They are kept; scores on them say little about new input.\n"
        )
    return corpora


def with_columns(read: Read, usual: Sequence[str] | None) -> Read:
    """Returns a reader that gives a recipe's usual names of columns to tables alone.

    Two parallel text files, and sentences with a word on each line, have no names of columns.

    Args:
        read: (name, columns) -> examples.
        usual: the names of a recipe, which a user did not give.

    Example:
        >>> read = with_columns(lambda name, columns: [columns], ["docstring", "code"])
        >>> read("a.txt,b.txt", ["docstring", "code"]), read("my.csv", ["docstring", "code"])
        ([['source', 'target']], [['docstring', 'code']])
    """

    def reading(name: str, columns: Sequence[str]) -> Iterable[Any]:
        exists = Path(name).exists()
        table = format_of(Path(name)) is not None if exists else "," not in name
        mere = usual is not None and list(columns) == list(usual) and not table
        return read(name, ["source", "target"] if mere else columns)

    return reading


def _written(examples: Iterable[Any], source: Any) -> Corpus:
    reads = {"source": source, "errors": "skip"} if source else {}
    return Corpus.write(examples, **reads)


def _names(name: str, data: str) -> str:
    """Returns what `--data` takes; "" if the name is that of existing files."""
    paths = [name] if Path(name).exists() else str(name).split(",")
    if not data or all(Path(path).is_file() for path in paths):
        return ""
    return f"--data takes {data}{_FILE * data.endswith('FILE')}."
