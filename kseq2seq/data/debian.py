"""Descriptions of Debian packages and their translations, through the machine's own apt."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from kseq2seq.data.cache import folder_of, teller
from kseq2seq.data.debian_index import join, stanzas
from kseq2seq.data.pairs import Pair
from kseq2seq.data.sample import pack_pairs, unpack_pairs
from kseq2seq.data.split import split_of, unique
from kseq2seq.disk import whole_file
from kseq2seq.disk.files import sha256

APT_HELPER = Path("/usr/lib/apt/apt-helper")
INSTEAD = "use `--data sample` (bundled, no network) or `--data FILE` (your own pairs) instead"

# A private configuration on top of the machine's: its hooks would act on the system, and an index
# that fails must not pass for an empty one.
_CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::Languages;
APT::Update::Error-Mode "any";
Acquire::Retries "3";
"""


def debian(
    language: str = "fr",
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Pair]:
    """Returns English package descriptions and their translations, fetched once and then kept.

    Synopses, list items and sentences of 2 to 25 words, without repeats. The first call fetches
    the indexes that the machine's apt sources name, without root and apart from the system's own
    state; later calls check the SHA-256 of the kept corpus and need no network.

    Args:
        language: code of a translation that Debian has: "fr", "de", "it", "pt_BR"...
        cache: folder to keep everything in; `cache_folder()` where None.
        progress: called with one line at each step; prints to standard error where None.

    Returns:
        A lazy iterator of pairs whose key is the source package.

    Raises:
        ValueError: for what is no language code, or English itself.
        RuntimeError: where apt is missing or fails, or has no descriptions in that language.

    Example:
        >>> from kseq2seq.data.debian import debian
        >>> from kseq2seq.data.split import select
        >>> train = list(select(debian("fr"), "train"))  # doctest: +SKIP

    Source: the package descriptions of the machine's Debian release, and their translations by
    the Debian Description Translation Project.
    """
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", language) or language == "en":
        raise ValueError(
            f"language={language!r}: expected the code of a language other than English that "
            "Debian descriptions are translated to, such as 'fr', 'de' or 'pt_BR'"
        )
    folder = folder_of(cache)
    tell = teller(progress)
    corpus = folder / f"debian-en-{language}.tsv.gz"
    if not intact(corpus, tell):
        _build(corpus, language, tell)
    return kept_pairs(corpus)


def kept_pairs(corpus: Path) -> Iterator[Pair]:
    """Yields the pairs of a kept corpus, a file that `keep` wrote."""
    with corpus.open("rb") as file:
        yield from unpack_pairs(file)


def _note(corpus: Path) -> Path:
    return corpus.with_name(corpus.name.replace(".tsv.gz", ".json"))


