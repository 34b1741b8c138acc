"""Models are drawn by Keras."""

from __future__ import annotations

import keras
import pytest
from keras.src.utils.model_visualization import check_graphviz

from kseq2seq import build_model, plot


@pytest.mark.parametrize("name", ["model", "outline", "Block"])
def test_a_removed_name_says_what_to_use(name):
    with pytest.raises(AttributeError, match=rf"plot\.{name} was removed.*keras.utils.plot_model"):
        getattr(plot, name)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(AttributeError, match=r"'heat'; it has \['alignment', 'attention'"):
        plot.heat  # noqa: B018


def test_keras_draws_our_models(tmp_path):
    model = build_model("luong", source=20, target=30, hidden_dim=8)
    dot = keras.utils.model_to_dot(model, show_shapes=True, show_layer_names=True)
    labels = " ".join(node.get_label() for node in dot.get_nodes() if node.get_label())
    for layer in model.layers:
        assert layer.name in labels
    assert len(dot.get_edges()) >= len(model.layers) - 1
    assert "(None, None, 30)" in dot.to_string()  # the logits
    path = tmp_path / "model.png"
    if check_graphviz():
        keras.utils.plot_model(model, path, show_shapes=True)
        assert path.read_bytes().startswith(b"\x89PNG")
    else:
        with pytest.raises(ImportError, match="graphviz"):
            keras.utils.plot_model(model, path)
