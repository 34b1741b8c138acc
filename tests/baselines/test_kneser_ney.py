"""Kneser-Ney: against counts by dictionaries, numbers by hand, and nltk."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from kseq2seq.baselines import KneserNey, kneser_ney

SIZE = 9


def rows_of(count, seed=0):
    """Rows of a skewed language in which tokens depend on the one before."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        row = [int(rng.integers(1, 4))]
        while len(row) < 2 + rng.integers(8):
            row.append(int((row[-1] * 2 + rng.geometric(0.5)) % (SIZE - 1)))
        rows.append(row)
    return rows


class ByDictionaries:
    """The same model, one n-gram at a time."""

    def __init__(self, rows, size, order, firsts):
        self.size, self.order = size, order
        raw = [Counter() for _ in range(order + 1)]
        for row, first in zip(rows, firsts, strict=True):
            padded = ["^"] * (order - 1) + row
            for end in range(first + order - 1, len(padded)):
                for length in range(1, order + 1):
                    raw[length][tuple(padded[end - length + 1 : end + 1])] += 1
        self.counts = [None] * order + [raw[order]]
        for length in range(1, order):
            different = Counter(gram[1:] for gram in raw[length + 1])
            self.counts[length] = {
                gram: count if length > 1 and gram[0] == "^" else different[gram]
                for gram, count in raw[length].items()
            }
        self.after = [None] + [defaultdict(dict) for _ in range(order)]
        for length in range(1, order + 1):
            for gram, count in self.counts[length].items():
                self.after[length][gram[:-1]][gram[-1]] = count
        self.discounts = [None] + [self.estimate(c.values()) for c in self.counts[1:]]

    @staticmethod
    def estimate(counts):
        n = [sum(c == k for c in counts) for k in (1, 2, 3, 4)]
        if not all(n):
            return 0.5, 1.0, 1.5
        share = n[0] / (n[0] + 2 * n[1])
        found = [k - (k + 1) * share * n[k] / n[k - 1] for k in (1, 2, 3)]
        return found if all(0 < d <= k for k, d in enumerate(found, 1)) else (0.5, 1.0, 1.5)

    def prob(self, history, token):
        padded = (["^"] * (self.order - 1) + list(history))[-(self.order - 1) :]
        return self.of(tuple(padded) if self.order > 1 else (), token)

    def of(self, history, token):
        lower = self.of(history[1:], token) if history else 1 / self.size
        found = self.after[len(history) + 1].get(history)
        if not found:
            return lower
        discounts = self.discounts[len(history) + 1]
        total = sum(found.values())
        left = sum(discounts[min(c, 3) - 1] for c in found.values()) / total
        count = found.get(token, 0)
        kept = count - discounts[min(count, 3) - 1] if count else 0.0
        return kept / total + left * lower


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_equals_a_model_of_dictionaries(order):
    rows, others = rows_of(300), rows_of(40, seed=1)
    firsts = [n % 3 for n in range(len(rows))]
    model = KneserNey.fit(rows, SIZE, order, firsts)
    oracle = ByDictionaries(rows, SIZE, order, firsts)
    later = [n % 2 for n in range(len(others))]
    for row, first, found in zip(others, later, model.log_probs(others, later), strict=True):
        wanted = [oracle.prob(row[:n], row[n]) for n in range(first, len(row))]
        np.testing.assert_allclose(found, np.log(wanted), rtol=1e-9)


def test_the_discounts_of_the_data_above_are_estimated():
    oracle = ByDictionaries(rows_of(300), SIZE, 3, [0] * 300)
    assert oracle.discounts[3] != (0.5, 1.0, 1.5)


def test_every_token_has_a_share_after_any_history():
    model = KneserNey.fit(rows_of(50), SIZE, 4)
    probs = np.exp(model.next([[], [1], [1, 2, 3, 4, 5, 6], [8, 8, 8]]))
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert (probs > 0).all()
    row = [1, 2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(
        [model.next([row[:n]])[0, row[n]] for n in range(len(row))], model.log_probs([row])[0]
    )


def test_numbers_by_hand():
    # Bigrams of "a b", "a b", "a c" (a = 0, b = 1, c = 2) with the discounts 0.5, 1, 1.5.
    model = KneserNey.fit([[0, 1], [0, 1], [0, 2]], 3, 2)
    # Lowest: b and c each follow 1 token, a follows the beginning alone: 1 of 3 each, and half of
    # each is left to 1/3: 1/6 + 1/2 * 1/3 = 1/3. After a: b (2 - 1) / 3 + (1 + 0.5) / 3 * 1/3.
    wanted = [1.5 / 3 / 3, 1 / 3 + 1.5 / 3 / 3, 0.5 / 3 + 1.5 / 3 / 3]
    np.testing.assert_allclose(np.exp(model.next([[0]])[0]), wanted)


def test_equals_nltk_where_it_is_the_same_model(monkeypatch):
    models = pytest.importorskip("nltk.lm")
    discount = 0.4
    monkeypatch.setattr(kneser_ney, "_discounts", lambda counts: (discount,) * 3)
    # Histories inside rows alone, since nltk counts other n-grams at beginnings. Its shortest
    # n-grams have no 1 / V below them: they are given ours.
    rows = rows_of(80)
    model = KneserNey.fit(rows, SIZE, 3, [2] * len(rows))
    places = [(row, end) for row in rows for end in range(2, len(row))]
    grams = [[tuple(row[end - k : end + 1]) for k in range(3)] for row, end in places]
    oracle = models.KneserNeyInterpolated(3, discount=discount)
    oracle.fit([[tuple(map(str, gram)) for gram in row] for row in grams], map(str, range(SIZE)))
    lowest = np.exp(model.next([[8, 8, 8]])[0])  # an unknown history
    monkeypatch.setattr(oracle.estimator, "unigram_score", lambda token: lowest[int(token)])
    for row, end in places[:60]:
        found = np.exp(model.next([row[end - 2 : end]])[0, row[end]])
        wanted = oracle.unmasked_score(str(row[end]), tuple(map(str, row[end - 2 : end])))
        assert found == pytest.approx(wanted, rel=1e-6)


def test_each_row_has_its_numbers_even_none():
    model = KneserNey.fit([[1, 2]], SIZE, 2)
    assert model.log_probs([]) == []
    found = model.log_probs([[1, 2], [], [3], [1, 2]], [2, 0, 0, 1])
    assert [len(row) for row in found] == [0, 0, 1, 1]
    assert model.next([]).shape == (0, SIZE)


@pytest.mark.parametrize("firsts", [[-1], [3]])
def test_firsts_outside_of_their_rows_are_refused(firsts):
    model = KneserNey.fit([[1, 2]], SIZE, 2)
    with pytest.raises(ValueError, match="`firsts` must be positions in their rows; got"):
        KneserNey.fit([[1, 2]], SIZE, 2, firsts)
    with pytest.raises(ValueError, match="for row 0 of 2 tokens"):
        model.log_probs([[1, 2]], firsts)


def test_bad_rows_are_refused():
    with pytest.raises(ValueError, match="ids from 0 to 8"):
        KneserNey.fit([[9]], SIZE)
    with pytest.raises(ValueError, match="at least one token"):
        KneserNey.fit([[1]], SIZE, firsts=[1])
    with pytest.raises(ValueError, match="`order`"):
        KneserNey.fit([[1]], SIZE, 0)
