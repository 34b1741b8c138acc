"""A model, a source and a target that belong together."""

from __future__ import annotations

from typing import Any

from kseq2seq.checks import check_whole
from kseq2seq.contracts import Source, Target
from kseq2seq.decoding.ensemble import Several
from kseq2seq.decoding.loop import MOST_TOKENS
from kseq2seq.encoders import SourceSpec
from kseq2seq.models import BuiltModel
from kseq2seq.text import TextSource, TextTarget, Tokenizer

SOURCE_LENGTH, TARGET_LENGTH = 512, 128  # tokens, if a tokenizer stands for a side


def with_lengths(model: Any, source: Any, target: Any) -> tuple[Any, Any]:
    """Returns source and target; a tokenizer becomes a side of 512 or 128 tokens, or fewer.

    Fewer where the model has positions for fewer. A decoder that reads the source as the beginning
    of its own sequence has one range of positions for both: the target then gets 128 or half of
    them, whichever is less, and the source the rest.
    """
    decoder = getattr(model, "decoder", None)
    longest = getattr(decoder, "max_positions", None) or SOURCE_LENGTH + TARGET_LENGTH
    if isinstance(source, Tokenizer):
        limit = getattr(model, "max_source_length", None) or SOURCE_LENGTH
        if decoder is not None and decoder.follows_source:
            limit = min(limit, longest - min(TARGET_LENGTH, longest // 2))
            longest -= min(limit, SOURCE_LENGTH)
        source = TextSource(source, min(limit, SOURCE_LENGTH))
    if isinstance(target, Tokenizer):
        target = TextTarget(target, min(longest, TARGET_LENGTH))
    return source, target


def check_parts(model: Any, source: Any, target: Any) -> None:
    """Refuses parts of a pipeline that do not fit each other.

    Raises:
        ValueError: if they do not; the message says what to change.
    """
    if not isinstance(model, BuiltModel | Several):
        raise ValueError(f"`model` must be a model from `build_model`; got {type(model).__name__}.")
    for side, part, kind in (("source", source, Source), ("target", target, Target)):
        if not isinstance(part, kind):
            raise ValueError(
                f"`{side}` must be a tokenizer or a kseq2seq.contracts.{kind.__name__}, for "
                f"example kseq2seq.text.Text{kind.__name__}(tokenizer, 96); got "
                f"{type(part).__name__}."
            )
    for one in model.models if isinstance(model, Several) else [model]:
        _check_ids(one, source, target)
    if hasattr(model, "decoder"):
        source.filters(target)  # refuses a target that can't follow them
    _check_lengths(model, source, target)


def _check_ids(one: Any, source: Source, target: Target) -> None:
    if one.source_spec is None:
        raise ValueError(
            "A language model has no source, and a pipeline turns a source into a target. Decode "
            "it: kseq2seq.decode(model, None, search, max_length=..., rows=...)."
        )
    sizes = one.vocabulary_sizes
    for side, size in (("source", source.vocabulary_size), ("target", target.size)):
        if size is not None and sizes[side] != size:
            raise ValueError(
                f"The model was built for {sizes[side]} {side} ids, but the {side} tokenizer "
                f"has {size}. Give the tokenizer to `build_model`."
            )
    if getattr(getattr(one, "decoder", None), "copies", False) and not _one_vocabulary(
        source, target
    ):
        raise ValueError(
            "The model copies source ids into its targets, but the tokenizers of source and target "
            "differ. Give the same tokenizer to both, or build the model with copy=False."
        )
    spec = SourceSpec.of(source)
    if spec.spelling != one.source_spec.spelling:
        raise ValueError(
            f"The source spells words by {spec.spelling}, and the model was built for "
            f"{one.source_spec.spelling}. Give the source to `build_model`."
        )
    made, read = spec.inputs, one.source_spec.inputs
    for name in sorted({*made, *read}):
        if made.get(name) != read.get(name):
            raise ValueError(
                f"The source gives {name!r} as {made.get(name)}, and the model takes it as "
                f"{read.get(name)}. Give the source to `build_model`."
            )


def _one_vocabulary(source: Source, target: Target) -> bool:
    """Whether the ids of source and target stand for the same pieces."""
    tokenizers = [getattr(side, "tokenizer", None) for side in (source, target)]
    if tokenizers[0] is tokenizers[1]:
        return tokenizers[0] is not None
    if None in tokenizers:
        return False
    ids = [list(range(source.vocabulary_size or 0))]
    one, other = (tokenizer.pieces(ids) for tokenizer in tokenizers)  # type: ignore[union-attr]
    return one == other


def _check_lengths(model: Any, source: Source, target: Target) -> None:
    for part in (source, target):
        check_whole(f"{part.side}.max_length", part.max_length, most=MOST_TOKENS)
    wanted = [("source", source.max_length, source.unit, model.max_source_length)]
    decoder = getattr(model, "decoder", None)
    if decoder is not None:
        wanted.append(("target", target.max_length, target.unit, decoder.max_positions))
        if decoder.follows_source:
            both = source.max_length + target.max_length
            wanted.append(("source and target together", both, "tokens", decoder.max_positions))
    for side, length, unit, longest in wanted:
        if longest is not None and length > longest:
            raise ValueError(
                f"The {side} may have {length} {unit}, but the model has positions for {longest}. "
                "Build it with more `max_positions`."
            )
