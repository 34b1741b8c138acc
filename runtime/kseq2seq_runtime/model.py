"""A model as three functions of ids, run by LiteRT."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from kseq2seq_runtime.bundle import Bundle, open_bundle
from kseq2seq_runtime.greedy import Greedy
from kseq2seq_runtime.record import read_record
from kseq2seq_runtime.search import Hypothesis, Search
from kseq2seq_runtime.settings import check_whole
from kseq2seq_runtime.signatures import load_signatures

MOST_THREADS = 256
Tensors = dict[str, np.ndarray]


class Step(NamedTuple):
    """The result of a step of the decoder.

    Attributes:
        logits: float32 (V,), of the next token.
        carried: context and state for the next step.
        alignment: float32 (S,), the attention to the source; None without attention.
    """

    logits: np.ndarray
    carried: Tensors
    alignment: np.ndarray | None


class Model:
    """A model of ids, for callers with tokenizers of their own; `Pipeline` does the rest.

    A source is a sequence of ids as the model was trained on them, closed by the source's end id;
    for a model of arrays it is an array. Several threads may use one model; they take turns.

    Args:
        path: of a `.tflite` file that kseq2seq exported.
        threads: how many threads compute one source; None leaves it to LiteRT.

    Attributes:
        bundle: the content of the file.
        record: the file's description of the model.
        kept: source id -> target id, of tokens that a target must have as often as its source. A
            `Pipeline` sets it for searches of the host; those inside the file know it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not such a file, truncated, changed, or of a newer format.

    Example:
        ::

            model = Model("model.tflite")
            model.generate([57, 8, 290, 2])[0].ids
    """

    def __init__(self, path: str | os.PathLike[str], threads: int | None = None):
        self.bundle: Bundle = open_bundle(path)
        self.record = read_record(self.bundle.record, f"{self.bundle.path}: kseq2seq.json")
        threads = None if threads is None else check_whole("threads", threads, most=MOST_THREADS)
        self._signatures = load_signatures(self.bundle, self.record, threads)
        self._lock = threading.Lock()
        self.kept: dict[int, int] = {}

    @property
    def license(self) -> str | None:
        """The terms under which the model may be used; None if the file does not say."""
        text = self.bundle.files.get("LICENSE.txt")
        return None if text is None else text.decode(errors="replace")

    @property
    def licence(self) -> str | None:
        """The old name of `license`."""
        warnings.warn("`licence` was renamed to `license`.", FutureWarning, stacklevel=2)
        return self.license

    def generate(
        self, source: Any, *, search: Search | None = None, seed: int | Sequence[int] = 0
    ) -> list[Hypothesis]:
        """Finds targets for a source.

        Args:
            source: ids, their end included, at most `record.source_length`; for a model of arrays,
                an array without padding, or a dict of what its functions take.
            search: for example `Greedy()` or `Beam(4)`. None, or the search that is inside the
                file, runs in one call of the file's `generate`.
            seed: for searches that draw at random: a whole number, or several.

        Returns:
            Hypotheses, best first; at least one.

        Raises:
            ValueError: if the source is too long or holds anything but ids of the model.

        Warns:
            UserWarning: the file has filters, which this search does not know.
        """
        if search is None or check_search(search).settings == self.record.search:
            return self._generate(source)
        self._check_steps()
        self._warn_of_filters()
        *_, hypotheses = search.run(self, source, generator(seed))
        return hypotheses

    def stream(
        self, source: Any, *, search: Search | None = None, seed: int | Sequence[int] = 0
    ) -> Iterator[list[Hypothesis]]:
        """Yields the hypotheses after each step, best first; the last time the finished ones.

        A hypothesis is finished if its last token is the end. A step is computed only when its
        hypotheses are asked for.

        Args:
            source: as for `generate`.
            search: `Greedy()` by default.
            seed: as for `generate`.

        Warns:
            UserWarning: the file has filters, which this search does not know.
        """
        self._check_steps()
        self._warn_of_filters()
        self._inputs(source)
        search = Greedy() if search is None else check_search(search)
        return search.run(self, source, generator(seed))

    def encode(self, source: Any) -> Tensors:
        """Returns the context and state with which the first step of the decoder begins.

        Args:
            source: as for `generate`.

        Raises:
            ValueError: if the source is too long or holds anything but ids of the model.
        """
        return self._run("encode", self._inputs(source))

    def decode_step(self, token: int, position: int, carried: Tensors) -> Step:
        """Takes one step.

        Args:
            token: the token before; `record.special.start` at position 0.
            position: from 0 on, below `record.target_length`.
            carried: from `encode` or the step before; it is not changed.

        Raises:
            ValueError: if the model has no such token or position, or `carried` has other tensors.
        """
        for name, number, limit in (
            ("token", token, self.record.target_vocabulary),
            ("position", position, self.record.target_length),
        ):
            if check_whole(name, number, 0) >= limit:
                raise ValueError(f"`{name}` must be below {limit}; got {number}.")
        inputs = {"token": np.array([token], "int32"), "position": np.array([position], "int32")}
        state = self._run("decode_step", {**inputs, **carried})
        logits, alignment = state.pop("logits")[0], state.pop("alignment", None)
        return Step(logits, {**carried, **state}, None if alignment is None else alignment[0])

    def _check_steps(self) -> None:
        if not self.record.steps:
            raise ValueError(
                "This model has no decoder that takes single steps, so it runs only the search "
                f"inside the file, {self.record.search}. Leave `search` out."
            )

    def _warn_of_filters(self) -> None:
        """Says which rules of the file a search of the host does not follow."""
        unknown = [*self.record.filters]
        if self.kept and "Carried" in unknown:  # which `kept` is, for searches of the host
            unknown.remove("Carried")
        if unknown:
            warnings.warn(
                f"{self.bundle.path} follows the filters {', '.join(unknown)} in its own search "
                f"alone, {self.record.search['type']}; other searches and streams may write what "
                "these forbid. Leave `search` out to follow them.",
                stacklevel=3,
            )

    def _generate(self, source: Any) -> list[Hypothesis]:
        batch = self._run("generate", self._inputs(source))  # of one source
        outputs = {name: rows[0] for name, rows in batch.items()}
        lengths = outputs["lengths"]
        finished = outputs.get("finished", [None] * len(lengths))  # older files do not say
        rows = zip(outputs["ids"], lengths, outputs["scores"], finished, strict=True)
        hypotheses = [
            Hypothesis(
                tuple(ids[:length].tolist()),
                float(score),
                None if whole is None else bool(whole),
            )
            for ids, length, score, whole in rows
            if length > 0 or (not self.record.steps and np.isfinite(score))  # no labels at all
        ]
        if not hypotheses:
            raise ValueError(
                "The search found no hypothesis of finite score: the model's weights hold NaN or "
                "infinities. Export another checkpoint."
            )
        return hypotheses

    def _inputs(self, source: Any) -> Tensors:
        """A source as the signatures take it."""
        if isinstance(source, dict):
            return source
        if self.record.arrays:
            return self._array(np.asarray(source))
        ids, longest = np.asarray(source), self.record.source_length
        if ids.ndim != 1 or ids.dtype.kind not in "iu" or not 1 <= len(ids) <= longest:
            raise ValueError(
                f"A source must be a sequence of 1 to {longest} ids, its end included; got "
                f"{source!r:.80}."
            )
        if ids.min() < 0 or ids.max() > np.iinfo("int32").max:
            raise ValueError(
                f"Ids of a source must be at least 0 and fit in int32; got {source!r:.80}."
            )
        padded = np.zeros((1, longest), "int32")
        padded[0, : len(ids)] = ids
        return {"source": padded, "source_length": np.array([len(ids)], "int32")}

    def _array(self, values: np.ndarray) -> Tensors:
        """An array, padded with zeros to the size that the model takes."""
        (name, (shape, dtype)), *others = self.record.arrays.items()
        if others or values.ndim != len(shape) - 1 or values.shape[1:] != shape[2:]:
            kinds = ", ".join(f"{name} {kind[0]}" for name, kind in self.record.inputs.items())
            raise ValueError(
                f"A source must be a dict of what the model takes ({kinds}), or where that is one "
                f"array, its values without padding; got the shape {values.shape}."
            )
        if not 1 <= len(values) <= shape[1]:
            raise ValueError(f"A source must have a length of 1 to {shape[1]}; got {len(values)}.")
        filled = np.zeros(shape, dtype)
        filled[0, : len(values)] = values
        return {name: filled, "source_length": np.array([len(values)], "int32")}

    def _run(self, name: str, inputs: Tensors) -> Tensors:
        try:
            with self._lock:
                return self._signatures[name](**inputs)
        except RuntimeError as error:
            raise ValueError(
                f"The model failed in {name!r}. Does the source contain an id outside the "
                "vocabulary?"
            ) from error


def generator(seed: int | Sequence[int]) -> np.random.Generator:
    """Returns the generator of random numbers for a seed: a whole number, or several."""
    seeds = seed if isinstance(seed, Sequence) else [seed]
    return np.random.default_rng([check_whole("seed", number, 0) for number in seeds])


def check_search(search: Search) -> Search:
    """Returns a search, refusing anything else."""
    if not isinstance(search, Search):
        hint = f" Call the class: {search.__name__}()." if isinstance(search, type) else ""
        raise ValueError(
            f"`search` must be a Search, for example Greedy() or Beam(4); got {search!r:.80}.{hint}"
        )
    return search
