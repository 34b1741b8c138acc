"""What is drawn, and how often."""

import numpy as np
import pytest
from kseq2seq_runtime import Greedy, Sample

import kseq2seq

SETTINGS = [
    {},
    {"temperature": 0.5},
    {"temperature": 2.0, "top_k": 3},
    {"top_p": 0.7},
    {"min_p": 0.2},
    {"temperature": 0.8, "top_k": 20, "top_p": 0.9, "min_p": 0.05},
    {"top_k": 1000},
    {"top_p": 1e-6},
]


def log_probs(seed=0, size=40):
    """Log-probabilities, some forbidden."""
    logits = np.random.default_rng(seed).normal(scale=1.5, size=size)
    made = (logits - np.log(np.exp(logits).sum())).astype("float32")
    made[[0, 1]] = -np.inf
    return made


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
def test_distribution_is_kseq2seqs(settings):
    for seed in range(5):
        kept = kseq2seq.Sample(**settings)._kept(log_probs(seed)[None])
        expected = np.exp(np.asarray(kept, "float64")[0])
        found = Sample(**settings).distribution(log_probs(seed))
        np.testing.assert_allclose(found, expected / expected.sum(), atol=1e-6)
        assert (found > 0).sum() == np.isfinite(np.asarray(kept)).sum()


def test_top_k_keeps_those_as_likely_as_the_last():
    values = np.log(np.array([0.4, 0.2, 0.2, 0.1, 0.1], "float32"))
    assert (Sample(top_k=2).distribution(values) > 0).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.7, "top_p": 0.9}], ids=repr)
def test_tokens_are_drawn_as_often_as_they_should(settings):
    search, draws = Sample(**settings), 20_000
    probs, random = search.distribution(log_probs(2, 12)), np.random.default_rng(5)
    counts = np.bincount(
        [search.pick(log_probs(2, 12), random) for _ in range(draws)], minlength=12
    )
    assert not counts[probs == 0].any()
    assert (probs > 0).sum() > 3
    expected = probs[probs > 0] * draws
    chi_square = ((counts[probs > 0] - expected) ** 2 / expected).sum()
    freedom = len(expected) - 1
    assert chi_square < freedom + 4 * np.sqrt(2 * freedom)  # about one in 10,000 if all is well


def test_first_tokens_of_a_model_are_drawn_as_often_as_they_should(opened):
    from kseq2seq_runtime.search import begin, extend

    model, source = opened["characters"].model, [9, 12, 2]
    search = Sample(top_k=5)
    probs = search.distribution(extend(model, begin(model, source)).log_probs)
    counts = np.zeros_like(probs)
    for seed in range(2000):
        (first,) = next(model.stream(source, search=search, seed=seed))
        counts[first.ids[0]] += 1
    assert not counts[probs == 0].any()
    expected = probs[probs > 0] * 2000
    freedom = len(expected) - 1
    assert ((counts[probs > 0] - expected) ** 2 / expected).sum() < freedom + 4 * np.sqrt(
        2 * freedom
    )


def test_sharpest_sampling_is_greedy(both, texts):
    _, runtime = both
    greedy = runtime(texts, search=Greedy())
    for search in (Sample(temperature=1e-4), Sample(top_k=1), Sample(top_p=1e-6), Sample(min_p=1)):
        found = runtime(texts, search=search, seed=3)
        assert [one.text for one in found] == [one.text for one in greedy]


def test_a_seed_gives_the_same_and_another_gives_others(opened, texts):
    pipeline, search = opened["bytes"], Sample(temperature=1.5)
    first = pipeline(texts, search=search, seed=4)
    assert pipeline(texts, search=search, seed=4) == first
    assert pipeline(texts, search=search, seed=5) != first
    # a text's draws depend on its place alone
    assert pipeline([*texts[:2], "other"], search=search, seed=4)[:2] == first[:2]
    same = pipeline([texts[0]] * 5, search=search, seed=4)
    assert len({one.text for one in same}) > 1


def test_scores_are_the_models_own(made, opened, lab):
    pipeline, runtime = made["characters"].pipeline, opened["characters"]
    source = lab.numpy(pipeline.source(["a b c"]))
    ids = [*runtime.source.encode("a b c"), 2]
    for seed in range(4):
        ((target, score),) = runtime.model.generate(ids, search=Sample(temperature=3.0), seed=seed)
        steps = lab.teacher_forced(pipeline.model, source, [target])[0]
        assert score == pytest.approx(steps[range(len(target)), target].sum(), abs=1e-4)


@pytest.mark.parametrize(
    "settings",
    [{"temperature": 0}, {"top_k": -1}, {"top_k": 1.5}, {"top_p": 0}, {"top_p": 2}, {"min_p": -1}],
    ids=repr,
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=f"`{next(iter(settings))}` must be"):
        Sample(**settings)


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None])
def test_seeds_that_make_no_sense_are_refused(seed, opened):
    with pytest.raises(ValueError, match="`seed` must be a whole number of at least 0"):
        opened["bytes"]("hi", search=Sample(), seed=seed)
