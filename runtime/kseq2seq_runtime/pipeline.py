"""Raw text in, raw text out."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence

from kseq2seq_runtime.fields import read_field, read_object
from kseq2seq_runtime.model import Model
from kseq2seq_runtime.prediction import Alternative, Prediction, Stream
from kseq2seq_runtime.search import Hypothesis, Search
from kseq2seq_runtime.texts import strings
from kseq2seq_runtime.tokenizers import REPLACEMENT, SPECIAL, Tokenizer, load_tokenizer


class Pipeline:
    """A model with its tokenizers, from one file.

    A text without a token gives an empty text. One pipeline may be used by several threads; they
    take turns.

    Args:
        path: of a `.tflite` file that kseq2seq exported.
        threads: of the processor, that compute one text; None leaves it to LiteRT.

    Attributes:
        model: the model, which takes ids.
        source: the tokenizer of what comes in.
        target: the tokenizer of what goes out.

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
        self.source, self.target = self._tokenizer("source"), self._tokenizer("target")
        record, found = self.model.record, self.source.vocabulary_size
        if found != record.source_vocabulary:
            raise ValueError(
                f"{path}: the model reads {record.source_vocabulary} ids, and the source tokenizer "
                f"has {found}. Export the model again, with its own tokenizer."
            )
        found = self.target.vocabulary_size
        if found != record.target_vocabulary or record.special != SPECIAL:
            raise ValueError(
                f"{path}: the model writes {record.target_vocabulary} ids, of which "
                f"{tuple(record.special)} are special, and the target tokenizer has {found}, of "
                f"which {tuple(SPECIAL)} are. Export the model again, with its own tokenizer."
            )

    @property
    def licence(self) -> str | None:
        """Under what terms the model may be used; None if the file does not say."""
        return self.model.licence

    def __call__(
        self, texts: str | Sequence[str], *, search: Search | None = None, seed: int = 0
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
        sources = self._ids(strings(texts))
        return [
            self._predict(source, search, (seed, index)) for index, source in enumerate(sources)
        ]

    def texts(
        self, texts: Sequence[str], *, search: Search | None = None, seed: int = 0
    ) -> list[str]:
        """Returns only the best text for each of `texts`; options as for a call."""
        return [prediction.text for prediction in self(texts, search=search, seed=seed)]

    def stream(self, text: str, *, search: Search | None = None, seed: int = 0) -> Stream:
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
        (source,) = self._ids(strings([text]))
        if len(source) == 1:
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

    def _predict(
        self, source: list[int], search: Search | None, seed: tuple[int, int]
    ) -> Prediction:
        if len(source) == 1:
            return Prediction("", 0.0)
        found = [
            Alternative(self.target.decode(one.ids), one.score, one.finished)
            for one in self.model.generate(source, search=search, seed=seed)
        ]
        return Prediction(*found[0], alternatives=[*found[1:]], finished=found[0].finished)

    def _ids(self, texts: list[str]) -> list[list[int]]:
        """The sources of texts, refusing what is too long before any is run."""
        longest, sources = self.model.record.source_length, []
        for index, text in enumerate(texts):
            source = [*self.source.encode(text), SPECIAL.end]
            if len(source) > longest:
                raise ValueError(
                    f"Text {index} has {len(source)} tokens, its end included, and the limit is "
                    f"{longest}; shorten it, or split it into sentences."
                )
            sources.append(source)
        return sources

    def _tokenizer(self, side: str) -> Tokenizer:
        bundle = self.model.bundle
        where = f"{bundle.path}: {side}.json"
        kind = read_field(read_object(bundle.file(f"{side}.json"), where), "type", str, where)
        if kind != "text":
            raise ValueError(
                f"{where} has type {kind!r}, and this package reads and writes 'text'. Give ids to "
                "`Model(path).generate`."
            )
        return load_tokenizer(bundle, side)
