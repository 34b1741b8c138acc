"""A model of fixed sizes, as functions of plain tensors that a small runtime can call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import tree

from kseq2seq.decoding import Filter, Search, search_targets
from kseq2seq.decoding.sources import croppable
from kseq2seq.export.fewer_units import FewerUnits
from kseq2seq.special_tokens import SpecialTokens

LOWEST = -1e30  # a score of at most this is that of no hypothesis
CONTEXT, STATE = "context", "state"


class FixedModel(tf.Module):
    """A model for one source at a time, with all lengths fixed; its functions share its weights.

    - `encode(source, source_length)` -> `context_...` and `state_...`, float32.
    - `decode_step(token, position, context_..., state_...)` -> `logits` (1, V), the new
      `state_...`, and `alignment` (1, S) if the model has attention.
    - `generate(source, source_length)` -> `ids` (1, N, T), `lengths` (1, N), `scores` (1, N) and
      `finished` (1, N), a whole search, best first. `finished` is int32, 0 where a target was cut
      at its limit (see `Decoded`) and else 1.

    `source` is int32 ids (1, S), or whatever the encoder takes, (1, S, ...). With a `Source`, the
    inputs of `encode` and `generate` are those of its `fixed`, and features are computed inside. A
    model without a decoder has `generate` alone. `source_length`, `token` and `position` are int32
    (1,).

    A host starts with the token `special.start` at position 0 and the state of `encode`, and passes
    the state of each step to the next. It needs to know no name of context or state: `decode_step`
    takes them under the names that `encode` returns.

    Args:
        model: of `build_model`, computing in float32; or an `Ensemble` of such.
        search: what `generate` runs.
        source_length: S, the most units of a source.
        target_length: T, the most tokens of a target, its end included.
        special: the target's ids that are not text.
        source: makes the model's inputs from a host's; None for a host that makes them itself.
        filters: rules that `generate` runs under; `decode_step` leaves them to the host.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Greedy, SpecialTokens, build_model
        >>> from kseq2seq.export.fixed import FixedModel
        >>> model = build_model("luong", source=20, target=30, hidden_dim=8)
        >>> fixed = FixedModel(model, Greedy(), 5, 7, SpecialTokens())
        >>> ids, length = tf.constant([[7, 8, 2, 0, 0]]), tf.constant([3])
        >>> encoded = fixed.encode(source=ids, source_length=length)
        >>> start, first = np.array([1], "int32"), np.array([0], "int32")
        >>> step = fixed.decode_step(token=start, position=first, **encoded)
        >>> tuple(step["logits"].shape), tuple(step["alignment"].shape)
        ((1, 30), (1, 5))
    """

    def __init__(
        self,
        model: Any,
        search: Search,
        source_length: int,
        target_length: int,
        special: SpecialTokens,
        source: Any = None,
        filters: Sequence[Filter] = (),
    ):
        super().__init__(name="kseq2seq")
        self.weights = [weight.value for weight in model.variables]
        self.source = source  # its resources, for example tables, are saved with the module
        self.source_length = source_length
        reader = source or _Encoded(model)
        specs, inputs = reader.fixed(source_length)
        signature = list(specs.values())
        steps = hasattr(model, "decoder")

        def named(arguments):
            return dict(zip(specs, arguments, strict=True))

        def initial(*arguments):
            encoded = model.encoder(inputs(**named(arguments)), training=False)
            return model.decoder.initial(encoded, target_length)

        @tf.function(input_signature=signature)
        def encode(*arguments):
            context, state = initial(*arguments)
            leaves = {**_named(CONTEXT, context), **_named(STATE, state)}
            real = tf.cast(named(arguments)["source_length"][0] > 0, tf.float32)
            return {name: _handed_out(leaf, real) for name, leaf in leaves.items()}

        @tf.function(input_signature=signature)
        def generate(*arguments):
            # `encode` has no IF, which some delegates refuse; they refuse this function's loop too.
            searched = model
            if steps and croppable(model):
                searched = FewerUnits(model.encoder, model.decoder, model.facts)
            decoded = search_targets(
                searched,
                inputs(**named(arguments)),
                search,
                target_length,
                filters=filters,
                special=special,
            )
            # -inf for hypotheses that were not found; a head may answer with no label. As a
            # constant it would become the lowest number, so the logarithm is taken as it runs.
            found = decoded.lengths > 0 if steps else decoded.scores > LOWEST
            never = tf.math.log(tf.cast(found, tf.float32))
            ids, lengths = decoded.ids, decoded.lengths
            empty = reader.fixed_empty(named(arguments))
            if empty is not None:
                kept = 1 - tf.cast(empty, tf.int32)
                ids, lengths = ids * kept[:, None, None], lengths * kept[:, None]
            return {
                "ids": ids,
                "lengths": lengths,
                "scores": decoded.scores + never,
                "finished": tf.cast(decoded.finished, tf.int32),  # not all hosts take booleans
            }

        self.generate = generate.get_concrete_function()
        if not steps:
            return

        # `initial` returns trees; a host sees their leaves, each under a name of its own.
        traced = tf.function(initial).get_concrete_function(*signature)
        context, state = traced.structured_outputs

        @tf.function
        def decode_step(token, position, **carried):
            step = model.decoder(
                token[:, None],
                _unnamed(CONTEXT, context, carried),
                _unnamed(STATE, state, carried),
                position=position[0],
                training=False,
            )
            outputs = {"logits": tf.squeeze(step.logits, 1), **_named(STATE, step.state)}
            if step.alignment is not None:
                outputs["alignment"] = tf.squeeze(step.alignment, 1)
            return outputs

        carried = {**_named(CONTEXT, context), **_named(STATE, state)}
        self.encode = encode.get_concrete_function()
        self.decode_step = decode_step.get_concrete_function(
            token=tf.TensorSpec((1,), tf.int32, name="token"),
            position=tf.TensorSpec((1,), tf.int32, name="position"),
            **{
                name: tf.TensorSpec(leaf.shape, tf.float32, name=name)
                for name, leaf in carried.items()
            },
        )

    @property
    def signatures(self) -> dict[str, Any]:
        """Names and functions, as `tf.saved_model.save` takes them."""
        names = ("encode", "decode_step", "generate")
        return {name: getattr(self, name) for name in names if hasattr(self, name)}


class _Encoded:
    """Stands for a source, if the host makes the model's inputs."""

    def __init__(self, model: Any):
        self.input = model.encoder.input["source"]

    def fixed(self, units: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """See `Source`."""
        shape = (1, units, *self.input.shape[2:])
        specs = {
            "source": tf.TensorSpec(shape, self.input.dtype, name="source"),
            "source_length": tf.TensorSpec((1,), tf.int32, name="source_length"),
        }

        def inputs(source: tf.Tensor, source_length: tf.Tensor) -> dict[str, tf.Tensor]:
            mask = tf.range(source.shape[1])[None] < source_length[:, None]
            return {"source": source, "source_mask": mask}

        return specs, inputs

    def fixed_empty(self, inputs: dict[str, tf.Tensor]) -> None:
        """See `Source`; a host gives nothing that is empty."""


def _name(prefix: str, path: tuple) -> str:
    return "_".join([prefix, *(str(part) for part in path)])


def _named(prefix: str, structure: Any) -> dict[str, Any]:
    """The leaves of a structure, but None, each under its path."""
    leaves = tree.flatten_with_path(structure)
    return {_name(prefix, path): leaf for path, leaf in leaves if leaf is not None}


def _unnamed(prefix: str, structure: Any, leaves: dict[str, Any]) -> Any:
    """The structure again, of the leaves that `_named` gave, in its own dtypes."""
    restored = [
        None if leaf is None else tf.cast(leaves[_name(prefix, path)], leaf.dtype)
        for path, leaf in tree.flatten_with_path(structure)
    ]
    return tree.pack_sequence_as(structure, restored)


def _handed_out(leaf: tf.Tensor, one: tf.Tensor) -> tf.Tensor:
    """A leaf as float32, times `one`.

    LiteRT.js refuses booleans, and LiteRT's compiled models do not write an output that comes
    straight from a loop.
    """
    if tf.get_static_value(leaf) is not None:
        return tf.cast(leaf, tf.float32)
    return tf.cast(leaf, tf.float32) * one
