"""ROUGE, by rouge-score, of texts in any script."""

from __future__ import annotations

from kseq2seq.metrics.sums import Sums, mean, signature, summed
from kseq2seq.metrics.words import words


@summed
def rouge1(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """ROUGE-1, 0 to 100: the mean F-score of the words that a text shares with its reference.

    Case and punctuation don't count, and words are not stemmed. rouge-score's own tokenizer drops
    all but ASCII; here words are those of `kseq2seq.metrics.words`: what white space and
    punctuation separate, and single characters of scripts without spaces. For texts in ASCII the
    scores are those of rouge-score. Of several references the one with the best F-score counts.

    Args:
        hypotheses: N texts.
        references: N texts, one for each, or N lists of texts, of any number each.

    Returns:
        The score, with its `signature`.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number or are empty.

    Example:
        >>> from kseq2seq.metrics import rouge1
        >>> round(rouge1(["the cat sat"], ["The cat sat down."]), 1)
        85.7
        >>> rouge1(["날씨가 좋다"], ["오늘 날씨가 좋다"])
        80.0

    Source:
        Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries".
    """
    return _f_scores("rouge1", hypotheses, references)


@summed
def rouge2(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """ROUGE-2, 0 to 100: the mean F-score of the pairs of neighboring words; see `rouge1`.

    Example:
        >>> from kseq2seq.metrics import rouge2
        >>> rouge2(["the cat sat"], ["The cat sat down."])
        80.0
    """
    return _f_scores("rouge2", hypotheses, references)


@summed
def rougeL(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """ROUGE-L, 0 to 100: the mean F-score of the longest common subsequence of words.

    The rest is as for `rouge1`. A text counts as one sentence, whatever its lines.

    Example:
        >>> from kseq2seq.metrics import rougeL
        >>> round(rougeL(["the cat sat"], ["The big cat sat."]), 1)
        85.7
    """
    return _f_scores("rougeL", hypotheses, references)


class _Words:
    """A tokenizer of rouge-score."""

    def tokenize(self, text: str) -> tuple[str, ...]:
        return words(text)


def _f_scores(kind: str, hypotheses: list[str], references: list[list[str]]) -> Sums:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer([kind], tokenizer=_Words())
    pairs = zip(hypotheses, references, strict=True)
    values = [scorer.score_multi(row, text)[kind].fmeasure for text, row in pairs]
    how = {"case": "lc", "tok": "unicode", "refs": "best"}
    return mean(values, signature(references, "rouge-score", **how))
