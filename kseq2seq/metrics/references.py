"""One reference or several for each hypothesis, and how they are written."""

from __future__ import annotations

import importlib.util
import re
import warnings
from collections.abc import Iterable, Sequence

from kseq2seq.checks import checked_text, raw_texts, shown

Reference = str | Sequence[str]

_HAN = r"\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN += r"\U00020000-\U0003ffff"
_KANA = r"\u3041-\u3096\u309d-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
# Thai, Lao, Tibetan, Burmese, Khmer, the scripts of the Tai languages, Balinese and Javanese.
_OTHERS = r"\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f"
_OTHERS += r"\ua980-\ua9ff\uaa60-\uaadf"
_COUNTED = {name: re.compile(f"[{of}]") for name, of in (("han", _HAN), ("kana", _KANA))}
_COUNTED["others"] = re.compile(f"[{_OTHERS}]")
UNSPACED = re.compile(f"[{_HAN}{_KANA}{_OTHERS}]")
_WORD = re.compile(r"[^\W\d_]+")


def checked_references(references: Iterable[Reference], name: str = "references") -> list:
    """Returns references as a list of texts and lists of texts.

    Args:
        references: N texts, or N lists of texts, or some of each.
        name: of the argument, for messages.

    Raises:
        TypeError: an item is neither a text nor a list of texts.
        ValueError: for a single text, an empty list, or a lone surrogate.

    Example:
        >>> from kseq2seq.metrics.references import checked_references
        >>> checked_references(("a b", ("c", "c d")))
        ['a b', ['c', 'c d']]
    """
    wanted = f"`{name}` must be a list of texts, or of lists of texts"
    if isinstance(references, str | bytes):
        raise ValueError(f"{wanted}; got one text, {shown(references)}. Put it in a list.")
    if references is None or not isinstance(references, Iterable):
        raise TypeError(f"{wanted}; got {shown(references)}.")
    if getattr(references, "ndim", 1) > 1 and hasattr(references, "columns"):
        raise TypeError(f"{wanted}; got a table. Give one column of it.")
    checked: list[Reference] = []
    for index, texts in enumerate(references):
        if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
            checked.append(checked_text(texts, f"Text {index} of `{name}`"))
            continue
        checked.append(raw_texts(texts, f"{name}[{index}]"))
        if not checked[-1]:
            raise ValueError(f"`{name}[{index}]` must hold at least one text; got none.")
    return checked


def reference_lists(references: Iterable[Reference]) -> list[list[str]]:
    """Returns the references of each hypothesis as a list; arguments as in `checked_references`.

    Example:
        >>> from kseq2seq.metrics.references import reference_lists
        >>> reference_lists(["a b", ["c", "c d"]])
        [['a b'], ['c', 'c d']]
    """
    rows = checked_references(references)
    return [[texts] if isinstance(texts, str) else texts for texts in rows]


def tokenizer_for(references: Iterable[Reference]) -> str:
    """Returns the name of the sacreBLEU tokenizer for texts in their scripts.

    "zh" for Chinese; "ja-mecab" for Japanese or, if its packages are missing, "char" with a
    warning; "char" for Thai, Lao, Khmer, Burmese and other scripts without spaces between words;
    "13a" for all others, Korean included. A text counts as unspaced where it has more such
    characters than words of other scripts.

    Args:
        references: as for `bleu`.

    Example:
        >>> from kseq2seq.metrics import tokenizer_for
        >>> tokenizer_for(["the cat"]), tokenizer_for(["今天天气很好。"]), tokenizer_for(["สวัสดี"])
        ('13a', 'zh', 'char')
    """
    han, kana, others, words = _counts(references)
    if not _unspaced(han, kana, others, words):
        return "13a"
    if 10 * others > han + kana + others:
        return "char"
    if 5 * kana <= han + kana:
        return "zh"
    if all(importlib.util.find_spec(package) for package in ("MeCab", "ipadic")):
        return "ja-mecab"
    warnings.warn(
        "BLEU of Japanese is usually of words, which need packages that are not installed; this is "
        "of characters (tok:char). Install sacrebleu[ja], or pass tokenize='char'.",
        stacklevel=3,
    )
    return "char"


def unspaced(references: Iterable[Reference]) -> bool:
    """Returns whether most of the texts are in scripts without spaces between words.

    Example:
        >>> from kseq2seq.metrics.references import unspaced
        >>> unspaced(["the cat"]), unspaced(["今天天气很好。"])
        (False, True)
    """
    return _unspaced(*_counts(references))


def _counts(references: Iterable[Reference]) -> tuple[int, int, int, int]:
    """How many Chinese characters, kana, characters of other unspaced scripts, and words."""
    han = kana = others = words = 0
    for texts in reference_lists(references):
        for text in texts:
            counts = {name: len(of.findall(text)) for name, of in _COUNTED.items()}
            han, kana = han + counts["han"], kana + counts["kana"]
            others += counts["others"]
            words += len(_WORD.findall(UNSPACED.sub(" ", text)))
    return han, kana, others, words


def _unspaced(han: int, kana: int, others: int, words: int) -> bool:
    return han + kana + others / 4 > words  # a word in the other scripts has about four characters
