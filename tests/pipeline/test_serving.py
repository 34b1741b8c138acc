"""What many requests cost, and requests that can't be."""

from __future__ import annotations

import json

import pytest

from kseq2seq import Beam, Greedy, Pipeline, Sample
from kseq2seq.decoding import MinLength
from kseq2seq.text import TextSource, TextTarget


def test_tokenizers_run_as_graphs(wild, monkeypatch):
    """Python reads no text of a request: it would hold the lock that all threads share."""
    pipeline = wild("gru")
    expected = pipeline(["ab", "c"])
    tokenizer = pipeline.source.tokenizer

    def refuse(*_):
        raise AssertionError("called from Python")

    monkeypatch.setattr(type(tokenizer), "tokenize", refuse)
    monkeypatch.setattr(type(tokenizer), "detokenize", refuse)
    again = pipeline(["ab", "c"])
    assert [one.text for one in again] == [one.text for one in expected]
    assert pipeline(["x"] * 7)[0].text == pipeline("x")[0].text


def test_every_temperature_is_one_graph(wild):
    pipeline = wild("gru")
    kept = pipeline.model.__dict__["_compiled"] = {}
    kept.clear()
    del pipeline.model.__dict__["_compiled"]
    for temperature in (0.5, 0.7, 0.9):
        pipeline(["ab"], search=Sample(temperature, top_p=temperature))
    loops = [kept for key, kept in pipeline.model.__dict__["_compiled"].items() if key[0] == "loop"]
    ((loop, _),) = loops
    assert [key[0] for key in loop.__dict__["_compiled"]].count("decode") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"filters": ["x"]}, r"Every item of `filters` must be a Filter.*'x'"),
        ({"filters": "x"}, r"`filters` must be a list of filters.*'x'"),
        ({"filters": MinLength(3)}, r"`filters` must be a list of filters.*Put it in a list"),
        ({"search": "beem"}, r"`search` must be a Search, for example Greedy\(\).*'beem'"),
        ({"search": Beam}, r"`search` must be a Search.*Call the class"),
        ({"search": ""}, r"`search` must be a Search"),
        ({"workers": 10**6}, r"`workers` must be at most 256; got 1000000"),
    ],
)
def test_what_a_call_refuses(pipeline, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        pipeline(["a"], **options)
    (tmp_path / "in.txt").write_text("a\n")
    with pytest.raises(ValueError, match=message):
        pipeline.generate_file(tmp_path / "in.txt", tmp_path / "out.txt", **options)
    if "workers" not in options:
        with pytest.raises(ValueError, match=message):
            pipeline.stream("a", **options)


def test_what_a_pipeline_refuses(pipeline):
    model, tokenizer = pipeline.model, pipeline.source.tokenizer
    source, target = TextSource(tokenizer, 9), TextTarget(tokenizer, 9)
    with pytest.raises(ValueError, match=r"`search` must be a Search.*'greed'"):
        Pipeline(model, source, target, "greed")
    assert Pipeline(model, source, target, "greedy").search == Greedy()
    with pytest.raises(ValueError, match=r"`target.max_length` must be at most 1,048,576"):
        Pipeline(model, source, TextTarget(tokenizer, 10**9))
    with pytest.raises(ValueError, match=r"`source.max_length` must be at most 1,048,576"):
        Pipeline(model, TextSource(tokenizer, 10**9), target)


def test_files_of_impossible_sizes(pipeline, tmp_path):
    pipeline.save(tmp_path / "saved")
    path = tmp_path / "saved" / "pipeline.json"
    good = json.loads(path.read_text())
    for part, name, value, message in (
        ("model", "num_layers", 10**7, r"`num_layers` must be at most 1,024; got 10000000"),
        ("model", "hidden_dim", 2**20, r"parameters needs at least"),
        ("search", "type", "beam", r"`beam_width` must be at most 65,536"),
    ):
        bad = {**good, part: {**good[part], name: value}}
        if part == "search":
            bad["search"] = {"type": "beam", "width": 10**6}
        path.write_text(json.dumps(bad))
        with pytest.raises(ValueError, match=message):
            Pipeline.load(tmp_path / "saved")


def test_a_window_is_no_whole_file(pipeline, tmp_path):
    (tmp_path / "in.txt").write_text("a\n")
    with pytest.raises(ValueError, match=r"`window` must be at most 1,048,576"):
        pipeline.generate_file(tmp_path / "in.txt", tmp_path / "out.txt", window=10**9)
    assert pipeline(["a"], search=Greedy())[0].text == pipeline("a")[0].text
