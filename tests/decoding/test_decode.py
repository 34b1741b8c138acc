from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, Ensemble, Greedy, SpecialTokens, build_model, decode
from kseq2seq.decoding import Forbid, Prefix

SEARCHES = pytest.mark.parametrize("search", [Greedy(), Beam(3)], ids=["greedy", "beam"])


def assert_same(found, expected):
    np.testing.assert_array_equal(np.array(found.ids), np.array(expected.ids))
    np.testing.assert_array_equal(np.array(found.lengths), np.array(expected.lengths))
    np.testing.assert_allclose(
        np.array(found.scores), np.array(expected.scores), rtol=1e-5, atol=1e-5
    )


@SEARCHES
def test_graph_and_xla_and_eager_agree(lab, plain_model, search):
    limits = [7, 4, 6]
    options = {"max_length": 7, "limits": limits}
    eager = lab.searched(plain_model, lab.source, search, 7, limits=limits)
    assert_same(decode(plain_model, lab.source, search, **options), eager)
    assert_same(decode(plain_model, lab.source, search, **options, jit_compile=True), eager)


def test_order_of_a_batch_does_not_matter(lab, model):
    order = [2, 0, 1]
    search = Beam(3)
    found = lab.searched(model, lab.source, search, 7, limits=[7, 5, 6])
    moved = lab.searched(model, lab.of(lab.ids[order]), search, 7, limits=[6, 7, 5])
    np.testing.assert_array_equal(found.ids[order], moved.ids)
    np.testing.assert_allclose(found.scores[order], moved.scores, atol=1e-5)


def test_company_and_padding_do_not_matter(lab, model):
    search = Beam(3)
    found = lab.searched(model, lab.source, search, 7)
    alone = lab.searched(model, lab.of(lab.ids[1:2, :2]), search, 7)
    np.testing.assert_array_equal(found.ids[1:2], alone.ids)
    np.testing.assert_allclose(found.scores[1:2], alone.scores, atol=1e-5)


def test_a_row_without_a_real_token_gives_no_nan(lab, model):
    source = {"source": lab.ids, "source_mask": lab.ids * [[1], [0], [1]] != 0}
    found = lab.searched(model, source, Beam(2), 5)
    assert np.isfinite(found.scores).all()
    given = lab.searched(model, lab.source, Beam(2), 5)
    np.testing.assert_array_equal(found.ids[[0, 2]], given.ids[[0, 2]])


@pytest.mark.parametrize("name", ["bahdanau", "bahdanau-oneway", "luong", "luong-unfed"])
def test_alignments_are_those_of_each_step(lab, model_named, name):
    check_alignments(lab, model_named(name))


@pytest.mark.parametrize("name", ["transformer", "transformer-tall"])
def test_transformer_alignments(lab, model_named, name):
    check_alignments(lab, model_named(name))


def check_alignments(lab, model):
    found = lab.searched(model, lab.source, Beam(2), 5, alignments=True)
    assert found.alignments.shape == (3, 2, 5, 5)
    np.testing.assert_allclose(found.alignments.sum(-1), 1, atol=1e-5)
    assert not found.alignments[1, :, :, 2:].any()
    encoded = model.encoder(lab.source, training=False)
    for rank in range(2):
        context, state = model.decoder.initial(encoded, 5)
        tokens = lab.inputs_for(found.ids[:, rank])
        for t in range(5):
            step = model.decoder(tokens[:, t : t + 1], context, state, position=t)
            state = step.state
            there = t < found.lengths[:, rank]
            np.testing.assert_allclose(
                found.alignments[there, rank, t], np.array(step.alignment)[there, 0], atol=1e-5
            )


