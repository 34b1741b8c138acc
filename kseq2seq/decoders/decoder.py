"""What every decoder is: a step function over a context and a state."""

from __future__ import annotations

from typing import Any, NamedTuple

from kseq2seq.layers import Prebuilt


class Step(NamedTuple):
    """What a decoder makes of T tokens a row.

    Attributes:
        logits: (rows, T, V), unnormalised log-probabilities of the next tokens.
        hidden: (rows, T, D), what the logits were made from.
        alignment: (rows, T, S) float32, rows sum to 1; None for a decoder without attention.
        state: what the next step needs, the same structure as was given.
    """

    logits: Any
    hidden: Any
    alignment: Any
    state: Any


class Decoder(Prebuilt):
    """The base of decoders.

    A decoder splits what it carries in two. The *context* belongs to a source and is constant
    over steps: it has one row a source, however many hypotheses there are. The *state* belongs to
    a hypothesis and changes each step; its leaves have their rows on axis 0, so that any search
    reorders it by one gather. Training and decoding run the same `call`.

    A subclass builds every layer in its constructor, since `initial` and `call` are both doors to
    its weights.

    Attributes:
        vocabulary_size: V, how many ids there are.
        hidden_width: D, the width of `Step.hidden`.
        max_positions: the longest target the decoder can handle, or None if there is no limit.
        follows_source: whether the places of a target go on where its source ends, so that the
            limit is of both together.
        rewinds: whether a state that was taken further can be used again from any earlier step,
            given that step as the position; so many steps can be taken at once and some taken back.

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

    def __init__(self, name: str = "decoder", **kwargs: Any):
        super().__init__(name=name, **kwargs)

    def initial(self, encoded: dict, length: int = 0) -> tuple[dict, Any]:
        """Prepares to decode.

        Args:
            encoded: what the encoder made of B sources.
            length: how many steps the state must hold; 0, for training, keeps no cache.

        Returns:
            (context, state), both with B rows. Where an axis grows with the source, zeros stand for
            the places that a shorter source has not.
        """
        raise NotImplementedError

    def grow(self, state, length: int):
        """Returns a state with places for `length` steps; itself where there is no cache."""
        return state

    def call(self, tokens, context, state, position=0, training=None) -> Step:
        """Takes T steps.

        Args:
            tokens: int32 (B * N, T), N hypotheses for each source, side by side.
            context: of B rows.
            state: of B * N rows.
            position: scalar int, how many steps were taken before.
            training: bool.
        """
        raise NotImplementedError
