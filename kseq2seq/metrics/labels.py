"""Scores of labels: accuracy, precision and recall of each, and of chunks by seqeval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from kseq2seq.metrics.references import Reference
from kseq2seq.metrics.sums import Sums, best, checked_pairs, share, signature, summed

Parts = Callable[[str], list[str]]


@summed
def label_accuracy(
    hypotheses: list[str], references: list[list[str]], parts: Parts = str.split
) -> Sums:
    """The percentage of labels that are right, 0 to 100, over all sequences.

    Labels stand between white space and are compared one by one; missing ones are wrong. Of several
    references the best match counts.

    Args:
        hypotheses: N sequences of labels.
        references: N sequences, one for each, or N lists of some.
        parts: the labels of a sequence; `Target.parts` where one may hold spaces.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number, or the references hold no label.

    Example:
        >>> from kseq2seq.metrics import label_accuracy
        >>> label_accuracy(["noun verb", "verb"], ["noun noun", "verb noun"])
        50.0
    """
    rows = best(hypotheses, references, lambda *pair: _right(*map(parts, pair)), share)
    return Sums(np.array(rows), share, signature(references))


@summed
def label_f1(
    hypotheses: list[str],
    references: list[list[str]],
    average: str = "macro",
    parts: Parts = str.split,
) -> Sums:
    """The F-score of labels, 0 to 100: of each label on its own, so that rare ones count as much.

    Labels stand between white space and are compared one by one. A missing one lowers the recall of
    the label that should be there; one too many lowers the precision of its label. Of several
    references the one with most labels in place counts.

    Args:
        hypotheses: N sequences of labels.
        references: N sequences, one for each, or N lists of some.
        average: "macro", the mean over labels that occur on either side, or "micro", over all
            labels at once, which for sequences of equal length is their accuracy.
        parts: the labels of a sequence; `Target.parts` where one may hold spaces.

    Returns:
        The score, with its `signature`.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number, the references hold no label, or there is no such
            average.

    Example:
        >>> from kseq2seq.metrics import label_f1
        >>> round(label_f1(["a a a b"], ["a a a a"]), 1)  # 6/7 of a, 0 of b
        42.9
        >>> label_f1(["a a a b"], ["a a a a"], average="micro")
        75.0
    """
    if average not in ("macro", "micro"):
        raise ValueError(f'`average` must be "macro" or "micro"; got {average!r}.')
    _, rows = _label_counts(hypotheses, references, parts)

    def score(sums: np.ndarray) -> float:
        counts = sums.reshape(-1, 3)
        counts = counts.sum(axis=0, keepdims=True) if average == "micro" else counts
        return float(100 * _f1(counts[counts[:, 1:].any(axis=1)]).mean())

    return Sums(rows, score, signature(references, average=average))


@summed
def chunk_f1(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """The F-score of chunks that labels like B-PER I-PER O mark, 0 to 100, by seqeval.

    A chunk is right if its type, its begin and its end are. Labels stand between white space; those
    missing are O, and those too many are left out. An I- after another type begins a chunk, as in
    CoNLL-2000's script. Of several references the one with the best F-score counts.

    Args:
        hypotheses: N sequences of labels.
        references: N sequences, one for each, or N lists of some.

    Returns:
        The score over all chunks ("micro"), with its `signature`; 0 if there is none.

    Raises:
        ImportError: if seqeval is not installed.
        TypeError: if an item is not a text.
        ValueError: if the two differ in number, or the references hold no label.

    Example:
        >>> from kseq2seq.metrics import chunk_f1
        >>> chunk_f1(["B-PER I-PER O B-LOC"], ["B-PER I-PER O B-PER"])
        50.0

    Source:
        Tjong Kim Sang & Buchholz 2000, "Introduction to the CoNLL-2000 Shared Task: Chunking".
    """
    try:
        from seqeval.metrics.sequence_labeling import get_entities
    except ImportError as error:
        raise ImportError(
            "`chunk_f1` requires seqeval, which is not installed. Install it with "
            "pip install 'kseq2seq[labels]'."
        ) from error

    def count(hypothesis: str, reference: str) -> tuple[int, int, int]:
        wanted = reference.split()
        made = (hypothesis.split() + ["O"] * len(wanted))[: len(wanted)]
        ours, theirs = set(get_entities(made)), set(get_entities(wanted))
        return len(ours & theirs), len(ours), len(theirs)

    rows = best(hypotheses, references, count, lambda row: _f1(np.array([row])))
    named = signature(references, "seqeval", average="micro")
    return Sums(np.array(rows), lambda sums: float(100 * _f1(sums[None])[0]), named)


class LabelScore(NamedTuple):
    """Scores of one label, 0 to 100, and how often the references have it."""

    precision: float
    recall: float
    f1: float
    support: int


class LabelReport(dict[str, LabelScore]):
    """Scores of each label by its name, the most frequent first; as a string, a table."""

    def worst(self, count: int) -> LabelReport:
        """Returns the report of so many labels, those with the lowest F-scores first."""
        return LabelReport(sorted(self.items(), key=lambda row: row[1].f1)[:count])

    def __str__(self) -> str:
        width = max(map(len, [*self, "label"]))
        lines = [f"{'label':<{width}}  precision  recall      F1  support"]
        for name, (precision, recall, f1, support) in self.items():
            scores = f"{precision:9.2f}  {recall:6.2f}  {f1:6.2f}"
            lines.append(f"{name:<{width}}  {scores}  {support:7,}")
        return "\n".join(lines)


def label_report(
    hypotheses: Sequence[str], references: Sequence[Reference], parts: Parts = str.split
) -> LabelReport:
    """Returns precision, recall and F-score of each label; arguments and errors as for `label_f1`.

    Example:
        >>> from kseq2seq.metrics import label_report
        >>> report = label_report(["noun verb", "verb"], ["noun noun", "verb"])
        >>> print(report)
        label  precision  recall      F1  support
        noun      100.00   50.00   66.67        2
        verb       50.00  100.00   66.67        1
        >>> report["noun"].recall
        50.0
    """
    names, rows = _label_counts(*checked_pairs(hypotheses, references), parts)
    counts = rows.sum(axis=0).reshape(-1, 3)
    right, made, wanted = counts.T
    scores = 100 * np.stack(
        [right / np.maximum(made, 1), right / np.maximum(wanted, 1), _f1(counts)], axis=1
    )
    table = {
        name: LabelScore._make([*score.tolist(), int(count)])
        for name, score, count in zip(names, scores, wanted, strict=True)
    }
    return LabelReport(sorted(table.items(), key=lambda item: (-item[1].support, item[0])))


def _right(hypothesis: list[str], reference: list[str]) -> tuple[int, int]:
    """How many labels are right, and how many there are."""
    right = sum(a == b for a, b in zip(hypothesis, reference, strict=False))
    return right, len(reference)


def _label_counts(
    hypotheses: list[str], references: list[list[str]], parts: Parts
) -> tuple[list[str], np.ndarray]:
    """Returns L labels, and int (N, 3 L): of each how often it is right, given, and wanted."""
    pairs = best(
        [parts(text) for text in hypotheses],
        [[parts(text) for text in row] for row in references],
        lambda made, wanted: (made, wanted),
        lambda pair: share(_right(*pair)),
    )
    names = sorted({label for pair in pairs for side in pair for label in side})
    places = {name: 3 * index for index, name in enumerate(names)}
    rows = np.zeros((len(pairs), 3 * len(names)), "int32")
    for row, (made, wanted) in zip(rows, pairs, strict=True):
        for given, right in zip_longest(made, wanted):
            if given is not None:
                row[places[given] + 1] += 1
            if right is not None:
                row[places[right] + 2] += 1
            if given == right:
                row[places[given]] += 1
    return names, rows


def _f1(counts: np.ndarray) -> np.ndarray:
    """The F-scores (L,), 0 to 1, of counts (L, 3): right, given, wanted."""
    return 2 * counts[:, 0] / np.maximum(counts[:, 1] + counts[:, 2], 1)
