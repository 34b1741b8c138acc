"""Raw text as words that carry their characters, as the input of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole, each_text, shown
from kseq2seq.contracts import register_source
from kseq2seq.disk.files import read_field
from kseq2seq.encoders.spec import Spelling
from kseq2seq.text.characters import CharacterTokenizer
from kseq2seq.text.raw_texts import RawTexts
from kseq2seq.text.symbols import Symbols
from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer
from kseq2seq.text.words import WordTokenizer, frequent_words, words_of

WORDS, CHARACTERS = "word_tokenizer", "source_tokenizer"  # folders
MOST_CHARACTERS = 2**10  # of a word


@register_source("character_words")
class CharacterWordSource(RawTexts):
    """Turns raw strings into words, each an id of its own and those of its characters.

    A text is split at white space, and a unit is a word, so `kseq2seq.heads.Labels` gives each word
    one label. Encoders embed both ids: see `kseq2seq.layers.SpelledEmbedding`. A word without an
    id is known by its characters alone; a model learns that in training from words that have none
    there, so leave rare words out: see `train`.

    Args:
        words: gives words their ids.
        characters: gives the characters of words their ids.
        max_length: the most words of a source.
        max_characters: the most characters of a word. Of a longer one the model sees the beginning
            and the end, half and half.
        too_long: the treatment of a source of more words; "split" is between words. See `Source`.

    Raises:
        TypeError: `words` is not a `WordTokenizer`, or `characters` not a `CharacterTokenizer`.
        ValueError: one of these has symbols, or `max_characters` is not a whole number from 1 to
            1,024.

    Example:
        >>> from kseq2seq.text import CharacterTokenizer, CharacterWordSource, WordTokenizer
        >>> source = CharacterWordSource(
        ...     WordTokenizer(["ab"]), CharacterTokenizer("abc"), max_length=8, max_characters=3
        ... )
        >>> inputs = source(["ab c", "abacc"])
        >>> inputs["source"].numpy().tolist()
        [[[4, 4, 5, 0], [3, 6, 0, 0]], [[3, 4, 6, 6], [0, 0, 0, 0]]]
        >>> inputs["source_mask"].numpy().tolist()
        [[True, True], [True, False]]
    """

    unit = "words"

    def __init__(
        self,
        words: WordTokenizer,
        characters: CharacterTokenizer,
        max_length: int,
        max_characters: int = 20,
        too_long: str = "error",
    ) -> None:
        super().__init__(max_length, too_long)
        for name, tokenizer, kind in (
            ("words", words, WordTokenizer),
            ("characters", characters, CharacterTokenizer),
        ):
            if not isinstance(tokenizer, kind):
                raise TypeError(f"`{name}` must be a {kind.__name__}; got {shown(tokenizer)}.")
            if tokenizer.symbols:
                raise ValueError(
                    f"`{name}` must have no symbols, which could stand within a word; got "
                    f"{tokenizer.symbols[0]!r}."
                )
        self.words_tokenizer, self.characters_tokenizer = words, characters
        self.max_characters = check_whole("max_characters", max_characters, most=MOST_CHARACTERS)
        self.spelling = Spelling(words.vocabulary_size, characters.vocabulary_size)
        self.spec = {
            "source": ((None, 1 + self.max_characters), "int32"),
            "source_mask": ((None,), "int32"),
        }

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        max_length: int,
        *,
        vocabulary_size: int | None = None,
        min_count: int = 2,
        max_characters: int = 20,
        too_long: str = "error",
    ) -> Self:
        """Returns a source with ids for the frequent words of texts and for all characters.

        Args:
            texts: to count, read once.
            max_length: the most words of a source.
            vocabulary_size: the most ids of words, the special ones included; None for all.
            min_count: how often a word must occur to get an id. With 2 or more, training has words
                without ids, and a model learns to do with their characters.
            max_characters: the most characters of a word.
            too_long: see `Source`.

        Returns:
            The same source for the same texts, in whatever order they come.

        Raises:
            TypeError: a text is not a string.
            ValueError: no word is frequent enough, the vocabulary has no room for one, or a size is
                none, as the class says.

        Example:
            >>> source = CharacterWordSource.train(["b a", "b c b a"], max_length=8)
            >>> source.words_tokenizer.words()[4:], source.characters_tokenizer.characters
            (['b', 'a'], 'abc')
        """
        room = Symbols(()).room(vocabulary_size)
        counts: Counter[str] = Counter()
        for text in each_text(texts):
            counts.update(text.split())
        kept = frequent_words(counts, room, min_count)
        characters = CharacterTokenizer({character for word in counts for character in word})
        return cls(WordTokenizer(kept), characters, max_length, max_characters, too_long)

    def lengths(self, raws: Any) -> tf.Tensor:
        """See `Source`; in words."""
        return tf.cast(words_of(tf.convert_to_tensor(raws, tf.string)).row_lengths(), tf.int32)

    def spelled(self, words: tf.Tensor) -> tf.Tensor:
        """Returns the ids (N, 1 + characters) of words (N,); in graph."""
        own = self.words_tokenizer.tokenize(words).flat_values
        # 1. The characters of each word, and the first and last half of those of long ones.
        all_ids = self.characters_tokenizer.tokenize(words)
        first = self.max_characters // 2
        lengths = tf.cast(all_ids.row_lengths(), tf.int32)[:, None]
        places = tf.range(self.max_characters)[None]
        long = lengths > self.max_characters
        places = tf.where(long & (places >= first), lengths - self.max_characters + places, places)
        # 2. Their ids, 0 beyond the end of a word.
        starts = tf.cast(all_ids.row_starts(), tf.int32)[:, None]
        inside = places < lengths
        ids = tf.gather(all_ids.flat_values, tf.where(inside, starts + places, 0))
        return tf.concat([own[:, None], tf.where(inside, ids, 0)], axis=1)

    def __call__(self, raws: Any, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the inputs of a model, padded to the longest of the batch.

        Args:
            raws: (N,) UTF-8 strings.
            training: has no effect.

        Returns:
            `source`: (N, S, 1 + characters) int32; `source_mask`: (N, S) bool, True at real words.
        """
        words = words_of(tf.convert_to_tensor(raws, tf.string))
        if self.too_long == "cut":
            words = words[:, : self.max_length]
        units = 1 + self.max_characters
        source = words.with_values(self.spelled(words.flat_values)).to_tensor(
            0, shape=[None, None, units]
        )
        mask = tf.sequence_mask(words.row_lengths(), tf.shape(source)[1])
        return {"source": source, "source_mask": mask}

    def split(self, raw: str) -> list[str]:
        """See `Source`; between words."""
        words = raw.split()
        starts = range(0, max(len(words), 1), self.max_length)
        return [" ".join(words[start : start + self.max_length]) for start in starts]

    def labels(self, inputs: dict[str, np.ndarray]) -> list[list[str]]:
        """See `Source`; the words, of one without an id its characters, U+FFFD if unknown."""
        lengths = np.asarray(inputs["source_mask"]).astype(int).sum(axis=1)
        return [
            [self._named(unit) for unit in row[:length]]
            for row, length in zip(np.asarray(inputs["source"]), lengths, strict=True)
        ]

    def _named(self, unit: np.ndarray) -> str:
        word, *characters = unit.tolist()
        if word != self.words_tokenizer.special.unknown:
            return self.words_tokenizer.piece(word)
        letters = self.characters_tokenizer
        unknown = letters.special.unknown
        return "".join(
            REPLACEMENT if token == unknown else letters.piece(token)
            for token in characters
            if token
        )

    def words(self, raw: str) -> list[str]:
        """See `Source`."""
        return raw.split()

    def fixed(self, units: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """See `Source`; ids, since a host has the tokenizers."""
        shape = [1, units, 1 + self.max_characters]
        specs = {
            "source": tf.TensorSpec(shape, tf.int32, name="source"),
            "source_length": tf.TensorSpec([1], tf.int32, name="source_length"),
        }

        def inputs(source: tf.Tensor, source_length: tf.Tensor) -> dict[str, tf.Tensor]:
            mask = tf.range(units)[None] < source_length[:, None]
            return {"source": source, "source_mask": mask}

        return specs, inputs

    def feed(self, raw: str, units: int) -> dict[str, np.ndarray]:
        """See `Source`."""
        ids = self([raw])["source"].numpy()[0]
        source = np.zeros((1, units, 1 + self.max_characters), "int32")
        source[0, : len(ids)] = ids
        return {"source": source, "source_length": np.array([len(ids)], "int32")}

    def config(self) -> dict[str, Any]:
        """See `Saved`; the tokenizers have files of their own."""
        usual = {} if self.too_long == "error" else {"too_long": self.too_long}
        return {"max_length": self.max_length, "max_characters": self.max_characters, **usual}

    def write_files(self, directory: Path) -> None:
        """See `Saved`; writes the folders of both tokenizers."""
        self.words_tokenizer.save(directory / WORDS)
        self.characters_tokenizer.save(directory / CHARACTERS)

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """See `Saved`."""
        for name in ("max_length", "max_characters"):
            read_field(config, name, int, path)
        words, characters = (Tokenizer.load(directory / name) for name in (WORDS, CHARACTERS))
        return cls(words, characters, **config)  # type: ignore[arg-type]
