"""`--ensemble`: runs on the same data answer together; others are refused."""

import keras
import numpy as np
import pytest

from kseq2seq import Pipeline, build_model
from kseq2seq.cli import ensemble
from kseq2seq.data import Pair, split_corpora
from kseq2seq.runs import Record
from kseq2seq.text import CharacterTokenizer, TextSource, TextTarget, WordTokenizer


def saved(directory, words="abc", seed=0):
    letters, phones = CharacterTokenizer("xyz"), WordTokenizer(list(words))
    model = build_model("gru", letters, phones, hidden_dim=8)
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(size=weight.shape) for weight in model.get_weights()])
    pipeline = Pipeline(model, TextSource(letters, 8), TextTarget(phones, 6))
    pipeline.save(directory / "pipeline")
    return pipeline


@pytest.fixture(scope="module")
def corpora():
    return split_corpora(Pair(f"x{n}", "a", str(n)) for n in range(300))


def recorded(directory, corpora):
    """Leaves the record of a run on some data in a directory."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 1)), np.ones(2), callbacks=[Record(directory, data=corpora)], verbose=0)


def test_probabilities_are_those_of_all_members(tmp_path, corpora, capsys):
    one = saved(tmp_path / "one", seed=1)
    two = saved(tmp_path / "two", seed=2)
    recorded(tmp_path / "two", corpora)
    three = saved(tmp_path / "three", seed=3)  # without a record
    members = [tmp_path / "two", tmp_path / "three" / "pipeline"]
    together = ensemble(one, members, corpora)
    assert capsys.readouterr().out.count("doesn't say what it was trained on") == 1
    first, *others = (
        each.score(["xy"], ["a"])[0].log_probs[0] for each in (together, one, two, three)
    )
    assert first == pytest.approx(np.log(np.mean(np.exp(others))), abs=1e-5)
    assert together.search == one.search
    one.model.set_weights(two.model.get_weights())  # as training does
    assert together.score(["xy"], ["a"])[0].log_probs[0] != pytest.approx(first, abs=1e-5)


def test_other_tokens_and_other_data_are_refused(tmp_path, corpora):
    one = saved(tmp_path / "one")
    saved(tmp_path / "other", words="abd")
    with pytest.raises(ValueError, match="other has other tokens than this model"):
        ensemble(one, [tmp_path / "other"], corpora)
    saved(tmp_path / "leaking")
    recorded(tmp_path / "leaking", {**corpora, "train": corpora["test"]})
    for directory in (tmp_path / "leaking", tmp_path / "leaking" / "pipeline"):
        with pytest.raises(ValueError, match="was trained on other examples"):
            ensemble(one, [directory], corpora)
    with pytest.raises(FileNotFoundError, match=r"pipeline\.json is missing"):
        ensemble(one, [tmp_path / "nowhere"], corpora)
