"""A model with its source, its target and its search."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kseq2seq.decoding import Beam, Greedy, Search, decode
from kseq2seq.export import export_saved_model
from kseq2seq.metrics import TextMetric, bleu, chrf
from kseq2seq.models import Seq2Seq
from kseq2seq.pipeline.prediction import Prediction, joined, predictions
from kseq2seq.pipeline.storage import load_parts, save_parts
from kseq2seq.text import TextSource, TextTarget, split_sentences


class Pipeline:
    """A model, its source, its target and its search.

    A target has at most `target.max_length` tokens, its end included. A text without a token gives
    an empty text.

    Args:
        model: the `Seq2Seq`.
        source: turns raw texts into its inputs.
        target: turns its ids into raw texts.
        search: used unless a call names another; `Beam()` by default.

    Raises:
        ValueError: if the vocabularies of model, source and target do not agree.

    Example:
        >>> from kseq2seq import Beam, Pipeline, build_model
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> tokenizer = ByteTokenizer()
        >>> model = build_model("gru", source=tokenizer, target=tokenizer, hidden_dim=8)
        >>> pipeline = Pipeline(model, TextSource(tokenizer, 64), TextTarget(tokenizer, 8), Beam(2))
        >>> prediction = pipeline(["untrained"])[0]
        >>> len(prediction.alternatives)
        1
    """

    def __init__(
        self, model: Seq2Seq, source: TextSource, target: TextTarget, search: Search | None = None
    ):
        if not isinstance(model, Seq2Seq):
            raise ValueError(
                f"`model` must be a Seq2Seq from `build_model`; got {type(model).__name__}."
            )
        sizes = model.get_config()
        for side, part in (("source", source), ("target", target)):
            if sizes[side] != part.tokenizer.vocabulary_size:
                raise ValueError(
                    f"The model was built for {sizes[side]} {side} ids, but the {side} tokenizer "
                    f"has {part.tokenizer.vocabulary_size}. Give the tokenizer to `build_model`."
                )
        self._check_lengths(model, source, target)
        self.model = model
        self.source = source
        self.target = target
        self.search = Beam() if search is None else search

    @staticmethod
    def _check_lengths(model: Seq2Seq, source: TextSource, target: TextTarget) -> None:
        wanted = [
            ("source", source.max_length, model.max_source_length),
            ("target", target.max_length, model.decoder.max_positions),
        ]
        if model.decoder.follows_source:
            both = source.max_length + target.max_length
            wanted.append(("source and target together", both, model.decoder.max_positions))
        for side, length, longest in wanted:
            if longest is not None and length > longest:
                raise ValueError(
                    f"The {side} may have {length} tokens, but the model has positions for "
                    f"{longest}. Build it with more `max_positions`."
                )

    def __call__(
        self,
        texts: str | Sequence[str],
        *,
        search: Search | None = None,
        alignments: bool = False,
        too_long: str = "error",
        batch_size: int = 64,
    ) -> list[Prediction]:
        """Generates.

        Args:
            texts: one text, or several.
            search: in place of the pipeline's own.
            alignments: also say where each target token looked.
            too_long: what happens to a text of more than `source.max_length` tokens: "error", or
                "split" at the ends of its sentences (scores then add up, and there are no
                alternatives and no alignment).
            batch_size: how many texts are decoded together, at most.

        Returns:
            A `Prediction` for each text, in their order.

        Raises:
            TypeError: if `texts` holds something else than strings.
            ValueError: if a text, or a sentence of it, is too long.
        """
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be at least 1; got {batch_size!r}.")
        texts = [texts] if isinstance(texts, str | bytes) else list(texts)
        for index, text in enumerate(texts):
            if not isinstance(text, str):
                raise TypeError(f"Text {index} must be a str; got {type(text).__name__}: {text!r}.")
        if too_long not in ("error", "split"):
            raise ValueError(f"`too_long` must be 'error' or 'split'; got {too_long!r}.")
        parts = self._parts(texts, too_long == "split")
        flat = [part for sentences in parts for part in sentences]
        made = iter(self._generate(flat, search or self.search, alignments, batch_size))
        return [joined([next(made) for _ in sentences]) for sentences in parts]

    def texts(self, texts: Sequence[str], **options: Any) -> list[str]:
        """Returns only the best text for each of `texts`; options as for a call."""
        return [prediction.text for prediction in self(texts, **options)]

    def evaluate(
        self,
        sources: Sequence[str],
        references: Sequence[str],
        metrics: Mapping[str, TextMetric] | None = None,
        **options: Any,
    ) -> dict[str, float]:
        """Scores generated texts against references.

        Args:
            sources: N raw texts.
            references: N raw texts.
            metrics: names and functions (hypotheses, references) -> float; BLEU and chrF if None.
            **options: as for a call.

        Returns:
            A score for each name.

        Raises:
            ValueError: if sources and references differ in number.
        """
        if len(sources) != len(references):
            raise ValueError(
                f"There must be one reference for each source; got {len(sources)} sources and "
                f"{len(references)} references."
            )
        hypotheses = self.texts(sources, **options)
        metrics = metrics or {"bleu": bleu, "chrf": chrf}
        return {name: metric(hypotheses, references) for name, metric in metrics.items()}

    def save(self, directory: str | os.PathLike) -> None:
        """Writes JSON, weights as HDF5, and tokenizers; what was there before is replaced.

        The directory appears whole or not at all.
        """
        save_parts(Path(directory), self.model, self.source, self.target, self.search)

    @classmethod
    def load(cls, directory: str | os.PathLike) -> Pipeline:
        """Loads what `save` wrote; nothing in it is executed.

        Raises:
            FileNotFoundError: if a file is missing.
            ValueError: if a file is damaged, of a newer format, or does not fit the others.
        """
        return cls(*load_parts(Path(directory)))

    def export(
        self,
        directory: str | os.PathLike,
        format: str = "saved_model",
        *,
        searches: Mapping[str, Search] | None = None,
    ) -> None:
        """Writes the whole model, raw text to raw text, for use without this package.

        Args:
            directory: where to write.
            format: "saved_model".
            searches: names of signatures and their searches; by default "greedy" and "beam" (of
                the pipeline's width if its search is a beam, else 4). "serving_default" is the
                pipeline's own search unless it is named too.

        Raises:
            ValueError: for another format.

        Example:
            A server needs `tensorflow`, and `tensorflow_text` for SentencePiece and WordPiece::

                pipeline.export("served")
                ...
                import tensorflow as tf, tensorflow_text
                greedy = tf.saved_model.load("served").signatures["greedy"]
                greedy(texts=tf.constant(["a raw sentence"]))["texts"]
        """
        if format != "saved_model":
            raise ValueError(f"`format` must be 'saved_model'; got {format!r}.")
        beam = self.search if isinstance(self.search, Beam) else Beam()
        export_saved_model(
            directory,
            self.model,
            self.source,
            self.target,
            searches={
                "serving_default": self.search,
                **(searches or {"greedy": Greedy(), "beam": beam}),
            },
        )

    def _parts(self, texts: list[str], split: bool) -> list[list[str]]:
        """Cuts texts that are too long into sentences, or refuses them."""
        longest, parts = self.source.max_length, [[text] for text in texts]
        if split and texts:
            for index in np.flatnonzero(self.source.lengths(texts).numpy() > longest).tolist():
                parts[index] = split_sentences(texts[index]) or [texts[index]]
        owners = [index for index, sentences in enumerate(parts) for _ in sentences]
        flat = [part for sentences in parts for part in sentences]
        lengths = self.source.lengths(flat).numpy().tolist() if flat else []
        for index, length in zip(owners, lengths, strict=True):
            if length > longest:
                what, hint = "has", "shorten it, or pass too_long='split'"
                if split:
                    what, hint = "has a sentence of", "put an end of a sentence inside it"
                raise ValueError(
                    f"Text {index} {what} {length} tokens, its end included, and the limit is "
                    f"{longest}; {hint}."
                )
        return parts

    def _generate(
        self, texts: list[str], search: Search, alignments: bool, batch_size: int
    ) -> list[Prediction]:
        """Decodes in batches of like length; gives predictions in the order of the texts."""
        if not texts:
            return []
        lengths = self.source.lengths(texts).numpy()
        made = {index: Prediction("", 0.0) for index in np.flatnonzero(lengths <= 1).tolist()}
        order = [
            index for index in np.argsort(lengths, kind="stable").tolist() if index not in made
        ]
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            inputs = self.source([texts[index] for index in batch])
            decoded = decode(
                self.model,
                inputs,
                search,
                max_length=self.target.max_length,
                special=self.target.tokenizer.special,
                alignments=alignments,
            )
            rows = predictions(self.source, self.target, inputs, decoded)
            made.update(zip(batch, rows, strict=True))
        return [made[index] for index in range(len(texts))]
