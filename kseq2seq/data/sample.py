"""The translation samples bundled with the package: English to French, German and Korean."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from kseq2seq.data.pairs import Pair, unpack_pairs

LANGUAGES = ("de", "fr", "ko")


def sample(language: str = "fr") -> Iterator[Pair]:
    """Read the bundled English messages and their translations; nothing is fetched.

    Args:
        language: the target language: "de", "fr" or "ko".

    Returns:
        A lazy iterator of pairs whose key is the source in lower case without punctuation and
        spaces, so sources that differ by no more than that share a split.

    Raises:
        ValueError: for a language that is not bundled.

    Example:
        >>> from kseq2seq.data.sample import sample
        >>> pairs = {pair.source: pair.target for pair in sample("fr")}
        >>> pairs["Add a comment"]
        'Ajouter un commentaire'

    Source: message catalogues of BSD and MIT Python packages, listed in `samples/NOTICE.md`.
    """
    if language not in LANGUAGES:
        raise ValueError(
            f"language={language!r}: the bundled samples translate English into "
            f"{', '.join(LANGUAGES)}; for another language give a file of your own"
        )
    return _read(language)


def _read(language: str) -> Iterator[Pair]:
    packed = resources.files("kseq2seq.data") / "samples" / f"en-{language}.tsv.gz"
    with packed.open("rb") as file:
        yield from unpack_pairs(file)  # type: ignore[arg-type]
