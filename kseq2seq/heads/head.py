"""What a head is: the part of a model that makes answers of an encoded source."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from kseq2seq.heads.decoded import Asked, Decoded, likeliest_labels
from kseq2seq.heads.rows import fitted, leading
from kseq2seq.layers.prebuilt import Prebuilt, settings_of
from kseq2seq.registry import Registry

HEADS: Registry = Registry("head", "kseq2seq.heads.register_head")
DECODER = "decoder"  # the head that `Seq2Seq` has, which is a `Decoder` and none of these
ASKED = Asked()
NAME = "head"  # in a record, what says which head it is of


def register_head(name: str) -> Callable:
    """Returns a decorator that makes a `Head` of your own known to `build_model`.

    Args:
        name: what files call it; choose it to stay.

    Raises:
        ValueError: the name is taken, or no word.
    """
    if name == DECODER:
        raise ValueError(f"The head {DECODER!r} is the decoder of an architecture. Choose another.")
    return HEADS.register(name)


class Head(Prebuilt):
    """The base of heads, each of which stands on any encoder.

    A head is made in two steps. Its constructor takes what a user chooses, in JSON's own types, and
    makes nothing; `build_model` then calls `make` with what the encoder gives. What the
    constructor was given is the head's configuration, as which it is saved. A subclass needs
    `make` and `call`; where it answers otherwise than by the likeliest label of each real position,
    `decode` too.

    `call`, `decode` and `loss` are traced; for TFLite `decode` uses operations that it has, such as
    `ops.top_k` in place of `ops.argmax`.

    Attributes:
        kind: its name in files; set by `register_head`.
        size: V, how many ids the target has; 0 is padding. Set before `make`.
        least_ids: the fewest ids a target may have.
        widest: the most answers for one source; None where there is no limit.
        with_decoder: whether the model has a decoder beside the head.
        by_position: whether each label has a position of its own in what `call` returns, so that
            metrics compare them one by one.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> from kseq2seq.heads import Head, register_head
        >>> from kseq2seq.layers import linear
        >>> @register_head("two_layers")
        ... class TwoLayers(Head):
        ...     def __init__(self, width: int = 16):
        ...         super().__init__()
        ...         self.width = width
        ...
        ...     def make(self, size, encoded):
        ...         dim = encoded["outputs"].shape[-1]
        ...         self.hidden = linear(dim, self.width, activation="relu")
        ...         self.logits = linear(self.width, size)
        ...
        ...     def call(self, encoded, training=None):
        ...         return self.logits(self.hidden(encoded["outputs"]))
        >>> model = build_model("gru", 20, 5, head=TwoLayers(width=8), hidden_dim=8)
        >>> model.output.shape
        (None, None, 5)
        >>> type(model).from_config(model.get_config()).head.width
        8
    """

    kind: ClassVar[str]
    least_ids: ClassVar[int] = 2
    widest: ClassVar[int | None] = 1
    with_decoder: ClassVar[bool] = False
    by_position: ClassVar[bool] = True
    size: int

    def __init__(self, name: str = "head", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.supports_masking = True  # masks are handed on under their name, see `compute_mask`

    def compute_mask(self, *args: Any, **kwargs: Any) -> None:
        """Returns None: a loss must not be masked by what Keras attaches to tensors."""
        return None

    def make(self, size: int, encoded: dict[str, Any]) -> None:
        """Makes all weights.

        Args:
            size: V, how many ids the target has.
            encoded: symbolic, what the encoder gives: "outputs" (B, S, D), "mask" (B, S), and more.
        """
        raise NotImplementedError(f"{type(self).__name__} must have a `make`.")

    def begin(self, size: int, encoded: dict[str, Any]) -> None:
        """Calls `make`, with the head's own name and dtype policy for its parts."""
        self.size = size
        with self.parts():
            self.make(size, encoded)

    @property
    def inputs(self) -> dict[str, tuple[tuple[int | None, ...], str]]:
        """Inputs of the model that its encoder does not have, as in a source's `spec`."""
        return {}

    def call(self, encoded: dict[str, Any], training: bool | None = None) -> Any:
        """Returns logits (B, P, V), one row for each of P positions.

        Args:
            encoded: what the encoder made of B sources, and `inputs` under their names.
            training: whether the model is being trained.
        """
        raise NotImplementedError(f"{type(self).__name__} must have a `call`.")

    def decode(self, logits: Any, encoded: dict[str, Any], asked: Asked = ASKED) -> Decoded:
        """Returns the best answers; in graph.

        By default that is the likeliest label of each real position.

        Args:
            logits: what `call` returned.
            encoded: what `call` was given.
            asked: how many answers, where a head has several.
        """
        return likeliest_labels(logits, self.real(encoded))

    def footprint(self, width: int, longest: int) -> int:
        """Returns the bytes a source that `decode` keeps of `width` hypotheses of so many ids."""
        return 0

    def real(self, encoded: dict[str, Any]) -> Any:
        """Returns bool (B, P), True at the positions that the head answers for."""
        return ops.cast(encoded["mask"], "bool")

    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss | None:
        """Returns the loss of labels (B, T) under what `call` returns.

        None, the default, is the cross-entropy of tokens, `kseq2seq.TokenCrossEntropy`.
        """
        return None

    def aligned(self, labels: Any, made: Any) -> Any:
        """Returns labels (B, T), or weights of them, with as many positions as `made` (B, P, V).

        Batches pad targets to other lengths than sources; what is beyond is padding.
        """
        return fitted(labels, ops.shape(made)[1]) if len(labels.shape) == 2 else labels

    def seen(self, made: Any, labels: Any) -> Any:
        """Returns logits (B, P, V) for metrics, of what `call` returned for rows with `labels`."""
        return made

    def counts(self, inputs: dict[str, Any], positions: Any) -> Any:
        """Returns int32 (B,), for how many positions of each row the head answers.

        Args:
            inputs: of the model.
            positions: int32 (B,), how many positions the encoder makes of each row.
        """
        return positions

    def fits(self, counts: Any, ids: Any) -> Any:
        """Returns bool (B,), which targets the head can learn; by default those of a label each.

        Args:
            counts: int (B,), what `counts` gives.
            ids: int (B, T), the targets, filled up with 0.
        """
        return ops.equal(ops.cast(counts, "int32"), leading(ops.not_equal(ids, 0)))

    def check_fits(self, counts: Any, ids: Any) -> None:
        """Refuses targets that the head can't learn; not in graph.

        Raises:
            ValueError: for the first that does not fit, with both counts.
        """
        fits = ops.convert_to_numpy(self.fits(counts, ids))
        for row in (~fits).nonzero()[0]:
            positions = int(ops.convert_to_numpy(counts)[row])
            labels = int((ops.convert_to_numpy(ids)[row] != 0).sum())
            raise ValueError(f"Example {row} {self.misfit(positions, labels)}")

    def misfit(self, positions: int, labels: int) -> str:
        """Returns the end of a message on an example that does not fit."""
        return (
            f"has {positions} positions to label and {labels} labels. Give one label for each "
            "position."
        )

    def suited(self, source: Any, target: Any) -> Head:
        """Returns the head, or one like it, for what `build_model` was given as sides."""
        return self

    def like(self, **settings: Any) -> Head:
        """Returns a head of the same class, without weights, whose settings are the same but these.

        Args:
            **settings: what its constructor takes.
        """
        return type(self)(**{**self.config(), **settings})

    def config(self) -> dict[str, Any]:
        """Returns what the constructor was given, in JSON's own types."""
        return dict(self._given)


