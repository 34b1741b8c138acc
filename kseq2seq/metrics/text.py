"""Scores of whole generated texts, by sacreBLEU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kseq2seq.checks import raw_texts
from kseq2seq.metrics.references import Reference, reference_lists, tokenizer_for

TextMetric = Callable[[Sequence[str], Sequence[Any]], float]


class TextScore(float):
    """A score that says how it was computed.

    Attributes:
        signature: sacreBLEU's own, to be reported with the score: the number of references, the
            tokenizer ("tok") and the version.

    Example:
        >>> from kseq2seq.metrics import bleu
        >>> bleu(["今天天气很好。"], ["今天天气很好。"]).signature
        'nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:...'
    """

    signature: str

    def __new__(cls, value: float, signature: str = "") -> TextScore:
        """Makes a float of a value."""
        score = super().__new__(cls, value)
        score.signature = signature
        return score


class Scores(dict[str, float]):
    """Scores by their names; as a string, each with its signature.

    Example:
        >>> from kseq2seq.metrics import Scores, TextScore
        >>> scores = Scores(bleu=TextScore(31.25, "tok:13a"), length=1.0)
        >>> print(scores)
        bleu 31.25 (tok:13a), length 1.00
        >>> scores
        {'bleu': 31.25, 'length': 1.0}
    """

    def __str__(self) -> str:
        parts = []
        for name, score in self.items():
            signature = getattr(score, "signature", "")
            number = f"{score}" if isinstance(score, int) else f"{score:.2f}"
            parts.append(f"{name} {number}" + (f" ({signature})" if signature else ""))
        return ", ".join(parts)


def chosen(metrics: Mapping[str, TextMetric] | None) -> dict[str, TextMetric]:
    """Returns metrics by their names; BLEU and chrF if none are given."""
    return dict(metrics or {"bleu": bleu, "chrf": chrf})


def scored(
    metrics: Mapping[str, TextMetric],
    hypotheses: Sequence[str],
    references: Sequence[Reference],
) -> Scores:
    """Returns the scores of texts by several metrics."""
    return Scores((name, metric(hypotheses, references)) for name, metric in metrics.items())


def below_baseline(scores: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """Returns the names of the scores in which a model is no better than a trivial baseline.

    For translation the baseline is to copy the source. A model that does not beat it in all scores
    has not learned its task.

    Args:
        scores: of the model, the higher the better; NaN is worse than anything.
        baseline: the same scores of the baseline.

    Raises:
        ValueError: if the two don't have the same names.

    Example:
        >>> from kseq2seq.metrics import below_baseline
        >>> below_baseline({"bleu": 0.1, "chrf": 9.8}, {"bleu": 2.0, "chrf": 22.4})
        ['bleu', 'chrf']
        >>> below_baseline({"bleu": 29.4, "chrf": 52.9}, {"bleu": 2.0, "chrf": 22.4})
        []
    """
    if scores.keys() != baseline.keys():
        raise ValueError(
            f"`scores` and `baseline` must have the same names; got {', '.join(scores)} and "
            f"{', '.join(baseline)}."
        )
    return [name for name, score in scores.items() if not score > baseline[name]]


def bleu(
    hypotheses: Sequence[str], references: Sequence[Reference], tokenize: str | None = None
) -> TextScore:
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
    hypotheses, rows = _pairs(hypotheses, references)
    import sacrebleu

    known = sacrebleu.BLEU.TOKENIZERS
    if tokenize is not None and tokenize not in known:
        raise ValueError(f"`tokenize` must be None or one of {list(known)}; got {tokenize!r}.")
    return _score(sacrebleu.BLEU(tokenize=tokenize or tokenizer_for(rows)), hypotheses, rows)


def chrf(hypotheses: Sequence[str], references: Sequence[Reference]) -> TextScore:
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
    hypotheses, rows = _pairs(hypotheses, references)
    import sacrebleu

    return _score(sacrebleu.CHRF(), hypotheses, rows)


def _score(metric: Any, hypotheses: list[str], rows: list[list[str]]) -> TextScore:
    """Calls sacreBLEU, which takes the first reference of each text, then the second of each..."""
    most = max(map(len, rows))
    streams = [[row[n] if n < len(row) else None for row in rows] for n in range(most)]
    score = metric.corpus_score(hypotheses, streams).score
    return TextScore(score, str(metric.get_signature()))


def _pairs(
    hypotheses: Sequence[str], references: Sequence[Reference]
) -> tuple[list[str], list[list[str]]]:
    if isinstance(hypotheses, str | bytes) or isinstance(references, str | bytes):
        raise ValueError(
            "`hypotheses` and `references` must be lists of texts; got a single text. Put it in a "
            "list."
        )
    texts, rows = raw_texts(hypotheses, "hypotheses"), reference_lists(references)
    if len(texts) != len(rows) or not texts:
        raise ValueError(
            f"There must be one reference for each hypothesis, or one list of some, and at least "
            f"one hypothesis; got {len(texts)} hypotheses and {len(rows)} references."
        )
    if not any(text.strip() for row in rows for text in row):
        raise ValueError(f"The {len(rows)} references hold no text. Are they the right ones?")
    return texts, rows
