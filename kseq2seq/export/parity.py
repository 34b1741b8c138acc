"""Runs an exported file on real sentences, beside the model it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from kseq2seq.checks import raw_texts
from kseq2seq.data import named_pairs
from kseq2seq.decoding import Filter, Search, UnsatisfiedError, decode, score_targets
from kseq2seq.decoding.sources import padded
from kseq2seq.export.interpreter import Signatures
from kseq2seq.export.walk import walk
from kseq2seq.metrics import TextMetric, bleu, chrf
from kseq2seq.metrics.references import Reference, checked_references

TIE = 1e-4  # nats; what differs by less is a matter of rounding
MOST_TIES = 0.005  # share of sentences
NEAR = 0.01  # nats, of one token's log-probability in single steps
SENTENCES = 200
TRIALS = 40  # raws of a source's own making
WALKED = 8  # sentences run a step at a time
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
        bundled: True where there were no examples, so that English sentences of the bundled sample
            were run, whatever the model is for.
        unfinished: (of the model, of the file): how many targets were cut at their limit.
    """

    sentences: int
    same: int
    near_ties: int
    same_texts: int | None
    scores: dict[str, tuple[float, float]]
    bundled: bool = False
    unfinished: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        said = [f"{self.same} of {self.sentences} targets are the model's own"]
        if self.near_ties:
            said.append(f"{self.near_ties} differ by a near tie")
        if any(self.unfinished):
            said.append("cut at the limit {} -> {}".format(*self.unfinished))
        if self.same_texts is not None:
            said.append(f"of texts {self.same_texts}")
        for name, (before, after) in self.scores.items():
            said.append(f"{name} {before:.1f} -> {after:.1f}")
        if self.bundled:
            said.append("compared on bundled English sentences; give `examples` of the model's own")
        return "; ".join(said)


