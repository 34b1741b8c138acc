"""What a SentencePiece model makes of a text before it cuts it: the rules by their names."""

from __future__ import annotations

from functools import cache
from typing import Any

from kseq2seq.text.charsmap import Charsmap

MARK = "▁"  # U+2581, which stands for a space inside a model
LIBRARY = ("nmt_nfkc", "nmt_nfkc_cf", "nfkc", "nfkc_cf", "identity")
CLEAN = {"nfkc_clean": "nmt_nfkc", "nfkc_clean_cf": "nmt_nfkc_cf"}
RULES = (*CLEAN, *LIBRARY)

# Format characters that belong to words (the joiners of Persian and of Indian scripts), that say
# where a word ends (Thai, Khmer) or which way text runs, and the sign of a lost character.
_KEPT = "\u061c\u200b\u200c\u200e\u200f\ufffd"
_DROPPED = "\0\ufeff" + "".join(map(chr, range(0x80, 0xA0)))
_SPACES = "\x85"


def normalizer(rule: str) -> Any:
    r"""Returns what normalizes text by a rule, for `SentencePieceTrainer.train(normalizer=...)`.

    Args:
        rule: one of `RULES`.

    Example:
        >>> from kseq2seq.text.normalization import normalizer
        >>> normalizer("nfkc_clean").Normalize("a\tﬁ\x00 ")
        '▁a▁fi'
    """
    import sentencepiece

    model = messages().ModelProto(normalizer_spec=specification(rule))
    return sentencepiece.SentencePieceNormalizer(
        model_proto=model.SerializeToString(),
        add_dummy_prefix=True,
        escape_whitespaces=True,
        remove_extra_whitespaces=rule != "identity",
    )


@cache
def specification(rule: str) -> Any:
    """Returns the `NormalizerSpec` of a rule, as a model file holds it."""
    made = messages().NormalizerSpec()
    made.CopyFrom(library_rule(CLEAN.get(rule, rule)))
    made.name = rule
    made.remove_extra_whitespaces = rule != "identity"
    if rule in CLEAN:
        charsmap = Charsmap(made.precompiled_charsmap)
        changes = {
            **{character: character for character in _KEPT},
            **dict.fromkeys(_DROPPED, ""),
            **dict.fromkeys(_SPACES, " "),
        }
        for character, replacement in changes.items():
            charsmap[character] = replacement
        made.precompiled_charsmap = charsmap.content()
    return made


def library_rule(name: str) -> Any:
    """Returns the `NormalizerSpec` of a rule of the sentencepiece library."""
    import sentencepiece

    content = sentencepiece.SentencePieceNormalizer(rule_name=name).serialized_model_proto()
    return messages().ModelProto.FromString(content).normalizer_spec


def messages() -> Any:
    """Returns the module of the messages that a model file consists of."""
    from sentencepiece import sentencepiece_model_pb2

    return sentencepiece_model_pb2
