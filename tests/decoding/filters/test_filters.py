"""Every filter, under an exhaustive beam, against a list of all targets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kseq2seq.decoding import (
    Automaton,
    Beam,
    Carried,
    Contrastive,
    DiverseBeam,
    Forbid,
    Fusion,
    Greedy,
    MaxLength,
    MinLength,
    NoRepeatNgram,
    Prefix,
    RepetitionPenalty,
    Require,
    Sample,
    decode,
)


def test_only_real_units_of_a_source_count(toys):
    """A host may leave anything beyond them."""
    for rule in (Carried([3, 4], source=[3, 4]), NoRepeatNgram(1, of_source=True)):
        found = []
        for beyond in (0, 3, 4):
            ids, mask = [[3, 5, beyond, beyond]], [[True, True, False, False]]
            source = {"source": np.array(ids, "int32"), "source_mask": np.array(mask)}
            done = decode(toys.model(), source, Beam(3), max_length=4, filters=[rule])
            found.append(np.array(done.ids).tolist())
        assert found[0] == found[1] == found[2]


def holds(phrase, target):
    count = len(phrase)
    return any(target[i : i + count] == tuple(phrase) for i in range(len(target) - count + 1))


def words(target):
    return target[:-1]


def repeats(target, size):
    grams = [target[i : i + size] for i in range(len(target) - size + 1)]
    return len(set(grams)) < len(grams)


def automaton_accepts(target):
    state = 0
    for token in target:
        if (state, token) not in TRANSITIONS:
            return False
        state = TRANSITIONS[state, token]
    return True


TRANSITIONS = {(0, 3): 1, (1, 4): 0, (1, 3): 1, (0, 2): 0, (0, 5): 2, (2, 5): 0, (2, 2): 0}
LISTED = [[3, 4], [3, 4, 5], [5], [4, 4, 4]]
PHRASES = [[[3, 4]], [[5], [4]], []]
PREFIXES = [[3, 4], [], [5]]

# name: (filters, what they allow: (index of the source, its length, its ids, target) -> bool)
RULES = {
    "min length": ([MinLength(3)], lambda i, n, s, y: len(y) >= 3),
    "min ratio": ([MinLength(ratio=0.7)], lambda i, n, s, y: len(y) >= min(4, math.floor(0.7 * n))),
    "max length": ([MaxLength(2)], lambda i, n, s, y: len(y) <= 2),
    "max ratio": ([MaxLength(1, 0.5)], lambda i, n, s, y: len(y) <= 1 + n // 2),
    "no unigram twice": ([NoRepeatNgram(1)], lambda i, n, s, y: not repeats(words(y), 1)),
    "no bigram twice": ([NoRepeatNgram(2)], lambda i, n, s, y: not repeats(words(y), 2)),
    "no bigram of the source": (
        [NoRepeatNgram(2, of_source=True)],
        lambda i, n, s, y: not any(holds(s[k : k + 2], words(y)) for k in range(n - 2)),
    ),
    "no word of the source": (
        [NoRepeatNgram(1, of_source=True)],
        lambda i, n, s, y: not set(words(y)) & set(s[:-1]),
    ),
    "longer than any": ([NoRepeatNgram(9)], lambda i, n, s, y: True),
    "forbidden word": ([Forbid([[4]])], lambda i, n, s, y: 4 not in y),
    "forbidden phrases": (
        [Forbid([[3, 3], [5], [4, 3, 4]])],
        lambda i, n, s, y: not any(holds(p, y) for p in ([3, 3], [5], [4, 3, 4])),
    ),
    "forbidden overlap": ([Forbid([[3, 3, 4]])], lambda i, n, s, y: not holds([3, 3, 4], y)),
    "prefix": ([Prefix(PREFIXES)], lambda i, n, s, y: list(y[: len(PREFIXES[i])]) == PREFIXES[i]),
    "required": ([Require(PHRASES)], lambda i, n, s, y: all(holds(p, y) for p in PHRASES[i])),
    "overlapping required": (
        [Require([[[3, 4], [4, 5]], [[3, 3]], [[3, 3, 4]]])],
        lambda i, n, s, y: all(holds(p, y) for p in ([[3, 4], [4, 5]], [[3, 3]], [[3, 3, 4]])[i]),
    ),
    "carried": (
        [Carried([5, 4])],
        lambda i, n, s, y: all(y.count(token) == s.count(token) for token in (4, 5)),
    ),
    "carried as others": (
        [Carried([3], source=[5])],
        lambda i, n, s, y: y.count(3) == s.count(5),
    ),
    "automaton": ([Automaton(TRANSITIONS)], lambda i, n, s, y: automaton_accepts(y)),
    "list": ([Automaton.of_targets(LISTED)], lambda i, n, s, y: list(words(y)) in LISTED),
    "together": (
        [MinLength(3), Forbid([[3, 4]]), NoRepeatNgram(1), Require([[[4]], [[5]], []])],
        lambda i, n, s, y: (
            len(y) >= 3
            and not holds([3, 4], y)
            and not repeats(words(y), 1)
            and all(p in y for p in ([4], [5], [])[i])
        ),
    ),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", [0, 1])
def test_exhaustive_search_finds_all_that_is_allowed(toys, name, seed):
    model = toys.model(seed)
    filters, allows = RULES[name]
    found = toys.found(model, Beam(toys.count, 0.0), filters=filters)
    for index, (first, length) in enumerate(zip(toys.firsts, toys.lengths, strict=True)):
        source = tuple(toys.sources[index, :length].tolist())
        expected = toys.ranked(
            {
                target: model.log_prob(first, target)
                for target in toys.targets()
                if allows(index, length, source, target)
            }
        )
        assert expected, "the case would show nothing"
        toys.same(found[index], expected)


SEARCHES = [Greedy(), Beam(2), DiverseBeam(4, 2), Sample(samples=5), Contrastive(3)]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
@pytest.mark.parametrize("name", RULES)
def test_no_search_returns_what_is_forbidden(toys, name, search):
    model = toys.model(3)
    filters, allows = RULES[name]
    if any(rule.banks for rule in filters) and not search.uses_banks:
        with pytest.raises(ValueError, match=r"Require needs a search.*Beam\(4\)"):
            toys.found(model, search, filters=filters)
        return
    found = toys.found(model, search, filters=filters)
    for index, length in enumerate(toys.lengths):
        source = tuple(toys.sources[index, :length].tolist())
        for score, target in found[index]:
            assert allows(index, length, source, target)
            expected = model.log_prob(toys.firsts[index], target)
            if isinstance(search, Beam | DiverseBeam):
                expected /= ((5 + len(target)) / 6) ** 0.6
            np.testing.assert_allclose(score, expected, atol=3e-5)


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_a_narrow_beam_finds_a_place_for_every_phrase(toys, width, seed):
    phrases = [[[5, 3], [4]], [[4, 4, 3]], [[3], [4], [5]]]
    found = toys.found(toys.model(seed), Beam(width), limit=6, filters=[Require(phrases)])
    for of_source, required in zip(found, phrases, strict=True):
        assert of_source
        for _, target in of_source:
            assert all(holds(phrase, target) for phrase in required)


def test_repetition_costs(toys):
    model, penalty = toys.model(), 1.7
    found = toys.found(model, Beam(toys.count, 0.0), filters=[RepetitionPenalty(penalty)])
    for first, of_source in zip(toys.firsts, found, strict=True):

        def score(target, first=first):
            total = 0.0
            for n, token in enumerate(target):
                value = model.after(first, target[:n])[token]
                total += value * penalty if token in target[:n] else value
            return total

        toys.same(of_source, toys.ranked({y: score(y) for y in toys.targets()}))


def test_fusion_adds_what_the_language_model_says(toys):
    model, other = toys.model(0), toys.model(1)
    found = toys.found(model, Beam(toys.count, 0.0), filters=[Fusion(other, 0.4)])
    for first, of_source in zip(toys.firsts, found, strict=True):
        expected = {
            y: model.log_prob(first, y) + 0.4 * other.log_prob(toys.end, y) for y in toys.targets()
        }
        toys.same(of_source, toys.ranked(expected))


def test_fusion_with_a_real_model_keeps_its_state_straight(lab, model_named):
    """A narrow beam moves hypotheses about, and the language model's memory must follow."""
    model, language_model = model_named("gru"), lab.make("transformer", seed=4)
    found = lab.searched(model, lab.source, Beam(3, 0.0), 6, filters=[Fusion(language_model, 0.5)])
    ends = lab.of([[2]] * 9)
    source = {name: np.repeat(value, 3, axis=0) for name, value in lab.source.items()}
    targets = found.ids.reshape(-1, 6)
    both = lab.teacher_forced(model, source, targets)
    both = both + 0.5 * lab.teacher_forced(language_model, ends, targets)
    per_token = np.take_along_axis(both, targets[:, :, None], -1)[:, :, 0]
    real = np.arange(6) < found.lengths.reshape(-1)[:, None]
    np.testing.assert_allclose(
        found.scores.reshape(-1), np.where(real, per_token, 0).sum(1), atol=5e-5
    )


