"""Every search finds what kseq2seq's own finds: the same targets, the same scores."""

from pathlib import Path

import numpy as np
import pytest
from kseq2seq_runtime import Beam, Greedy, Pipeline, Sample

import kseq2seq
from kseq2seq import decode
from kseq2seq.decoding.records import describe
from tests import archives

SEARCHES = [
    Greedy(),
    Beam(3),
    Beam(1),
    Beam(2, length_penalty=0),
    Beam(5, length_penalty=1.5, n_best=2),
    Beam(3, patience=0.5),
    Beam(20),
]


def like(search):
    """The same search of kseq2seq."""
    return getattr(kseq2seq, type(search).__name__)(**vars(search))


def theirs(pipeline, texts, search, lab):
    """[(ids, score)] for each text as kseq2seq finds them."""
    length = pipeline.target.max_length
    found = lab.searched(pipeline.model, pipeline.source(texts), search, length)
    return [
        [
            (tuple(ids[:size].tolist()), score)
            for ids, size, score in zip(*rows, strict=True)
            if size
        ]
        for rows in zip(found.ids, found.lengths, found.scores, strict=True)
    ]


def in_steps(pipeline, text, search):
    """What the runtime finds a step at a time, whatever is inside the file."""
    source = [*pipeline.source.encode(text), 2]
    *_, found = search.run(pipeline.model, source, np.random.default_rng(0))
    return found


def same(found, expected):
    assert [ids for ids, _ in found] == [ids for ids, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-4)


@pytest.mark.parametrize("search", SEARCHES, ids=repr)
def test_a_search_in_steps_finds_what_kseq2seq_finds(search, both, texts, lab):
    pipeline, runtime = both
    expected = theirs(pipeline, texts, like(search), lab)
    for text, wanted in zip(texts, expected, strict=True):
        same(in_steps(runtime, text, search), wanted)


@pytest.mark.parametrize("search", [Greedy(), Beam(5, length_penalty=1.5, n_best=2)], ids=repr)
def test_it_says_what_was_cut(search, both, texts, lab):
    pipeline, runtime = both
    found = lab.searched(pipeline.model, pipeline.source(texts), like(search), 12)
    for text, lengths, finished in zip(texts, found.lengths, found.finished, strict=True):
        said = [one.finished for one in in_steps(runtime, text, search)]
        assert said == finished[lengths > 0].tolist()


def test_a_file_of_an_earlier_version_does_not_say_but_searches_here_do(tmp_path):
    golden = Path(__file__).parent.parent / "golden" / "luong.tar.xz"
    archives.unpack(golden, tmp_path, "model.tflite")
    pipeline = Pipeline(tmp_path / "model.tflite")
    (own,) = pipeline("Open the file")
    assert own.finished is None and all(one.finished is None for one in own.alternatives)
    for search in (Greedy(), Beam(3)):
        if search.settings != pipeline.model.record.search:
            assert pipeline("Open the file", search=search)[0].finished in (True, False)


@pytest.mark.parametrize("penalty", [0.2, 3.0])
def test_coverage_is_kseq2seqs(penalty, made, opened, texts, lab):
    search = Beam(3, coverage_penalty=penalty)
    expected = theirs(made["bytes"].pipeline, texts, like(search), lab)
    for text, wanted in zip(texts, expected, strict=True):
        same(in_steps(opened["bytes"], text, search), wanted)
    plain = in_steps(opened["bytes"], texts[4], Beam(3))
    assert plain != in_steps(opened["bytes"], texts[4], search)


def test_coverage_without_attention_is_refused(opened):
    with pytest.raises(ValueError, match="needs a model with attention"):
        opened["characters"]("hi", search=Beam(2, coverage_penalty=0.1))


