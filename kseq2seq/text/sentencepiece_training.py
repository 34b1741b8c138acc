"""Learns the pieces of a SentencePiece model from texts."""

from __future__ import annotations

import io
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from kseq2seq.checks import each_text
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text.normalization import MARK, messages, normalizer, specification
from kseq2seq.text.placeholders import Placeholders
from kseq2seq.text.tokenizer import REPLACEMENT

_BYTES = 256
_LEFT_OUT = "\0"  # the trainer counts no such character, and puts none into a piece
_IN_MEMORY = 2**26  # bytes of texts, before a file takes them
_TOO_SMALL = re.compile(r"smaller than required_chars\. \d+ vs (\d+)")


def learned(
    texts: Iterable[str],
    vocabulary_size: int,
    model_type: str,
    *,
    character_coverage: float,
    byte_fallback: bool,
    normalization: str,
    symbols: Placeholders | None = None,
) -> bytes:
    """Returns a SentencePiece model; arguments and errors are those of the tokenizer's `train`."""
    hidden = list(symbols.characters) if symbols else []
    own = {"user_defined_symbols": hidden} if hidden else {}

    def fit(lines: Iterable[str], size: int, coverage: float, rule: str) -> bytes:
        return _trained(
            lines,
            vocab_size=size,
            model_type=model_type,
            character_coverage=coverage,
            byte_fallback=byte_fallback,
            normalizer=normalizer(rule),
            **own,
        )

    def named(model: bytes) -> bytes:
        return symbols.outside(model) if symbols else model

    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        # 1. As asked, which is all if the ids can hold the characters of the texts.
        first, again = _twice(texts, file, symbols.put if symbols else str)
        try:
            return named(fit(first, vocabulary_size, character_coverage, normalization))
        except _TooSmall as error:
            needed = error.needed

        # 2. They can't: without byte fallback take as many ids as needed.
        cant = f"vocabulary_size {vocabulary_size} can't hold the characters of these texts, which"
        if not byte_fallback:
            _warn(
                f"{cant} need {needed} ids, so these are used. Give more for pieces of several "
                "characters, or byte_fallback=True."
            )
            return named(fit(again(), needed, character_coverage, normalization))

        # 3. With byte fallback, give ids to the most frequent characters. Half of the room is for
        #    pieces of several characters: texts take the fewest tokens then.
        room = vocabulary_size - len(SpecialTokens()) - _BYTES - len(hidden)
        if room < 1:
            raise ValueError(
                f"{cant} need {needed} ids; give at least {needed}, or byte_fallback=False, which "
                f"saves the ids of {_BYTES} bytes."
            )
        frequent = _Frequent(again, normalizer(normalization).Normalize, {_LEFT_OUT, *hidden})

        def of(kept: int) -> bytes:
            return fit(frequent.lines(kept), vocabulary_size, 1.0, "identity")

        kept = max(1, room // 2)
        model = of(kept)
        spare = vocabulary_size - _size(model)
        if spare:  # there are not so many pieces to learn
            kept += spare
            model = of(kept)
        _warn(
            f"{cant} need {needed} ids: the {kept} most frequent get ids of their own, and the "
            f"others, {frequent.rest(kept):.2%} of the text, are spelled in bytes. Give more ids "
            "for shorter sequences."
        )
        return named(_with_rule(model, normalization))


class _Frequent:
    """Texts without their rarer characters.

    Args:
        again: reads the texts.
        pieces: normalizes a text.
        uncounted: characters that need no id, or have one.
    """

    def __init__(
        self,
        again: Callable[[], Iterator[str]],
        pieces: Callable[[str], str],
        uncounted: Iterable[str],
    ) -> None:
        self._again, self._pieces = again, pieces
        self._counts: Counter[str] = Counter()
        for text in again():
            self._counts.update(pieces(text))
        for character in uncounted:
            del self._counts[character]
        self._ranked = sorted(self._counts, key=lambda one: (one != MARK, -self._counts[one], one))

    def lines(self, kept: int) -> Iterator[str]:
        """Yields the texts with only the most frequent characters."""
        left_out = dict.fromkeys(map(ord, self._ranked[kept:]), _LEFT_OUT)
        for text in self._again():
            yield self._pieces(text).translate(left_out).replace(MARK, " ")[1:]

    def rest(self, kept: int) -> float:
        """Returns the share of the other characters."""
        return sum(self._counts[one] for one in self._ranked[kept:]) / self._counts.total()


class _TooSmall(ValueError):
    """The characters alone need more ids than there are."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


def _trained(lines: Iterable[str], **settings: Any) -> bytes:
    import sentencepiece

    model, failures = io.BytesIO(), []

    def watched() -> Iterator[str]:
        try:
            yield from lines
        except GeneratorExit:
            raise
        except BaseException as error:  # the trainer keeps only its message
            failures.append(error)
            raise

    special = SpecialTokens()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=watched(),
            model_writer=model,
            hard_vocab_limit=False,
            max_sentence_length=2**30,
            num_threads=4,  # the unigram model depends on it
            pad_id=special.padding,
            bos_id=special.start,
            eos_id=special.end,
            unk_id=special.unknown,
            unk_surface=REPLACEMENT,
            minloglevel=2,
            **settings,
        )
    except RuntimeError as error:
        if failures:
            raise failures[0] from None
        if "sentences_.empty()" in str(error) or "all_chars_count" in str(error):
            raise ValueError("`texts` has nothing to learn from; give text.") from error
        needed = _TOO_SMALL.search(str(error))
        if needed is None:
            raise
        raise _TooSmall(int(needed[1])) from error
    return model.getvalue()


def _twice(
    texts: Iterable[str], file: IO[bytes], changed: Callable[[str], str]
) -> tuple[Iterator[str], Callable[[], Iterator[str]]]:
    """Returns changed texts to be read once, and a function that reads them again.

    Texts that come only once are read again from a file.
    """
    first = map(changed, each_text(texts))
    if iter(texts) is not texts:
        return first, lambda: map(changed, each_text(texts))

    def kept() -> Iterator[str]:
        for text in first:
            data = text.encode()
            file.write(len(data).to_bytes(8, "little") + data)
            yield text

    def again() -> Iterator[str]:
        file.seek(0)
        while size := file.read(8):
            yield file.read(int.from_bytes(size, "little")).decode()

    return kept(), again


def _size(model: bytes) -> int:
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_proto=model).vocab_size()


def _with_rule(model: bytes, normalization: str) -> bytes:
    proto = messages().ModelProto.FromString(model)
    proto.normalizer_spec.CopyFrom(specification(normalization))
    return proto.SerializeToString()


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=4)  # where `train` is called
