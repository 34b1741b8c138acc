"""What was cut at its limit says so wherever a pipeline gives texts."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from kseq2seq import Beam, Greedy, decode
from kseq2seq.decoding import MinLength
from kseq2seq.pipeline import Alternative, Prediction, rerank
from kseq2seq.pipeline.files import generate_lines

TEXTS = ["hello", "", "안녕", "a b c", "wild", "x" * 20, "y"]


@pytest.fixture(scope="module")
def made(pipeline):
    """Predictions, of which some are cut and some are not."""
    found = pipeline(TEXTS, search=Beam(3))
    assert {one.finished for one in found} == {True, False}
    return found


def test_predictions_say_what_decode_does(pipeline, made):
    for text, one in zip(TEXTS, made, strict=True):
        if not text:
            assert one.finished
            continue
        found = decode(pipeline.model, pipeline.source([text]), Beam(3), max_length=16)
        said = [one.finished, *(other.finished for other in one.alternatives)]
        assert said == found.finished[0].numpy().tolist()
        assert all(len(other) == 2 and other.text == other[0] for other in one.alternatives)


def test_an_alternative_stays_what_it_is(made):
    cut = Alternative("a b", -1.5, finished=False)
    assert cut == ("a b", -1.5) and Alternative("a b", -1.5).finished
    for again in (copy.copy(cut), copy.deepcopy(cut), pickle.loads(pickle.dumps(cut))):
        assert again == cut and not again.finished


def test_a_text_that_was_split_is_finished_if_its_parts_are(pipeline):
    texts = ["Hello there.", "Wild.", "Yes."]
    parts = pipeline(texts)
    whole = pipeline(" ".join(texts * 2), too_long="split")[0]
    assert whole.text == " ".join(part.text for part in parts * 2)
    assert whole.finished == all(part.finished for part in parts)
    one = next(text for text, part in zip(texts, parts, strict=True) if not part.finished)
    assert not pipeline(f"{one} " * 9, too_long="split")[0].finished


def test_evaluate_counts_them_and_says_so(pipeline, made):
    cut = sum(not one.finished for one in made)
    with pytest.warns(UserWarning, match=f"^{cut} of 7 generated texts were cut .* 16 tokens"):
        scores = pipeline.evaluate(TEXTS, TEXTS, search=Beam(3))
    assert scores["unfinished"] == cut and set(scores) == {"bleu", "chrf", "unfinished"}
    with pytest.raises(ValueError, match=r"`metrics` must not use the name \"unfinished\""):
        pipeline.evaluate(TEXTS, TEXTS, {"unfinished": lambda one, other: 0.0})


def test_a_stream_says_it_at_its_end(pipeline):
    for text in TEXTS:
        stream = pipeline.stream(text)
        if text:
            assert stream.finished is None
        list(stream)
        assert stream.finished is pipeline(text, search=Greedy())[0].finished
        assert list(stream) == [] and stream.finished is not None
    stream = pipeline.stream("wild", filters=[MinLength(9)])
    next(stream)
    stream.close()
    assert list(stream) == [] and stream.finished is None


def test_a_file_counts_its_cut_lines(pipeline, made, tmp_path):
    (tmp_path / "s").write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    seen = []
    options = {"window": 3, "progress": seen.append, "search": Beam(3)}
    pipeline.generate_file(tmp_path / "s", tmp_path / "t", **options)
    cut = np.cumsum([not one.finished for one in made])
    assert [progress.unfinished for progress in seen] == cut[[2, 5, 6]].tolist()
    assert str(seen[-1]).endswith(f"; {cut[-1]} cut at the limit")


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_and_counts_them_over_interruptions(tmp_path, stop):
    lines = [f"{n}" for n in range(10)]
    (tmp_path / "s").write_text("\n".join(lines))
    cut, calls = {1, 2, 5, 8, 9}, []

    def generate(texts, first):
        calls.append(first)
        if len(calls) == stop:
            raise KeyboardInterrupt
        return [Prediction(text, 0.0, finished=int(text) not in cut) for text in texts]

    with pytest.raises(KeyboardInterrupt):
        generate_lines(generate, tmp_path / "s", tmp_path / "t", {}, window=3, progress=None)
    part = tmp_path / "t.part"
    written = part.read_bytes().splitlines(keepends=True)
    part.write_bytes(b"".join(written[:-1]) + b"half")  # killed before the last one was there
    seen = []
    generate_lines(generate, tmp_path / "s", tmp_path / "t", {}, window=4, progress=seen.append)
    assert (tmp_path / "t").read_text().split() == lines
    assert [one.unfinished for one in seen] == [sum(n < one.lines for n in cut) for one in seen]


def test_a_record_of_an_earlier_version_goes_on(tmp_path):
    (tmp_path / "s").write_text("a\nb\n")

    def stopped(texts, first):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_lines(stopped, tmp_path / "s", tmp_path / "t", {}, window=1, progress=None)
    record = tmp_path / "t.part.json"
    lines = [line for line in record.read_text().splitlines() if "sha256" in line]
    record.write_text('{"format_version": 1, ' + lines[0].rstrip(",") + "}")
    count = generate_lines(
        lambda texts, first: texts, tmp_path / "s", tmp_path / "t", {}, window=1, progress=None
    )
    assert count == 2 and not record.exists()


def test_reranking_keeps_what_was_cut(made):
    def shuffled(sources, targets):
        return [3.0 * (sum(target.encode()) % 7) for target in targets]

    def said(one):
        return sorted((each.text, each.finished) for each in (one, *one.alternatives))

    again = rerank(TEXTS, made, [(shuffled, 1.0)])
    assert [said(one) for one in again] == [said(one) for one in made]
    assert [one.text for one in again] != [one.text for one in made]
    plain = Prediction("a b", -1.0, [("a", -1.5)], finished=False)
    (other,) = rerank(["x"], [plain], [(lambda sources, targets: [-9.0, 0.0], 1.0)])
    assert other.text == "a" and other.finished and not other.alternatives[0].finished
