"""Settings beyond what memory, the vocabulary or float32 hold are refused before anything runs."""

from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, Contrastive, DiverseBeam, Ensemble, Greedy, Sample, Speculative, decode
from kseq2seq.decoding import Fusion, MinLength, NoRepeatNgram, RepetitionPenalty, requests


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (Beam, {"beam_width": 10**6}, r"`beam_width` must be at most 65,536; got 1000000"),
        (Sample, {"samples": 10**6}, r"`samples` must be at most 65,536"),
        (Contrastive, {"top_k": 10**6}, r"`top_k` must be at most 65,536"),
        (DiverseBeam, {"beam_width": 10**6, "groups": 2}, r"`beam_width` must be at most"),
        (DiverseBeam, {"beam_width": 1000, "groups": 1000}, r"`groups` must be at most 128"),
        (DiverseBeam, {"diversity": 1e300}, r"`diversity`.*at most 10,000; got 1e\+300"),
        (Sample, {"temperature": 1e300}, r"`temperature`.*at most 10,000; got 1e\+300"),
        (Beam, {"coverage_penalty": 1e300}, r"`coverage_penalty`.*at most 10,000"),
        (RepetitionPenalty, {"penalty": 1e300}, r"`penalty`.*at most 10; got"),
    ],
)
def test_impossible_settings(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        kind(**settings)


@pytest.mark.parametrize(
    ("search", "filters", "max_length", "message"),
    [
        (Greedy(), [], 10**9, r"`max_length` must be at most 1,048,576; got 1000000000"),
        (Beam(2, 1000.0), [], 4, r"`length_penalty` must be at most .* up to 4 tokens.*got 1000"),
        (DiverseBeam(2, 2, 0.5, 1e300), [], 4, r"`length_penalty` must be at most"),
        (Contrastive(7), [], 4, r"`top_k` must be at most 6, the ids of the model; got 7"),
        (Greedy(), [NoRepeatNgram(1000)], 48, r"`size` must be at most 64; got 1000.*=48"),
        (
            "beem",
            [],
            4,
            r"`search` must be a Search, .* got 'beem'.*'greedy', 'beam', 'diverse_beam'",
        ),
        (Beam, [], 4, r"`search` must be a Search.*Call the class: Beam\(\)"),
        (Greedy(), "x", 4, r"`filters` must be a list of filters.*got 'x'"),
        (Greedy(), ["x"], 4, r"Every item of `filters` must be a Filter.*got 'x'"),
        (Greedy(), [MinLength], 4, r"Every item of `filters`.*the class MinLength"),
        (Greedy(), MinLength(3), 4, r"`filters` must be a list.*Put it in a list"),
        (Greedy(), None, 4, r"`filters` must be a list of filters.*got None"),
        (Greedy(), 3, 4, r"`filters` must be a list of filters.*got 3"),
    ],
)
def test_impossible_requests(toys, search, filters, max_length, message):
    model = toys.model()
    with pytest.raises(ValueError, match=message):
        decode(model, toys.source, search, filters=filters, max_length=max_length)


def test_what_memory_does_not_hold(toys, monkeypatch):
    monkeypatch.setattr("kseq2seq.memory.available_memory", lambda: 2**29)
    model, source = toys.model(), toys.source
    for search in (Beam(2**16), Sample(samples=2**16), DiverseBeam(2**14, 2)):
        message = rf"{type(search).__name__} over 3 sources x [\d,]+ hypotheses.*0.5 GiB is avail"
        with pytest.raises(ValueError, match=message):
            decode(model, source, search, max_length=4000)
    # a batch counts too, and whatever the decoder keeps of each hypothesis
    many = {name: np.repeat(x, 10**4, axis=0) for name, x in source.items()}
    with pytest.raises(ValueError, match=r"30,000 sources.*needs at least"):
        decode(model, many, Beam(200), max_length=4)


def test_state_counts_once_it_is_known(toys, monkeypatch):
    seen = []
    monkeypatch.setattr(requests, "check_memory", lambda needed, *_: seen.append(needed))
    decode(toys.model(), toys.source, Beam(2), max_length=3)
    assert len(set(seen)) > 1  # without the state, and with it


def test_wide_beams_of_small_models_are_fine(toys):
    found = decode(toys.model(), toys.source, Beam(1000), max_length=4)
    assert (np.array(found.lengths) > 0).sum(axis=1).tolist() == [toys.count] * 3


def test_numbers_of_several_models(model_named):
    gru = model_named("gru")
    with pytest.raises(ValueError, match=r"`ahead` must be at most 64; got 1000000"):
        Speculative(gru, gru, ahead=10**6)
    with pytest.raises(ValueError, match=r"`weights`.*at most 1e\+30"):
        Ensemble([gru, gru], weights=[1e308, 1e308])
    with pytest.raises(ValueError, match=r"`weight`.*at most 10; got"):
        Fusion(gru, 1e300)
