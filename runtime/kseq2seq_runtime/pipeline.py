"""Raw text in, raw text out."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import Any

from kseq2seq_runtime.model import Model
from kseq2seq_runtime.prediction import Alternative, Prediction, Stream
from kseq2seq_runtime.search import Hypothesis, Search
from kseq2seq_runtime.sources import given_as, load_source
from kseq2seq_runtime.targets import load_target
from kseq2seq_runtime.tokenizers import REPLACEMENT, SPECIAL


class Pipeline:
    """A model with its source and target, from one file.

    What follows speaks of texts; for a model of arrays, such as the readings of a sensor, an array
    (length, ...) stands wherever a source text does. A source that holds nothing gives an empty
    text. One pipeline may be used by several threads; they
    take turns.

    Args:
        path: of a `.tflite` file that kseq2seq exported.
        threads: of the processor, that compute one text; None leaves it to LiteRT.

    Attributes:
        model: the model, which takes ids, or arrays.
        source: turns what comes in into what the model takes.
        target: turns ids into what goes out.

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
        """Generates.

        Args:
            texts: one text, or several.
            search: such as `Greedy()`, `Beam(4)` or `Sample(top_p=0.9)`; None runs the one that is
                inside the file, in one call of the model, and so does its like.
            seed: for searches that draw at random, a whole number of at least 0. A text's draws
                depend on it and on the text's place among `texts`.

        Returns:
            A `Prediction` for each text, in their order.

        Raises:
            TypeError: if `texts` holds something else than strings.
            ValueError: if a text is too long.
        """
        sources = given_as(self.source.several(texts), self.source)
        return [
            self._predict(source, search, (seed, index)) for index, source in enumerate(sources)
        ]

    def texts(self, texts: Any, *, search: Search | None = None, seed: int = 0) -> list[str]:
        """Returns only the best text for each of `texts`; options as for a call."""
        return [prediction.text for prediction in self(texts, search=search, seed=seed)]

    def stream(self, text: Any, *, search: Search | None = None, seed: int = 0) -> Stream:
        """Yields the target as it is written: each time all of it so far, the last one whole.

        Nothing is computed before it is asked for, and nothing more once the iterator is closed
        or left. A character whose bytes are not all there is held back. A search that keeps
        several hypotheses shows the best at the time, so it may change its mind.

        Args:
            text: one raw text.
            search: `Greedy()` by default, whatever is inside the file.
            seed: as for a call.

        Returns:
            A `Stream`, an iterator whose `finished` says at the end whether the target was cut.

        Raises:
            TypeError: if `text` is no string.
            ValueError: if the text is too long.

        Example:
            ::

                stream = pipeline.stream("A long sentence.")
                for written in stream:
                    print(written, flush=True)
                if not stream.finished:
                    print("... and here it was cut.")
        """
        (source,) = given_as(self.source.several([text]), self.source)
        if source is None:
            return Stream(iter(()), finished=True)
        return Stream(self._written(self.model.stream(source, search=search, seed=(seed, 0))))

    def _written(self, steps: Iterator[list[Hypothesis]]) -> Generator[str, None, bool | None]:
        shown, finished = "", None
        for best, *_ in steps:
            finished = best.finished
            text = self.target.decode(best.ids)
            if best.ids[-1] != SPECIAL.end:
                # Later bytes may complete what now can't be read; at the end it is shown as it is.
                text = text.rstrip(REPLACEMENT)
            if text != shown:
                shown = text
                yield text
        return finished

    def _predict(self, source: Any, search: Search | None, seed: tuple[int, int]) -> Prediction:
        if source is None:
            return Prediction("", 0.0)
        found = [
            Alternative(self.target.decode(one.ids), one.score, one.finished)
            for one in self.model.generate(source, search=search, seed=seed)
        ]
        return Prediction(*found[0], alternatives=[*found[1:]], finished=found[0].finished)
