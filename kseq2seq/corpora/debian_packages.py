"""Debian packages as folders of files: fetched by the machine's own apt, and never installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from kseq2seq.data.debian import INSTEAD, cache_folder, update_indexes

_SECONDS = 600


def unpacked(
    name: str,
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Returns the folder with the files of a Debian package, which the first call fetches.

    apt downloads it from the sources that this machine is set up for, and checks it against their
    signed indexes. Its files are laid out in the cache, without root; no script of it runs. A
    folder that was begun and not finished is never used.

    Args:
        name: of the package.
        cache: folder to keep it in; `kseq2seq.data.debian.cache_folder()` where None.
        progress: called with one line before fetching; prints to standard error where None.

    Returns:
        A folder in which, for example, `usr/share/fonts` is.

    Raises:
        ValueError: the name is not one that a package can have.
        RuntimeError: apt or dpkg-deb is missing or fails.

    Example:
        >>> from kseq2seq.corpora.debian_packages import unpacked
        >>> fonts = unpacked("fonts-lato") / "usr/share/fonts"  # doctest: +SKIP
    """
    if not name or not name.replace("-", "").replace("+", "").replace(".", "").isalnum():
        raise ValueError(f"`name` must be the name of a Debian package; got {name!r:.80}.")
    folder = (cache_folder() if cache is None else Path(cache)).absolute()
    kept = folder / "packages" / f"debian-{name}"
    if kept.is_dir():
        return kept
    tell = progress or (lambda line: print(line, file=sys.stderr, flush=True))
    lists = folder / "apt" / "lists"
    known = any(lists.glob("*Packages*"))
    if not known:
        update_indexes(lists, "en", tell)
    tell(f"fetching the Debian package {name} into {kept}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as place:
        try:
            archive = _download(name, lists, Path(place))
        except RuntimeError:
            if not known:
                raise
            update_indexes(lists, "en", tell)  # an old index may name an older version
            archive = _download(name, lists, Path(place))
        files = Path(place, "files")
        _run(["dpkg-deb", "-x", str(archive), str(files)], name, place)
        try:
            files.rename(kept)
        except OSError:
            if not kept.is_dir():  # another process may have been faster
                raise
    return kept


def _download(name: str, lists: Path, place: Path) -> Path:
    """Returns the archive of a package, downloaded into an empty folder."""
    options = {"Dir::State::Lists": lists, "Dir::Cache": lists.with_name("cache")}
    command = ["apt-get", "-q", "-c", str(lists.with_name("apt.conf"))]
    command += [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
    _run([*command, "download", name], name, str(place))
    archives = list(place.glob("*.deb"))
    if len(archives) != 1:
        raise RuntimeError(f"apt-get downloaded no archive of {name}; {INSTEAD}.")
    return archives[0]


def _run(command: list[str], name: str, place: str) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise RuntimeError(
            f"The Debian package {name} is fetched by {command[0]}, which is not installed; "
            f"{INSTEAD}."
        )
    try:
        done = subprocess.run(
            [program, *command[1:]],
            cwd=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"{command[0]} did not fetch {name} in {_SECONDS} seconds; {INSTEAD}."
        ) from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith(("E:", "dpkg"))]
        why = lines[-1] if lines else f"status {done.returncode}"
        raise RuntimeError(f"{command[0]} could not fetch {name} ({why}); {INSTEAD}.")