@pytest.mark.parametrize("name", ["bahdanau", "luong"])
def test_alignments_point_into_the_source_as_given(lab, name):
    """Though the encoder read it backwards: the last real word's vector is place 4's."""
    model = lab.make(name, reverse_source=True, bidirectional=False)
    encoded = lab.numpy(model.encoder(lab.source, training=False))
    first_read = lab.numpy(model.encoder(lab.of([[2]]), training=False))
    np.testing.assert_allclose(encoded["outputs"][0, 4], first_read["outputs"][0, 0], atol=1e-6)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_no_attention_no_alignments(lab, model_named, name):
    found = lab.searched(model_named(name), lab.source, Greedy(), 4, alignments=True)
    assert found.alignments is None


def test_greedy_is_the_default_and_lists_will_do(lab, model_named):
    model = model_named("gru")
    source = {name: value.tolist() for name, value in lab.source.items()}
    assert_same(decode(model, source, max_length=4), lab.searched(model, lab.source, Greedy(), 4))


def test_weights_changed_after_a_first_call_are_used(lab):
    model = lab.make("gru")
    first = decode(model, lab.source, max_length=4)
    model.set_weights(lab.make("gru", seed=5).get_weights())
    second = decode(model, lab.source, max_length=4)
    assert_same(second, lab.searched(model, lab.source, Greedy(), 4))
    assert np.abs(np.array(first.scores) - np.array(second.scores)).max() > 1e-3


def test_refuses_what_is_not_a_model(lab):
    with pytest.raises(ValueError, match=r"`model` must be a Seq2Seq from `build_model`"):
        decode("gru", lab.source, max_length=4)


def test_refuses_wrong_keys(lab, model_named):
    for inputs in ({"ids": lab.ids}, {"source": lab.ids.astype("float32")}):
        with pytest.raises(ValueError, match=r"`inputs` must have the keys.*source_mask.*got"):
            decode(model_named("gru"), inputs, max_length=4)


@pytest.mark.parametrize("inputs", [object(), [[7, 2], [7]]])
def test_refuses_what_is_no_array(model_named, inputs):
    with pytest.raises(ValueError, match=r"`inputs` must be ids .*source_mask"):
        decode(model_named("gru"), inputs, max_length=4)


def test_refuses_texts_and_what_is_no_batch(model_named):
    with pytest.raises(ValueError, match=r"`inputs` must be ids, not texts.*Pipeline"):
        decode(model_named("gru"), ["a text"], max_length=4)
    for inputs in ([7, 8, 2], 7):
        with pytest.raises(ValueError, match=r"`inputs` must hold a batch, \(rows, length\)"):
            decode(model_named("gru"), inputs, max_length=4)


@pytest.mark.parametrize("rows", [3, 8])
def test_ids_alone_have_the_mask_of_their_padding(lab, model_named, rows):
    ids = np.resize(lab.ids, (rows, lab.ids.shape[1]))
    expected = decode(model_named("luong"), lab.of(ids), Beam(), max_length=5)
    for inputs in (ids, ids.tolist(), {"source": ids}):
        assert_same(decode(model_named("luong"), inputs, "beam", max_length=5), expected)


@pytest.mark.parametrize("special", [SpecialTokens(), SpecialTokens(padding=1, start=0)])
def test_the_padding_of_the_source_is_masked_whatever_that_of_the_target(lab, special):
    model = build_model("gru", 20, 20, source_padding=1, hidden_dim=8)
    inputs = np.where(lab.ids == 0, 1, lab.ids)
    expected = {"source": inputs, "source_mask": inputs != 1}
    options = {"max_length": 4, "special": special}
    assert_same(decode(model, inputs, **options), decode(model, expected, **options))
    both = Ensemble([model, model])
    assert_same(decode(both, inputs, **options), decode(both, expected, **options))


def test_the_old_keyword_of_inputs_works(lab, model_named):
    with pytest.warns(
        FutureWarning, match=r"`source` of decode\(\) was renamed to `inputs`"
    ) as seen:
        old = decode(model_named("gru"), source=lab.source, max_length=4)
    assert seen[0].filename == __file__
    assert_same(old, decode(model_named("gru"), inputs=lab.source, max_length=4))


