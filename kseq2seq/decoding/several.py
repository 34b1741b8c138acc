"""What is common to several models that decode together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from kseq2seq.decoders import Decoder
from kseq2seq.encoders import Facts
from kseq2seq.models import Seq2Seq


class Several:
    """The base of what decodes with more than one `Seq2Seq`, wherever one model could.

    Attributes:
        models: them.
        encoder: gives what each of their encoders does.
        decoder: steps them together.
    """

    decoder: Decoder

    def __init__(self, models: Sequence[Seq2Seq]):
        models = list(models)
        if not models or not all(isinstance(model, Seq2Seq) for model in models):
            raise ValueError(
                f"{type(self).__name__} takes models from `build_model` with a decoder; got "
                f"{models}."
            )
        for side in ("source", "target"):
            sizes = [model.vocabulary_sizes[side] for model in models]
            if any(size != sizes[0] for size in sizes):
                raise ValueError(
                    f"Models that decode together must share their {side} ids; they have "
                    f"{' and '.join(map(str, sizes))}. Train them with the same tokenizer."
                )
        first, *others = (_taken(model) for model in models)
        if any(taken != first for taken in others):
            raise ValueError(
                "Models that decode together must read the same source; their encoders take "
                f"{' and '.join(str(model.source_spec) for model in models)}."
            )
        self.models = models
        self.has_source = models[0].has_source
        self.encoder = _Encoders(models)

    @property
    def facts(self) -> Facts:
        """What is true of all encoders."""
        return reduce(Facts.beside, (model.facts for model in self.models))

    @property
    def variables(self) -> list:
        """All models' variables."""
        return [variable for model in self.models for variable in model.variables]

    @property
    def max_source_length(self) -> int | None:
        """The longest source all encoders have places for, or None if there is no limit."""
        return least(model.max_source_length for model in self.models)


def _taken(model: Seq2Seq) -> dict[str, tuple]:
    """Names and shapes of what an encoder takes, which Keras casts to its own dtypes."""
    spec = model.source_spec
    return {} if spec is None else {name: shape for name, (shape, _) in spec.inputs.items()}


class _Encoders:
    def __init__(self, models: Sequence[Seq2Seq]):
        self.models = models
        self.input = models[0].encoder.input

    def __call__(self, source: dict, training: bool = False) -> dict:
        encoded = [model.encoder(source, training=training) for model in self.models]
        return {"models": encoded, "mask": encoded[0]["mask"]}


def least(limits: Any) -> int | None:
    """Returns the least of some limits, None among them being no limit."""
    return min((limit for limit in limits if limit is not None), default=None)
