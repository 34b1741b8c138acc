"""Where fetched corpora are kept, and how a file comes to be there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder that fetched corpora are kept in; it need not exist yet.

    Returns:
        `$KSEQ2SEQ_CACHE` where that is set, else `kseq2seq` in `$XDG_CACHE_HOME` or `~/.cache`.

    Example:
        >>> import os
        >>> from kseq2seq.data.fetch import cache_folder
        >>> os.environ["KSEQ2SEQ_CACHE"] = "corpora"
        >>> cache_folder().as_posix()
        'corpora'
        >>> del os.environ["KSEQ2SEQ_CACHE"]
        >>> cache_folder().name
        'kseq2seq'
    """
    if own := os.environ.get("KSEQ2SEQ_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kseq2seq"


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal, read in blocks.

    Args:
        path: an existing file.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: where the file can't be read.

    Example:
        >>> import os
        >>> from kseq2seq.data.fetch import sha256
        >>> sha256(os.devnull)[:16]
        'e3b0c44298fc1c14'
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place once the block ends without error.

    The folder is made where it is missing. After an error the temporary file is gone and what was
    at `path` is as it was.

    Args:
        path: where the finished file shall be.

    Returns:
        A context manager that gives the path to write to.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from kseq2seq.data.fetch import replacing
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder, "corpus.tsv")) as path:
        ...         _ = path.write_text("one")
        ...     Path(folder, "corpus.tsv").read_text()
        'one'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        temporary.chmod(0o644)  # mkstemp's 0o600 would stay
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
