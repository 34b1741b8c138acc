"""Text in, text out."""

import threading

import numpy as np
import pytest
from kseq2seq_runtime import Beam, Greedy, Prediction, Sample

import kseq2seq


def test_predictions_are_kseq2seqs(both, texts):
    pipeline, runtime = both
    for found, expected in zip(runtime(texts), pipeline(texts), strict=True):
        assert found.text == expected.text
        assert found.score == pytest.approx(expected.score, abs=1e-4)
        assert [text for text, _ in found.alternatives] == [t for t, _ in expected.alternatives]
        scores = [score for _, score in expected.alternatives]
        np.testing.assert_allclose([s for _, s in found.alternatives], scores, atol=1e-4)
        assert found.finished is expected.finished
        said = [one.finished for one in expected.alternatives]
        assert [one.finished for one in found.alternatives] == said


def test_one_text_or_several(opened, texts):
    pipeline = opened["bytes"]
    assert pipeline(texts[0]) == pipeline(texts)[:1]
    assert pipeline.texts(texts) == [one.text for one in pipeline(texts)]
    assert pipeline(iter(texts[:2])) == pipeline(texts[:2])
    assert pipeline([]) == [] and pipeline.texts([]) == []


def test_a_text_without_a_token_gives_an_empty_one(opened, monkeypatch):
    pipeline = opened["pieces"]
    assert pipeline.source.encode("  ") == []
    monkeypatch.setattr(pipeline.model, "_run", None)
    assert pipeline(["", "  "]) == [Prediction("", 0.0)] * 2
    assert list(pipeline.stream("")) == []


def test_license(opened):
    assert opened["bytes"].license == "Public domain."
    assert opened["pieces"].license is None
    with pytest.warns(FutureWarning, match="renamed to `license`"):
        assert opened["bytes"].licence == "Public domain."


@pytest.mark.parametrize("call", ["__call__", "texts", "stream"])
def test_too_long_a_text_is_refused_before_any_is_run(call, opened, monkeypatch):
    pipeline = opened["bytes"]
    assert pipeline("x" * 19)
    monkeypatch.setattr(pipeline.model, "_run", None)
    given, index = ("x" * 20, 0) if call == "stream" else (["fine", "x" * 20], 1)
    wanted = f"Text {index} has 21 tokens, its end included, and the limit is 20; shorten it"
    with pytest.raises(ValueError, match=wanted):
        getattr(pipeline, call)(given)


def test_what_is_no_text_is_refused(opened):
    pipeline = opened["bytes"]
    with pytest.raises(TypeError, match="Text 1 must be a str; got int: 5"):
        pipeline(["a", 5])
    for call in (pipeline, pipeline.stream):
        with pytest.raises(TypeError, match="Text 0 must be a str; got bytes"):
            call(b"a")
    with pytest.raises(ValueError, match="Text 1 holds a lone surrogate at 2"):
        pipeline(["a", "ab\ud800"])


def test_streams_are_kseq2seqs(both, texts):
    pipeline, runtime = both
    for text in texts[:5]:
        found, expected = runtime.stream(text), pipeline.stream(text)
        assert list(found) == list(expected)
        assert found.finished is expected.finished is not None


def test_streams_of_beams_are_kseq2seqs(made, opened, texts):
    for text in texts:
        expected = list(made["bytes"].pipeline.stream(text, search=kseq2seq.Beam(3)))
        assert list(opened["bytes"].stream(text, search=Beam(3))) == expected


@pytest.mark.parametrize("search", [Greedy(), Beam(4), Sample(temperature=2.0)], ids=repr)
def test_a_stream_ends_with_what_a_call_gives(search, both, texts):
    _, runtime = both
    for text in texts:
        (expected,) = runtime(text, search=search, seed=6)
        *_, last = ["", *runtime.stream(text, search=search, seed=6)]
        assert last == expected.text


def test_a_stream_is_greedy_unless_asked(opened):
    assert list(opened["bytes"].stream("hi")) == list(opened["bytes"].stream("hi", search=Greedy()))


def test_a_stream_computes_nothing_before_it_is_asked(opened, monkeypatch):
    pipeline, ran = opened["characters"], []
    whole = pipeline.model.generate([*pipeline.source.encode("a b c"), 2])[0].ids
    run = pipeline.model._run
    monkeypatch.setattr(pipeline.model, "_run", lambda *given: ran.append(given[0]) or run(*given))
    stream = pipeline.stream("a b c")
    assert ran == []
    next(stream)
    first = len(ran)
    assert ran == ["encode"] + ["decode_step"] * (first - 1)
    next(stream)
    second = len(ran)
    assert first < second < 1 + len(whole)
    stream.close()
    assert len(ran) == second


def test_a_stream_holds_back_half_a_character(opened, monkeypatch):
    pipeline = opened["bytes"]
    written = [4 + byte for byte in "é😀".encode()] + [4 + 0xE2, 2]

    def step(token, position, carried):
        logits = np.zeros(260, "float32")
        logits[written[position]] = 50
        return logits, carried, None

    monkeypatch.setattr(pipeline.model, "decode_step", step)
    assert list(pipeline.stream("x")) == ["é", "é😀", "é😀\ufffd"]


def test_threads_take_turns(opened, texts):
    pipeline = opened["pieces"]
    expected, found = pipeline(texts, search=Beam(3)), {}

    def work(name):
        found[name] = pipeline(texts, search=Beam(3))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[name] for name in range(4)] == [expected] * 4


def test_streams_may_take_turns(opened):
    pipeline = opened["characters"]
    alone = [list(pipeline.stream(text)) for text in ("a b c", "zz")]
    one, other = (pipeline.stream(text) for text in ("a b c", "zz"))
    mixed = [[], []]
    for _ in range(12):
        for rows, stream in zip(mixed, (one, other), strict=True):
            rows.extend([text] if (text := next(stream, None)) is not None else [])
    assert mixed == alone


def test_threads_of_a_model(made):
    from kseq2seq_runtime import Pipeline

    path = made["characters"].path
    assert Pipeline(path, threads=2).texts(["zz"]) == Pipeline(path).texts(["zz"])
    for threads in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="`threads` must be a whole number of at least 1"):
            Pipeline(path, threads=threads)