def test_what_is_inside_the_file_finds_the_same(both, texts):
    pipeline, runtime = both
    settings = runtime.model.record.search
    search = Greedy() if settings["type"] == "greedy" else None
    search = search or Beam(**{name: x for name, x in settings.items() if name != "type"})
    inputs = pipeline.source(texts)
    found = decode(pipeline.model, inputs, pipeline.search, max_length=pipeline.target.max_length)
    for row, text in enumerate(texts):
        inside = runtime.model.generate([*runtime.source.encode(text), 2])
        same(inside, in_steps(runtime, text, search))
        count = [int(length) for length in found.lengths[row]]
        ids = [tuple(found.ids[row, n, :size].numpy()) for n, size in enumerate(count) if size]
        same(inside, list(zip(ids, found.scores[row].numpy(), strict=False)))


def test_the_hypotheses_of_a_test_differ(both, texts):
    _, runtime = both
    found = {in_steps(runtime, text, Greedy())[0].ids for text in texts}
    assert len(found) >= 5
    assert len({len(ids) for ids in found}) > 1


def test_every_target_is_whole(both, texts):
    _, runtime = both
    for text in texts:
        for ids, _ in in_steps(runtime, text, Beam(6)):
            assert ids[-1] == 2 and len(ids) <= 12
            assert not {0, 1, 2} & set(ids[:-1])


def test_the_like_of_the_files_search_runs_inside_it(opened, monkeypatch):
    pipeline = opened["bytes"]
    inside = pipeline("hi")
    monkeypatch.setattr(pipeline.model, "decode_step", None)
    assert pipeline("hi", search=Beam(3)) == inside
    assert pipeline("hi", search=Beam(3, length_penalty=0.6, coverage_penalty=0)) == inside
    with pytest.raises(TypeError):
        pipeline("hi", search=Beam(2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Beam(0), "`beam_width` must be a whole number of at least 1; got 0"),
        (lambda: Beam(True), "`beam_width` must be a whole number"),
        (lambda: Beam(length_penalty=-1), "`length_penalty` must be a number of at least 0"),
        (lambda: Beam(coverage_penalty=float("nan")), "`coverage_penalty`"),
        (lambda: Beam(2, patience=0), "`patience`"),
        (lambda: Beam(10**6), "`beam_width` must be at most 4,096; got 1000000. Lower it."),
        (lambda: Beam(coverage_penalty=1e300), "`coverage_penalty`.*at most 10,000"),
        (lambda: Sample(1e300), r"`temperature`.*at most 10,000; got 1e\+300"),
        (lambda: Beam(2, n_best=3), "`n_best` must be at most `beam_width`=2"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_old_keyword_warns():
    with pytest.warns(FutureWarning, match="`width` of Beam was renamed to `beam_width`"):
        assert Beam(width=3) == Beam(3)
    with pytest.warns(FutureWarning, match="`width` of Beam was renamed to `beam_width`"):
        assert Beam(3).width == 3
    with pytest.raises(TypeError, match="got `beam_width` and its old name, `width`"):
        Beam(beam_width=3, width=2)


def test_what_is_no_search_is_refused(opened):
    for call in (opened["bytes"], opened["bytes"].stream):
        with pytest.raises(ValueError, match=r"`search` must be a Search, for example Greedy\(\)"):
            call("hi", search="beam")
        with pytest.raises(ValueError, match=r"Call the class: Beam\(\)"):
            call("hi", search=Beam)
    with pytest.raises(ValueError, match=r"`length_penalty` must be at most .*got 1e\+300"):
        opened["bytes"]("hi", search=Beam(2, 1e300))


def test_ties_fall_to_the_first():
    from kseq2seq_runtime.beam import _largest

    values = np.array([1, 3, -np.inf, 3, 2, 3], "float32")
    assert _largest(values, 2).tolist() == [1, 3]
    assert _largest(values, 4).tolist() == [1, 3, 5, 4]
    assert _largest(values, 9).tolist() == [1, 3, 5, 4, 0, 2]


def test_defaults_are_kseq2seqs():
    assert like(Beam()) == kseq2seq.Beam()
    assert vars(Beam()) == vars(kseq2seq.Beam())
    assert Beam().settings == describe(kseq2seq.Beam())
