"""The base of heads: the part of a model that answers from an encoded source."""

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
NAME = "head"  # the key of the name in a record of a head


def register_head(name: str) -> Callable:
    """Returns a decorator that makes a `Head` of your own known to `build_model`.

    Args:
        name: what files call it, so don't change it later.

    Raises:
        ValueError: the name is taken, or is not a word.
    """
    if name == DECODER:
        raise ValueError(
            f"`name` must not be {DECODER!r}, the decoder of an architecture. Choose another."
        )
    return HEADS.register(name)


class Head(Prebuilt):
    """The base of heads, each of which works on any encoder.

    A head is made in two steps. Its constructor takes the user's settings, in JSON's own types, and
    makes no weights; `build_model` then calls `make` with the encoder's outputs. The settings are
    the head's configuration, with which it is saved. A subclass needs `make` and `call`, and
    `decode` if its answer is not the likeliest label of each real position.

    `call`, `decode` and `loss` are traced. For TFLite, `decode` must use operations that it has,
    for example `ops.top_k` instead of `ops.argmax`.

    Attributes:
        kind: its name in files; set by `register_head`.
        size: V, how many ids the target has; 0 is padding. Set before `make`.
        least_ids: the fewest ids a target may have.
        widest: the most answers for one source; None for no limit.
        with_decoder: whether the model has a decoder beside the head.
        weighs: whether a beam of it heeds `Asked.worth`.
        by_position: whether `call` returns a position for each label, so that metrics can compare
            them one by one.

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
    weighs: ClassVar[bool] = False
    by_position: ClassVar[bool] = True
    size: int

    def __init__(self, name: str = "head", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.supports_masking = True  # but hands on none; see `compute_mask`

    def compute_mask(self, *args: Any, **kwargs: Any) -> None:
        """Returns None: no loss is masked by the masks that Keras attaches to tensors."""
        return None

    def make(self, size: int, encoded: dict[str, Any]) -> None:
        """Makes all weights.

        Args:
            size: V, how many ids the target has.
            encoded: symbolic, the encoder's "outputs" (B, S, D), "mask" (B, S), and more.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `make`.")

    def begin(self, size: int, encoded: dict[str, Any]) -> None:
        """Calls `make` under the head's own name and dtype policy."""
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
            encoded: the encoder's outputs for B sources, and `inputs` under their names.
            training: whether the model is being trained.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `call`.")

    def decode(self, logits: Any, encoded: dict[str, Any], asked: Asked = ASKED) -> Decoded:
        """Returns the best answers; in graph.

        By default that is the likeliest label of each real position.

        Args:
            logits: what `call` returned.
            encoded: the same as for `call`.
            asked: how many answers, if the head has several.
        """
        return likeliest_labels(logits, self.real(encoded))

    def align(self, outputs: Any, encoded: dict[str, Any], ids: Any) -> tuple[Any, Any]:
        """Returns where each label of answers was seen, and how sure the head is of it; in graph.

        Args:
            outputs: what `call` returned.
            encoded: the same as for `call`.
            ids: int32 (B, N, L), the answers.

        Returns:
            (float32 (B, N, L, S), whose rows sum to 1 at real labels; float32 (B, N, L), from 0 to
            1). None in place of what a head does not know, by default of both.
        """
        return None, None

    def footprint(self, width: int, longest: int) -> int:
        """Returns the bytes that `decode` takes for a source, with `longest` ids a hypothesis."""
        return 0

    def real(self, encoded: dict[str, Any]) -> Any:
        """Returns bool (B, P), True at the positions that the head answers for."""
        return ops.cast(encoded["mask"], "bool")

    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss | None:
        """Returns the loss of labels (B, T) under what `call` returns.

        None, the default, is the cross-entropy of tokens, `kseq2seq.TokenCrossEntropy`.
        """
        return None

    def aligned(self, labels: Any, outputs: Any) -> Any:
        """Returns labels (B, T), or weights of them, with as many positions as `outputs` (B, P, V).

        Batches pad targets to other lengths than sources; what is beyond is padding.
        """
        return fitted(labels, ops.shape(outputs)[1]) if len(labels.shape) == 2 else labels

    def seen(self, outputs: Any, labels: Any) -> Any:
        """Returns logits (B, P, V) for metrics, from `outputs`, what `call` returned.

        Args:
            outputs: of the head.
            labels: int (B, P), the right ones.
        """
        return outputs

    def counts(self, inputs: dict[str, Any], positions: Any) -> Any:
        """Returns int32 (B,), how many positions of each row the head answers for.

        Args:
            inputs: of the model.
            positions: int32 (B,), the encoder's positions of each row.
        """
        return positions

    def fits(self, counts: Any, ids: Any) -> Any:
        """Returns bool (B,), which targets the head can learn: by default those with a label each.

        Args:
            counts: int (B,), what `counts` gives.
            ids: int (B, T), the targets, filled up with 0.
        """
        return ops.equal(ops.cast(counts, "int32"), leading(ops.not_equal(ids, 0)))

    def check_fits(self, counts: Any, ids: Any) -> None:
        """Refuses targets that the head can't learn; not in graph.

        Raises:
            ValueError: a target does not fit; the message has the first one's counts.
        """
        fits = ops.convert_to_numpy(self.fits(counts, ids))
        for row in (~fits).nonzero()[0]:
            positions = int(ops.convert_to_numpy(counts)[row])
            labels = int((ops.convert_to_numpy(ids)[row] != 0).sum())
            raise ValueError(f"Example {row} {self.misfit(positions, labels)}")

    def misfit(self, positions: int, labels: int) -> str:
        """Returns the message on an example that does not fit, after its number."""
        return (
            f"has {positions} positions to label and {labels} labels. Give one label for each "
            "position."
        )

    def suited(self, source: Any, target: Any) -> Head:
        """Returns the head, or one like it that suits the source and target of `build_model`."""
        return self

    def like(self, **settings: Any) -> Head:
        """Returns a head of the same class without weights, with some settings changed.

        Args:
            **settings: new values for arguments of the constructor.
        """
        return type(self)(**{**self.config(), **settings})

    def config(self) -> dict[str, Any]:
        """Returns the arguments of the constructor, in JSON's own types."""
        return dict(self._constructor_arguments)


