"""Python code as text: its names, numbers and signs, and statements that do nothing."""

from __future__ import annotations

import ast
import re

_TOKEN = re.compile(r"\w+|[^\w\s]")


def names_and_signs(text: str) -> list[str]:
    """Returns the words, numbers and single signs of a text; an underscore belongs to its word.

    Example:
        >>> from kseq2seq.python_source import names_and_signs
        >>> names_and_signs("def twice(x_1):")
        ['def', 'twice', '(', 'x_1', ')', ':']
    """
    return _TOKEN.findall(text)


def says_nothing(statement: ast.stmt) -> bool:
    """Returns whether a statement is `pass`, `...`, a string or another constant.

    Example:
        >>> [says_nothing(statement) for statement in ast.parse("pass; ...; x").body]
        [True, True, False]
    """
    constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return constant or isinstance(statement, ast.Pass)
