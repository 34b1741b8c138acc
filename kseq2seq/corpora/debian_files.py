"""Files of Debian packages: fetched by apt without root, checked, and unpacked beside them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from kseq2seq.corpora.fetching import INSTEAD
from kseq2seq.data.debian import cache_folder, fetch_packages, indexes, update_indexes
from kseq2seq.disk import whole_file
from kseq2seq.disk.files import sha256


def debian_files(
    name: str,
    version: str,
    digest: str,
    suffixes: tuple[str, ...],
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Returns a folder with files of a Debian package, which is fetched on the first call.

    apt downloads it from wherever this machine is set up to, with indexes of its own, without root.
    Nothing is installed and no script in the package runs.

    Args:
        name: of the package.
        version: of the package.
        digest: the SHA-256 of the package, 64 hexadecimal digits.
        suffixes: of the files to unpack, for example (".wav", ".gz").
        cache: folder to keep all in; `kseq2seq.data.debian.cache_folder()` where None.
        progress: called with a line before each step; prints to standard error where None.

    Raises:
        RuntimeError: if apt is missing or fails, or the package has another SHA-256.

    Example:
        >>> from kseq2seq.corpora.debian_files import debian_files
        >>> debian_files("hello", "2.10-3", "5d4c...", (".mo",))  # doctest: +SKIP
    """
    home = (cache_folder() if cache is None else Path(cache)).absolute()
    tell = progress or (lambda line: print(line, file=sys.stderr, flush=True))
    package = home / "packages" / f"apt-{name}-{version.replace(':', '_')}"
    folder = package.with_name(f"{package.name}-{digest[:12]}")
    if folder.is_dir():
        return folder
    if not (package.is_file() and sha256(package) == digest):
        _download(package, f"{name}={version}", digest, home / "apt" / "lists", tell)
    _unpack(package, folder, suffixes)
    return folder


def _download(
    package: Path, wanted: str, digest: str, lists: Path, tell: Callable[[str], None]
) -> None:
    """Fetches a package, by indexes that are made anew if it is not in those that are kept."""
    package.parent.mkdir(parents=True, exist_ok=True)
    kept = lists.with_name("apt.conf").is_file() and shutil.which("apt-get")
    fresh = not (kept and indexes(lists, "Packages"))
    if fresh:
        update_indexes(lists, "en", tell)
    tell(f"fetching {wanted} by apt into {package.parent}")
    with tempfile.TemporaryDirectory(dir=package.parent) as place:
        try:
            files = fetch_packages(lists, [wanted], Path(place), tell)
        except RuntimeError:
            if fresh:
                raise
            update_indexes(lists, "en", tell)
            files = fetch_packages(lists, [wanted], Path(place), tell)
        if len(files) != 1:
            raise RuntimeError(f"apt fetched {len(files)} files as {wanted}; {INSTEAD}.")
        found = sha256(files[0])
        if found != digest:
            raise RuntimeError(
                f"{wanted} was fetched by apt with the SHA-256 {found}, and must have {digest}: it "
                f"is not the file that was published; {INSTEAD}."
            )
        with whole_file(package) as path:
            shutil.move(files[0], path)


def _unpack(package: Path, folder: Path, suffixes: tuple[str, ...]) -> None:
    """Writes the files of these suffixes, under their paths in the package."""
    tool = shutil.which("dpkg-deb")
    if tool is None:
        raise RuntimeError(f"{package} is unpacked by dpkg-deb, which is missing; {INSTEAD}.")
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        inside = Path(place) / "files"
        inside.mkdir()
        command = [tool, "--fsys-tarfile", str(package)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            try:
                with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                    for member in archive:
                        _write(archive, member, inside, suffixes)
            except tarfile.TarError as error:
                raise RuntimeError(f"{package} can't be unpacked ({error}); {INSTEAD}.") from error
        if process.returncode:
            raise RuntimeError(f"dpkg-deb could not unpack {package}; {INSTEAD}.")
        try:
            inside.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise


def _write(
    archive: tarfile.TarFile, member: tarfile.TarInfo, inside: Path, suffixes: tuple[str, ...]
) -> None:
    """Writes a member under its path, if it is a file of these suffixes."""
    parts = PurePosixPath(member.name).parts
    if not member.isfile() or not member.name.endswith(suffixes) or ".." in parts:
        return
    content = archive.extractfile(member)
    assert content is not None
    target = inside.joinpath(*(part for part in parts if part != "/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(content, file)