def compare(
    content: bytes,
    model: Any,
    source: Any,
    target: Any,
    search: Search,
    *,
    filters: Sequence[Filter] = (),
    lengths: tuple[int, int],
    exact: bool,
    strings: bool = False,
    examples: Sequence[Any] | None = None,
    references: Sequence[Reference] | None = None,
) -> Parity:
    """Decodes examples with a file's `generate` and with its model, some in single steps too.

    Args:
        content: the flatbuffer.
        model: the model it was made from.
        source: raws -> the model's inputs.
        target: ids -> raw texts.
        search: what `generate` runs.
        filters: rules that it follows.
        lengths: the most units of a source and of a target in the file.
        exact: whether a target that differs by more than a near tie is an error.
        strings: whether the file has `generate_texts`, to be compared too.
        examples: raw sources of the kind the model is for; those that do not fit, and those that
            the filters leave no target, are left out. Where there are none, English sentences of
            the bundled sample, or noise for arrays.
        references: what they should become, to see scores move.

    Raises:
        ParityError: if targets differ that should not, naming the first step that does, or one is
            cut for the file alone, or for the model; if single steps or texts are not those of
            `generate`.
        ValueError: if no example fits, or none has a target.
    """
    every, all_references = _fitting(source, lengths[0], examples, references)
    file, (source_length, limit) = Signatures(content, text_ops=strings), lengths
    special, steps = target.special, hasattr(model, "decoder")

    def answered(rows: list[int]) -> tuple[list[int], dict, Any]:
        """The examples that have a target, as the model takes them, and these targets."""
        inputs = source(source.batch([every[row] for row in rows]))
        batch = padded(model, inputs, source_length, source.padding)
        request = {"max_length": limit, "filters": filters, "special": special}
        try:
            return rows, batch, decode(model, batch, search, **request)
        except UnsatisfiedError as error:
            rest = [row for place, row in enumerate(rows) if place not in error.sources]
            return answered(rest) if rest else ([], {}, None)

    kept: list[int] = []
    ours, theirs, ties, unfinished = [], [], 0, np.zeros(2, int)
    for first in range(0, len(every), ROWS):
        # 1. The targets of the model, and of the file: ids (rows, T).
        rows, batch, decoded = answered([*range(first, min(first + ROWS, len(every)))])
        if not rows:
            continue
        part = [every[row] for row in rows]
        model_ids, model_finished = decoded.ids[:, 0].numpy(), decoded.finished[:, 0].numpy()
        feeds = [source.feed(raw, source_length) for raw in part]
        answers = [file("generate", **row) for row in feeds]
        file_ids = np.stack([answer["ids"][0, 0] for answer in answers])
        model_ids, file_ids = _same_width(model_ids, file_ids, special.padding)
        file_finished = np.array([answer["finished"][0, 0] > 0 for answer in answers])
        unfinished += [(~model_finished).sum(), (~file_finished).sum()]
        # 2. Where they differ, or only one of them is finished, it must be a near tie.
        for row, step, margin in _differences(model, batch, model_ids, file_ids, special):
            if margin < TIE:
                ties += 1
            elif exact:
                raise ParityError(
                    f"The file gives {file_ids[row].tolist()} for {part[row]!r:.200}, the "
                    f"model {model_ids[row].tolist()}: they differ from step {step} on, by "
                    f"{margin:.2g} nats. The conversion changed the model; nothing was written."
                )
        same = (model_ids == file_ids).all(axis=1)
        for row in np.flatnonzero(same & (model_finished != file_finished)).tolist():
            margin = _margin_of_end(model, batch, row, model_ids[row], special)
            if margin < TIE:
                ties += 1
            elif exact:
                raise ParityError(
                    f"The file calls {file_ids[row].tolist()} {_said(file_finished[row])}, the "
                    f"model calls it {_said(model_finished[row])}: at the limit the end and the "
                    f"likeliest other token are {margin:.2g} nats apart. The conversion changed "
                    "the model; nothing was written."
                )
        # 3. Single steps must give the targets of the first rows the model's log-probabilities.
        if exact and steps and not kept:
            _check_steps(file, model, batch, model_ids[:WALKED], feeds, special)
        ours += list(model_ids)
        theirs += list(file_ids)
        kept += rows
    if not kept:
        raise ValueError(
            f"The filters leave none of the {len(every)} `examples` a target of at most {limit} "
            f"{target.unit}; pass others, or raise `target_length`."
        )
    raws = [every[row] for row in kept]
    ours, theirs = _stacked(ours, special.padding), _stacked(theirs, special.padding)
    if exact and ties > max(1, MOST_TIES * len(raws)):
        raise ParityError(
            f"{ties} of {len(raws)} targets differ from the model's by near ties, more than "
            f"{MOST_TIES:.1%}: the conversion changed the model; nothing was written."
        )
    # 4. Texts and scores.
    our_texts, their_texts = (_texts(source, target, raws, ids) for ids in (ours, theirs))
    agree = sum(bool((a == b).all()) for a, b in zip(ours, theirs, strict=True))
    same_texts = None
    if strings:
        _check_texts(file, raws, their_texts)
        same_texts = sum(a == b for a, b in zip(their_texts, our_texts, strict=True))
    of_kept = None if all_references is None else [all_references[row] for row in kept]
    scores = _scores(our_texts, their_texts, of_kept)
    cut = (int(unfinished[0]), int(unfinished[1]))
    bundled = examples is None and source.trial(1) is None
    return Parity(len(raws), agree, ties, same_texts, scores, bundled, cut)


def _fitting(
    source: Any,
    source_length: int,
    examples: Sequence[Any] | None,
    references: Sequence[Reference] | None,
) -> tuple[list[Any], list[Reference] | None]:
    """The raws that fit and are not empty, and their references."""
    if examples is None:
        if references is not None:
            raise ValueError("`references` belong to `examples`; pass those too.")
        examples = source.trial(TRIALS)
        if examples is None:
            examples = [pair.source for pair in islice(named_pairs("sample:fr"), SENTENCES)]
    if isinstance(examples, str | bytes):
        raw_texts(examples, "examples")
    examples = source.several(examples)
    references = None if references is None else checked_references(references)
    if references is not None and len(references) != len(examples):
        raise ValueError(
            f"There are {len(examples)} `examples`, but {len(references)} `references`."
        )
    fits = []
    if examples:
        raws = source.batch(examples)
        lengths = source.lengths(raws)
        short = lengths <= source_length
        fits = np.flatnonzero(~source.empty(raws, lengths) & short).tolist()
    if not fits:
        raise ValueError(
            f"None of the {len(examples)} `examples` holds something and has at most "
            f"{source.counted(source_length)}; pass some of the kind the model is for."
        )
    kept = None if references is None else [references[index] for index in fits]
    return [examples[index] for index in fits], kept


def _same_width(ours: np.ndarray, theirs: np.ndarray, padding: int) -> tuple[Any, Any]:
    """Both (N, T), the narrower padded: a file always answers with as many ids as it can."""
    width = max(ours.shape[1], theirs.shape[1])
    filled = [
        np.pad(ids, [(0, 0), (0, width - ids.shape[1])], constant_values=padding)
        for ids in (ours, theirs)
    ]
    return filled[0], filled[1]