def test_filters_are_values_and_share_graphs():
    assert Forbid([[1, 2], [3]]) == Forbid(((1, 2), (3,))) != Forbid([[1, 2]])
    assert hash(Automaton({(0, 1): 0, (0, 2): 1})) == hash(Automaton({(0, 2): 1, (0, 1): 0}))
    assert Automaton.of_targets([[3, 4], [5]]) == Automaton.of_targets([[5], [3, 4]])
    assert Prefix([[3]]) != Prefix([[4], [5]])
    assert Prefix([[3]]).key == Prefix([[4], [5]]).key
    assert Require([[[3]]]).key == Require([[[4]], []]).key != Require([[[3, 4]]]).key
    assert Forbid([[3]]).key == Forbid([[4], [5]]).key


def test_long_lists_are_held_in_little(toys):
    rng = np.random.default_rng(0)
    listed = rng.integers(3, 30_000, (5000, 6)).tolist()
    arrays = Automaton.of_targets(listed).given()
    assert sum(array.nbytes for array in arrays.values()) < 1_000_000


REFUSED = [
    (lambda: MinLength(-1), r"`tokens`.*at least 0.*-1"),
    (lambda: MinLength(2.5), r"`tokens`.*whole number.*2.5"),
    (lambda: MaxLength(), r"MaxLength needs `tokens` or `ratio`"),
    (lambda: MaxLength(3, -1), r"`ratio`.*-1"),
    (lambda: RepetitionPenalty(0.5), r"`penalty`.*at least 1.*0.5"),
    (lambda: NoRepeatNgram(0), r"`size`.*at least 1"),
    (lambda: Forbid([]), r"at least one phrase"),
    (lambda: Forbid([[]]), r"none of them empty"),
    (lambda: Forbid(["word"]), r"sequences of token ids.*Pipeline.phrases"),
    (lambda: Forbid([5]), r"sequences of token ids"),
    (lambda: Require([[5]]), r"for each source.*sequences of token ids"),
    (lambda: Require("words"), r"for each source"),
    (lambda: Prefix(["word"]), r"sequences of token ids"),
    (lambda: Prefix(5), r"for each source"),
    (lambda: Prefix([0, 0]), r"for each source"),
    (lambda: Automaton({}), r"at least one"),
    (lambda: Automaton.of_targets([]), r"`targets` must hold at least one"),
    (lambda: Automaton.of_targets([[5, 2, 3]]), r"none with the end token 2"),
    (lambda: Automaton({(0, -1): 1}), r"whole numbers"),
    (lambda: Fusion("gpt", 0.1), r"Seq2Seq from `build_model`.*str"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_refuses_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "rule", [Forbid([[6]]), Require([[[6]], [], []]), Prefix([[6], [], []]), Automaton({(0, 6): 0})]
)
def test_refuses_ids_the_model_does_not_have(toys, rule):
    with pytest.raises(ValueError, match=r"ids \[6\].*from 0 to 5"):
        toys.found(toys.model(), Beam(2), filters=[rule])


@pytest.mark.parametrize("rule", [Require([[[5, 2]], [], []]), Prefix([[0], [], []])])
def test_refuses_special_ids(toys, rule):
    with pytest.raises(ValueError, match=r"special ids"):
        toys.found(toys.model(), Beam(2), filters=[rule])


def test_refuses_a_prefix_that_leaves_no_place(toys):
    with pytest.raises(ValueError, match=r"prefix of 4 tokens.*`max_length`=4"):
        toys.found(toys.model(), Beam(2), filters=[Prefix([[3, 4, 3, 4], [], []])])


def test_refuses_a_language_model_that_is_too_short(lab, model_named):
    short = model_named("transformer-post")  # 12 places
    with pytest.raises(ValueError, match=r"language model has positions for 12.*13"):
        lab.searched(model_named("gru"), lab.source, Greedy(), 13, filters=[Fusion(short)])


def test_a_shorter_source_than_the_n_gram_after_longer_ones(toys):
    from kseq2seq import decode

    for width in (5, 4, 2):
        ids = toys.sources[:, :width]
        found = decode(
            toys.model(),
            {"source": ids, "source_mask": ids != 0},
            max_length=4,
            filters=[NoRepeatNgram(4, of_source=True)],
        )
        assert np.isfinite(np.array(found.scores)).all()
