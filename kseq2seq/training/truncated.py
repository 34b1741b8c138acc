"""Truncated back-propagation through time."""

from __future__ import annotations

from itertools import accumulate, pairwise

import keras
from keras import ops, tree

from kseq2seq.checks import check_whole
from kseq2seq.layers import recur
from kseq2seq.models import Seq2Seq
from kseq2seq.training.views import check, view


def truncated(model: Seq2Seq, steps: int) -> keras.Model:
    r"""Returns a view in which gradients go back through the decoder's state for a few steps only.

    The target is cut into chunks of `steps` tokens. The state is carried from chunk to chunk, so
    the logits are the model's own; gradients stop between chunks. They reach the encoder from every
    chunk through attention, and from the first through the initial state.

    A first pass without gradients finds the states at which chunks begin. With them the chunks no
    longer depend on each other: the second pass, which learns, takes all of them at once, as rows
    of one batch, in `steps` steps instead of T.

    Args:
        model: from `build_model`, with a recurrent decoder.
        steps: tokens per chunk, at least 1.

    Returns:
        A model of the same inputs, output and weights.

    Raises:
        TypeError: if `model` is not a `Seq2Seq`.
        ValueError: if `steps` is less than 1, the decoder has no recurrent state, or it has
            coverage, whose loss of a step depends on all steps before.

    Example:
        >>> import keras
        >>> from kseq2seq import TokenCrossEntropy, build_model
        >>> from kseq2seq.training import truncated
        >>> view = truncated(build_model("luong", source=9, target=9, hidden_dim=4), steps=20)
        >>> view.compile(keras.optimizers.Adam(1e-3), TokenCrossEntropy())

    Source:
        Williams and Peng 1990, "An Efficient Gradient-Based Algorithm for On-Line Training of
        Recurrent Network Trajectories": BPTT(h; h') with h = h' = `steps`, but the weights change
        after a whole target. Each pass draws its own dropout, which does not change the expected
        gradient of a chunk.
    """
    check(model)
    steps = check_whole("steps", steps)
    decoder = model.decoder
    if decoder.coverage:
        raise ValueError(
            f"`truncated` stops gradients between chunks, but the coverage loss of a step depends "
            f"on all steps before; the model has coverage={decoder.coverage:g}. Train the model "
            f"itself, or build it with coverage=0."
        )
    layer = Truncated(decoder, steps, dtype=decoder.dtype_policy)
    return view(model, layer, name="truncated", steps=steps)


class Truncated(keras.layers.Layer):
    """Runs a decoder over the chunks of a whole known target."""

    def __init__(self, decoder, steps, **kwargs):
        super().__init__(**kwargs)
        self.decoder = decoder
        self.steps = steps
        self.built = True

    def call(self, target, encoded, training=None):
        """Maps target inputs (B, T) and an encoded source to logits (B, T, V)."""
        context, state = self.decoder.initial(encoded)
        first = tree.flatten(state)
        if not first or any(len(leaf.shape) != 2 for leaf in first):
            raise ValueError(
                f"{type(self.decoder).__name__} has no recurrent state to cut gradients through. "
                f"`truncated` needs a recurrent decoder, for example of 'lstm' or 'luong'."
            )
        # 1. The target in n chunks of k tokens, padded at its end: (B, n, k).
        rows, length = ops.shape(target)[0], ops.shape(target)[1]
        count = (length + self.steps - 1) // self.steps
        rest = ops.zeros((rows, count * self.steps - length), target.dtype)
        chunks = ops.reshape(ops.concatenate([target, rest], 1), (rows, count, self.steps))
        # 2. The state at the beginning of each chunk, (B * n, d) for each leaf: the initial state,
        #    then the states at the ends of the chunks before.
        later = self._ends(chunks, context, state, training)
        starts = [
            ops.reshape(ops.concatenate([leaf[:, None], ends[:, :-1]], 1), (-1, leaf.shape[-1]))
            for leaf, ends in zip(first, later, strict=True)
        ]
        # 3. All chunks at once: the decoder takes those of a source for its hypotheses.
        logits = self.decoder(
            ops.reshape(chunks, (-1, self.steps)),
            context,
            tree.pack_sequence_as(state, starts),
            training=training,
        ).logits
        return ops.reshape(logits, (rows, -1, logits.shape[-1]))[:, :length]

    def _ends(self, chunks, context, state, training):
        """Returns the leaves (B, n, d) of the states after each of n chunks, without gradient."""
        context, state = tree.map_structure(ops.stop_gradient, (context, state))
        widths = [leaf.shape[-1] for leaf in tree.flatten(state)]

        def advance(tokens, state):  # the loop holds all as float32, which is exact, ids too
            state = tree.map_structure(lambda leaf: ops.cast(leaf, self.compute_dtype), state)
            tokens = ops.cast(tokens, "int32")
            state = self.decoder(tokens, context, state, training=training).state
            state = tree.map_structure(lambda leaf: ops.cast(leaf, "float32"), state)
            return ops.concatenate(tree.flatten(state), axis=-1), state

        state = tree.map_structure(lambda leaf: ops.cast(leaf, "float32"), state)
        ends, _ = recur(advance, ops.cast(chunks, "float32"), state)
        ends = ops.cast(ops.stop_gradient(ends), self.compute_dtype)
        return [ends[..., begin:end] for begin, end in pairwise(accumulate([0, *widths]))]
