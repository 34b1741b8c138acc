"""Where a text's words begin and end: at white space."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

# what Python's `str.split` takes for white space
_SPACE = r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]+"


def words_of(texts: Any) -> tf.RaggedTensor:
    """Returns the words (N, None) of strings (N,): what stands between white space; in graph.

    As Python's `str.split()` has them, so a text of spaces alone has none.

    Example:
        >>> from kseq2seq.text.white_space import words_of
        >>> words_of(["The tab\u00a0was  closed.", " "]).to_list()
        [[b'The', b'tab', b'was', b'closed.'], []]
    """
    return tf.strings.split(tf.strings.regex_replace(texts, _SPACE, " "))


def stripped(texts: Any) -> tf.Tensor:
    r"""Returns strings (N,) without the white space around them, as Python's `str.strip`; in graph.

    Example:
        >>> from kseq2seq.text.white_space import stripped
        >>> stripped(["\u3000hard  news\n", " "]).numpy().tolist()
        [b'hard  news', b'']
    """
    return tf.strings.regex_replace(texts, f"^{_SPACE}|{_SPACE}$", "")
