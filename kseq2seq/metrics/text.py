"""How good whole generated texts are, by sacreBLEU."""

from __future__ import annotations

from collections.abc import Callable, Sequence

TextMetric = Callable[[Sequence[str], Sequence[str]], float]


def bleu(hypotheses: Sequence[str], references: Sequence[str], tokenize: str = "13a") -> float:
    """Corpus BLEU, 0 to 100.

    Args:
        hypotheses: N texts.
        references: N texts, one for each.
        tokenize: sacreBLEU's tokenizer; "13a" as in WMT, "char" for scripts without spaces.

    Raises:
        ValueError: if the two differ in number or are empty.

    Example:
        >>> from kseq2seq.metrics import bleu
        >>> round(bleu(["the cat sat on the mat"], ["the cat sat on a mat"]), 1)
        53.7

    Source:
        Papineni et al. 2002; Post 2018, "A Call for Clarity in Reporting BLEU Scores".
    """
    _check(hypotheses, references)
    import sacrebleu

    return sacrebleu.corpus_bleu(list(hypotheses), [list(references)], tokenize=tokenize).score


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    """Corpus chrF2, 0 to 100: the F-score of character n-grams up to 6, recall counted double.

    Args:
        hypotheses: N texts.
        references: N texts, one for each.

    Raises:
        ValueError: if the two differ in number or are empty.

    Example:
        >>> from kseq2seq.metrics import chrf
        >>> chrf(["안녕하세요"], ["안녕하세요"])
        100.0

    Source:
        Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation".
    """
    _check(hypotheses, references)
    import sacrebleu

    return sacrebleu.corpus_chrf(list(hypotheses), [list(references)]).score


def _check(hypotheses, references):
    if isinstance(hypotheses, str) or isinstance(references, str):
        raise ValueError("Pass lists of texts, not single texts.")
    if len(hypotheses) != len(references) or not len(references):
        raise ValueError(
            f"There must be one reference for each hypothesis, and at least one; got "
            f"{len(hypotheses)} hypotheses and {len(references)} references."
        )
