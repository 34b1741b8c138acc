from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, Greedy, SpecialTokens
from kseq2seq.decoding import Loop

LIMITS = [9, 4, 7]


def encode(model, source):
    return model.encoder(source, training=False)


@pytest.mark.parametrize("search", [Greedy(), Beam(3)], ids=["greedy", "beam"])
def test_a_run_may_be_cut_into_parts(lab, plain_model, search):
    loop = Loop(plain_model.decoder, search, 9)
    whole = loop.finish(loop.run(loop.start(encode(plain_model, lab.source), LIMITS)))
    carry = loop.start(encode(plain_model, lab.source), LIMITS)
    for steps in (2, 3, 0, None):
        carry = loop.run(carry, steps)
    parts = loop.finish(carry)
    for expected, given in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(np.array(expected), np.array(given))


def test_takes_no_more_steps_than_asked(lab, model_named):
    model = model_named("transformer")
    loop = Loop(model.decoder, Beam(2, 5.0), 9)
    carry = loop.start(encode(model, lab.source))
    assert int(carry.live.step) == 0
    carry = loop.run(carry, 2)
    assert int(carry.live.step) == 2
    carry = loop.run(carry, 1)
    assert int(carry.live.step) == 3
    found = loop.finish(carry)
    assert np.array(found.lengths).max() <= 3


def test_carry_has_a_row_of_context_a_source_and_of_state_a_hypothesis(lab, model):
    import keras

    loop = Loop(model.decoder, Beam(4), 9)
    carry = loop.run(loop.start(encode(model, lab.source)), 2)
    assert {leaf.shape[0] for leaf in keras.tree.flatten(carry.context)} <= {3}
    assert {leaf.shape[0] for leaf in keras.tree.flatten(carry.state)} == {12}
    assert carry.live.tokens.shape == (12,)


@pytest.mark.parametrize("search", [Greedy(), Beam(2, 0.0)], ids=["greedy", "beam"])
def test_stops_once_every_source_is_done(lab, search):
    import keras

    model = lab.make("lstm")
    logits = model.decoder.logits
    bias = np.zeros(7, "float32")
    bias[2] = 50.0
    logits.bias.assign(bias)
    loop = Loop(model.decoder, search, 30)
    carry = loop.run(loop.start(encode(model, lab.source)))
    assert int(carry.live.step) <= 2
    found = loop.finish(carry)
    assert keras.ops.convert_to_numpy(found.ids)[:, 0, 0].tolist() == [2, 2, 2]


def test_limits_are_each_sources_own(lab, plain_model):
    import keras

    limits = [1, 2, 6]
    loop = Loop(plain_model.decoder, Greedy(), 6)
    found = loop.finish(loop.run(loop.start(encode(plain_model, lab.source), limits)))
    lengths = keras.ops.convert_to_numpy(found.lengths)[:, 0]
    assert lengths[0] == 1
    assert np.all(lengths <= limits)


def test_special_tokens_may_have_other_ids(lab, model_named):
    model = model_named("gru")
    special = SpecialTokens(padding=5, start=6, end=3, unknown=0)
    loop = Loop(model.decoder, Beam(3), 6, special)
    found = loop.finish(loop.run(loop.start(encode(model, lab.source))))
    for ids, length in zip(
        np.array(found.ids).reshape(-1, 6), np.array(found.lengths).reshape(-1), strict=True
    ):
        assert ids[length - 1] == 3
        assert not np.isin(ids[: length - 1], [5, 6, 3]).any()
        assert np.all(ids[length:] == 5)


@pytest.mark.parametrize("max_length", [0, -1, 2.5, True, "9", None])
def test_refuses_a_max_length(model_named, max_length):
    with pytest.raises(ValueError, match=r"`max_length`.*at least 1.*got"):
        Loop(model_named("lstm").decoder, Greedy(), max_length)


def test_refuses_more_than_the_learned_positions(model_named):
    decoder = model_named("transformer-post").decoder
    assert Loop(decoder, Greedy(), 12).max_length == 12
    with pytest.raises(ValueError, match=r"`max_length`=13.*12.*max_positions"):
        Loop(decoder, Greedy(), 13)
