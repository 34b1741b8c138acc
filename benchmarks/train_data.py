"""What every system trains on and is scored on: the same pairs, cut into the same ids, in files.

A folder holds the training pairs twice: as raw text with our tokenizer, which we read, and as ids,
one sequence a line, which the peers read. Pairs that are empty or too long are in neither.
"""

from pathlib import Path
from typing import NamedTuple

from kseq2seq import data, text

# isort: split
import tensorflow as tf

LONGEST = 96  # tokens of a side, the end included
FINELY = 40  # shapes, where none has to be compiled


class Prepared(NamedTuple):
    """What the parent keeps; sequences of ids are closed by the end."""

    ids: int  # of the one vocabulary
    pairs: int
    buckets: list  # few
    fine_buckets: list
    row: tuple[int, int]  # of several pairs
    check: dict  # sources and targets of one held-out batch, whose loss all sides report
    sources: list  # held-out
    references: list[str]
    examples: dict  # some places of these: source and reference
    target: text.TextTarget

    def texts(self, ids: list) -> list[str]:
        """Returns the texts of target ids, each up to its first end."""
        return [made.decode() for made in self.target.texts(tf.ragged.constant(ids)).numpy()]


def prepare(name: str, folder: Path, vocabulary: int, shapes: int, held_out: int) -> Prepared:
    """Splits and tokenizes a corpus, and writes both forms of its training pairs in a folder."""
    corpora = data.split_corpora(data.named_pairs(name))
    pairs = list(corpora["train"])
    tokenizer = text.SentencePieceTokenizer.train(
        (side for pair in pairs for side in pair[:2]), vocabulary
    )
    source, target = text.TextSource(tokenizer, LONGEST), text.TextTarget(tokenizer, LONGEST)
    source.save(folder)
    target.save(folder)
    kept = fitting(pairs, source, target)
    corpus = data.Corpus.write((pair for pair, *_ in kept), folder)
    for side, ids in (("source", 1), ("target", 2)):
        lines = (" ".join(map(str, row[ids][:-1])) + "\n" for row in kept)  # the end is implied
        (folder / f"train.{side}").write_text("".join(lines), encoding="utf-8")
    survey = data.survey(corpus, source, target)
    buckets = data.fit_buckets(survey, shapes)
    print(f"{name}, {tokenizer.vocabulary_size:,} ids\n{data.bucket_table(survey, buckets)}\n")
    check = spread(fitting(corpora["validation"], source, target), 64)
    tests = spread(fitting(corpora["test"], source, target), held_out)
    return Prepared(
        tokenizer.vocabulary_size,
        len(corpus),
        buckets,
        data.fit_buckets(survey, FINELY),
        data.fit_row(survey),
        {"sources": [row[1] for row in check], "targets": [row[2] for row in check]},
        [row[1] for row in tests],
        [pair.target for pair, *_ in tests],
        {place: tests[place][0][:2] for place in range(0, len(tests), -(-len(tests) // 4))},
        target,
    )


def spread(rows: list, count: int) -> list:
    """Returns `count` rows at most, from all over the list."""
    return rows[:: max(1, len(rows) // count)][:count]


def fitting(pairs, source: text.TextSource, target: text.TextTarget) -> list[tuple]:
    """Returns (pair, source ids, target ids) of those pairs that a model takes."""
    pairs = list(pairs)
    sources = source.tokens([pair.source for pair in pairs]).to_list()
    targets = target.tokens([pair.target for pair in pairs]).to_list()
    return [
        row
        for row in zip(pairs, sources, targets, strict=True)
        if all(1 < len(ids) <= LONGEST for ids in row[1:])
    ]
