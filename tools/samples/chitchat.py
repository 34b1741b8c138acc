"""Build the bundled sample of conversations: short turns of frequent words.

The archive is pinned and fetched with pip, the choice is deterministic and the file is compressed
without a date, so every run writes the same bytes:

    python tools/samples/chitchat.py

A turn is kept if the rules of `kseq2seq.corpora.lines` let it pass, it has at most 9 words, and
each is among the 800 words that are said most: so no name of a person is left, and nothing that
only one of them would say.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from kseq2seq.corpora.chitchat import DIGEST, WHEEL, answers, conversations
from kseq2seq.corpora.fetching import fetched
from kseq2seq.data import Pair
from kseq2seq.data.sample import pack_pairs
from kseq2seq.text.turns import TURN

SAMPLES = Path(__file__).parents[2] / "kseq2seq" / "data" / "samples"
FREQUENT, LONGEST, TURNS = 800, 9, 2
NAMES = {"adam", "byu", "provo", "utah"}  # of a person, a school and where it is
_PLAIN = re.compile(r"[A-Za-z' .,?!]+")


def words(turn: str) -> list[str]:
    """Return the words of a turn in lower case."""
    return re.findall(r"[a-z']+", turn.lower())


def plain(turn: str, known: Collection[str]) -> bool:
    """Tell whether a turn is short and has known words and plain signs alone."""
    said = words(turn)
    return bool(_PLAIN.fullmatch(turn)) and 0 < len(said) <= LONGEST and set(said) <= set(known)


def main() -> None:
    """Fetch, choose and write everything."""
    runs = list(conversations())
    counts = Counter(word for _, run in runs for turn in run for word in words(turn))
    known = {word for word, _ in counts.most_common(FREQUENT)} - NAMES
    keys = {key: str(number) for number, key in enumerate(dict.fromkeys(key for key, _ in runs))}
    kept: dict[tuple[str, str], Pair] = {}
    for key, run in runs:
        for source, target in answers(run, TURNS):
            *before, last = source.split(TURN)
            if plain(last, known) and plain(target, known):
                short = [turn for turn in before if plain(turn, known)]
                pair = Pair(TURN.join([*short, last]), target, keys[key])
                kept.setdefault(pair[:2], pair)
    file = SAMPLES / "chitchat.tsv.gz"
    with file.open("wb") as packed:
        pack_pairs(kept.values(), packed)
    print(f"{file.name}: {len(kept)} answers, {file.stat().st_size} bytes")
    with zipfile.ZipFile(fetched("pip", *WHEEL, DIGEST)) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith("/LICENSE")]
        (SAMPLES / "licences" / "chitchat-dataset.txt").write_bytes(wheel.read(name))


if __name__ == "__main__":
    main()
