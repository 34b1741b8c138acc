"""The public door to every architecture."""

from __future__ import annotations

import difflib
from dataclasses import fields
from typing import Any

import keras

from kseq2seq.models import checks
from kseq2seq.models.recurrent import Bahdanau, Gru, Lstm, Luong
from kseq2seq.models.seq2seq import Seq2Seq
from kseq2seq.models.transformer import Transformer

ARCHITECTURES = {
    "lstm": Lstm,
    "gru": Gru,
    "bahdanau": Bahdanau,
    "luong": Luong,
    "transformer": Transformer,
}


def build_model(
    architecture: str, source: Any, target: Any, *, dtype: str | None = None, **sizes: Any
) -> Seq2Seq:
    """Builds an encoder-decoder as a functional Keras model.

    Args:
        architecture: "lstm" (Sutskever et al. 2014), "gru" (Cho et al. 2014), "bahdanau"
            (Bahdanau et al. 2015), "luong" (Luong et al. 2015) or "transformer" (Vaswani et al.
            2017).
        source: number of source ids, or a tokenizer that has a `vocabulary_size`.
        target: number of target ids, or a tokenizer.
        dtype: Keras dtype policy, such as "mixed_bfloat16"; None takes the global one.
        **sizes: the architecture's own, with their defaults: the fields of
            `kseq2seq.models.Lstm`, `Gru`, `Bahdanau`, `Luong` and `Transformer`.

    Returns:
        A `Seq2Seq`, {"source" (B, S), "source_mask" (B, S), "target" (B, T)} -> logits (B, T, V).

    Raises:
        ValueError: for an unknown name or an impossible size; the message says what to pass.

    Example:
        >>> from kseq2seq import build_model
        >>> model = build_model(
        ...     "transformer", source=100, target=120, hidden_dim=16, num_layers=1, num_heads=2
        ... )
        >>> model.count_params()
        11072
        >>> build_model("transformer", source=100, target=120, num_heads=7)
        Traceback (most recent call last):
            ...
        ValueError: `num_heads`=7 does not divide `hidden_dim`=256. ...
    """
    if architecture not in ARCHITECTURES:
        near = difflib.get_close_matches(str(architecture), ARCHITECTURES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"Unknown architecture {architecture!r}; known are {', '.join(ARCHITECTURES)}.{hint}"
        )
    source, target = _vocabulary_size(source), _vocabulary_size(target)
    checks.at_least(5, source=source, target=target)
    source, target = int(source), int(target)
    try:
        policy = keras.dtype_policies.get(dtype or keras.config.dtype_policy())
    except ValueError as error:
        raise ValueError(
            f"`dtype` must be a Keras dtype policy such as 'float32' or 'mixed_bfloat16'; "
            f"got {dtype!r}."
        ) from error
    plan = _plan(architecture, sizes)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        encoder, decoder = plan.parts(source, target)
        arguments = {
            "architecture": architecture,
            "source": source,
            "target": target,
            "dtype": policy.name,
            **{field.name: getattr(plan, field.name) for field in fields(plan)},
        }
        return Seq2Seq(encoder, decoder, arguments)
    finally:
        keras.config.set_dtype_policy(before)


def _plan(architecture: str, sizes: dict[str, Any]) -> Any:
    kind = ARCHITECTURES[architecture]
    known = [field.name for field in fields(kind)]
    for name in sizes:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise ValueError(
                f"'{architecture}' has no size `{name}`; it has {', '.join(known)}.{hint}"
            )
    return kind(**sizes)


def _vocabulary_size(side: Any) -> Any:
    return getattr(side, "vocabulary_size", side)
