"""`build_model`, the public door to every architecture."""

from __future__ import annotations

from typing import Any

import keras

from kseq2seq import checks
from kseq2seq.encoders import Facts, SourceSpec
from kseq2seq.formats import FORMAT, upgraded
from kseq2seq.heads import Head, described_head, made_head
from kseq2seq.layers.changes import apply_changes
from kseq2seq.models.table import ARCHITECTURES, plan, where_defined


class Arguments(dict):
    """The arguments with which `build_model` made a model: its configuration.

    Only `build_model` makes them. A plain dict that a user gives to a model does not say how to
    build it.

    Attributes:
        facts: what the architecture declares of its encoder.
    """

    def __init__(self, *given: Any, facts: Facts, **named: Any):
        super().__init__(*given, **named)
        self.facts = facts


def build_model(
    architecture: str,
    source: Any,
    target: Any = None,
    *,
    head: Any = "decoder",
    dtype: str | None = None,
    source_padding: int | None = None,
    changes: dict[str, Any] | None = None,
    defined: str | None = None,
    format: int | None = None,
    **sizes: Any,
) -> Any:
    """Builds a sequence-to-sequence model, or an encoder to pretrain, as a functional Keras model.

    Args:
        architecture: one of these, whose sizes are the fields of the class in `kseq2seq.models`:

            - "rnn" (`Rnn`): plain recurrence, wired like the next
            - "lstm" (`Lstm`): Sutskever et al. 2014
            - "gru" (`Gru`): Cho et al. 2014
            - "bahdanau" (`Bahdanau`): Bahdanau et al. 2015
            - "luong" (`Luong`): Luong et al. 2015
            - "convolutional" (`Convolutional`): Gehring et al. 2017
            - "transformer" (`Transformer`): Vaswani et al. 2017
            - "conformer" (`Conformer`): Gulati et al. 2020
            - "decoder_only" (`DecoderOnly`): Radford et al. 2018, Liu et al. 2018
            - "hybrid" (`Hybrid`): the encoder of one with the decoder of another; Chen et al. 2018
            - "masked_lm" (`MaskedLm`): Devlin et al. 2019; an encoder alone, for `warm_start`
            - "crnn" (`Crnn`): Shi et al. 2015; an encoder alone, of pictures of text lines
            - "image" (`Image`): He et al. 2016; an encoder alone, of pictures

            or one of your own, registered by `register_architecture`.
        source: number of source ids, a tokenizer that has a `vocabulary_size`, or a `Source`. For a
            source that is not ids, a `Source` or a dict like its `spec`: {"source": ((None, 80),
            "float32"), "source_mask": ((None,), "int32")} are frames of 80 features. All
            architectures but "decoder_only" and "masked_lm" take features and project them to the
            width of embeddings. None makes "decoder_only" a language model.
        target: number of target ids, a tokenizer or a `Target`; "masked_lm" has none.
        head: what stands on the encoder and gives the answers:

            - "decoder": the architecture's decoder, token by token
            - "labels" (`kseq2seq.heads.Labels`): a label for each position or word
            - "label" (`kseq2seq.heads.Label`): one label for the whole source
            - "ctc" (`kseq2seq.heads.Ctc`): labels without an alignment
            - "joint" (`kseq2seq.heads.Joint`): the decoder, and CTC beside it

            or a registered `kseq2seq.heads.Head` of your own. Pass a name; a dict of a name and
            settings, for example {"head": "labels", "crf": True}; or an object, for example
            `Labels(crf=True)`.
        dtype: Keras dtype policy, for example "mixed_bfloat16"; None takes the global one.
        source_padding: the id that fills up rows of source ids, by which the model makes a
            "source_mask" that is not given. None takes that of the tokenizer or `Source`, else 0.
        changes: from `get_config`: which layers to freeze, adapt by LoRA or quantize.
        defined: from `get_config`: where an architecture of your own was defined; shown in an
            error if its name is unknown.
        format: from `get_config`: the format of the configuration.
        **sizes: the architecture's own.

    Returns:
        A functional model with inputs by names; where the source is ids, "source_mask" may be left
        out:

        - `Seq2Seq`: {"source" (B, S), "source_mask" (B, S), "target" (B, T)} -> logits (B, T, V);
          or, in place of the first two, the inputs in the source's `spec`
        - `LanguageModel`, if the source is None: {"target" (B, T)} -> logits (B, T, V)
        - `MaskedLanguageModel` for "masked_lm": {"source", "source_mask"} -> logits (B, S, V)
        - `HeadModel` with another head: the source's inputs -> outputs of the head
        - `JointModel` with "joint": as `Seq2Seq` -> {"decoder" (B, T, V), "ctc" (B, S, V)}

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
    if format is not None:
        record = {"architecture": architecture, FORMAT: format, **sizes}
        sizes = upgraded(record, _UPGRADES, "The configuration of a model")
        del sizes["architecture"], sizes[FORMAT]
    design = plan(architecture, sizes, place=defined)
    chosen = _head(head, source, target)
    if source_padding is None:
        source_padding = getattr(getattr(source, "special", None), "padding", 0)
    source_padding = checks.check_whole("source_padding", source_padding, 0, checks.MOST_IDS)
    target_padding = getattr(getattr(target, "special", None), "padding", 0)
    target = _number_of_ids(target)
    if source is None and (design.needs_source or target is None or chosen):
        able = [repr(name) for name, kind in ARCHITECTURES.items() if not kind.needs_source]
        raise ValueError(
            f"`source` must be a number of source ids, a tokenizer, a Source or a dict of inputs; "
            f"got None. Only {' or '.join(able)} can be built without a source, as a language "
            "model, and needs a `target` then, and no `head`."
        )
    spec: Any = None if source is None else SourceSpec.of(source)
    if spec is not None and chosen:
        spec = spec.without(chosen.inputs)
    if spec is not None and spec.vocabulary_size is not None:
        checks.at_least(5, checks.MOST_IDS, source=spec.vocabulary_size)
    if target is not None:
        checks.at_least(chosen.least_ids if chosen else 5, checks.MOST_IDS, target=target)
        target = int(target)
    elif chosen:
        raise ValueError(
            f"`target` is missing: the head {chosen.kind!r} needs the number of target ids, "
            "padding included, or a Target, as the third argument."
        )
    try:
        policy = keras.dtype_policies.get(dtype or keras.config.dtype_policy())
    except ValueError as error:
        raise ValueError(
            f"`dtype` must be a Keras dtype policy, for example 'float32' or 'mixed_bfloat16'; "
            f"got {dtype!r}."
        ) from error
    decoded = target if chosen is None or chosen.with_decoder else None
    size = 2 if policy.variable_dtype.endswith("16") else 4
    design.check_memory(spec or SourceSpec.of(target), decoded, size)
    arguments = Arguments(
        architecture=architecture,
        source=None if spec is None else spec.config(),
        target=target,
        dtype=policy.name,
        format=len(_UPGRADES) + 1,
        facts=design.declared_facts(),
        **where_defined(type(design)),
        **({"head": described_head(chosen)} if chosen else {}),
        **({"source_padding": source_padding} if source_padding else {}),
        **design.config(),
    )
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        if chosen is None:
            model = design.build(spec, target, arguments)
        else:  # a new head, whose layers have the policy of this model
            model = design.build_with(made_head(chosen), spec, target, arguments)
    finally:
        keras.config.set_dtype_policy(before)
    if target_padding and getattr(getattr(model, "decoder", None), "coverage", 0):
        raise ValueError(
            "`coverage` counts the steps whose input is not 0, and the padding of this target is "
            f"{target_padding}. Pass coverage=0, or a tokenizer that pads with 0."
        )
    apply_changes(model, changes)
    return model


def _number_of_ids(target: Any) -> Any:
    """Returns how many ids a tokenizer or `Target` has; the checks refuse anything else."""
    if hasattr(target, "vocabulary_size"):
        return target.vocabulary_size
    numbers = hasattr(target, "dtype")  # NumPy's numbers have a size, too
    return target if numbers else getattr(target, "size", target)


def _head(given: Any, source: Any, target: Any) -> Head | None:
    """Returns a head without weights, fit for source and target; None for the decoder."""
    head = made_head(given)
    closes = getattr(target, "closes", True)
    if (head is None or head.with_decoder) and not closes:
        raise ValueError(
            "A decoder needs a target that is closed by its end, and this one is not. Pass another "
            "head: 'labels', 'label' or 'ctc'."
        )
    return None if head is None else head.suited(source, target)


def _with_new_names(record: dict[str, Any]) -> dict[str, Any]:
    """Format 1 -> 2: sizes get the names of today, in the halves of a hybrid too."""
    kind = ARCHITECTURES.get(str(record.get("architecture")))
    names = getattr(kind, "old_names", {})
    renamed = {names.get(name, name): value for name, value in record.items()}
    for side in ("encoder", "decoder"):
        if isinstance(renamed.get(side), dict):
            renamed[side] = _with_new_names(renamed[side])
    return renamed


_UPGRADES = (_with_new_names,)  # of configurations; see `kseq2seq.formats`
