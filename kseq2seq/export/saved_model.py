"""A whole model as a TensorFlow SavedModel, for servers and GPUs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from kseq2seq.decoding import Filter, Sample, Search, search_targets
from kseq2seq.decoding.requests import seeds_of
from kseq2seq.decoding.sources import padded
from kseq2seq.decoding.tensors import NEVER
from kseq2seq.disk import whole_directory
from kseq2seq.export.filters import fixed_filters
from kseq2seq.export.warm_up import write_warm_up

SETTINGS = {  # of a `Sample`, given with each call
    "temperature": tf.TensorSpec([], tf.float32, name="temperature"),
    "top_k": tf.TensorSpec([], tf.int32, name="top_k"),
    "top_p": tf.TensorSpec([], tf.float32, name="top_p"),
    "seed": tf.TensorSpec([], tf.int32, name="seed"),
}
USUAL = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 0}
TEMPERATURES, TOP_PS = (1e-4, 1e4), (1e-6, 1.0)  # to which the settings of a call are clipped
IDS = "_ids"
WARM_UP = ("a", "a b c d e f g h")


def export_saved_model(
    directory: str | os.PathLike,
    model: Any,
    source: Any,
    target: Any,
    *,
    searches: Mapping[str, Search],
    filters: Sequence[Filter] = (),
    warm_up: Sequence[Any] | None = None,
) -> None:
    """Writes a SavedModel that needs TensorFlow, and tensorflow-text if its tokenizers do.

    For each search there are two signatures of any batch and length:

    - its name: `texts`, string (B,) -> `texts`, string (B, N), `scores`, float32 (B, N), best
      first, and `finished`, bool (B, N), False where a target was cut at its limit (see `Decoded`);
      N is the search's `num_hypotheses`. A text without a token gives an empty one with a score of
      0. A text longer than the source allows is refused, not cut.
    - its name and "_ids": `source`, (B, S, ...) as the encoder takes it, and `source_length`, int32
      (B,), the real units of each -> `ids`, int32 (B, N, L), `lengths`, `scores` and `finished`
      (B, N). It has no strings and no resources, so it can be compiled by XLA.

    If fewer than N were found, the rest are empty and finished, with a score of -inf. A `Sample`
    takes `temperature`, `top_k`, `top_p` and `seed`, scalars, with each call.

    Args:
        directory: where to write; it appears whole or not at all.
        model: the trained model: a `Seq2Seq`, `Ensemble` or `Speculative`.
        source: raw texts -> the model's inputs, with a `max_length` in tokens.
        target: ids -> raw texts, with a `max_length` in tokens.
        searches: names of signatures and their searches; a server runs "serving_default" for a
            client that names none.
        filters: rules about next tokens, compiled into every signature. Where they leave a source
            no target, its `lengths` are 0 and its texts empty.
        warm_up: texts that TensorFlow Serving runs through each signature of texts before it
            answers requests, so that none waits for a first call; two short ones by default, none
            if empty.

    Raises:
        FileExistsError: if `directory` is a file.
        ValueError: if the directory holds anything but a SavedModel, two signatures would have one
            name, or a text to warm up with is too long.

    Example:
        `Pipeline.export` calls this. Ids compiled by XLA, in another process::

            import tensorflow as tf, tensorflow_text
            served = tf.saved_model.load("served")  # its weights live as long as it does
            greedy = tf.function(served.signatures["greedy_ids"], jit_compile=True)
            greedy(source=tf.constant([[17, 5, 2, 0]]), source_length=tf.constant([3]))["ids"]
    """
    _check_names(searches)
    if _source_spec(model) is None:
        raise ValueError("A language model has no source, which an export turns into a target.")
    filters = fixed_filters(model, source, target, filters)
    warm_up = _fitting(source, warm_up)
    served = tf.Module(name="kseq2seq")
    served.weights = [weight.value for weight in model.variables]
    served.source, served.target = source, target  # their tokenizers hold resources
    signatures = {}
    for name, search in searches.items():
        signatures[name] = _of_texts(model, source, target, search, filters)
        if name != "serving_default":
            signatures[name + IDS] = _of_ids(model, target, search, filters)
    with whole_directory(Path(directory), may_hold=["assets.extra"]) as scratch:
        tf.saved_model.save(served, os.fspath(scratch), signatures=signatures)
        if warm_up:
            raws = tf.nest.flatten(source.batch(warm_up))
            names = [spec.name for spec in tf.nest.flatten(source.raw)]
            texts = {name: value.numpy() for name, value in zip(names, raws, strict=True)}
            requests = {
                name: {**texts, **(USUAL if isinstance(search, Sample) else {})}
                for name, search in searches.items()
            }
            write_warm_up(scratch, requests)


def _check_names(searches: Mapping[str, Search]) -> None:
    for name, search in searches.items():
        if not isinstance(search, Search):
            raise ValueError(
                f"Values of `searches` must be Search objects; {name!r} is {search!r:.80}. Pass, "
                "for example, Beam(4)."
            )
        if name + IDS in searches:
            raise ValueError(
                f"{name!r} also creates the signature {name + IDS!r}, which `searches` already "
                "uses; rename one."
            )


def _fitting(source: Any, warm_up: Sequence[Any] | None) -> list[Any]:
    """The raws to warm up with; of the default ones, those that are short enough."""
    usual = warm_up is None
    if usual:
        trial = source.trial(len(WARM_UP))
        warm_up = WARM_UP if trial is None else trial
    if isinstance(warm_up, str):
        raise ValueError(f"`warm_up` must be several texts; got {warm_up!r}. Put it in a list.")
    raws = source.several(list(warm_up or []))
    if not raws:
        return []
    lengths = source.lengths(source.batch(raws)).numpy()
    fits = lengths <= source.max_length
    if not usual and not fits.all() and source.too_long != "cut":
        index = int(fits.argmin())
        raise ValueError(
            f"`warm_up` {index} has {source.counted(int(lengths[index]))}, and the limit is "
            f"{source.max_length}; shorten it."
        )
    return [raw for raw, fit in zip(raws, fits, strict=True) if fit or not usual]


def _of_texts(
    model: Any, source: Any, target: Any, search: Search, filters: Sequence[Filter]
) -> Any:
    """The signature from raws to texts."""
    specs = tf.nest.flatten(source.raw)

    @tf.function(input_signature=[*specs, *_specs(search)])
    def generate(*arguments: tf.Tensor) -> dict[str, tf.Tensor]:
        # 1. B raws; one empty raw stands in for none, and is cut off at the end.
        count = tf.shape(arguments[0])[0]
        row = tf.cast(count == 0, tf.int32)
        filled = [
            tf.pad(x, [[0, row], *([0, 0] for _ in x.shape[1:])]) for x in arguments[: len(specs)]
        ]
        raws, settings = tf.nest.pack_sequence_as(source.raw, filled), arguments[len(specs) :]
        # 2. The model's inputs, once no raw is too long.
        lengths = source.lengths(raws)
        checks = []
        if source.too_long != "cut":
            limit, longest = source.max_length, tf.reduce_max(lengths)
            message = f"A {source.noun.lower()} has more than {limit} {source.unit}; shorten it:"
            checks.append(tf.debugging.Assert(longest <= limit, [message, longest]))
        inputs = source(raws)
        with tf.control_dependencies(checks):
            inputs = tf.nest.map_structure(tf.identity, inputs)
        inputs = padded(model, inputs, source.max_length, source.padding)
        # 3. Texts (B, N) of ids (B, N, L); an empty raw has an empty text, and no other.
        decoded = _searched(model, inputs, target, search, filters, settings)
        texts = target.read(tf.reshape(decoded.ids, (-1, decoded.ids.shape[-1])))
        texts = source.fill(texts, raws)
        texts = tf.reshape(texts, tf.shape(decoded.scores))
        blank = source.empty(raws, lengths)[:, None]
        first = tf.range(tf.shape(decoded.scores)[1])[None] == 0
        return {
            "texts": tf.where(blank, "", texts)[:count],
            "scores": tf.where(blank, tf.where(first, 0.0, NEVER), decoded.scores)[:count],
            "finished": tf.logical_or(blank, decoded.finished)[:count],
        }

    return generate


def _source_spec(model: Any) -> Any:
    """What a model takes of a source; several models take the same."""
    return getattr(model, "models", [model])[0].source_spec


def _of_ids(model: Any, target: Any, search: Search, filters: Sequence[Filter]) -> Any:
    """The signature from the encoder's inputs to ids; the mask is made from lengths."""
    inputs = _source_spec(model).inputs
    kinds = {name: kind for name, kind in inputs.items() if name != "source_mask"}
    specs = [
        tf.TensorSpec((None, *shape), dtype, name=name) for name, (shape, dtype) in kinds.items()
    ]
    masked = "source_mask" in inputs
    if masked:
        specs.append(tf.TensorSpec([None], tf.int32, name="source_length"))

    @tf.function(input_signature=[*specs, *_specs(search)])
    def generate(*arguments: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = dict(zip(kinds, arguments, strict=False))
        if masked:
            units = tf.range(tf.shape(inputs["source"])[1])[None]
            inputs["source_mask"] = units < arguments[len(kinds)][:, None]
        decoded = _searched(model, inputs, target, search, filters, arguments[len(specs) :])
        return {name: getattr(decoded, name) for name in ("ids", "lengths", "scores", "finished")}

    return generate


def _specs(search: Search) -> list[tf.TensorSpec]:
    """The inputs of a signature beside the source."""
    return list(SETTINGS.values()) if isinstance(search, Sample) else []


def _searched(
    model: Any,
    inputs: dict,
    target: Any,
    search: Search,
    filters: Sequence[Filter],
    settings: tuple,
) -> Any:
    seeds = None
    if isinstance(search, Sample):
        temperature, top_k, top_p, seed = settings
        temperature = tf.clip_by_value(temperature, *TEMPERATURES)
        top_p = tf.clip_by_value(top_p, *TOP_PS)
        search = replace(search, temperature=temperature, top_k=top_k, top_p=top_p)
        seeds = seeds_of(seed, tf.shape(next(iter(inputs.values())))[0])
    return search_targets(
        model,
        inputs,
        search,
        target.max_length,
        seeds=seeds,
        filters=filters,
        special=target.special,
    )
