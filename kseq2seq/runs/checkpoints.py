"""Checkpoints on disk: whole or not there at all, checked by hashes, the newest ones kept."""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kseq2seq.disk import remove, synchronize
from kseq2seq.disk.files import sha256
from kseq2seq.runs.contents import check_contents

_SUMS = "SHA256SUMS"
_NAME = re.compile(r"([0-9]{6,12})-step-[0-9]{1,19}")
_SCRATCH = ".scratch-"
_WRITTEN = re.compile(r"SHA256SUMS|state\.(json|npz)|data\.(index|data-\d+-of-\d+)")
_HALF_WRITTEN = re.compile(rf"{_WRITTEN.pattern}|data[._].+")  # as TensorFlow names its own scratch


class Checkpoints:
    """The checkpoints in a directory, each a directory of files, counted from 1 as they are made.

    Their hashes are in `SHA256SUMS`, which `sha256sum --check` reads too. Only one process may
    write at a time. Files, links and directories of others stay.

    Args:
        directory: where they are; made if missing. Half-written checkpoints are removed.
        keep: how many of the newest stay.

    Raises:
        NotADirectoryError: if the directory is something else.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> checkpoints = Checkpoints(folder, keep=2)
        >>> for step in (10, 20, 30):
        ...     with checkpoints.writing(step) as path:
        ...         _ = (path / "weights").write_text("one, two")
        >>> sorted(path.name for path in folder.iterdir())
        ['000002-step-20', '000003-step-30']
    """

    def __init__(self, directory: Path, keep: int):
        self.directory = directory
        self.keep = keep
        self._damaged: list[Path] = []
        self._foreign: list[Path] = []
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(
                f"{directory} must be a directory for checkpoints, but something else is there. "
                "Move it away, or use another directory for the run."
            ) from error
        for scratch in directory.glob(f"{_SCRATCH}*"):
            _remove(scratch, _HALF_WRITTEN)

    @contextmanager
    def writing(self, step: int) -> Iterator[Path]:
        """Yields an empty directory, which is the newest checkpoint once the block ends.

        If anything is raised in the block, nothing changes.

        Args:
            step: part of the name.
        """
        # 1. Whatever the block writes goes to a scratch directory.
        number = 1 + max(map(_number, _newest_first(self.directory)), default=0)
        scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=self.directory))
        try:
            yield scratch
            # 2. Hashes are added, and everything is forced to disk before it gets its name.
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
        # 3. Only then older and damaged ones are removed.
        bad = [*self._damaged, *self._foreign]
        found = _newest_first(self.directory)
        usable = [path for path in found if path.is_dir() and path not in bad]
        for path in usable[self.keep :] + self._damaged:
            _remove(path)
        self._damaged = []

    def newest(self) -> Path | None:
        """Returns the newest checkpoint that can be used; None if there is no checkpoint at all.

        One that was changed, or has an unknown format, gives way to the one before.

        Warns:
            UserWarning: once, if newer ones can't be used. The damaged ones among them are removed
                after the next checkpoint is written.

        Raises:
            ValueError: if there are some and none can be used.
        """
        reasons: dict[Path, str] = {}
        self._damaged, self._foreign = [], []
        for path in _newest_first(self.directory):
            if (reason := _damage(path)) is not None:
                self._damaged.append(path)
            elif (reason := _unusable(path)) is not None:
                self._foreign.append(path)
            else:
                if reasons:
                    warnings.warn(
                        f"{_listed(reasons)} Resuming from the newest that can be used, {path}.",
                        stacklevel=2,
                    )
                return path
            reasons[path] = reason
        self._damaged, self._foreign = [], []
        if reasons:
            raise ValueError(
                f"{_listed(reasons)} None is left to resume from. Put a copy of one back, or "
                f"remove {self.directory} to begin anew."
            )
        return None


def usable_checkpoints(directory: Path) -> list[Path]:
    """Returns the checkpoints that can be used, from old to new.

    Args:
        directory: where they are; nothing in it is changed.

    Raises:
        FileNotFoundError: if there is none.
    """
    paths = _newest_first(directory)[::-1]
    usable = [path for path in paths if _damage(path) is None and _unusable(path) is None]
    if not usable:
        raise FileNotFoundError(f"There is no checkpoint in {directory} that can be read.")
    return usable


def _newest_first(directory: Path) -> list[Path]:
    """Everything that has the name of a checkpoint."""
    everything = directory.iterdir() if directory.is_dir() else ()
    paths = [path for path in everything if _NAME.fullmatch(path.name)]
    return sorted(paths, key=_number, reverse=True)


def _number(path: Path) -> int:
    return int(path.name.split("-")[0])


def _damage(path: Path) -> str | None:
    """How a checkpoint differs from what was written; None if it doesn't."""
    if not path.is_dir():
        return "it is not a directory"
    try:
        sums = _sums(path)
        if not sums:
            return f"{_SUMS} is empty"
        for name, digest in sums.items():
            if not _WRITTEN.fullmatch(name) and not (path / name).exists():
                return f"{_SUMS} is changed: it names {name!r}"
            if (path / name).exists() and not (path / name).is_file():
                return f"{name} is not a file"
            if sha256(path / name) != digest:
                return f"{name} is truncated or changed, or {_SUMS} is"
        for name in sorted(part.name for part in path.iterdir()):
            if _WRITTEN.fullmatch(name) and name != _SUMS and name not in sums:
                return f"{_SUMS} is truncated or changed: it lacks {name}"
    except OSError as error:
        return f"{Path(error.filename or path).name} can't be read: {error.strerror}"
    except ValueError:  # of split() and of decoding
        return f"{_SUMS} is changed"
    return None


def _sums(path: Path) -> dict[str, str]:
    """The names and hashes in the list of a checkpoint."""
    if (path / _SUMS).exists() and not (path / _SUMS).is_file():
        raise ValueError
    sums = {}
    for line in (path / _SUMS).read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ", 1)
        if Path(name).name != name:
            raise ValueError
        sums[name] = digest
    return sums


def _unusable(path: Path) -> str | None:
    """Why a run can't continue from an undamaged checkpoint; None if it can."""
    try:
        check_contents(path)
    except OSError as error:
        return f"{Path(error.filename or path).name} can't be read: {error.strerror}"
    except ValueError as error:
        return str(error).rstrip(".")
    return None


def _remove(path: Path, written: re.Pattern[str] = _WRITTEN) -> None:
    """Removes the files of a checkpoint; other files in its directory stay."""
    if path.is_symlink() or not path.is_dir():
        return
    with suppress(OSError, ValueError):
        for name in _sums(path):
            (path / name).unlink(missing_ok=True)
    with suppress(OSError):
        for part in list(path.iterdir()):
            ours = part.name.startswith("data_temp") or not part.is_dir()
            if written.fullmatch(part.name) and ours:
                remove(part)
        path.rmdir()


def _listed(reasons: dict[Path, str]) -> str:
    several = "; ".join(f"{path}: {reason}" for path, reason in reasons.items())
    return f"A checkpoint can't be used ({several})."
