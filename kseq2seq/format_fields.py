"""The fields of an interface text that a program fills in."""

from __future__ import annotations

import re

# One pattern for Python and for RE2, which reads `\w`, `\d` and `\s` as ASCII: WORD stands for the
# first there, and the others are written out.
PATTERN = "|".join(
    [
        r"%%",  # stands for one "%", and is no field
        r"\{\{[^{}]*\}\}",  # {{ name }} of templates
        # {} {0} {name!r:>8} ${name} %{name}
        r"[$%]?\{[\w.\[\]-]*(?:![rsa])?(?::[^{} \t\n\r\f]*)?\}",
        # %(name)s %1$s; a space is no flag here: "100 % sure" has no field
        r"%(?:\([^() \t\n\r\f]+\)|[0-9]+\$)?[-+#0]*(?:[0-9]+|\*)?(?:\.(?:[0-9]+|\*))?"
        r"(?:hh|h|ll|l|z|j|t|L)?[diouxXeEfFgGcrsa@]",
    ]
)
WORD = r"\pL\pN_"
ESCAPED = "%%"
_FIELD = re.compile(PATTERN)


def format_fields(text: str) -> list[str]:
    """Returns the fields of a text that a program fills in, as they stand and in their order.

    Those of C and Python's `%` (`%s`, `%5.1f`, `%(name)s`, `%1$s`), of `str.format` (`{}`, `{0}`,
    `{name!r:>8}`) and of templates (`{{ name }}`, `${name}`, `%{name}`). `%%` is none, since it
    stands for one "%".

    Args:
        text: any text.

    Example:
        >>> from kseq2seq.format_fields import format_fields
        >>> format_fields("%(n)d of {total} files (%s%%), 100% sure")
        ['%(n)d', '{total}', '%s']
    """
    return [found[0] for found in _FIELD.finditer(text) if found[0] != ESCAPED]
