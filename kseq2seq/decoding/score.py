"""How likely a model holds a given target to be."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops

from kseq2seq.contracts import shift_right
from kseq2seq.decoding.compiled import compiled, traced
from kseq2seq.decoding.requests import check_inputs, check_model, tensors_of
from kseq2seq.decoding.search import keywords
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens


@keywords({}, source="inputs")
def score_targets(
    model: Any, inputs: Any, targets: Any, special: SpecialTokens = SPECIAL_TOKENS
) -> Any:
    """Returns the log-probability of each token of known targets.

    Args:
        model: a `Seq2Seq`, or an `Ensemble` or `Speculative` made of some.
        inputs: as for `decode`: int ids (B, S), or a dict of arrays by name; None for a language
            model.
        targets: int (B, T), each closed by its end token, then padding.
        special: the target's ids that are not text.

    Returns:
        float32 (B, T), in nats; 0 at padding. A row's sum is what `decode` would score the target
        with, without filters and penalties.

    Raises:
        ValueError: for inputs that the model can't take, or targets that are too long for it.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding import decode, score_targets
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> ids = np.array([[7, 8, 2]])
        >>> best = decode(model, ids, max_length=5)
        >>> scores = score_targets(model, ids, best.ids[:, 0])
        >>> bool(np.allclose(np.sum(scores), best.scores, atol=1e-4))
        True
    """
    check_model(model, special)
    targets = tf.convert_to_tensor(targets)
    if not targets.dtype.is_integer or targets.shape.rank != 2:
        raise ValueError(
            f"`targets` must be ids (B, T); got {targets.dtype.name} of shape {targets.shape}."
        )
    count = None if getattr(model, "has_source", True) else targets.shape[0]
    source, rows = tensors_of(model, inputs, special, count)
    check_inputs(model, source, int(targets.shape[1]))
    vocabulary = model.decoder.vocabulary_size
    if targets.shape[0] != rows:
        raise ValueError(f"There are {rows} sources, but {targets.shape[0]} `targets`.")
    if tf.reduce_any((targets < 0) | (targets >= vocabulary)):
        raise ValueError(f"`targets` holds ids outside of the model's, 0 to {vocabulary - 1}.")
    longest = model.decoder.max_positions
    if longest is not None and targets.shape[1] > longest:
        raise ValueError(
            f"A target of {targets.shape[1]} tokens was given to a model with positions for "
            f"{longest}. Shorten it, or build the model with more `max_positions`."
        )

    def build():
        def score(source, targets):
            inputs = shift_right(targets, special)
            context, state = model.decoder.initial(model.encoder(source, training=False))
            logits = model.decoder(inputs, context, state, training=False).logits
            log_probs = ops.log_softmax(ops.cast(logits, "float32"))
            of_tokens = tf.gather(log_probs, targets, batch_dims=2)
            return ops.where(ops.equal(targets, special.padding), 0.0, of_tokens)

        return traced(score)

    return compiled(model, ("score", special), build)(source, tf.cast(targets, tf.int32))
