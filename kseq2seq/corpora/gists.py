"""Docstrings of Python packages and their first sentences; bundled."""

from __future__ import annotations

from collections.abc import Iterator

from kseq2seq.data.pairs import Pair
from kseq2seq.data.sample import bundled


def gists() -> Iterator[Pair]:
    """Reads the bundled docstrings and their first sentences; nothing is fetched.

    Returns:
        A lazy iterator of pairs: the name of a function or class in words with its docstring from
        the second sentence on, up to 50 words; and the first sentence. The key stands for a module.

    Example:
        >>> from kseq2seq.corpora import gists
        >>> next(gists()).target
        'Returns an approximate maximum independent set.'

    Source: Python packages under BSD and ISC licenses, listed in `samples/NOTICE.md`.
    """
    return bundled("docstrings.tsv.gz")
