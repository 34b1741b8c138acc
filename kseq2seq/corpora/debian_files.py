"""Files of Debian packages: fetched by apt without root, checked, unpacked and kept."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from kseq2seq.corpora.fetching import INSTEAD
from kseq2seq.data.cache import folder_of, teller
from kseq2seq.data.debian import fetch_packages, indexes, update_indexes
from kseq2seq.disk.files import sha256

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


def debian_files(
    name: str,
    version: str | None = None,
    digest: str | None = None,
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Returns a folder with the files of a Debian package, which is fetched on the first call.

    apt downloads it from wherever this machine is set up to, with indexes of its own, without root,
    and checks it by their signatures. Nothing is installed and no script in the package runs. A
    folder that was begun and not finished is never used.

    Args:
        name: of the package.
        version: of the package; that of the machine's release where None.
        digest: the SHA-256 of that version of the package, 64 hexadecimal digits.
        cache: folder to keep all in; `kseq2seq.data.cache.cache_folder()` where None.
        progress: called with a line before each step; prints to standard error where None.

    Returns:
        A folder in which, for example, `usr/share/fonts` is.

    Raises:
        ValueError: the name is not one that a package can have, or one of version and digest is
            given without the other.
        RuntimeError: if apt or dpkg-deb is missing or fails, or the package has another SHA-256.

    Example:
        >>> from kseq2seq.corpora.debian_files import debian_files
        >>> fonts = debian_files("fonts-lato") / "usr/share/fonts"  # doctest: +SKIP
        >>> folder = debian_files("hello", "2.10-3", "5d4c...")  # doctest: +SKIP
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"`name` must be the name of a Debian package; got {name!r:.80}.")
    packages = folder_of(cache) / "packages"
    if version and digest:
        wanted = f"{name}={version}"
        folder = packages / f"apt-{name}-{version.replace(':', '_')}-{digest[:12]}"
    elif version or digest:
        raise ValueError(
            f"`version` and `digest` of {name} must be given together; got {version!r} and "
            f"{digest!r}. Give both, or neither for the package of this machine's release."
        )
    else:
        wanted, folder = name, packages / f"debian-{name}"
    if folder.is_dir():
        return folder
    tell = teller(progress)
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=packages) as place:
        package = _fetched(wanted, packages.parent / "apt" / "lists", Path(place), tell)
        if digest and (found := sha256(package)) != digest:
            raise RuntimeError(
                f"{wanted} was fetched by apt with the SHA-256 {found}, and must have {digest}: it "
                f"is not the file that was published; {INSTEAD}."
            )
        files = Path(place, "files")
        _unpack(package, files)
        try:
            files.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
    return folder


def _fetched(wanted: str, lists: Path, place: Path, tell: Callable[[str], None]) -> Path:
    """Fetches a package, by indexes that are made anew if it is not in those that are kept."""
    kept = lists.with_name("apt.conf").is_file() and shutil.which("apt-get")
    fresh = not (kept and indexes(lists, "Packages"))
    if fresh:
        update_indexes(lists, "en", tell)
    tell(f"fetching {wanted} by apt into {place.parent}")
    try:
        files = fetch_packages(lists, [wanted], place, tell)
    except RuntimeError:
        if fresh:
            raise
        update_indexes(lists, "en", tell)  # an old index may name an older version
        files = fetch_packages(lists, [wanted], place, tell)
    if len(files) != 1:
        raise RuntimeError(f"apt fetched {len(files)} files as {wanted}; {INSTEAD}.")
    return files[0]


def members(package: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yields the path of each file in a package, and its content.

    Links and directories are left out, and so are paths that lead out of the package.

    Args:
        package: a .deb file.

    Raises:
        RuntimeError: if dpkg-deb is missing, or the package is damaged.
    """
    tool = shutil.which("dpkg-deb")
    if tool is None:
        raise RuntimeError(f"{package.name} is unpacked by dpkg-deb, which is missing; {INSTEAD}.")
    command = [tool, "--fsys-tarfile", str(package)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                for member in archive:
                    path = PurePosixPath(*(x for x in PurePosixPath(member.name).parts if x != "/"))
                    if member.isfile() and ".." not in path.parts:
                        content = archive.extractfile(member)
                        assert content is not None
                        yield path, content.read()  # here, as a cut file ends in an error
        except tarfile.TarError as error:
            raise RuntimeError(f"{package.name} can't be unpacked ({error}); {INSTEAD}.") from error
    if process.returncode:
        raise RuntimeError(f"dpkg-deb could not unpack {package.name}; {INSTEAD}.")


def _unpack(package: Path, folder: Path) -> None:
    """Writes the files of a package under their paths in it."""
    folder.mkdir()
    for path, content in members(package):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
