"""The one table of architectures, and one of them chosen by name and sizes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from numbers import Integral
from typing import Any

from kseq2seq.registry import Registry

DOOR = "kseq2seq.models.register_architecture"
ARCHITECTURES: Registry = Registry("architecture", DOOR)

# What others call an architecture (in lower case): what to pass here.
_OTHER_NAMES = {
    "attention": "'bahdanau' or 'luong'",
    "bert roberta mlm": "'masked_lm', or 'hybrid' with a KerasHub backbone as its `encoder`",
    "gpt gpt2 gpt_2 gpt3 llm language_model lm": "'decoder_only'",
    "prefix_lm unilm": "'decoder_only' with prefix='bidirectional'",
    "t5 bart mbart marian vaswani encoder_decoder": "'transformer'",
    "seq2seq rnn_seq2seq": "'lstm', 'gru', 'luong' or 'transformer'",
    "cnn conv convs2s conv_seq2seq": "'convolutional'",
    "bilstm bi_lstm": "'lstm' with bidirectional=True",
    "bigru bi_gru": "'gru' with bidirectional=True",
    "ocr cnn_lstm cnn_bilstm text_recognition": "'crnn', with head='ctc' or in a 'hybrid'",
}
# What others call a size: its names here, of which an architecture may lack some.
_OTHER_SIZES = {
    "d_model model_dim hidden_size hidden units dim embed_dim width": "hidden_dim embedding_dim",
    "nhead n_head n_heads heads num_attention_heads": "num_heads",
    "num_encoder_layers encoder_layers n_layers layers depth": "num_layers decoder_layers",
    "num_decoder_layers n_decoder_layers": "decoder_layers num_layers",
    "d_ff dim_feedforward feed_forward_dim intermediate_dim intermediate_size ffn_dim": "inner_dim",
    "dropout_rate": "dropout",
    "max_len max_length max_position_embeddings": "max_positions",
    "vocab_size vocabulary_size num_tokens": "source target",
    "input_vocab_size source_vocab_size src_vocab_size encoder_vocab_size": "source",
    "output_vocab_size target_vocab_size tgt_vocab_size decoder_vocab_size": "target",
}


def halves(side: str) -> list[str]:
    """Returns the names of the architectures whose "encoder" or "decoder" can be half of a hybrid.

    Example:
        >>> from kseq2seq.models.table import halves
        >>> halves("decoder")[:3]
        ['rnn', 'lstm', 'gru']
    """
    return [name for name, kind in ARCHITECTURES.items() if kind.is_half(side)]


def where_defined(cls: type) -> dict[str, str]:
    """Returns what a saved configuration says of where an architecture of a user's is defined."""
    if cls.__module__.split(".")[0] == "kseq2seq":
        return {}
    return {"defined": f"{cls.__module__}.{cls.__qualname__}"}


def plan(
    name: Any, sizes: Mapping[str, Any], among: Iterable[str] | None = None, place: Any = None
) -> Any:
    """Returns an `Architecture` by its name and sizes.

    Args:
        name: of the architecture.
        sizes: its fields; those left out have their defaults.
        among: the names that may be given; None allows all.
        place: where it was defined when it was saved; shown in the message only.

    Raises:
        ValueError: for an unknown name or size; the message says which there are, and which of
            them the name probably stands for.

    Example:
        >>> from kseq2seq.models.table import plan
        >>> plan("transformer", {"d_model": 512})
        Traceback (most recent call last):
            ...
        ValueError: 'transformer' has no size `d_model`; it has ... Pass `hidden_dim`.
    """
    kinds = list(ARCHITECTURES if among is None else among)
    if not isinstance(name, str) or name not in kinds:
        own = f", {str(place)[:100]} when it was saved" if place else ""
        imported = (
            ""
            if name in ARCHITECTURES
            else f" If it is an architecture of your own{own}, first import the module that "
            f"registers it by @{DOOR}."
        )
        raise ValueError(
            f"Unknown architecture {name!r:.80}; known are {', '.join(kinds)}."
            f"{_hint(name, kinds, repr)}{imported}"
        )
    kind = ARCHITECTURES[name]
    known = [field.name for field in fields(kind)]
    others = ["source", "target"] if kind.needs_target else ["source"]
    for size in sizes:
        if size not in known and size not in kind.old_names:
            raise ValueError(
                f"'{name}' has no size `{size}`; it has {', '.join(known)}."
                f"{_hint(size, [*known, *others], '`{}`'.format)}"
            )
    # NumPy's whole numbers become Python's, which files can hold
    whole = {
        k: int(v) if isinstance(v, Integral) and not isinstance(v, bool) else v
        for k, v in sizes.items()
    }
    try:
        return kind(**whole)
    except TypeError as error:  # a size without a default was left out
        raise ValueError(f"'{name}' needs more sizes: {error}.") from error


def _hint(word: Any, known: list[str], quote: Any) -> str:
    """Returns what to pass in place of an unknown word; "" if nothing is like it."""
    word = str(word).lower().replace("-", "_").replace(" ", "_")
    table = _OTHER_NAMES if quote is repr else _OTHER_SIZES
    meant = next((names for words, names in table.items() if word in words.split()), "")
    if quote is repr and meant and meant.split("'")[1] in known:
        return f" Pass {meant}."
    if here := [quote(name) for name in meant.split() if name in known]:
        return f" Pass {here[0]}{f' (and {here[1]})' if here[1:] else ''}."
    near = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {quote(near[0])}?" if near else ""
