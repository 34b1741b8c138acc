"""Raw sources as a model takes them: texts as ids, arrays as they are, pictures as pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from kseq2seq_runtime.bundle import Bundle
from kseq2seq_runtime.fields import read_field, read_object
from kseq2seq_runtime.format_fields import SYMBOLS, hidden
from kseq2seq_runtime.format_fields import shown as shown_again
from kseq2seq_runtime.languages import into, languages_in
from kseq2seq_runtime.picture_sources import ImageSource, LineSource
from kseq2seq_runtime.record import Record
from kseq2seq_runtime.texts import shown, strings
from kseq2seq_runtime.tokenizers import SPECIAL, Tokenizer, load_tokenizer

CUT, ERROR = "cut", "error"
LATER = {"fields": 2}  # fields of `source.json`, and the formats they came with
NONE = -1  # fills up rows of positions


class Source(Protocol):
    """Turns raw sources into inputs of a model."""

    def several(self, raws: Any) -> list[Any]:
        """Returns one raw or several as a list, refusing anything else."""

    def __call__(self, raw: Any, which: str) -> Any:
        """Returns the `source` of `Model.generate`; None for a raw that holds nothing.

        Raises:
            ValueError: the raw is too long; `which` names it.
        """

    def fill(self, text: str, raw: Any) -> str:
        """Returns a generated text with what the source kept back of its raw."""


class TextSource:
    """Texts, as ids closed by the end; with `fields`, their format fields as symbols."""

    def __init__(self, tokenizer: Tokenizer, longest: int, cut: bool, fields: bool = False):
        self.tokenizer = tokenizer
        self.longest = longest
        self.cut = cut
        self.fields = fields

    @property
    def vocabulary_size(self) -> int:
        """How many ids the tokenizer has."""
        return self.tokenizer.vocabulary_size

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that a text may ask for, of a model that translates into several."""
        return languages_in(self.tokenizer.symbols)

    def into(self, language: str, texts: str | Iterable[str]) -> list[str]:
        """Returns texts that ask for a language, one of `languages`.

        Args:
            language: its name, for example "fr".
            texts: one text or several.

        Raises:
            ValueError: for another language, or a text that asks for one already.

        Example:
            ::

                pipeline.texts(pipeline.source.into("fr", ["Save the file"]))
        """
        return into(language, texts, self.languages)

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text, without its end."""
        return self.tokenizer.encode(hidden(text)[0] if self.fields else text)

    def fill(self, text: str, raw: str) -> str:
        """See `Source`."""
        return shown_again(text, hidden(raw)[1]) if self.fields else text

    def several(self, raws: Any) -> list[str]:
        """See `Source`."""
        return strings(raws)

    def __call__(self, raw: str, which: str) -> Any:
        """See `Source`."""
        ids = [*self.encode(raw), SPECIAL.end]
        if len(ids) > self.longest:
            if not self.cut:
                raise ValueError(
                    f"Text {which} has {len(ids)} tokens, its end included, and the limit is "
                    f"{self.longest}; shorten it, or split it into sentences."
                )
            ids = [*ids[: self.longest - 1], SPECIAL.end]
        return ids if len(ids) > 1 else None


class WordSource(TextSource):
    """Texts whose words are to be labeled: words are cut one by one, and "items" has their firsts.

    Inputs: `source` (1, S), `items` (1, S) with the position of the first token of each word, then
    -1, and `source_length` (1,).
    """

    def __call__(self, raw: str, which: str) -> Any:
        """See `Source`."""
        ids: list[int] = []
        items: list[int] = []
        for word in raw.split():
            pieces = self.encode(word) or [SPECIAL.unknown]
            if self.cut and len(ids) + len(pieces) >= self.longest:
                break
            items.append(len(ids))
            ids += pieces
        if not ids:
            return None
        if len(ids) >= self.longest:
            raise ValueError(
                f"Text {which} has {len(ids) + 1} tokens, its end included, and the limit is "
                f"{self.longest}; shorten it, or split it into sentences."
            )
        ids.append(SPECIAL.end)
        source = np.full((1, self.longest), SPECIAL.padding, "int32")
        first = np.full((1, self.longest), NONE, "int32")
        source[0, : len(ids)], first[0, : len(items)] = ids, items
        length = np.array([len(ids)], "int32")
        return {"source": source, "items": first, "source_length": length}


class CharacterWordSource:
    """Texts as words, each an id of its own and those of its characters.

    Inputs: `source` (1, S, 1 + characters) and `source_length` (1,), in words.
    """

    def __init__(
        self, words: Tokenizer, characters: Tokenizer, longest: int, most: int, cut: bool
    ) -> None:
        self.words, self.characters = words, characters
        self.longest, self.most = longest, most
        self.cut = cut

    def several(self, raws: Any) -> list[str]:
        """See `Source`."""
        return strings(raws)

    def fill(self, text: str, raw: Any) -> str:
        """See `Source`; words keep nothing back."""
        return text

    def __call__(self, raw: str, which: str) -> Any:
        """See `Source`."""
        words = raw.split()
        if len(words) > self.longest:
            if not self.cut:
                raise ValueError(
                    f"Text {which} has {len(words)} words, and the limit is {self.longest}; "
                    "shorten it, or split it into sentences."
                )
            words = words[: self.longest]
        if not words:
            return None
        source = np.zeros((1, self.longest, 1 + self.most), "int32")
        for index, word in enumerate(words):
            spelled = word
            if len(word) > self.most:  # its beginning and its end
                first = self.most // 2
                spelled = word[:first] + word[first - self.most :]
            ids = [*self.words.encode(word), *self.characters.encode(spelled)]
            source[0, index, : len(ids)] = ids
        return {"source": source, "source_length": np.array([len(words)], "int32")}


class ArraySource:
    """Arrays of numbers, (length, ...), from which the model computes its features."""

    def __init__(self, shape: tuple[int, ...], dtype: str, cut: bool):
        self.longest, self.shape = shape[0], shape[1:]
        self.dtype = np.dtype(dtype)
        self.cut = cut

    def several(self, raws: Any) -> list[np.ndarray]:
        """See `Source`; a list or tuple is several, anything else one."""
        arrays = raws if isinstance(raws, list | tuple) else [raws]
        return [self._checked(array, index) for index, array in enumerate(arrays)]

    def fill(self, text: str, raw: Any) -> str:
        """See `Source`; an array keeps nothing back."""
        return text

    def __call__(self, raw: np.ndarray, which: str) -> np.ndarray | None:
        """See `Source`."""
        if len(raw) > self.longest:
            if not self.cut:
                raise ValueError(
                    f"Source {which} has a length of {len(raw)}, and the limit is {self.longest}; "
                    "shorten it."
                )
            raw = raw[: self.longest]
        return raw if len(raw) else None

    def _checked(self, raw: Any, index: int) -> np.ndarray:
        values = np.asarray(raw)
        if values.dtype.kind not in "iufb":
            raise TypeError(f"Source {index} must be an array of numbers; got {shown(raw)}.")
        if values.ndim != 1 + len(self.shape) or values.shape[1:] != self.shape:
            wanted = ", ".join(["length", *map(str, self.shape)])
            raise ValueError(f"Source {index} must have the shape ({wanted}); got {values.shape}.")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"Source {index} holds NaN or infinities. Replace or leave them out.")
        with np.errstate(all="ignore"):  # numbers that do not fit are found below
            cast = values.astype(self.dtype)
        whole = self.dtype.kind != "f"
        if not (np.array_equal(cast, values) if whole else np.isfinite(cast).all()):
            raise ValueError(
                f"Source {index} holds numbers that {self.dtype} does not; got {values.dtype} from "
                f"{values.min()} to {values.max()}. Scale or round them."
            )
        return cast


class TurnsSource(TextSource):
    """Conversations: texts with a symbol between turns, which lose their oldest turns if too long.

    The empty text is a source, too: a conversation of which nothing is known.
    """

    turn = "<turn>"

    def several(self, raws: Any) -> list[str]:
        """See `Source`; each of a list or tuple may be a text, or a list or tuple of turns."""
        if isinstance(raws, list | tuple):
            raws = [self._joined(raw) if isinstance(raw, list | tuple) else raw for raw in raws]
        return super().several(raws)

    def _joined(self, turns: Sequence[str]) -> str:
        listed = strings(turns)
        if held := [turn for turn in listed if self.turn in turn]:
            raise ValueError(
                f"A turn must not hold {self.turn!r}, which stands between turns; got "
                f"{held[0]!r:.80}. Give it as two turns, or remove it."
            )
        return self.turn.join(listed)

    def __call__(self, raw: str, which: str) -> Any:
        """See `Source`."""
        ids = [*self.encode(raw), SPECIAL.end]
        if len(ids) > self.longest:
            if not self.cut:
                raise ValueError(
                    f"Conversation {which} has {len(ids)} tokens, its end included, and the limit "
                    f"is {self.longest}; leave out its oldest turns."
                )
            symbol, oldest = self.tokenizer.symbol_ids[self.turn], len(ids) - self.longest
            begins = (n + 1 for n, token in enumerate(ids[:-2]) if token == symbol)
            ids = ids[next((begin for begin in begins if begin >= oldest), oldest) :]
        return ids


TEXTS = {"text": TextSource, "words": WordSource, "turns": TurnsSource}
SPELLED = "character_words"
PICTURE, LINE = "image", "line"


def load_source(bundle: Bundle, record: Record) -> Source:
    """Returns the source of a file: of texts, or of arrays, under any name of a type.

    Raises:
        ValueError: its tokenizer needs TensorFlow, or knows other ids than the model; or the model
            takes more than one array.
    """
    where = f"{bundle.path}: source.json"
    described = read_object(bundle.file("source.json"), where, LATER)
    kind = read_field(described, "type", str, where)
    fields = read_field({"fields": False, **described}, "fields", bool, where)
    cut = described.get("too_long", ERROR) == CUT
    if kind in TEXTS:
        tokenizer = load_tokenizer(bundle, "source")
        if tokenizer.vocabulary_size != record.source_vocabulary:
            raise ValueError(
                f"{bundle.path}: the model reads {record.source_vocabulary} ids, and the source "
                f"tokenizer has {tokenizer.vocabulary_size}. Export the model again, with its own "
                "tokenizer."
            )
        if lacking := fields and set(SYMBOLS) - set(tokenizer.symbols):
            raise ValueError(
                f"{where} keeps fields, for which the source tokenizer lacks the symbols "
                f"{' '.join(sorted(lacking))}. Export the model again, with its own tokenizer."
            )
        source = TEXTS[kind](tokenizer, record.source_length, cut, fields)
        if isinstance(source, TurnsSource):
            source.turn = read_field({"turn": TurnsSource.turn, **described}, "turn", str, where)
            if source.turn not in tokenizer.symbols:
                raise ValueError(
                    f"{where} has {source.turn!r} between turns, which is no symbol of the "
                    "tokenizer. Export the model again, with its own tokenizer."
                )
        return source
    if kind == SPELLED:
        words, characters = load_tokenizer(bundle, "word"), load_tokenizer(bundle, "source")
        most = read_field(described, "max_characters", int, where)
        return CharacterWordSource(words, characters, record.source_length, most, cut)
    arrays = record.arrays
    if len(arrays) != 1:
        raise ValueError(
            f"{where} has type {kind!r}, whose models take {', '.join(arrays) or 'ids'}, and this "
            "package reads texts, and sources that are one array. Give `Model(path).generate` what "
            "the model takes."
        )
    (shape, dtype) = next(iter(arrays.values()))
    if kind in (PICTURE, LINE) and len(shape) == 4 and "pixels" in arrays:
        return LineSource(shape, cut) if kind == LINE else ImageSource(shape, record.source_length)
    return ArraySource(shape[1:], dtype, cut)


def inputs_of(raws: Sequence[Any], source: Source) -> list[Any]:
    """Returns the model's input for each raw, refusing too long ones before any is run."""
    return [source(raw, str(index)) for index, raw in enumerate(raws)]
