"""Manual pages as plain text: the part of roff that they are written in; macros are never run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# Names of two letters, each with its character; strings of pod2man's among them.
_NAMES = """
    aq' cq' oq' Aq' dq" lq" rq" L"" R"" ga` ha^ ti~ at@ sh# Do$ rs\\ sl/ ba| bv| lB[ rB] lC{ rC}
    em- en- hy- mi- ---- pl+ +p+ eq= mux <=<= >=>= !=!= ->-> <-<- co(c) rg(R) de° +-± *mμ C+C++
    :aä :oö :uü ssß 'eé `eè 'aá 'oó
"""
_NAMED = {entry[:2]: entry[2:] for entry in _NAMES.split()}
_ESCAPE = re.compile(
    r"\\(?:"
    r"f(?:\(..|\[[^]]*\]|.)"  # fonts
    r"|s(?:[-+]?\d|\([-+]?\d\d|\[[^]]*\])"  # sizes
    r"|[hvwbloDLRSXZx]'[^']*'|N'(?P<code>\d+)'"  # motions and drawings; a character by its number
    r"|[nmMkYVgF](?:\(..|\[[^]]*\]|.)"  # registers and colors
    r"|\*?(?:\((?P<two>..)|\[(?P<long>[^]]*)\])|\*(?P<one>.)"  # names
    r"|(?P<sign>.))"
)
_SIGNS = {**dict(zip("eE~0t", "\\\\   ", strict=True)), **{sign: sign for sign in "\\- '`._"}}
_COMMENT = re.compile(r'(?<!\\)\\["#].*')
_ARGUMENT = re.compile(r'"((?:[^"]|"")*)"?|((?:\\.|[^\s"])\S*)')
_SPACED = {"B", "I", "R", "SM", "SB", "CW", "SY", "OP", "QW", "UL"}
_CLOSE = {"BR", "BI", "IB", "IR", "RB", "RI", "ZN", "PN"}  # arguments with nothing between
_HEADINGS = {"SH", "SS"}
_SKIPPED = {"de": "..", "de1": "..", "am": "..", "ig": "..", "EQ": ".EN", "PS": ".PE"}


def sections(page: str) -> list[tuple[str, str]]:
    r"""Returns the titles of a page's sections and their texts, each in one line.

    Fonts, sizes and layout are left out. Macros that a page defines, conditions and drawings are
    passed over. Pages of the other dialect, mdoc, have no sections here.

    Args:
        page: in the macros of man(7).

    Example:
        >>> from kseq2seq.corpora.roff import sections
        >>> page = ".SH NAME\nls \\- list \\fBfiles\\fP\n.SH OPTIONS\n.TP\n.B \\-a\nAll."
        >>> sections(page)
        [('NAME', 'ls - list files'), ('OPTIONS', '-a All.')]
    """
    found: list[tuple[str, list[str]]] = []
    for heading, text in _texts(_lines(page)):
        if heading:
            found.append((text, []))
        elif found:
            found[-1][1].append(text)
    return [(title, " ".join(" ".join(texts).split())) for title, texts in found]


def plain(text: str) -> str:
    r"""Returns a text without roff's escapes.

    Example:
        >>> plain(r"\fIfile\fR\-name \(lqx\(rq")
        'file-name "x"'
    """
    return _ESCAPE.sub(_character, text)


def _lines(page: str) -> Iterator[str]:
    """The lines of a page without comments and without definitions; continued ones are joined."""
    lines = iter(re.sub(r"(?<!\\)((?:\\\\)*)\\\n", r"\1", page).splitlines())
    for line in lines:
        line = _COMMENT.sub("", line)
        name = _macro(line)
        if end := _SKIPPED.get(name):
            for skipped in lines:
                if skipped.startswith(end):
                    break
        elif name in ("if", "ie", "el", "while"):
            depth = line.count(r"\{") - line.count(r"\}")
            while depth > 0:
                skipped = next(lines, None)
                if skipped is None:
                    break
                depth += skipped.count(r"\{") - skipped.count(r"\}")
        else:
            yield line


def _texts(lines: Iterable[str]) -> Iterator[tuple[bool, str]]:
    """Whether a text is a heading, and the text, of each line that has one."""
    table = waiting = False  # inside a table, and before its first row; a heading on the next line
    for line in lines:
        name = _macro(line)
        if name is None:
            if table:
                table = not line.rstrip().endswith(".")  # the lines of a table's format
            elif line.strip():
                row = re.sub(r"^T[{}]|T[{}]$", "", line.replace("\t", " "))
                yield waiting, plain(row)
                waiting = False
            continue
        arguments = [
            a.replace('""', '"') or b for a, b in _ARGUMENT.findall(line[1 + len(name) :].lstrip())
        ]
        if name == "TS":
            table = True
        elif name in _HEADINGS:
            waiting = not arguments
            if arguments:
                yield True, plain(" ".join(arguments))
        elif name in _SPACED or name in _CLOSE or name == "IP":
            used = arguments[:1] if name == "IP" else arguments
            yield waiting, plain((" " if name in _SPACED else "").join(used))
            waiting = False


def _macro(line: str) -> str | None:
    """The name of the macro that a line calls, "" for none at all; None if the line is text."""
    if not line.startswith((".", "'")):
        return None
    found = re.match(r"[.']\s*([^\s\\]*)", line)
    return found[1] if found else ""


def _character(escape: re.Match[str]) -> str:
    if escape["code"]:
        return chr(int(escape["code"])) if 32 <= int(escape["code"]) < 0x110000 else ""
    name = escape["two"] or escape["long"] or escape["one"]
    if name is not None:
        number = re.fullmatch("u([0-9A-F]{4,5})", name)
        return chr(int(number[1], 16)) if number else _NAMED.get(name, "")
    return _SIGNS.get(escape["sign"] or "", "")
