"""Dropping sources and growing caches changes nothing of what is found."""

from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, Contrastive, DiverseBeam, Ensemble, Greedy, Sample, Speculative
from kseq2seq.decoding import Forbid, Loop, NoRepeatNgram, Prefix, Require, decode, shrinking

SEARCHES = [Greedy(), Beam(3), Sample(samples=2), Contrastive(3), DiverseBeam(4, 2)]


@pytest.fixture
def small(monkeypatch):
    """Caches of two places, parts of two sources and any drop, so that everything happens."""
    for name, value in {"ROOM": 2, "PART": 2, "MULTIPLE": 2, "LEFT": 0.99, "FEW": 1}.items():
        monkeypatch.setattr(shrinking, name, value)


@pytest.fixture(scope="module")
def many(lab):
    rng = np.random.default_rng(3)
    ids = rng.integers(3, 7, (9, 6)).astype("int32")
    for row, length in zip(ids, [6, 2, 4, 3, 6, 5, 2, 3, 4], strict=True):
        row[length - 1] = 2
        row[length:] = 0
    return lab.of(ids)


def check(lab, model, source, search, limits=None, filters=(), jit_compile=False):
    seeds = np.arange(9, dtype="int32")
    options = {"limits": limits, "filters": filters}
    expected = lab.searched(model, source, search, 9, seeds=seeds, **options)
    found = decode(
        model, source, search, max_length=9, seed=seeds, jit_compile=jit_compile, **options
    )
    np.testing.assert_array_equal(np.array(found.ids), expected.ids)
    np.testing.assert_array_equal(np.array(found.lengths), expected.lengths)
    np.testing.assert_allclose(np.array(found.scores), expected.scores, atol=5e-5)
    np.testing.assert_array_equal(np.array(found.finished), expected.finished)


LIMITS = [9, 1, 3, 7, 2, 9, 4, 5, 1]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
@pytest.mark.parametrize("name", ["luong", "convolutional", "transformer", "decoder_only"])
def test_finds_the_same(lab, model_named, many, small, name, search):
    source = many
    if name == "decoder_only":
        source = lab.of(np.minimum(many["source"], 6))
    check(lab, model_named(name), source, search, LIMITS)


@pytest.mark.parametrize(
    "name",
    ["lstm", "bahdanau", "hybrid-transformer-bahdanau", "transformer-local", "transformer-t5"],
)
def test_parts_of_other_models(lab, model_named, many, small, name):
    check(lab, model_named(name), many, Greedy(), LIMITS)


def test_masks_with_holes_and_padding_on_the_left(lab, model_named, many, small):
    source = {name: np.array(x) for name, x in many.items()}
    for x in source.values():
        x[1] = x[1, ::-1]
    source["source_mask"][0, 2] = False
    check(lab, model_named("transformer"), source, Greedy(), LIMITS)


@pytest.mark.parametrize("search", [Greedy(), Beam(2)], ids=["greedy", "beam"])
def test_xla(lab, model_named, many, small, search):
    check(lab, model_named("transformer"), many, search, LIMITS, jit_compile=True)


def test_rows_of_filters_follow(lab, model_named, many, small):
    prefixes = [[3 + n % 4] * (n % 2) for n in range(9)]
    required = [[[4, 5]], [], [[6]], [], [[3], [5]], [], [], [[6, 6]], []]
    filters = [Forbid([[3, 3]]), Prefix(prefixes), Require(required)]
    check(lab, model_named("transformer"), many, Beam(3), None, filters)


def test_several_models(lab, model_named, many, small):
    one, two = model_named("transformer"), model_named("gru")
    check(lab, Ensemble([one, two]), many, Beam(2), LIMITS)
    check(lab, Speculative(one, two, 2), many, Greedy(), LIMITS)


def test_filters_are_given_the_whole_source(lab, model_named, many, small, monkeypatch):
    filters = [NoRepeatNgram(1, of_source=True), NoRepeatNgram(2)]
    check(lab, model_named("luong"), many, Beam(2), None, filters)
    given, start = [], Loop.start

    def noted(self, *rest, source, **options):
        given.append(source.shape)
        return start(self, *rest, source=source, **options)

    monkeypatch.setattr(Loop, "start", noted)
    decode(lab.make("luong", seed=8), many, Greedy(), max_length=4, jit_compile=True)
    assert given and all(shape[1] == 6 for shape in given)


def test_coverage_of_parts(lab, model_named, many, small):
    check(lab, model_named("transformer"), many, Beam(2, coverage_penalty=0.3), LIMITS)


def test_sources_are_encoded_in_parts_of_nearly_one_length(lab, many, small, monkeypatch):
    model = lab.make("transformer", seed=8)
    shapes, start = [], Loop.start

    def noted(self, encoded, *rest, **options):
        shapes.append(tuple(encoded["mask"].shape))
        return start(self, encoded, *rest, **options)

    monkeypatch.setattr(Loop, "start", noted)
    decode(model, many, Greedy(), max_length=9, limits=LIMITS, jit_compile=True)
    assert shapes == [(2, 2), (2, 4), (2, 6), (1, 6)]  # two parts share one shape
    shapes.clear()
    alike = lab.of(np.tile(many["source"][:1], (5, 1)))
    decode(model, alike, Greedy(), max_length=9, jit_compile=True)
    assert shapes == [(5, 6)]


def test_sources_are_dropped_and_caches_grow(lab, model_named, many, small, monkeypatch):
    model = lab.make("transformer", seed=8)
    rows, rooms = [], []
    run, grow = Loop.run, Loop.grow
    monkeypatch.setattr(
        Loop,
        "run",
        lambda self, c, *rest: rows.append(c.live.ids.shape[0]) or run(self, c, *rest),
    )
    monkeypatch.setattr(
        Loop, "grow", lambda self, c, room: rooms.append(room) or grow(self, c, room)
    )
    decode(model, many, Greedy(), max_length=9, limits=LIMITS, jit_compile=True)
    assert rows[0] == 9 and min(rows) < 5
    assert rooms == [4, 8, 9][: len(rooms)] and rooms
