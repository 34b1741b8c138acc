"""Scores of whole generated texts, by sacreBLEU."""

from __future__ import annotations

from typing import Any

import numpy as np

from kseq2seq.metrics.references import tokenizer_for, unspaced
from kseq2seq.metrics.sums import Sums, summed


@summed
def bleu(hypotheses: list[str], references: list[list[str]], tokenize: str | None = None) -> Sums:
    """Corpus BLEU, 0 to 100.

    Args:
        hypotheses: N texts.
        references: N texts, one for each, or N lists of texts, of any number each.
        tokenize: sacreBLEU's tokenizer. If None, the one that suits the scripts of the references:
            "13a" as in WMT where words have spaces between them; see `tokenizer_for`. It depends
            on the references alone.

    Returns:
        The score, with its `signature`.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number or are empty, or there is no such tokenizer.

    Example:
        >>> from kseq2seq.metrics import bleu
        >>> round(bleu(["the cat sat on the mat"], ["the cat sat on a mat"]), 1)
        53.7
        >>> round(bleu(["the cat sat on the mat"], [["the cat sat on a mat", "on the mat"]]), 1)
        67.6

    Source:
        Papineni et al. 2002; Post 2018, "A Call for Clarity in Reporting BLEU Scores".
    """
    import sacrebleu

    known = sacrebleu.BLEU.TOKENIZERS
    if tokenize is not None and tokenize not in known:
        raise ValueError(f"`tokenize` must be None or one of {list(known)}; got {tokenize!r}.")
    metric = sacrebleu.BLEU(tokenize=tokenize or tokenizer_for(references))
    return _sums(metric, hypotheses, references)


@summed
def chrf(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """Corpus chrF2, 0 to 100: the F-score of character n-grams up to 6, recall counted double.

    Args:
        hypotheses: N texts.
        references: N texts, one for each, or N lists of texts, of any number each.

    Returns:
        The score, with its `signature`.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number or are empty.

    Example:
        >>> from kseq2seq.metrics import chrf
        >>> chrf(["안녕하세요"], ["안녕하세요"])
        100.0

    Source:
        Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation".
    """
    import sacrebleu

    return _sums(sacrebleu.CHRF(), hypotheses, references)


@summed
def chrf_plus(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """Corpus chrF++, 0 to 100: chrF2 that counts n-grams of one and two words, too.

    Arguments, result and errors are those of `chrf`.

    Example:
        >>> from kseq2seq.metrics import chrf_plus
        >>> round(chrf_plus(["the cat sat on the mat"], ["the cat sat on a mat"]), 1)
        72.0

    Source:
        Popović 2017, "chrF++: words helping character n-grams".
    """
    import sacrebleu

    return _sums(sacrebleu.CHRF(word_order=2), hypotheses, references)


@summed
def ter(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """Translation edit rate, in percent: fewer edits are better, and there may be more than words.

    An edit inserts, deletes or replaces a word, or moves several that follow one another. Upper and
    lower case are the same. Words are what white space separates; in Chinese and Japanese, each
    character is one. Of several references the fewest edits count, over their mean length.

    Arguments, result and errors are those of `chrf`.

    Example:
        >>> from kseq2seq.metrics import ter
        >>> round(ter(["on the mat sat the cat"], ["the cat sat on the mat"]), 1)
        33.3

    Source:
        Snover et al. 2006, "A Study of Translation Edit Rate with Targeted Human Annotation".
    """
    import sacrebleu

    split = unspaced(references)
    metric = sacrebleu.TER(normalized=split, asian_support=split)
    return _sums(metric, hypotheses, references)


def _sums(metric: Any, hypotheses: list[str], references: list[list[str]]) -> Sums:
    """Counts by sacreBLEU, which takes the first reference of each text, then the second of each...

    What a text adds to its scores and the score of such sums are methods of each of its metrics,
    which its own `corpus_score` calls one after the other.
    """
    most = max(map(len, references))
    streams = [[row[n] if n < len(row) else None for row in references] for n in range(most)]
    rows = np.array(metric._extract_corpus_statistics(hypotheses, streams), "float64")
    return Sums(rows, lambda sums: _score(metric, sums), str(metric.get_signature()))


def _score(metric: Any, sums: np.ndarray) -> float:
    return float(metric._compute_score_from_stats(sums.tolist()).score)
