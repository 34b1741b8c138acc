"""Starting a model from the weights of another."""

from __future__ import annotations

import keras


def warm_start(model: keras.Model, pretrained: keras.Model) -> None:
    """Gives a model's encoder the weights of another model's encoder.

    The encoders must be alike: the same kind, widths, depth and vocabulary. Where the model's
    tables are tied, its decoder starts from the pretrained vectors too.

    Args:
        model: a model of `build_model`, changed in place.
        pretrained: another, such as a trained "masked_lm".

    Raises:
        ValueError: if the encoders differ; the message names the first weight that does.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.models import warm_start
        >>> sizes = {"hidden_dim": 8, "num_layers": 2, "num_heads": 2}
        >>> pretrained = build_model("masked_lm", source=50, **sizes)
        >>> model = build_model("transformer", source=50, target=60, **sizes)
        >>> warm_start(model, pretrained)

    Source:
        Rothe et al. 2020, "Leveraging Pre-trained Checkpoints for Sequence Generation Tasks": the
        encoder is warm, the decoder random (BERT2RND).
    """
    mine, theirs = model.encoder.weights, pretrained.encoder.weights
    for own, other in zip(mine, theirs, strict=False):
        if own.shape != other.shape or own.name != other.name:
            raise ValueError(
                f"The encoders differ: `{own.path}` {tuple(own.shape)} would take "
                f"`{other.path}` {tuple(other.shape)}. Build both with the same sizes and "
                f"vocabulary."
            )
    if len(mine) != len(theirs):
        raise ValueError(
            f"The encoders differ: {len(mine)} weights against {len(theirs)}. Build both with the "
            f"same sizes."
        )
    for own, other in zip(mine, theirs, strict=True):
        own.assign(other)