def described_head(head: Head) -> dict[str, Any]:
    """Returns the record of a head in a model's configuration: {"head": name, **settings}.

    Raises:
        ValueError: the class is not registered, or a setting is not of JSON's own types.

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
            f"Settings of {type(head).__name__} must be numbers, strings, lists and dicts, which "
            f"JSON holds; {error}. Override `config` to describe others."
        ) from error


def made_head(head: Any) -> Head | None:
    """Returns a new head without weights, as `build_model` takes it; None for the decoder.

    Args:
        head: a name, a dict of a name and settings, or a `Head` to copy without its weights.

    Raises:
        ValueError: there is no such head, or it has no such settings.

    Example:
        >>> from kseq2seq.heads import made_head
        >>> made_head("labels").crf, made_head({"head": "labels", "crf": True}).crf
        (False, True)
    """
    if isinstance(head, str):
        head = {NAME: head}
    elif isinstance(head, Head):
        head = described_head(head)
    if not isinstance(head, dict):
        hint = f" Call the class: {head.__name__}()." if isinstance(head, type) else ""
        raise ValueError(
            f"`head` must be a name, for example 'labels', a dict of a name and settings, for "
            f"example {{'head': 'labels', 'crf': True}}, or a Head; got {head!r:.80}.{hint}"
        )
    settings = dict(head)
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
    except TypeError as error:  # a setting without a default is missing
        raise ValueError(f"The head {name!r} needs more settings: {error}.") from error