@pytest.mark.parametrize(
    ("keyword", "advice"),
    [
        ("num_beams", r"search=Beam\(beam_width=...\)"),
        ("temperature", r"search=Sample\(...\)"),
        ("max_new_tokens", "Pass `max_length`"),
        ("unheard_of", "unexpected keyword"),
    ],
)
def test_keywords_of_other_libraries_are_answered(lab, model_named, keyword, advice):
    with pytest.raises(TypeError, match=advice):
        decode(model_named("gru"), lab.source, **{keyword: 4, "max_length": 4})


def test_warm_calls_are_refused_as_first_ones_are(lab, model_named):
    """What depends on shapes is checked once for each, values every time."""
    model, good = model_named("gru"), {"max_length": 4, "filters": [Forbid([[5]])]}
    wrong = [
        ({"source": lab.ids, "mask": lab.ids != 0}, {}, "`inputs` must have the keys"),
        ({"source": lab.ids, "source_mask": lab.ids[:, :4] != 0}, {}, "agree in rows and length"),
        ({"source": lab.ids, "source_mask": lab.ids[:2] != 0}, {}, "the same number of rows"),
        (lab.source, {"max_length": True}, "`max_length`.*at least 1"),
        (lab.source, {"filters": [Forbid([[99]])]}, "the model has ids from 0 to"),
        (lab.source, {"filters": [Prefix([[5], [5]])]}, "is for 2 sources, but there are 3"),
        (lab.source, {"limits": [4, 4, 5]}, "`limits` must lie between"),
        (lab.source, {"seed": [1, 2]}, "`seed` has 2 numbers, but there are 3"),
        (lab.source, {"search": Beam(2, 1000.0)}, "`length_penalty` must be at most"),
        (lab.source, {"rows": 3}, "`rows` is for models without a source"),
    ]
    for _ in range(2):
        decode(model, lab.source, **good)
        decode(model, lab.source, Beam(2, 0.0), **good)
        decode(model, lab.source, max_length=4, filters=[Prefix([[5]] * 3)])
        for inputs, options, message in wrong:
            with pytest.raises(ValueError, match=message):
                decode(model, inputs, **{**good, **options})


def test_refuses_a_mask_of_another_shape(lab, model_named):
    source = {"source": lab.ids, "source_mask": np.ones((3, 4), bool)}
    with pytest.raises(ValueError, match=r"agree in rows and length.*\(3, 5\)"):
        decode(model_named("gru"), source, max_length=4)


@pytest.mark.parametrize("limits", [[4, 4], 4, [[4, 4, 4]]])
def test_refuses_limits_of_another_shape(lab, model_named, limits):
    with pytest.raises(ValueError, match=r"`limits`.*3 sources"):
        decode(model_named("gru"), lab.source, max_length=4, limits=limits)


@pytest.mark.parametrize("limits", [[4, 4, 5], [0, 4, 4], [4, -1, 4]])
def test_refuses_limits_out_of_range(lab, model_named, limits):
    with pytest.raises(ValueError, match=r"`limits`.*between 1 and.*4"):
        decode(model_named("gru"), lab.source, max_length=4, limits=limits)


@pytest.mark.parametrize("max_length", [0, 2.0, "4"])
def test_refuses_a_max_length(lab, model_named, max_length):
    with pytest.raises(ValueError, match=r"`max_length`.*at least 1"):
        decode(model_named("gru"), lab.source, max_length=max_length)


def test_refuses_a_source_beyond_the_learned_positions():
    model = build_model(
        "transformer",
        9,
        9,
        hidden_dim=8,
        num_heads=2,
        num_layers=1,
        positions="learned",
        max_positions=6,
    )
    for length in (3, 4, 6):  # the third shape makes the graph's length unknown
        ids = np.full((1, length), 5)
        decode(model, {"source": ids, "source_mask": ids != 0}, max_length=2)
    ids = np.full((1, 7), 5)
    with pytest.raises(ValueError, match=r"7 tokens.*positions for 6.*max_positions"):
        decode(model, {"source": ids, "source_mask": ids != 0}, max_length=2)
