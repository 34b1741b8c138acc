"""Targets: a model's ids as texts, or as labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kseq2seq_runtime.bundle import Bundle
from kseq2seq_runtime.fields import read_field, read_object
from kseq2seq_runtime.record import Record
from kseq2seq_runtime.tokenizers import SPECIAL, Tokenizer, load_tokenizer


class Target(Protocol):
    """Turns ids into raw output."""

    def decode(self, ids: Sequence[int]) -> str:
        """Returns the text, or labels with spaces between them, of ids."""


class LabelTarget:
    """Names of labels; id 1 is the first, 0 is none."""

    def __init__(self, labels: Sequence[str]):
        self.labels = labels

    def decode(self, ids: Sequence[int]) -> str:
        """See `Target`."""
        return " ".join(self.labels[token - 1] for token in ids if token > 0)


def load_target(bundle: Bundle, record: Record) -> Target:
    """Returns the target of a file.

    Raises:
        ValueError: it has other ids than the model, its tokenizer needs TensorFlow, or it is of
            another type.
    """
    where = f"{bundle.path}: target.json"
    described = read_object(bundle.file("target.json"), where)
    kind = read_field(described, "type", str, where)
    if kind == "text":
        return _text_target(bundle, record)
    if kind != "labels":
        raise ValueError(
            f"{where} has type {kind!r}, and this package writes 'text' and 'labels'. Take the ids "
            "of `Model(path).generate`."
        )
    labels = read_field(described, "labels", list, where)
    if not all(isinstance(label, str) for label in labels):
        raise ValueError(f"{where} must have a list of strings as 'labels'. Export it again.")
    if len(labels) + 1 != record.target_vocabulary:
        raise ValueError(
            f"{bundle.path}: the model writes {record.target_vocabulary} ids, and there are "
            f"{len(labels)} labels. Export the model again."
        )
    return LabelTarget(labels)


def _text_target(bundle: Bundle, record: Record) -> Tokenizer:
    tokenizer = load_tokenizer(bundle, "target")
    found = tokenizer.vocabulary_size
    if found != record.target_vocabulary or record.special != SPECIAL:
        raise ValueError(
            f"{bundle.path}: the model writes {record.target_vocabulary} ids, of which "
            f"{tuple(record.special)} are special, and the target tokenizer has {found}, of "
            f"which {tuple(SPECIAL)} are. Export the model again, with its own tokenizer."
        )
    return tokenizer