def intact(corpus: Path, tell: Callable[[str], None]) -> bool:
    """Tells whether the kept corpus is there and is what was written."""
    if not corpus.exists():
        return False
    try:
        noted = json.loads(_note(corpus).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        noted = None
    if noted == sha256(corpus):
        return True
    tell(f"{corpus} is damaged (its SHA-256 is not the one noted beside it): building it again")
    return False


def _build(corpus: Path, language: str, tell: Callable[[str], None]) -> None:
    """Fetches the indexes, join them, and put the corpus and its note in place."""
    lists = corpus.parent / "apt" / "lists"
    update_indexes(lists, f"en,{language}", tell)
    translations = indexes(lists, f"Translation-{language}")
    if not translations:
        raise RuntimeError(
            f"apt found no package descriptions in {language!r}: the package sources of this "
            f"machine name none (Debian's do for 'fr', 'de', 'it'...); {INSTEAD}"
        )
    tell(f"joining the descriptions in English and {language}")
    packages, english = all_stanzas(lists, "Packages"), all_stanzas(lists, "Translation-en")
    foreign = chain.from_iterable(map(_stanzas, translations))
    pairs = unique(join(packages, english, foreign, language))
    keep(corpus, pairs, {"language": language, "indexes": release_dates(lists)}, tell)


def keep(
    corpus: Path, pairs: Iterable[Pair], note: Mapping[str, Any], tell: Callable[[str], None]
) -> None:
    """Writes a corpus and, beside it, a note of its counts and SHA-256, which `intact` checks."""
    counts: Counter[str] = Counter()

    def counted() -> Iterator[Pair]:
        for pair in pairs:
            counts[split_of(pair.key)] += 1
            yield pair

    with whole_file(corpus) as path, path.open("wb") as file:
        pack_pairs(counted(), file)
    note = {
        **note,
        "pairs": counts.total(),
        "splits": dict(sorted(counts.items())),
        "sha256": sha256(corpus),
    }
    with whole_file(_note(corpus)) as path:
        path.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    tell(f"{counts.total()} pairs in {corpus}")


def update_indexes(lists: Path, languages: str, tell: Callable[[str], None]) -> None:
    """Fetches the indexes into `lists`; continues what an interrupted run left there.

    Args:
        lists: folder of this corpus' own.
        languages: of descriptions, for example "en,fr".
        tell: called with a line at each step.

    Raises:
        RuntimeError: where apt is missing or fails.
    """
    apt = shutil.which("apt-get")
    if apt is None or not APT_HELPER.exists():
        missing = "apt-get" if apt is None else str(APT_HELPER)
        raise RuntimeError(
            f"Debian descriptions come through apt and this machine has no {missing}; {INSTEAD}"
        )
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    (lists.with_name("cache") / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    lists.with_name("apt.conf").write_text(_CONFIGURATION, encoding="utf-8")
    tell("fetching the package indexes with apt-get")
    _apt(lists, ["-o", f"Acquire::Languages={languages}", "update"], "the package indexes", tell)


def fetch_packages(
    lists: Path, names: Sequence[str], folder: Path, tell: Callable[[str], None]
) -> list[Path]:
    """Fetches packages, which apt checks by the signed indexes; nothing is installed.

    Args:
        lists: where `update_indexes` put the indexes.
        names: of the packages.
        folder: where the files go; it must be there.
        tell: called with a line at each step.

    Returns:
        The .deb files, by name.

    Raises:
        RuntimeError: where apt fails.
    """
    tell(f"fetching {len(names)} packages with apt-get")
    _apt(lists, ["download", *names], "the packages", tell, folder)
    return sorted(folder.glob("*.deb"))


def _apt(
    lists: Path,
    command: list[str],
    what: str,
    tell: Callable[[str], None],
    folder: Path | None = None,
) -> None:
    """Runs a command of apt-get apart from the system's own state, and tells its lines."""
    apart = {"Dir::State::Lists": lists, "Dir::Cache": lists.with_name("cache")}
    options = [part for name, value in apart.items() for part in ("-o", f"{name}={value}")]
    output: list[str] = []
    with subprocess.Popen(
        ["apt-get", "-q", "-c", str(lists.with_name("apt.conf")), *options, *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line.rstrip())
            tell(f"  {output[-1]}")
    if process.returncode != 0:
        why = [line for line in output if line.startswith("E:")] or output
        raise RuntimeError(
            f"apt-get could not fetch {what} (run again to go on where it stopped):\n"
            + "\n".join(f"  {line}" for line in why[-6:])
            + f"\nCheck the network and the package sources of this machine, or {INSTEAD}"
        )


def indexes(lists: Path, name: str) -> list[Path]:
    """Returns the files of an index, for example "Packages", of all the machine's sources."""
    pattern = re.compile(rf".*_{name}(\.\w+)?")
    return sorted(path for path in lists.iterdir() if pattern.fullmatch(path.name))


def all_stanzas(lists: Path, name: str) -> Iterator[dict[str, str]]:
    """Streams the stanzas of an index of all the machine's sources."""
    return chain.from_iterable(map(_stanzas, indexes(lists, name)))


def _stanzas(index: Path) -> Iterator[dict[str, str]]:
    """Streams the stanzas of an index, however it is compressed."""
    with subprocess.Popen(
        [str(APT_HELPER), "cat-file", str(index)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        yield from stanzas(process.stdout)
        why = process.stderr.read().strip()
    if process.returncode != 0:
        raise RuntimeError(f"apt-helper could not read {index}: {why}; {INSTEAD}")


def release_dates(lists: Path) -> list[str]:
    """Returns the dates that the releases the indexes belong to were made."""
    dates = set()
    for release in lists.glob("*Release"):
        found = re.search(r"^Date: (.+)$", release.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            dates.add(found[1])
    return sorted(dates)
