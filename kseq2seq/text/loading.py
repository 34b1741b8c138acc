"""Reads back any tokenizer that was saved."""

from __future__ import annotations

import os
from pathlib import Path

from kseq2seq.disk import settle
from kseq2seq.disk.files import read_json
from kseq2seq.text.symbols import read_symbols
from kseq2seq.text.tokenizer import CLASS, FORMAT, LATER, TOKENIZERS, Tokenizer


def load_tokenizer(directory: str | os.PathLike[str]) -> Tokenizer:
    """Returns the tokenizer that `Tokenizer.save` wrote; no code from the files is run.

    Args:
        directory: what was given to `save`.

    Returns:
        A tokenizer that gives the same ids as the saved one.

    Raises:
        FileNotFoundError: `tokenizer.json` or a file it needs is missing.
        ValueError: a file is truncated, changed or malformed, of a newer format version, or of a
            type that is not registered: a tokenizer of your own is known once the module that
            defines it was imported.

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
    config = read_json(path, LATER)
    del config[FORMAT]
    kind, place = config.pop("type", None), config.pop(CLASS, None)
    found = TOKENIZERS.named(kind, str(path), place)
    read_symbols(config, path)
    try:
        return found.from_files(path.parent, config, path)
    except ValueError as error:
        if str(path.parent) in str(error):
            raise
        raise ValueError(f"{path} does not describe a {found.__name__}: {error}") from error