def _stacked(rows: list[np.ndarray], padding: int) -> list[np.ndarray]:
    """Rows filled up to the longest of them."""
    width = max(map(len, rows))
    return [np.pad(row, (0, width - len(row)), constant_values=padding) for row in rows]


def _differences(
    model: Any, batch: dict, ours: np.ndarray, theirs: np.ndarray, special: Any
) -> Iterator[tuple[int, int, float]]:
    """Rows whose targets differ, the first step at which they do, and by how many nats.

    Greedy searches part where two tokens are equally likely, beams also where two targets are.
    """
    for row in np.flatnonzero((ours != theirs).any(axis=1)).tolist():
        if not hasattr(model, "decoder"):
            yield row, int(np.flatnonzero(ours[row] != theirs[row])[0]), np.inf
            continue
        one = {name: value[row : row + 1] for name, value in batch.items()}
        step = int(np.flatnonzero(ours[row] != theirs[row])[0])
        first, second = (
            score_targets(model, one, ids[None], special).numpy()[0]
            for ids in (ours[row], theirs[row])
        )
        of_step = abs(first[step] - second[step])
        yield row, step, float(min(of_step, abs(first.sum() - second.sum())))


def _margin_of_end(model: Any, batch: dict, row: int, ids: np.ndarray, special: Any) -> float:
    """How many nats lie between the end of a target and the likeliest other token there."""
    one = {name: value[row : row + 1] for name, value in batch.items()}
    last = int((ids != special.padding).sum()) - 1
    before = np.concatenate([[special.start], ids[:last]]).astype("int32")[None]
    context, state = model.decoder.initial(model.encoder(one, training=False))
    logits = model.decoder(before, context, state, training=False).logits[0, last]
    logits = np.array(logits, "float64")
    end = logits[special.end]
    logits[special.end] = -np.inf
    return float(abs(end - logits.max()))


def _said(finished: bool) -> str:
    return "finished" if finished else "cut at its limit"


def _check_steps(
    file: Signatures, model: Any, batch: dict, targets: np.ndarray, feeds: list[dict], special: Any
) -> None:
    """Walks some targets along `encode` and `decode_step`, which must score them as the model does.

    Raises:
        ParityError: if they do not.
    """
    rows = {name: value[: len(targets)] for name, value in batch.items()}
    expected = score_targets(model, rows, targets, special).numpy()
    for ids, feed, expected_row in zip(targets, feeds, expected, strict=False):
        length = int((ids != special.padding).sum())
        log_probs = walk(file, feed, ids[:length], special.start)
        gaps = abs(log_probs - expected_row[:length])
        if gaps.max(initial=0) > NEAR:
            step = int((gaps > NEAR).argmax())
            raise ParityError(
                f"`encode` and `decode_step` give token {ids[step]} of {ids[:length].tolist()} a "
                f"log-probability of {log_probs[step]:.4f} at step {step}, the model "
                f"{expected_row[step]:.4f}. The conversion changed the model; nothing was written."
            )


def _check_texts(file: Signatures, texts: list[str], expected: list[str]) -> None:
    """Runs `generate_texts`, which must write what `generate` finds.

    Raises:
        ParityError: if it does not.
    """
    for text, expected_text in zip(texts, expected, strict=True):
        strings = np.array([text.encode()], object)
        written = file("generate_texts", texts=strings)["texts"][0, 0]
        if written != expected_text.encode():
            raise ParityError(
                f"`generate_texts` makes {written!r} of {text!r}, but `generate` "
                f"{expected_text!r}: the tokenizers inside the file differ from the pipeline's; "
                "nothing was written."
            )


def _texts(source: Any, target: Any, raws: list[Any], rows: list[np.ndarray]) -> list[str]:
    """The texts of targets, one for each raw, with what the source kept back of these."""
    texts = source.fill(target.read(np.stack(rows)), source.batch(raws))
    return [text.decode() for text in texts.numpy()]


def _scores(
    ours: list[str], theirs: list[str], references: list[Reference] | None
) -> dict[str, tuple[float, float]]:
    if references is None and not any(text.strip() for text in ours):
        return {}  # chrF of empty texts says nothing
    if references is None:
        return {"chrF against the model": (chrf(ours, ours), chrf(theirs, ours))}
    metrics: dict[str, TextMetric] = {"BLEU": bleu, "chrF": chrf}
    return {
        name: (metric(ours, references), metric(theirs, references))
        for name, metric in metrics.items()
    }
