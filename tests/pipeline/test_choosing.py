"""The likeliest of known texts, against the loss of CTC."""

import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.heads import CtcLoss
from kseq2seq.pipeline import choose
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

TEXTS = ["ab", "a", "bb", "abc", "c"]


@pytest.mark.parametrize("head", ["ctc", "joint"])
def test_it_is_the_text_with_the_least_loss(head):
    source, target = TextSource(ByteTokenizer(), 12), TextTarget(ByteTokenizer(), 6)
    model = ks.build_model("gru", source, target, head=head, hidden_dim=8, dropout=0.0)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(np.asarray(weight) + rng.normal(scale=0.6, size=weight.shape))
    raws = ["hello", "", "hi there", "a"]
    found = choose(ks.Pipeline(model, source, target), raws, TEXTS, batch_size=2)
    assert found[1].text == "" and not found[1].alternatives
    loss, ids = CtcLoss(model.head.end), target.ids(TEXTS).to_tensor()
    for raw, prediction in zip(raws, found, strict=True):
        if not raw:
            continue
        logits = model.head(model.encoder(source([raw])))
        each = loss.call(ids, np.repeat(logits, len(TEXTS), 0)) * loss.weights(ids)
        fits = np.array([2, 1, 3, 3, 1]) <= logits.shape[1]
        logs = np.where(fits, -np.asarray(each), -np.inf)
        assert prediction.text == TEXTS[int(logs.argmax())]
        share = np.exp(logs.max()) / np.exp(logs).sum()
        assert abs(np.exp(prediction.score) - share) < 1e-4


def test_a_source_that_is_too_short_for_each_text_gives_none_of_them():
    source, target = TextSource(ByteTokenizer(), 12), TextTarget(ByteTokenizer(), 12)
    model = ks.build_model("gru", source, target, head="ctc", hidden_dim=8)
    found = choose(ks.Pipeline(model, source, target), ["a", "a long one"], ["abcdef", "bcdefg"])
    assert found[0].text == "" and found[1].text in ("abcdef", "bcdefg")
    (only,) = choose(ks.Pipeline(model, source, target), ["a"], ["abcdef", "a"])
    assert only.text == "a" and not only.alternatives and only.score == 0


def test_other_heads_are_refused():
    tokenizer = ByteTokenizer()
    pipeline = ks.Pipeline(ks.build_model("gru", 260, 260, hidden_dim=4), tokenizer, tokenizer)
    with pytest.raises(ValueError, match="head='ctc' or 'joint'"):
        choose(pipeline, ["a"], TEXTS)
