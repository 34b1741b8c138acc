"""Runs an exported file on real sentences, beside the model it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from kseq2seq.data import named_pairs
from kseq2seq.decoding import Search, decode, score_targets
from kseq2seq.export.interpreter import Signatures
from kseq2seq.metrics import bleu, chrf

TIE = 1e-4  # nats; what differs by less is a matter of rounding
MOST_TIES = 0.005  # share of sentences
SENTENCES = 200
ROWS = 64


class ParityError(ValueError):
    """An exported file does not give what its model does."""


@dataclass(frozen=True)
class Parity:
    """How an exported file compares with the model it was made from.

    Attributes:
        sentences: how many were run through both.
        same: of these, how many gave the same best target, id by id.
        near_ties: how many differ where two choices are within 1e-4 nats of each other.
        same_texts: how many texts of `generate_texts` are the model's own; None without it.
        scores: name -> (of the model, of the file); BLEU and chrF against the references, or, where
            there were none, chrF of the file against the model's own texts.
    """

    sentences: int
    same: int
    near_ties: int
    same_texts: int | None
    scores: dict[str, tuple[float, float]]

    def __str__(self) -> str:
        said = [f"{self.same} of {self.sentences} targets are the model's own"]
        if self.near_ties:
            said.append(f"{self.near_ties} differ by a near tie")
        if self.same_texts is not None:
            said.append(f"of texts {self.same_texts}")
        for name, (before, after) in self.scores.items():
            said.append(f"{name} {before:.1f} -> {after:.1f}")
        return "; ".join(said)


def compare(
    content: bytes,
    model: Any,
    source: Any,
    target: Any,
    search: Search,
    *,
    lengths: tuple[int, int],
    exact: bool,
    strings: bool = False,
    examples: Sequence[str] | None = None,
    references: Sequence[str] | None = None,
) -> Parity:
    """Decodes examples with a file's `generate` and with its model.

    Args:
        content: the flatbuffer.
        model: the model it was made from.
        source: raw texts -> the model's inputs.
        target: ids -> raw texts.
        search: what `generate` runs.
        lengths: the file's places of a source, and of a target.
        exact: whether a target that differs by more than a near tie is an error.
        strings: whether the file has `generate_texts`, to be compared too.
        examples: raw texts of the kind the model is for; those that do not fit are left out. Where
            there are none, English sentences of the bundled sample.
        references: what they should become, to see scores move.

    Raises:
        ParityError: if targets differ that should not; it names the first step that does.
        ValueError: if no example fits.
    """
    texts, wanted = _fitting(source, lengths[0], examples, references)
    signatures, (places, limit) = Signatures(content, text_ops=strings), lengths
    ours, theirs, ties = [], [], 0
    for first in range(0, len(texts), ROWS):
        batch = source(texts[first : first + ROWS])
        found = (
            decode(model, batch, search, max_length=limit, special=target.tokenizer.special)
            .ids[:, 0]
            .numpy()
        )
        made = np.stack([_generate(signatures, row, places) for row in _rows(batch)])
        for row in np.flatnonzero((found != made).any(axis=1)).tolist():
            one = {name: value[row : row + 1] for name, value in batch.items()}
            step, margin = _first_difference(model, one, found[row], made[row], target)
            if margin < TIE:
                ties += 1
            elif exact:
                raise ParityError(
                    f"The file gives {made[row].tolist()} for {texts[first + row]!r}, the model "
                    f"{found[row].tolist()}: they differ from step {step} on, by {margin:.2g} "
                    "nats. The conversion changed the model; nothing was written."
                )
        ours += list(found)
        theirs += list(made)
    same = sum(bool((a == b).all()) for a, b in zip(ours, theirs, strict=True))
    if exact and ties > max(1, MOST_TIES * len(texts)):
        raise ParityError(
            f"{ties} of {len(texts)} targets differ from the model's by near ties, more than "
            f"{MOST_TIES:.1%}: the conversion changed the model; nothing was written."
        )
    own = _texts(target, ours)
    same_texts = None
    if strings:
        made_texts = [
            signatures("generate_texts", texts=np.array([text.encode()], object))["texts"][0, 0]
            for text in texts
        ]
        same_texts = sum(a == b.encode() for a, b in zip(made_texts, own, strict=True))
    return Parity(len(texts), same, ties, same_texts, _scores(own, _texts(target, theirs), wanted))


def _fitting(
    source: Any,
    places: int,
    examples: Sequence[str] | None,
    references: Sequence[str] | None,
) -> tuple[list[str], list[str] | None]:
    """The texts that fit and have a token, and their references."""
    if examples is None:
        if references is not None:
            raise ValueError("`references` belong to `examples`; give those, too.")
        examples = [pair.source for pair in islice(named_pairs("sample:fr"), SENTENCES)]
    if isinstance(examples, str):
        raise ValueError(f"`examples` must be several texts; got {examples!r}. Put it in a list.")
    examples = list(examples)
    if references is not None and len(references) != len(examples):
        raise ValueError(
            f"There are {len(examples)} `examples`, but {len(references)} `references`."
        )
    lengths = source.lengths(examples).numpy() if examples else np.zeros(0)
    fits = np.flatnonzero((lengths > 1) & (lengths <= places)).tolist()
    if not fits:
        raise ValueError(
            f"None of the {len(examples)} `examples` has between 1 and {places - 1} tokens; give "
            "texts of the kind the model is for."
        )
    kept = None if references is None else [references[index] for index in fits]
    return [examples[index] for index in fits], kept


def _rows(batch: dict) -> list[np.ndarray]:
    """The real ids of each source."""
    ids, mask = batch["source"].numpy(), batch["source_mask"].numpy()
    return [row[: real.sum()] for row, real in zip(ids, mask, strict=True)]


def _generate(signatures: Signatures, ids: np.ndarray, places: int) -> np.ndarray:
    """The best target of one source."""
    source = np.zeros((1, places, *ids.shape[1:]), ids.dtype)
    source[0, : len(ids)] = ids
    length = np.array([len(ids)], "int32")
    return signatures("generate", source=source, source_length=length)["ids"][0, 0]


def _first_difference(
    model: Any, inputs: dict, ours: np.ndarray, theirs: np.ndarray, target: Any
) -> tuple[int, float]:
    """The first step at which two targets differ, and by how much the model prefers the one.

    Greedy searches part where two tokens are equally likely, beams also where two targets are.
    """
    step = int(np.flatnonzero(ours != theirs)[0])
    special = target.tokenizer.special
    scores = [score_targets(model, inputs, ids[None], special).numpy()[0] for ids in (ours, theirs)]
    of_step = abs(scores[0][step] - scores[1][step])
    return step, float(min(of_step, abs(scores[0].sum() - scores[1].sum())))


def _texts(target: Any, rows: list[np.ndarray]) -> list[str]:
    return [text.decode() for text in target.texts(np.stack(rows)).numpy()]


def _scores(
    ours: list[str], theirs: list[str], references: list[str] | None
) -> dict[str, tuple[float, float]]:
    if references is None:
        return {"chrF against the model": (chrf(ours, ours), chrf(theirs, ours))}
    metrics = {"BLEU": bleu, "chrF": chrf}
    return {
        name: (metric(ours, references), metric(theirs, references))
        for name, metric in metrics.items()
    }
