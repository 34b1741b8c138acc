"""Scores of generated Python code, which is parsed and never run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Sequence

from kseq2seq.checks import raw_texts
from kseq2seq.metrics.references import Reference
from kseq2seq.metrics.score import TextScore
from kseq2seq.metrics.sums import Sums, summed
from kseq2seq.metrics.text import bleu
from kseq2seq.python_source import names_and_signs, says_nothing

LONGEST = 100_000  # characters; a longer text is not given to the parser


@summed
def code_bleu(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """Corpus BLEU of code, 0 to 100: of its names, numbers and single signs, without white space.

    This is BLEU of tokens, comparable with retrieval and translation; it is not CodeBLEU, which
    also compares syntax trees.

    Args:
        hypotheses: N texts.
        references: N texts, one for each, or N lists of texts.

    Returns:
        The score, with its `signature`.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number or are empty.

    Example:
        >>> from kseq2seq.metrics import code_bleu
        >>> round(code_bleu(["return self._a[0]"], ["return self._b[0]"]), 1)
        41.1
        >>> round(code_bleu(["f( x )"], ["f(x)"]), 1)
        100.0

    Source:
        Papineni et al. 2002, by sacreBLEU; "tok:none" of its signature is after this cut.
    """
    rows = [[_cut(text) for text in row] for row in references]
    return bleu.sums([_cut(text) for text in hypotheses], rows, tokenize="none")


def parses(text: str) -> bool:
    r"""Returns whether the running Python can parse a text as a module.

    A blank text is no code. Code that is too deeply nested for the parser, or has more than 100,000
    characters, can't be parsed; that is no error.

    Example:
        >>> from kseq2seq.metrics.code import parses
        >>> parses("def f(x):\n    return x"), parses("return ("), parses("-" * 99999 + "1")
        (True, False, False)
    """
    return _tree(text) is not None


def parsed(hypotheses: Sequence[str], references: Sequence[Reference] = ()) -> TextScore:
    """Returns the share of texts that the running Python can parse, 0 to 100; see `parses`.

    Args:
        hypotheses: N texts.
        references: of no effect.

    Raises:
        ValueError: if there are no texts.

    Example:
        >>> from kseq2seq.metrics import parsed
        >>> parsed(["x = 1", "x = ("])
        50.0
    """
    return _share(parses, hypotheses)


def blank(hypotheses: Sequence[str], references: Sequence[Reference] = ()) -> TextScore:
    """Returns the share of texts without a visible character, 0 to 100.

    Args:
        hypotheses: N texts.
        references: of no effect.

    Raises:
        ValueError: if there are no texts.

    Example:
        >>> from kseq2seq.metrics import blank
        >>> blank(["x = 1", " "])
        50.0
    """
    return _share(lambda text: not text.strip(), hypotheses)


def pass_bodies(hypotheses: Sequence[str], references: Sequence[Reference] = ()) -> TextScore:
    r"""Returns the share of texts that are functions which do nothing, 0 to 100.

    Such a function has nothing but `pass`, `...` and strings in it.

    Args:
        hypotheses: N texts.
        references: of no effect.

    Raises:
        ValueError: if there are no texts.

    Example:
        >>> from kseq2seq.metrics import pass_bodies
        >>> pass_bodies(["def f():\n    pass", "def f():\n    return 1", "pass", "def f("])
        25.0
    """
    return _share(_does_nothing, hypotheses)


def _share(holds: Callable[[str], bool], texts: Sequence[str]) -> TextScore:
    texts = raw_texts(texts, "hypotheses")
    if not texts:
        raise ValueError("`hypotheses` must hold at least one text; got none.")
    return TextScore(100 * sum(map(holds, texts)) / len(texts))


def _does_nothing(text: str) -> bool:
    tree = _tree(text)
    functions = tree.body if tree else []
    return bool(functions) and all(
        isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and all(says_nothing(statement) for statement in function.body)
        for function in functions
    )


def _tree(text: str) -> ast.Module | None:
    if len(text) > LONGEST or not text.strip():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in strings
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _cut(code: str) -> str:
    return " ".join(names_and_signs(code))
