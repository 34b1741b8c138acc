"""The bundled sample of labeling: lines of Python, and the kind of each of their tokens."""

from __future__ import annotations

from collections.abc import Iterator

from kseq2seq.data.pairs import Pair
from kseq2seq.data.sample import bundled

_STATEMENTS = {
    "definition": ("@", "async", "class", "def"),
    "import": ("from", "import"),
    "branch": ("case", "elif", "else", "except", "finally", "if", "match", "try", "with"),
    "loop": ("for", "while"),
    "exit": ("assert", "break", "continue", "del", "pass", "raise", "return", "yield"),
}
_ASSIGNING = ("=", "+=", "-=", "*=", "/=", "|=", "&=", "//=", "%=", "**=", "@=", "^=", ">>=", "<<=")


def python_tokens(part: str = "") -> Iterator[Pair]:
    """Reads lines of Python whose tokens stand between spaces; nothing is fetched.

    Kinds are keyword, operator, number, string and, for names, defined (after `def` or `class`),
    called (before a parenthesis), attribute (after a dot) and name.

    Args:
        part: "" for a label for each token; "statement" for one label for the whole line:
            definition, import, branch, loop, exit, assignment or expression.

    Returns:
        A lazy iterator of pairs, (tokens, labels), whose key is the name of their module.

    Raises:
        ValueError: for another part.

    Example:
        >>> from kseq2seq.corpora.python_tokens import python_tokens
        >>> next(python_tokens())[:2]
        ('from __future__ import annotations', 'keyword name keyword name')

    Source: BSD packages, listed in `data/samples/NOTICE.md`; made by
        `tools/samples/python_tokens.py`.
    """
    if part not in ("", "statement"):
        raise ValueError(f"`part` must be '' or 'statement'; got {part!r}.")
    pairs = bundled("python-tokens.tsv.gz")
    return (pair._replace(target=_statement(pair.source)) if part else pair for pair in pairs)


def _statement(line: str) -> str:
    """Returns the kind of a line by its first token, or by an assignment outside brackets."""
    first, *rest = line.split()
    for kind, beginnings in _STATEMENTS.items():
        if first in beginnings:
            return kind
    depth = 0
    for token in rest:
        depth += (token in "([{") - (token in ")]}")
        if depth == 0 and token in _ASSIGNING:
            return "assignment"
    return "expression"
