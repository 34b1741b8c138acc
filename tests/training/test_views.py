"""What holds for every training view."""

import keras
import numpy as np
import pytest

from kseq2seq.training import (
    GuidedAlignment,
    RDrop,
    TokenCrossEntropy,
    averaged_weights,
    inverse_sigmoid,
    r_drop,
    scheduled_sampling,
    truncated,
    with_alignments,
)

LABELS = np.array([[4, 5, 2], [6, 2, 0], [3, 3, 2]], "int32")
LINKS = np.eye(3, 5)[None].repeat(3, axis=0).astype("float32")
BOTH = {"logits": TokenCrossEntropy(), "alignments": GuidedAlignment()}

# How to make it, its loss, and its labels.
VIEWS = {
    "scheduled_sampling": (lambda model: scheduled_sampling(model, 0.5), TokenCrossEntropy, LABELS),
    "truncated": (lambda model: truncated(model, 2), TokenCrossEntropy, LABELS),
    "r_drop": (r_drop, RDrop, LABELS),
    "with_alignments": (with_alignments, lambda: BOTH, {"logits": LABELS, "alignments": LINKS}),
}


@pytest.fixture(params=VIEWS)
def made(request):
    return VIEWS[request.param]


@pytest.fixture
def inputs(lab):
    return {**lab.source, "target": lab.inputs_for(LABELS)}


def test_a_view_trains_the_models_own_weights_in_their_order(made, model_named):
    model = model_named("hybrid-transformer-luong")
    view = made[0](model)
    assert [id(v) for v in view.trainable_variables] == [id(v) for v in model.trainable_variables]
    known = {id(v) for v in model.weights}
    assert {v.name for v in view.weights if id(v) not in known} <= {"step"}


def test_averages_saving_and_loading_are_the_models(made, lab, inputs, tmp_path):
    model = lab.make("luong", dropout=0.2)
    view = made[0](model)
    average = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5)
    view.compile(average, made[1](), run_eagerly=True)
    for _ in range(2):  # the first average is what the first step left
        view.train_on_batch(inputs, made[2])
    last = model.get_weights()
    with averaged_weights(view):
        averages = model.get_weights()
    assert any((one != other).any() for one, other in zip(last, averages, strict=True))
    for one, other in zip(last, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(inputs), model(inputs), atol=1e-6)
    again = made[0](loaded)
    for one, other in zip(view.trainable_variables, again.trainable_variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_view_is_saved_as_its_model_and_how_it_was_made(made, lab, inputs, tmp_path):
    model = lab.make("luong")
    model.encoder.trainable = False
    view = made[0](model)
    view.compile("adam", made[1](), run_eagerly=True)
    view.train_on_batch(inputs, made[2])
    view.save(tmp_path / "view.keras")
    again = keras.saving.load_model(tmp_path / "view.keras")
    assert (type(again), again.name) == (type(view), view.name)
    np.testing.assert_allclose(again.viewed()(inputs), model(inputs), atol=1e-6)
    assert len(again.trainable_variables) == len(view.trainable_variables)
    for one, other in zip(view.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_view_made_with_a_function_is_refused_before_there_is_a_file(lab, tmp_path):
    view = scheduled_sampling(lab.make("gru"), lambda step: 0.5)
    with pytest.raises(NotImplementedError, match="has a function as `rate`"):
        view.save(tmp_path / "view.keras")
    assert not list(tmp_path.iterdir())
    view = scheduled_sampling(lab.make("gru"), inverse_sigmoid(5), seed=1)
    view.save(tmp_path / "view.keras")
    again = keras.saving.load_model(tmp_path / "view.keras")
    assert again.get_config() == view.get_config()


def test_fits_under_xla_in_bfloat16(made, lab, inputs):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = lab.make("transformer" if made[0] is with_alignments else "rnn", dropout=0.1)
    finally:
        keras.config.set_dtype_policy("float32")
    view = made[0](model)  # which takes the policy of its model
    view.compile(keras.optimizers.SGD(0.1), made[1](), jit_compile=True)
    losses = [view.train_on_batch(inputs, made[2]) for _ in range(8)]
    losses = [loss[0] if isinstance(loss, list) else loss for loss in losses]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_refuses_what_is_no_model_of_this_package(made, model_named):
    with pytest.raises(TypeError, match="not of another view; got View 'truncated'"):
        made[0](truncated(model_named("gru"), 2))
    with pytest.raises(TypeError, match=r"a model of `build_model`.*got NoneType"):
        made[0](None)


def test_a_view_takes_sources_without_a_mask(made, model_named, inputs):
    view = made[0](model_named("luong"))
    bare = {name: value for name, value in inputs.items() if name != "source_mask"}
    if set(bare) <= set(view.input):
        expected, found = (keras.tree.flatten(view(each)) for each in (inputs, bare))
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-6)
