"""Checkpoints on disk: whole or not there at all, checked by hashes, the newest ones kept."""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kseq2seq.data.fetch import sha256
from kseq2seq.disk import synchronize

_SUMS = "SHA256SUMS"
_NAME = re.compile(r"(\d{6,})-step-\d+")
_SCRATCH = ".scratch-"


class Checkpoints:
    """The checkpoints in a directory, each a directory of files, counted from 1 as they are made.

    Their hashes are in `SHA256SUMS`, which `sha256sum --check` reads too. Only one process may
    write at a time.

    Args:
        directory: where they are; made where missing. What a kill left half written is removed.
        keep: how many of the newest stay.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> checkpoints = Checkpoints(folder, keep=2)
        >>> for step in (10, 20, 30):
        ...     with checkpoints.writing(step) as path:
        ...         _ = (path / "weights").write_text("one, two")
        >>> sorted(path.name for path in folder.iterdir())
        ['000002-step-20', '000003-step-30']
        >>> checkpoints.newest().name
        '000003-step-30'
    """

    def __init__(self, directory: Path, keep: int):
        self.directory = directory
        self.keep = keep
        self._unusable: list[Path] = []
        directory.mkdir(parents=True, exist_ok=True)
        for scratch in directory.glob(f"{_SCRATCH}*"):
            shutil.rmtree(scratch)

    @contextmanager
    def writing(self, step: int) -> Iterator[Path]:
        """Gives an empty directory, which is the newest checkpoint once the block ends.

        Only then are older ones removed. If anything is raised, all is as it was.

        Args:
            step: goes into the name.
        """
        paths = _newest_first(self.directory)
        number = 1 + max([int(path.name.split("-")[0]) for path in paths], default=0)
        scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=self.directory))
        try:
            yield scratch
            files = sorted(path for path in scratch.iterdir() if path.is_file())
            sums = "".join(f"{sha256(path)}  {path.name}\n" for path in files)
            (scratch / _SUMS).write_text(sums, encoding="utf-8", newline="\n")
            scratch.chmod(0o755)
            for path in (*files, scratch / _SUMS, scratch):
                synchronize(path)
            scratch.rename(self.directory / f"{number:06d}-step-{step}")
            synchronize(self.directory)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        usable = [path for path in _newest_first(self.directory) if path not in self._unusable]
        for path in usable[self.keep :] + self._unusable:
            shutil.rmtree(path)
        self._unusable = []

    def newest(self) -> Path | None:
        """Returns the newest checkpoint that is as it was written; None where there is none.

        Warns:
            UserWarning: once, of newer ones that are not as they were written. They are removed
                after the next checkpoint.

        Raises:
            ValueError: if there are some and none is as it was written.
        """
        reasons: dict[Path, str] = {}
        for path in _newest_first(self.directory):
            reason = _damage(path)
            if reason is None:
                self._unusable = list(reasons)
                if reasons:
                    warnings.warn(
                        f"{_told(reasons)} Going on from the newest that can be used, {path}.",
                        stacklevel=2,
                    )
                return path
            reasons[path] = reason
        if reasons:
            raise ValueError(
                f"{_told(reasons)} None is left to go on from. Put a copy of one back, or remove "
                f"{self.directory} to begin anew."
            )
        return None


def whole(directory: Path) -> list[Path]:
    """Returns the checkpoints that are as they were written, from old to new.

    Args:
        directory: where they are; nothing in it is changed.

    Raises:
        FileNotFoundError: if there is none.
    """
    found = [path for path in _newest_first(directory) if _damage(path) is None][::-1]
    if not found:
        raise FileNotFoundError(f"There is no checkpoint in {directory} that could be read.")
    return found


def _newest_first(directory: Path) -> list[Path]:
    paths = [path for path in directory.glob("*") if _NAME.fullmatch(path.name)]
    return sorted(paths, key=lambda path: int(path.name.split("-")[0]), reverse=True)


def _damage(path: Path) -> str | None:
    """What is wrong with a checkpoint; None if nothing is."""
    try:
        lines = (path / _SUMS).read_text(encoding="utf-8").splitlines()
        for line in lines:
            digest, name = line.split("  ", 1)
            if sha256(path / name) != digest:
                return f"{name} is truncated or changed"
    except OSError as error:
        return f"{Path(error.filename or path).name} can't be read: {error.strerror}"
    except ValueError:  # of split() and of decoding
        return f"{_SUMS} is changed"
    return None if lines else f"{_SUMS} is empty"


def _told(reasons: dict[Path, str]) -> str:
    several = "; ".join(f"{path}: {reason}" for path, reason in reasons.items())
    return f"A checkpoint is not as it was written ({several})."
