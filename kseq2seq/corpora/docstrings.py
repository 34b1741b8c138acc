"""Functions of Python source text, each with the summary of its docstring; parsed, never run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from kseq2seq.python_source import names_and_signs, says_nothing

Function = ast.FunctionDef | ast.AsyncFunctionDef
_ROLE = re.compile(r":[\w:.+-]+:`([^`]*)`")  # :class:`~module.Name`
_TITLE = re.compile(r"\s*<[^<>]*>$")
_HEADING = re.compile(r"\n\s*\n|\n[^\n]*\n\s*[=~-]{3,}")
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_UNFIT = re.compile(r"[^\x20-\U0010ffff]|[\u2581\x7f-\xa0]")  # controls; "▁" is SentencePiece's own
_NOT_PROSE = (">>>", "..", ":", "@", "#", "-", "=", "*")


class Documented(NamedTuple):
    """A function without its docstring, and what that says of it.

    Attributes:
        summary: the first sentence of the docstring, in one line.
        code: signature and body as `ast.unparse` writes them: four spaces a level, no comments, no
            decorators.
        body: the same with other names; see `normal_form`.
    """

    summary: str
    code: str
    body: str


def documented(source: str | bytes) -> Iterator[Documented]:
    r"""Yields the functions of a module that have a docstring of words and a body beside it.

    A module that can't be parsed by this Python has none, however deeply it is nested.

    Args:
        source: of a module.

    Example:
        >>> code = 'def twice(x):\n  "Returns ``x`` doubled.  See above."\n  return 2*x # quick'
        >>> found = next(documented(code))
        >>> found.summary
        'Returns x doubled.'
        >>> print(found.code)
        def twice(x):
            return 2 * x
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the strings of others
            tree = ast.parse(source)
        found = [node for node in ast.walk(tree) if isinstance(node, Function)]
        summaries = [_summary(_taken(node)) for node in found]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node, summary in zip(found, summaries, strict=True):
        node.decorator_list = []
        if not summary or all(says_nothing(statement) for statement in node.body):
            continue
        try:
            code = ast.unparse(node)
            body = normal_form(code)
        except RecursionError:
            continue
        if not _UNFIT.search(code.replace("\n", " ")):
            yield Documented(summary, code, body)


def length(text: str) -> int:
    """Returns how many words, numbers and signs a text has; an underscore belongs to its word.

    Example:
        >>> length("def twice(x_1):")
        6
    """
    return len(names_and_signs(text))


def normal_form(code: str) -> str:
    """Returns the code of a function in which its own names are numbered and its name is gone.

    Two functions with the same normal form do the same in the same way, whatever their authors
    called them, their parameters and their variables. Annotations and default values don't count.

    Args:
        code: of one function.

    Example:
        >>> one, other = "def f(a, b=2): return a.x + b", "def g(self, y: int): return self.x + y"
        >>> [form] = {normal_form(code) for code in (one, other)}
        >>> print(form)
        def _(_0, _1):
            return _0.x + _1
    """
    node: Any = ast.parse(code).body[0]
    own: dict[str, str] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.arg):
            each.annotation = None
            own.setdefault(each.arg, f"_{len(own)}")
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            own.setdefault(each.id, f"_{len(own)}")
        elif isinstance(each, ast.arguments):
            each.defaults, each.kw_defaults = [], [None] * len(each.kwonlyargs)
    for each in ast.walk(node):
        if isinstance(each, ast.arg):
            each.arg = own[each.arg]
        elif isinstance(each, ast.Name):
            each.id = own.get(each.id, each.id)
    node.name, node.returns = "_", None
    return ast.unparse(node)


def _taken(node: Function) -> str:
    """Takes the docstring out of a function that has a body beside it, and returns it."""
    docstring = ast.get_docstring(node)
    if docstring is None or len(node.body) == 1:
        return ""
    node.body = node.body[1:]
    return docstring


def _summary(docstring: str) -> str:
    """The first sentence, without markup; "" if it is no sentence in one language or another."""
    paragraph = " ".join(_HEADING.split(docstring.strip())[0].split())
    paragraph = _ROLE.sub(lambda found: _TITLE.sub("", found[1]).lstrip("~!"), paragraph)
    sentence = _END.split(paragraph.replace("`", ""))[0].strip()
    fits = not _UNFIT.search(sentence) and not sentence.startswith(_NOT_PROSE)
    return sentence if fits else ""
