"""The base of decoders: a step function over a context and a state."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from kseq2seq.layers import Prebuilt, coverage_loss


class Step(NamedTuple):
    """A decoder's outputs for T tokens in each row.

    Attributes:
        logits: (rows, T, V), unnormalized log-probabilities of the next tokens.
        hidden: (rows, T, D), the vectors that the logits are made from.
        alignment: (rows, T, S) float32, rows sum to 1; None for a decoder without attention.
        state: for the next step, of the same structure as before.
    """

    logits: Any
    hidden: Any
    alignment: Any
    state: Any


class Decoder(Prebuilt):
    """The base of decoders.

    A decoder carries two things. The *context* belongs to a source and is constant over steps: it
    has one row for each source, however many hypotheses there are. The *state* belongs to a
    hypothesis and changes with each step; its leaves have their rows on axis 0, so that any search
    reorders it by one gather. Training and decoding run the same `call`.

    A subclass builds every layer in its constructor, since both `initial` and `call` use its
    weights.

    Attributes:
        vocabulary_size: V, the number of ids.
        hidden_width: D, the width of `Step.hidden`.
        max_positions: the longest target the decoder can handle, or None if there is no limit.
        follows_source: whether the positions of a target continue those of its source, so that
            `max_positions` limits both together.
        rewinds: whether a state can be used again from any earlier step, given that step as the
            position; then many steps can be taken at once and some undone.
        copies: whether it needs "copy_ids" of the encoded source, int32 (B, S): the target id of
            each position, 0 where there is none. `Step.logits` are then log-probabilities, float32.
        coverage: weight of the coverage loss of its alignments, see `coverage_loss`; 0 for none.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> model = build_model("luong", source=20, target=30, hidden_dim=8)
        >>> ids = np.array([[7, 8, 2]])
        >>> encoded = model.encoder({"source": ids, "source_mask": ids != 0})
        >>> context, state = model.decoder.initial(encoded, length=10)
        >>> step = model.decoder(np.array([[1]]), context, state)
        >>> tuple(step.logits.shape), tuple(step.alignment.shape)
        ((1, 1, 30), (1, 1, 3))
    """

    vocabulary_size: int
    hidden_width: int
    max_positions: int | None = None
    follows_source: bool = False
    rewinds: bool = False
    copies: bool = False
    coverage: float = 0.0

    def __init__(self, name: str = "decoder", **kwargs: Any):
        super().__init__(name=name, **kwargs)

    def initial(self, encoded: dict, length: int = 0) -> tuple[dict, Any]:
        """Prepares to decode.

        Args:
            encoded: the encoder's outputs for B sources.
            length: how many steps the state must hold; 0, for training, keeps no cache.

        Returns:
            (context, state), both with B rows. Sources of different lengths may be joined: axes of
            the context that grow with the source are then filled up with zeros.
        """
        raise NotImplementedError

    def grow(self, state, length: int):
        """Returns a state that holds `length` steps; itself if it has no cache."""
        return state

    def call(self, tokens, context, state, position=0, training=None) -> Step:
        """Takes T steps.

        Args:
            tokens: int32 (B * N, T), N hypotheses for each source, side by side.
            context: of B rows, from `initial`.
            state: of B * N rows, from `initial` or the last `Step`.
            position: scalar int, the number of steps before.
            training: bool.

        Returns:
            The logits of the T next tokens, and the state after them; see `Step`.
        """
        raise NotImplementedError

    def coverage_loss(self, tokens: Any, alignment: Any) -> Any:
        """Returns what training adds to the loss of the logits: `coverage` times the coverage loss.

        Every step counts whose input is a token, the one that predicts the end too; so only padding
        does not.

        Args:
            tokens: int32 (B, T), the inputs of whole targets; 0 is padding, see `Target`.
            alignment: (B, T, S), the `Step.alignment` of these inputs.

        Returns:
            float32 scalar, in nats a token; see `kseq2seq.layers.coverage_loss`.
        """
        return self.coverage * coverage_loss(alignment, ops.not_equal(tokens, 0))
