"""Line breaks with their indentation, each as one token."""

from __future__ import annotations

from kseq2seq.checks import check_whole


def line_breaks(levels: int = 9, indent: str = "    ") -> list[str]:
    r"""Returns a line break followed by no indentation, by one level of it, by two...

    As the symbols of a tokenizer they make each line of code one token longer, however deep it
    is indented, and white space comes back exactly.

    Args:
        levels: how many there are; a deeper line is one of them and spaces.
        indent: one level of indentation.

    Raises:
        ValueError: if `levels` is less than 1, or `indent` is not white space in one line.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, line_breaks
        >>> tokenizer = ByteTokenizer(symbols=line_breaks(3))
        >>> tokenizer.pieces(tokenizer.tokenize(["if x:\n    y"]))
        [['i', 'f', '<0x20>', 'x', ':', '\n    ', 'y']]
    """
    check_whole("levels", levels)
    if not indent or indent.strip(" \t"):
        raise ValueError(f"`indent` must be spaces or tabs; got {indent!r}.")
    return ["\n" + indent * level for level in range(levels)]
