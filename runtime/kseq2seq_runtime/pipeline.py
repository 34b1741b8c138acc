"""Raw text in, raw text out."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import Any

from kseq2seq_runtime.format_fields import SYMBOLS
from kseq2seq_runtime.model import Model
from kseq2seq_runtime.prediction import Alternative, Prediction, Stream
from kseq2seq_runtime.search import Hypothesis, Search
from kseq2seq_runtime.sources import TextSource, inputs_of, load_source
from kseq2seq_runtime.targets import load_target
from kseq2seq_runtime.tokenizers import REPLACEMENT, SPECIAL, Tokenizer


class Pipeline:
    """A model with its source and target, from one file.

    For a model of arrays, for example of a sensor's readings, a source text is an array
    (length, ...); for a model of speech, the path of a sound file or an array of samples. A source
    that holds nothing gives an empty text. Several threads may use one
    pipeline; they take turns.

    Args:
        path: of a `.tflite` file that kseq2seq exported.
        threads: how many threads compute one text; None leaves it to LiteRT.

    Attributes:
        model: the model, which takes ids, or arrays.
        source: turns raw sources into ids, or arrays.
        target: turns ids into texts.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not such a file, truncated, changed, or of a newer format; or its
            tokenizers need TensorFlow.

    Example:
        ::

            pipeline = Pipeline("model.tflite")
            print(pipeline("A raw text.")[0].text)
    """

    def __init__(self, path: str | os.PathLike[str], threads: int | None = None):
        self.model = Model(path, threads)
        bundle, record = self.model.bundle, self.model.record
        self.source, self.target = load_source(bundle, record), load_target(bundle, record)
        if isinstance(self.source, TextSource) and self.source.fields:
            own, others = self.source.tokenizer.symbol_ids, _symbol_ids(self.target)
            self.model.kept = {own[symbol]: others[symbol] for symbol in SYMBOLS}

    @property
    def license(self) -> str | None:
        """The terms under which the model may be used; None if the file does not say."""
        return self.model.license

    @property
    def licence(self) -> str | None:
        """The old name of `license`."""
        return self.model.licence

    def __call__(
        self, texts: Any, *, search: Search | None = None, seed: int = 0
    ) -> list[Prediction]:
        """Generates a target for each text.

        Args:
            texts: one text, or several.
            search: for example `Greedy()`, `Beam(4)` or `Sample(top_p=0.9)`. None, or the search
                that is inside the file, runs in one call of the file's `generate`.
            seed: for searches that draw at random, a whole number of at least 0. A text's draws
                depend on it and on the text's place among `texts`.

        Returns:
            A `Prediction` for each text, in their order.

        Raises:
            TypeError: if `texts` holds anything but strings.
            ValueError: if a text is too long.
        """
        raws = self.source.several(texts)
        sources = inputs_of(raws, self.source)
        for index, source in enumerate(sources):
            self._check_kept(source, index)
        return [
            self._predict(source, raw, search, (seed, index))
            for index, (source, raw) in enumerate(zip(sources, raws, strict=True))
        ]

    def texts(self, texts: Any, *, search: Search | None = None, seed: int = 0) -> list[str]:
        """Returns only the best text for each of `texts`; options as for a call."""
        return [prediction.text for prediction in self(texts, search=search, seed=seed)]

    def stream(self, text: Any, *, search: Search | None = None, seed: int = 0) -> Stream:
        """Yields the target while it is being generated: each time all of it so far.

        A step is computed only when the next text is asked for. A character is held back until
        all of its bytes are there. A search with several hypotheses shows the best at the time, so
        a text need not begin with the one before.

        Args:
            text: one raw text.
            search: `Greedy()` by default, whatever the search inside the file.
            seed: as for a call.

        Returns:
            A `Stream`, an iterator; afterwards its `finished` is False if the target was cut.

        Raises:
            TypeError: if `text` is not a string.
            ValueError: if the text is too long.

        Example:
            ::

                stream = pipeline.stream("A long sentence.")
                for written in stream:
                    print(written, flush=True)
                if not stream.finished:
                    print("... and here it was cut.")
        """
        (raw,) = self.source.several([text])
        (source,) = inputs_of([raw], self.source)
        self._check_kept(source, 0)
        if source is None:
            return Stream(iter(()), finished=True)
        steps = self.model.stream(source, search=search, seed=(seed, 0))
        return Stream(self._written(steps, raw))

    def _check_kept(self, source: Any, index: int) -> None:
        """Refuses a source of more format fields than a target has places for."""
        kept = self.model.kept
        if not kept or source is None:
            return
        count, limit = sum(token in kept for token in source), self.model.record.target_length
        if count >= limit:
            raise ValueError(
                f"Text {index} has {count} format fields, and a target of this model at most "
                f"{limit - 1}; split it."
            )

    def _written(
        self, steps: Iterator[list[Hypothesis]], raw: Any
    ) -> Generator[str, None, bool | None]:
        shown, finished = "", None
        for best, *_ in steps:
            finished = best.finished
            text = self.source.fill(self.target.decode(best.ids), raw)
            if best.ids[-1] != SPECIAL.end:
                # Bytes that can't be read yet may be completed by later ones; at the end they are
                # shown.
                text = text.rstrip(REPLACEMENT)
            if text != shown:
                shown = text
                yield text
        return finished

    def _predict(
        self, source: Any, raw: Any, search: Search | None, seed: tuple[int, int]
    ) -> Prediction:
        if source is None:
            return Prediction("", 0.0)
        best, *others = (
            Alternative(self.source.fill(self.target.decode(one.ids), raw), one.score, one.finished)
            for one in self.model.generate(source, search=search, seed=seed)
        )
        return Prediction(*best, alternatives=[*others], finished=best.finished)


def _symbol_ids(target: Any) -> dict[str, int]:
    """The ids of a target's symbols of fields.

    Raises:
        ValueError: it lacks one.
    """
    ids = target.symbol_ids if isinstance(target, Tokenizer) else {}
    if lacking := [symbol for symbol in SYMBOLS if symbol not in ids]:
        raise ValueError(
            f"The source keeps fields, for which the target tokenizer lacks the symbols "
            f"{' '.join(lacking)}. Export the model again, with its own tokenizer."
        )
    return ids
