"""Reads back any tokenizer that was saved."""

from __future__ import annotations

import os
from pathlib import Path

from kseq2seq.disk import settle
from kseq2seq.disk.files import read_json
from kseq2seq.text.backbone_tokenizer import BackboneTokenizer
from kseq2seq.text.bytes import ByteTokenizer
from kseq2seq.text.characters import CharacterTokenizer
from kseq2seq.text.sentencepiece import SentencePieceTokenizer
from kseq2seq.text.tokenizer import Tokenizer
from kseq2seq.text.wordpiece import WordPieceTokenizer

TOKENIZERS: dict[str, type[Tokenizer]] = {
    "bytes": ByteTokenizer,
    "characters": CharacterTokenizer,
    "keras_hub": BackboneTokenizer,
    "sentencepiece": SentencePieceTokenizer,
    "wordpiece": WordPieceTokenizer,
}


def load_tokenizer(directory: str | os.PathLike[str]) -> Tokenizer:
    """Returns the tokenizer that `Tokenizer.save` wrote; no code from the files is run.

    Args:
        directory: what was given to `save`.

    Returns:
        A tokenizer that gives the same ids as the saved one.

    Raises:
        FileNotFoundError: `tokenizer.json` or a file it needs is missing.
        ValueError: a file is truncated, changed or malformed, or of an unknown type or a newer
            format version.

    Example:
        >>> import tempfile
        >>> from kseq2seq.text import ByteTokenizer, load_tokenizer
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     ByteTokenizer().save(directory)
        ...     tokenizer = load_tokenizer(directory)
        >>> tokenizer.tokenize(["hi"]).to_list()
        [[108, 109]]
    """
    settle(Path(directory))
    path = Path(directory) / "tokenizer.json"
    settings = read_json(path)
    kind = settings.get("type")
    if not isinstance(kind, str) or kind not in TOKENIZERS:
        raise ValueError(f"{path} has type {kind!r}; the known ones are {sorted(TOKENIZERS)}.")
    return TOKENIZERS[kind]._load(path, settings)
