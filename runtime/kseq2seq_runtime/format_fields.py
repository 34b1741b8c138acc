"""The fields that a program fills in, behind the symbols that a model carries over."""

from __future__ import annotations

import re
from collections.abc import Sequence

SYMBOLS = tuple(f"⟦{number}⟧" for number in range(1, 10))
_SYMBOL = "⟦[1-9]⟧"
_ESCAPED = "%%"
_FIELD = re.compile(
    "|".join(
        [
            _SYMBOL,
            _ESCAPED,
            r"\{\{[^{}]*\}\}",
            r"[$%]?\{[\w.\[\]-]*(?:![rsa])?(?::[^{} \t\n\r\f]*)?\}",
            r"%(?:\([^() \t\n\r\f]+\)|[0-9]+\$)?[-+#0]*(?:[0-9]+|\*)?(?:\.(?:[0-9]+|\*))?"
            r"(?:hh|h|ll|l|z|j|t|L)?[diouxXeEfFgGcrsa@]",
        ]
    )
)


def hidden(text: str) -> tuple[str, list[str]]:
    """Returns a text with symbols in the place of its fields, and the fields.

    The k-th symbol stands for the k-th different field, each time it occurs. Of more fields than
    symbols the rest stay in the text.

    Example:
        >>> from kseq2seq_runtime.format_fields import hidden
        >>> hidden("%(n)d of {total} (%(n)d%%)")
        ('⟦1⟧ of ⟦2⟧ (⟦1⟧%%)', ['%(n)d', '{total}'])
    """
    fields: list[str] = []

    def symbol(found: re.Match[str]) -> str:
        field = found[0]
        if field == _ESCAPED:
            return field
        if field not in fields:
            if len(fields) == len(SYMBOLS):
                return field
            fields.append(field)
        return SYMBOLS[fields.index(field)]

    return _FIELD.sub(symbol, text), fields


def shown(text: str, fields: Sequence[str]) -> str:
    """Returns a text with the fields of its symbols; a symbol that has none is left out.

    Example:
        >>> from kseq2seq_runtime.format_fields import shown
        >>> shown("⟦2⟧의 ⟦1⟧", ["%(n)d", "{total}"])
        '{total}의 %(n)d'
    """
    named = dict(zip(SYMBOLS, fields, strict=False))
    return re.sub(_SYMBOL, lambda found: named.get(found[0], ""), text)
