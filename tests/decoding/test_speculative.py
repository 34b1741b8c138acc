from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, Greedy, Sample, SpecialTokens, Speculative, decode
from kseq2seq.decoding import Loop, NoRepeatNgram

NAMES = ["lstm", "bahdanau", "luong", "convolutional", "transformer", "transformer-rotary"]


def same(found, expected):
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.lengths, expected.lengths)
    np.testing.assert_allclose(found.scores, expected.scores, atol=3e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("draft", ["gru", "transformer-alibi"])
def test_output_is_greedy_searchs(lab, model_named, name, draft):
    model = model_named(name)
    both = Speculative(model, model_named(draft), ahead=3)
    limits = [9, 4, 7]
    same(
        lab.searched(both, lab.source, Greedy(), 9, limits=limits),
        lab.searched(model, lab.source, Greedy(), 9, limits=limits),
    )


@pytest.mark.parametrize("search", [Beam(2), Sample(samples=2)], ids=["beam", "sample"])
def test_any_search_and_filter_will_do(lab, model_named, search):
    model = model_named("transformer")
    both = Speculative(model, model_named("lstm"), ahead=2)
    options = {"filters": [NoRepeatNgram(2)], "alignments": True}
    found = lab.searched(both, lab.source, search, 7, **options)
    expected = lab.searched(model, lab.source, search, 7, **options)
    same(found, expected)
    np.testing.assert_allclose(found.alignments, expected.alignments, atol=1e-5)


def test_decoder_only_models_too(lab, model_named):
    model, draft = model_named("decoder_only"), lab.make("decoder_only", seed=3)
    same(
        lab.searched(Speculative(model, draft, 3), lab.source, Greedy(), 8),
        lab.searched(model, lab.source, Greedy(), 8),
    )


@pytest.mark.parametrize("jit", [False, True])
def test_graph_and_xla_agree(lab, model_named, jit):
    model = model_named("transformer")
    both = Speculative(model, model_named("gru"), ahead=3)
    found = decode(both, lab.source, max_length=8, jit_compile=jit)
    expected = lab.searched(model, lab.source, Greedy(), 8)
    np.testing.assert_array_equal(np.array(found.ids), expected.ids)


def test_a_perfect_draft_saves_steps(lab):
    """With the model as its own draft it runs once a block, with a bad one up to once a step."""
    source = lab.of(lab.ids[:1])
    models = (lab.make("transformer", seed=seed) for seed in range(30))
    lengths = ((m, lab.searched(m, source, Greedy(), 8).lengths[0, 0]) for m in models)
    model, length = next((m, length) for m, length in lengths if length >= 6)
    calls = []
    for draft in (model, lab.make("transformer", seed=99)):
        both = Speculative(model, draft, ahead=3)
        filled = both.decoder._new_block
        count = []
        both.decoder._new_block = lambda *given, f=filled, c=count: c.append(1) or f(*given)
        loop = Loop(both.decoder, Greedy(), 8)
        carry = loop.run(loop.start(both.encoder(source)))
        assert np.array(loop.finish(carry).lengths)[0, 0] == length
        calls.append(len(count))
    perfect, bad = calls
    # at its limit a target ends whatever its draft wrote
    assert -(-length // 4) <= perfect <= -(-length // 4) + (length == 8)
    assert perfect < bad <= length


def test_mixed_precision(lab):
    model = lab.make("transformer", dtype="mixed_bfloat16")
    draft = lab.make("gru", dtype="mixed_bfloat16")
    found = decode(Speculative(model, draft, 2), lab.source, max_length=6)
    assert np.isfinite(np.array(found.scores)).all()


def test_other_special_ids(lab, model_named):
    model, special = model_named("transformer"), SpecialTokens(5, 6, 2, 3)
    both = Speculative(model, model_named("gru"), 3, special)
    options = {"max_length": 6, "special": special, "seed": 2}
    expected = decode(model, lab.source, Sample(samples=4), **options)
    found = decode(both, lab.source, Sample(samples=4), **options)
    np.testing.assert_array_equal(np.array(found.ids), np.array(expected.ids))
    with pytest.raises(ValueError, match=r"Speculative was made for \(0, 1, 2, 3\)"):
        decode(Speculative(model, model), lab.source, **options)


def test_refuses(lab, model_named):
    from kseq2seq import build_model

    model = model_named("gru")
    with pytest.raises(ValueError, match=r"Speculative takes models from"):
        Speculative(model, "draft")
    with pytest.raises(ValueError, match=r"`ahead`.*at least 1"):
        Speculative(model, model, 0)
    with pytest.raises(ValueError, match=r"share their target ids.*7 and 8.*same tokenizer"):
        Speculative(model, build_model("gru", 9, 8, hidden_dim=4))
    learned = model_named("transformer-post")  # 12 places
    with pytest.raises(ValueError, match=r"`max_length`=10.*positions for 9"):
        decode(Speculative(learned, model, 3), lab.source, max_length=10)
