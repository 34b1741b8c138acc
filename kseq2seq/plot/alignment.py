"""A picture of where a model looked."""

from __future__ import annotations

import os
import unicodedata
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kseq2seq.plot.pictures import need_matplotlib, picture_path
from kseq2seq.plot.words import BLANK, find_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def alignment(
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    alignment: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    words: bool = True,
    title: str | None = None,
    colorbar: bool = False,
    font: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draws which part of the source a model looked at when it wrote each part of the target.

    Source words run along the top and target words down the left side. The darker a cell, the
    higher the probability: white is 0, and black the highest in the picture. The tokens of a source
    word are summed and those of a target word averaged, so that rows still sum to 1. Words are
    recognized by the marks of subword tokenizers and by white space; where there are none, as in
    Chinese or in a single word spelled out, tokens stay apart.

    Args:
        source_tokens: S strings, `Prediction.source_tokens`.
        target_tokens: T strings, `Prediction.target_tokens`.
        alignment: float (T, S), `Prediction.alignment`: probabilities.
        path: a file to save the picture to: .png, .svg or .pdf.
        words: put the tokens of a word together.
        title: written above.
        colorbar: also draw the scale of grays.
        font: the path of a font file, or the name of an installed font family; by default the
            first that has the characters.

    Returns:
        A `matplotlib.figure.Figure`, which notebooks show.

    Warns:
        UserWarning: no installed font has some of the characters.

    Raises:
        ImportError: Matplotlib is not installed.
        TypeError: tokens are not lists of strings.
        ValueError: `alignment` is None, has another shape than the tokens, or holds negative
            numbers or NaN; or `path` has another suffix; or there is no such `font`.

    Example:
        >>> from kseq2seq import plot
        >>> source, target = ["▁black", "▁cat", "s"], ["▁chats", "▁noirs"]
        >>> figure = plot.alignment(source, target, [[0.1, 0.5, 0.4], [0.8, 0.1, 0.1]])
        >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
        ['black', 'cats']
    """
    path = picture_path(path)
    columns, rows = _tokens("source_tokens", source_tokens), _tokens("target_tokens", target_tokens)
    matrix = _matrix(alignment, len(rows), len(columns))
    need_matplotlib()
    from kseq2seq.plot.fonts import font_for
    from kseq2seq.plot.heatmap import draw

    if words:
        columns, starts = find_words(columns)
        matrix = np.add.reduceat(matrix, starts, axis=1)
        rows, starts = find_words(rows)
        sizes = np.diff([*starts, len(matrix)])
        matrix = np.add.reduceat(matrix, starts, axis=0) / sizes[:, None]
    columns, rows = [_shown(x) for x in columns], [_shown(x) for x in rows]
    written = "".join([*columns, *rows, title or ""])
    properties = font_for(written, font)
    with warnings.catch_warnings():  # Matplotlib's own, one for each character that no font has
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        figure = draw(matrix, columns, rows, properties, title, colorbar)
        if path is not None:
            figure.savefig(path, facecolor="white")
    return figure


def _tokens(name: str, tokens: Sequence[str]) -> list[str]:
    listed = tokens if isinstance(tokens, str) else list(tokens)
    if isinstance(listed, str) or not all(isinstance(token, str) for token in listed):
        raise TypeError(f"`{name}` must be a list of strings, one a token; got {listed!r}.")
    if not listed:
        raise ValueError(f"`{name}` must have at least one token; got none.")
    return listed


def _matrix(alignment: Any, rows: int, columns: int) -> np.ndarray:
    if alignment is None:
        raise ValueError(
            "`alignment` must be probabilities (target tokens, source tokens); got None. Call "
            "`pipeline(texts, alignments=True)`. A text that was split into sentences has no "
            "alignment, and neither has a model without attention to its source: 'rnn', 'lstm' and "
            "'gru' have none; 'bahdanau', 'luong', 'convolutional', 'transformer' and "
            "'decoder_only' have it."
        )
    matrix = np.asarray(alignment, dtype=float)
    if matrix.shape != (rows, columns):
        hint = " It seems to be transposed." if matrix.shape == (columns, rows) else ""
        raise ValueError(
            f"`alignment` must be (target tokens, source tokens), here {(rows, columns)}; got "
            f"{matrix.shape}.{hint}"
        )
    if not np.all(np.isfinite(matrix)) or matrix.min() < 0:
        raise ValueError(
            "`alignment` must hold probabilities; got negative numbers, NaN or infinities. Pass "
            "the weights of attention after its softmax."
        )
    return matrix


def _shown(label: str) -> str:
    """A label in one line, with nothing invisible in it."""
    shown = ""
    for x in unicodedata.normalize("NFC", label):
        kind = unicodedata.category(x)
        escaped = kind in ("Cc", "Cs", "Zl", "Zp")
        shown += BLANK if kind == "Zs" else x.encode("unicode_escape").decode() if escaped else x
    return shown
