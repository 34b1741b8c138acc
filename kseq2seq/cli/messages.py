"""Errors and warnings of the package as lines of a program, which name its flags."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Messages:
    r"""Rewrites messages about arguments of functions as messages about a program's flags.

    Args:
        flags: names of arguments, or other words of the package, and what replaces them.

    Example:
        >>> messages = Messages({"vocabulary_size": "--vocabulary"})
        >>> messages.translated("`vocabulary_size` must be at least 1;\n got 0.")
        '--vocabulary must be at least 1; got 0.'
        >>> messages.translated("no file data/vocabulary_size/train.tsv")
        'no file data/vocabulary_size/train.tsv'
    """

    def __init__(self, flags: Mapping[str, str]):
        self.flags = dict(flags)

    def translated(self, message: str) -> str:
        """Returns a message in one line that names flags."""
        for name, flag in self.flags.items():
            word = re.escape(name)
            if name.isidentifier():  # a word alone, and no part of a path or of a flag
                word = rf"(?<![\w./-]){word}(?![\w/-]|\.\w)"
            message = re.sub(f"`{word}`|{word}", flag.replace("\\", r"\\"), message)
        return " ".join(message.split())

    @contextmanager
    def errors(self, about: str, advice: str = "", status: int = 1) -> Iterator[None]:
        """Inside, an error ends the program with one line on standard error and no traceback.

        It catches what depends on a user's files and flags: errors of values and of files, and of
        programs and packages that are missing or fail.

        Args:
            about: the flags that the work inside depends on, with their values.
            advice: what else the user can do, in terms of flags.
            status: of the program.

        Raises:
            SystemExit: with the status.
        """
        try:
            yield
        except (ValueError, OSError, RuntimeError, ImportError) as error:
            message = self.translated(_text(error))
            line = f"{_program()}: error: {about}: {message}"
            if advice:
                line = f"{line.rstrip('.')}. {advice}"
            print(line, file=sys.stderr)
            raise SystemExit(status) from None

    def show_warnings(self) -> None:
        """Prints warnings as one line each from now on, with flags, and no line of the code."""

        def show(message: Any, *_: Any, **__: Any) -> None:
            print(f"{_program()}: {self.translated(str(message))}", file=sys.stderr)

        warnings.showwarning = show


def _text(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def _program() -> str:
    return Path(sys.argv[0]).name
