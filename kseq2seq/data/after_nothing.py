"""Targets learned a second time, after a source that says nothing."""

from __future__ import annotations

from itertools import chain

from kseq2seq.data.corpus import Corpus


def also_after_nothing(corpus: Corpus, one_in: int = 8, nothing: str = "") -> Corpus:
    """Returns a corpus with some of its targets a second time, after nothing.

    A model of it knows how likely a target is anywhere, which `mutual_information` takes away.

    Args:
        corpus: for training.
        one_in: the first target of each so many is repeated.
        nothing: the source that says nothing; an empty `TurnsSource` by default.

    Example:
        >>> from kseq2seq.data import Corpus, Pair, also_after_nothing
        >>> corpus = Corpus.write(Pair(str(n), "x" * n, str(n)) for n in range(1, 4))
        >>> [(pair.source, pair.target) for pair in also_after_nothing(corpus, 2)]
        [('1', 'x'), ('2', 'xx'), ('3', 'xxx'), ('', 'x'), ('', 'xxx')]

    Source:
        Ho and Salimans 2022, "Classifier-Free Diffusion Guidance", who leave out conditions.
    """
    again = (pair._replace(source=nothing) for n, pair in enumerate(corpus) if n % one_in == 0)
    return Corpus.write(chain(corpus, again))