def described_head(head: Head) -> dict[str, Any]:
    """Returns {"head": its name, **its configuration}, as a model's configuration has it.

    Raises:
        ValueError: the class is not registered, or its configuration is not of JSON's own types.

    Example:
        >>> from kseq2seq.heads import Labels, described_head
        >>> described_head(Labels(crf=True))["crf"]
        True
    """
    name = HEADS.name_of(type(head))
    try:
        return json.loads(json.dumps({NAME: name, **head.config()}))
    except TypeError as error:
        raise ValueError(
            f"The head {type(head).__name__} must be made of what JSON holds, numbers, strings, "
            f"lists and dicts of such; {error}. Override `config` where it has something else."
        ) from error


def made_head(given: Any) -> Head | None:
    """Returns a head without weights of what `build_model` takes; None for the decoder.

    Args:
        given: a name, a dict of a name and settings, or a `Head`, of which a new one is made.

    Raises:
        ValueError: there is no such head, or its settings make no sense.

    Example:
        >>> from kseq2seq.heads import made_head
        >>> made_head("labels").crf, made_head({"head": "labels", "crf": True}).crf
        (False, True)
    """
    if isinstance(given, str):
        given = {NAME: given}
    elif isinstance(given, Head):
        given = described_head(given)
    if not isinstance(given, dict):
        hint = f" Call the class: {given.__name__}()." if isinstance(given, type) else ""
        raise ValueError(
            f"`head` must be a name, for example 'labels', a dict of a name and settings, for "
            f"example {{'head': 'labels', 'crf': True}}, or a Head; got {given!r:.80}.{hint}"
        )
    settings = dict(given)
    name = settings.pop(NAME, None)
    if name == DECODER:
        if settings:
            raise ValueError(
                f"The head {DECODER!r} has no settings; got {sorted(settings)}. Its sizes are "
                "those of the architecture."
            )
        return None
    kind = HEADS.named(name, "`head`")
    known = settings_of(kind)
    for setting in settings:
        if setting not in known:
            has = ", ".join(known) or "none"
            raise ValueError(f"The head {name!r} has no setting `{setting}`; it has {has}.")
    try:
        return kind(**settings)
    except TypeError as error:  # a setting without a default was left out
        raise ValueError(f"The head {name!r} needs more settings: {error}.") from error
