"""What a request is, and whether the model and the memory can answer it."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import tree

from kseq2seq.checks import check_whole
from kseq2seq.decoders import Decoder
from kseq2seq.decoding.filters import Filter
from kseq2seq.decoding.records import SEARCHES
from kseq2seq.decoding.search import Search
from kseq2seq.decoding.sources import facts_of
from kseq2seq.encoders import along_units
from kseq2seq.memory import SMALL, check_memory
from kseq2seq.special_tokens import SpecialTokens

COPIES = 4  # of the log-probabilities: logits, what filters leave, totals, their order


def check_search(search: Any, name: str = "search") -> Search:
    """Returns a search, or the one of a name with its default settings, refusing anything else.

    Args:
        search: a `Search`; or "greedy", "beam", "diverse_beam", "sample" or "contrastive".
        name: of the argument, for messages.

    Raises:
        ValueError: if `search` is neither; the message says what to pass.

    Example:
        >>> from kseq2seq.decoding.requests import check_search
        >>> check_search("greedy")
        Greedy()
    """
    if isinstance(search, Search):
        return search
    if isinstance(search, str) and search in SEARCHES:
        return SEARCHES[search]()
    hint = ""
    if isinstance(search, type) and issubclass(search, Search):
        hint = f" Call the class: {search.__name__}()."
    elif isinstance(search, str):
        hint = f" Known names are {', '.join(map(repr, SEARCHES))}."
    raise ValueError(
        f"`{name}` must be a Search, for example Greedy() or Beam(4); got {search!r:.80}.{hint}"
    )


def check_filters(filters: Any) -> tuple[Filter, ...]:
    """Returns filters as a tuple, refusing anything else.

    Raises:
        ValueError: if it is no sequence of `Filter`s; the message says what to pass.

    Example:
        >>> from kseq2seq.decoding import MinLength
        >>> from kseq2seq.decoding.requests import check_filters
        >>> check_filters([MinLength(5)])
        (MinLength(tokens=5, ratio=0.0),)
    """
    if isinstance(filters, Filter):
        raise ValueError(f"`filters` must be a list of filters; got {filters!r}. Put it in a list.")
    if isinstance(filters, str | bytes) or not isinstance(filters, Iterable):
        raise ValueError(
            f"`filters` must be a list of filters, for example [MinLength(5)]; got {filters!r:.80}."
        )
    filters = tuple(filters)
    for rule in filters:
        if isinstance(rule, type) and issubclass(rule, Filter):
            raise ValueError(
                f"Every item of `filters` must be a Filter; got the class {rule.__name__}. Call it "
                "with its settings, for example MinLength(5)."
            )
        if not isinstance(rule, Filter):
            raise ValueError(
                "Every item of `filters` must be a Filter, for example MinLength(5); got "
                f"{rule!r:.80}."
            )
    return filters


def seeds_of(seed: Any, rows: Any) -> Any:
    """Returns int32 (B,), a seed for each of B sources: those given, or made of one number.

    Raises:
        ValueError: if it is no whole number, or not one for each source.
    """
    if not tf.is_tensor(seed):
        seeds = np.asarray(seed)
        if seeds.dtype.kind not in "iu" or seeds.ndim > 1:
            raise ValueError(
                f"`seed` must be a whole number of at most 64 bits, or one for each source; got "
                f"{seed!r:.80}."
            )
        seed = seeds.astype("int64")
    seed = tf.cast(seed, tf.int64)
    if seed.shape.rank:
        known = tf.get_static_value(rows)
        if known is not None and seed.shape[0] not in (None, known):
            raise ValueError(f"`seed` has {seed.shape[0]} numbers, but there are {known} sources.")
    else:
        seed = seed * 1_000_003 + tf.range(tf.cast(rows, tf.int64))
    return tf.cast(tf.math.floormod(seed, 2**31 - 1), tf.int32)


def check_backend() -> None:
    """Refuses to decode on another backend than TensorFlow."""
    if (backend := keras.backend.backend()) != "tensorflow":
        raise RuntimeError(
            f"Decoding needs Keras to run on TensorFlow; its backend is {backend!r}. Set "
            "KERAS_BACKEND=tensorflow before Keras is imported, and load the model there."
        )


def check_model(model: Any, special: SpecialTokens) -> None:
    """Refuses what has no decoder, or was made for other special ids."""
    check_backend()
    if not hasattr(model, "decoder") or not hasattr(model, "encoder"):
        raise ValueError(
            "`model` must be a Seq2Seq from `build_model`, since it must have a decoder; got "
            f"{type(model).__name__}. Other heads answer to `decode` alone."
        )
    own = getattr(model, "special", special)
    if own != special:
        raise ValueError(
            f"`special` is {tuple(special)}, and {type(model).__name__} was made for {tuple(own)}."
        )


def tensors_of(
    model: Any, inputs: Any, special: SpecialTokens, rows: int | None = None
) -> tuple[dict[str, Any], int | None]:
    """Returns a model's inputs as tensors by name, from what the user passed, and their rows.

    Args:
        model: decodes them.
        inputs: a dict of arrays by name; or an array alone, which stands for {"source": array}.
            Where ids come without "source_mask", every id but padding is real. None or {} for a
            language model.
        special: the special ids; their padding is that of sources of a model that has no other.
        rows: how many targets a language model writes; None is 1.

    Raises:
        ValueError: for a source that is no array; or if a language model is given a source, or
            another model is given `rows`.

    Example:
        >>> from kseq2seq import SpecialTokens, build_model
        >>> from kseq2seq.decoding.requests import tensors_of
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> tensors, rows = tensors_of(model, [[7, 2, 0]], SpecialTokens())
        >>> tensors["source_mask"].numpy().tolist(), rows
        ([[True, True, False]], 1)
    """
    if not getattr(model, "has_source", True):
        if inputs is not None and not (isinstance(inputs, dict) and not inputs):
            raise ValueError(
                "A language model has no source: pass None, and how many targets to write as "
                f"`rows`; got {inputs!r:.80}."
            )
        count = check_whole("rows", 1 if rows is None else rows)
        return {"source_mask": tf.zeros([count, 1], tf.int32)}, count
    if rows is not None:
        raise ValueError(
            "`rows` is for models without a source; here the rows of `inputs` count. Got "
            f"{rows!r}. Leave it out."
        )
    named = inputs if isinstance(inputs, dict) else {"source": inputs}
    try:
        tensors = {name: tf.convert_to_tensor(value) for name, value in named.items()}
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`inputs` must be ids (B, S), each row padded to the same length, or a dict of such "
            f"arrays, 'source' and 'source_mask'; got {inputs!r:.80}: {error}"
        ) from None
    if "source_mask" not in tensors and "source" in tensors:
        ids = tensors["source"]
        if ids.dtype == tf.string:
            raise ValueError(
                f"`inputs` must be ids, not texts; got {inputs!r:.80}. A Pipeline takes texts."
            )
        if ids.dtype.is_integer and "source_mask" in model.encoder.input:
            first = getattr(model, "models", [model])[0]
            padding = getattr(first, "source_padding", None)  # a source's may be another's
            tensors["source_mask"] = ids != (special.padding if padding is None else padding)
    shapes = [tensor.shape for tensor in tensors.values()]
    return tensors, shapes[0][0] if shapes and shapes[0].rank else None


def check_inputs(model: Any, inputs: dict[str, Any], target_length: int) -> None:
    """Refuses tensors that the model can't take, by their names and shapes alone.

    Args:
        model: decodes them.
        inputs: tensors by name.
        target_length: the most tokens of a target.
    """
    wanted = {*model.encoder.input, *_of_head(model)}
    if set(inputs) != wanted:
        raise ValueError(f"`inputs` must have the keys {sorted(wanted)}; got {sorted(inputs)}.")
    shapes = {name: tuple(value.shape) for name, value in inputs.items()}
    for name, shape in shapes.items():
        if not _fits(shape, expected := _shape_of(model, name)):
            raise ValueError(
                f"`inputs` must hold a batch, (rows, length): {name!r} must have the shape "
                f"{expected}, None being any size; got the shapes {shapes}."
            )
    if len({shape[0] for shape in shapes.values()}) > 1:
        raise ValueError(f"All of `inputs` must have the same number of rows; got {shapes}.")
    along = along_units(model.encoder.input)
    lengths = {shapes[name][1] for name in along}
    if facts_of(model).crops and len(lengths) > 1:
        raise ValueError(f"`inputs`: ids and mask must agree in rows and length; got {shapes}.")
    length = shapes["source"][1] if "source" in along else None
    longest = model.max_source_length
    if longest is not None and length is not None and length > longest:
        raise ValueError(
            f"A source of {length} tokens was given to a model with positions for {longest}. "
            f"Split it, or build the model with more `max_positions`."
        )
    decoder = getattr(model, "decoder", None)
    both = decoder.max_positions if decoder and decoder.follows_source else None
    if both is not None and length is not None and length + target_length > both:
        raise ValueError(
            f"A source of {length} tokens and `max_length`={target_length} are one sequence to "
            f"this model, which has positions for {both}. Shorten either, or build the model with "
            f"more `max_positions`."
        )


def _shape_of(model: Any, name: str) -> tuple[int | None, ...]:
    """The shape of an input of the encoder, rows included; that of ids for one without shapes."""
    inputs, of_head = model.encoder.input, _of_head(model)
    if name in of_head:
        return (None, *of_head[name][0])
    return tuple(inputs[name].shape) if isinstance(inputs, dict) else (None, None)


def _of_head(model: Any) -> dict[str, Any]:
    """The inputs of a model that its head has and its encoder has not."""
    return getattr(getattr(model, "head", None), "inputs", {})


def _fits(shape: tuple[int | None, ...], taken: tuple[int | None, ...]) -> bool:
    return len(shape) == len(taken) and all(
        None in (has, wants) or has == wants for has, wants in zip(shape, taken, strict=True)
    )


def checked_limits(limits: Any, rows: int | None, max_length: int) -> Any:
    """Returns int32 (B,), the longest target of each source; None if none is given.

    Raises:
        ValueError: if they are not one whole number from 1 to `max_length` for each source.
    """
    if limits is None:
        return None
    limits = tf.convert_to_tensor(limits)
    if not limits.dtype.is_integer or tuple(limits.shape) != (rows,):
        raise ValueError(
            f"`limits` must hold one length for each of {rows} sources, a whole number; got "
            f"{limits.dtype.name} of shape {tuple(limits.shape)}."
        )
    known = tf.get_static_value(limits)
    if known is not None and not ((known >= 1) & (known <= max_length)).all():
        raise ValueError(
            f"`limits` must lie between 1 and `max_length`={max_length}; got {known.tolist()}."
        )
    return tf.cast(limits, tf.int32)


def check_need(
    decoder: Decoder,
    search: Search,
    filters: Iterable[Filter],
    max_length: int,
    sources: int | None,
    positions: int | None,
    state: Any = None,
) -> bool:
    """Refuses to decode what memory would not hold.

    The number is a lower bound: for each hypothesis the log-probabilities of all ids, a few times,
    its tokens, and what the decoder and the search keep of it.

    Args:
        decoder: steps the hypotheses.
        search: picks their tokens.
        filters: rules about them.
        max_length: the most tokens of a hypothesis.
        sources: B; None, which an export may have, counts as 1.
        positions: S, of an encoded source; None counts as 1.
        state: the decoder's, of B rows, once it is known.

    Returns:
        Whether so little is needed that the same request need not be checked again.

    Raises:
        ValueError: if it needs more than `kseq2seq.memory.available_memory()`.
    """
    sources, positions, width = sources or 1, positions or 1, search.num_hypotheses
    vocabulary = decoder.vocabulary_size
    carried = 2 * sum(map(_row_bytes, tree.flatten(state))) if state is not None else 0
    each = 4 * COPIES * vocabulary + 12 * max_length + carried
    if getattr(search, "coverage_penalty", None) is not None and search.uses("coverage_penalty"):
        each += 8 * positions
    of_source = width * each + search.footprint(vocabulary, max_length, decoder.hidden_width)
    if search.uses_banks and any(rule.banks for rule in filters):
        likely = min(2 * width, vocabulary)  # of each hypothesis, compared with the furthest
        of_source += width * likely * (likely + 80)
    needed = sources * of_source
    check_memory(
        needed,
        f"{type(search).__name__} over {sources:,} sources x {width:,} hypotheses, each with "
        f"{vocabulary:,} log-probabilities and up to {max_length:,} tokens,",
        "Decode fewer sources at a time, keep fewer hypotheses, or lower `max_length`.",
    )
    return needed < SMALL


def _row_bytes(leaf: Any) -> int:
    """How much a row of a tensor takes; sizes that are not known count as 1."""
    if leaf is None:
        return 0
    size = getattr(leaf.dtype, "size", None) or 4
    return size * prod(size or 1 for size in leaf.shape[1:])
