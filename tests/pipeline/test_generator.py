import threading

import pytest

from kseq2seq import Greedy, Pipeline, build_model
from kseq2seq.pipeline.generator import in_parallel
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget


def test_items_run_at_once_and_keep_their_order():
    both = threading.Barrier(2, timeout=20)  # passed only by two threads at the same time

    def double(number):
        both.wait()
        return 2 * number

    assert list(in_parallel(double, range(4), workers=2)) == [0, 2, 4, 6]


def test_one_worker_is_the_callers_thread():
    names = list(in_parallel(lambda _: threading.current_thread(), range(2), workers=1))
    assert names == [threading.current_thread()] * 2


def test_after_a_failure_nothing_more_is_begun():
    begun = []

    def fail(number):
        begun.append(number)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(in_parallel(fail, range(50), workers=2))
    assert len(begun) < 50


def test_workers_find_the_same(translator):
    own = translator()
    fresh = Pipeline(own.model, own.source, own.target, Greedy())
    texts = translator.sources[:7]
    fresh.model.__dict__.pop("_compiled", None)  # so that threads trace, and at once
    made = fresh(texts, batch_size=2, workers=3)
    assert [(one.text, one.score) for one in made] == [
        (one.text, pytest.approx(one.score, abs=1e-5)) for one in fresh(texts, batch_size=2)
    ]


@pytest.mark.parametrize("workers", [0, True, 1.5])
def test_refuses_no_workers(translator, workers):
    with pytest.raises(ValueError, match="`workers` must be a whole number of at least 1"):
        translator()(["a"], workers=workers)


def test_tokenizers_stand_for_sides():
    tokenizer = ByteTokenizer()
    model = build_model("luong", source=tokenizer, target=tokenizer, hidden_dim=8)
    pipeline = Pipeline(model, tokenizer, tokenizer, Greedy())
    assert (pipeline.source.max_length, pipeline.target.max_length) == (512, 128)
    sides = TextSource(tokenizer, 512), TextTarget(tokenizer, 128)
    assert pipeline.texts("a b") == Pipeline(model, *sides, Greedy()).texts("a b")


@pytest.mark.parametrize("architecture", ["transformer", "decoder_only"])
def test_tokenizers_stand_for_sides_that_fit_the_model(architecture):
    tokenizer = ByteTokenizer()
    sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2, "inner_dim": 8}
    model = build_model(
        architecture, tokenizer, tokenizer, positions="learned", max_positions=40, **sizes
    )
    pipeline = Pipeline(model, tokenizer, tokenizer, Greedy())
    assert pipeline.source.max_length + pipeline.target.max_length <= 80
    assert min(pipeline.source.max_length, pipeline.target.max_length) >= 20
    assert len(pipeline(["ab"])) == 1


def test_no_side_and_no_tokenizer_is_refused(translator):
    own = translator()
    with pytest.raises(ValueError, match=r"`source` must be a tokenizer or a .*; got str"):
        Pipeline(own.model, "spm.model", own.target)


def test_max_length_of_a_call(pipeline):
    raws = ["a", "some more"]
    usual = pipeline(raws)
    for shorter in (1, 3):
        limited = pipeline(raws, max_length=shorter)
        assert [len(one.target_tokens) for one in limited] == [shorter, shorter]
        assert limited[0].target_tokens[-1] == "<end>" and not limited[0].finished
    whole = pipeline(raws, max_length=pipeline.target.max_length)
    assert [(one.text, one.score) for one in whole] == [(one.text, one.score) for one in usual]
    longer = pipeline(raws, max_length=40)
    assert max(len(one.target_tokens) for one in longer) > pipeline.target.max_length
    *_, streamed = pipeline.stream("some more", max_length=3)
    assert streamed == pipeline.texts("some more", max_length=3)[0]
    with pytest.raises(ValueError, match="`max_length` must be a whole number of at least 1"):
        pipeline(raws, max_length=0)


def test_files_take_max_length_and_old_keywords(pipeline, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("a\nsome more\n")
    with pytest.warns(FutureWarning, match="`source` of Pipeline.generate_file.*`input_path`"):
        pipeline.generate_file(source=lines, target=tmp_path / "old", progress=None, max_length=3)
    expected = pipeline.texts(["a", "some more"], max_length=3)
    assert (tmp_path / "old").read_text().split("\n")[:-1] == [
        text.replace("\r", " ").replace("\n", " ") for text in expected
    ]


def test_keywords_of_other_libraries_are_answered_with_ours(pipeline):
    with pytest.raises(TypeError, match=r"^Pipeline\(\) has no keyword `num_beams`. Pass `sear"):
        pipeline("a", num_beams=4)
    with pytest.raises(TypeError, match=r"`max_new_tokens`. Pass `max_length`"):
        pipeline.stream("a", max_new_tokens=4)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'sarch'"):
        pipeline("a", sarch="beam")
