from __future__ import annotations

import numpy as np
import pytest

TARGET = [1, 4, 6, 3, 5, 4]
IDS = [4, 5, 6, 3, 2]
NAMES = ["convolutional", "convolutional-wide", "convolutional-untied"]


def dense(lab, layer, x):
    w = lab.weights(layer)
    return x @ w["kernel"] + w.get("bias", 0)


def places(lab, embedding, length):
    if embedding.position_scheme == "learned":
        return lab.weights(embedding.places)["embeddings"][:length]
    width = embedding.dim
    made = np.zeros((length, width))
    for p in range(length):
        for i in range(width // 2):
            made[p, i] = np.sin(p / 10000 ** (2 * i / width))
            made[p, width // 2 + i] = np.cos(p / 10000 ** (2 * i / width))
    return 0.1 * made


def by_hand(lab, model, ids, target):
    """Gehring et al. 2017, sections 3.1 to 3.5, a step, a layer and a source place at a time.

    The look at the source is taken from the gated convolution, before the residual; every sum of
    two is scaled by the root of a half, what attention gives by that of the source's length.
    """
    half = np.sqrt(0.5)
    decoder = model.decoder
    encoded = lab.numpy(model.encoder(lab.of([ids])))
    keys, outputs = (encoded[name][0].astype("float64") for name in ("keys", "outputs"))
    table = lab.weights(decoder.table)
    words = table["embeddings"][target] * 0.1 * np.sqrt(decoder.embedding.dim)
    g = words + places(lab, decoder.embedding, len(target))
    x = dense(lab, decoder.enter, g)
    alignments = np.zeros((len(decoder.blocks), len(target), len(ids)))
    for layer, block in enumerate(decoder.blocks):
        w = lab.weights(block.convolution.convolution)
        width, dim = len(w["kernel"]), x.shape[1]
        above = np.zeros_like(x)
        for i in range(len(target)):
            z = w["bias"].copy()
            for k in range(width):  # ends at i: the future is not seen
                if i - (width - 1) + k >= 0:
                    z += x[i - (width - 1) + k] @ w["kernel"][k]
            h = z[:dim] * lab.sigmoid(z[dim:])
            d = (dense(lab, block.query, h) + g[i]) * half
            a = np.exp(lab.log_softmax(np.array([d @ z_j for z_j in keys])))
            c = sum(a_j * o_j for a_j, o_j in zip(a, outputs, strict=True)) * np.sqrt(len(ids))
            h = (h + dense(lab, block.condition, c)) * half
            above[i] = (h + x[i]) * half
            alignments[layer, i] = a
        x = above
    hidden = dense(lab, decoder.leave, x)
    matrix = table.get("reverse_embeddings", table["embeddings"].T)
    return hidden @ matrix, alignments.mean(0)


def run(lab, model, ids, target, parts=None):
    context, state = model.decoder.initial(model.encoder(lab.of([ids])), 8)
    steps, position = [], 0
    for count in parts or [len(target)]:
        taken = np.array([target[position : position + count]])
        steps.append(model.decoder(taken, context, state, position=position))
        position, state = position + count, steps[-1].state
    return [np.concatenate([np.array(s[i])[0] for s in steps]) for i in (0, 2)]


@pytest.mark.parametrize("name", NAMES)
def test_equations(lab, model_named, name):
    model = model_named(name)
    for ids in (IDS, [6, 2]):
        logits, alignment = by_hand(lab, model, ids, TARGET)
        for padding in ([], [0, 0]):
            made, aligned = run(lab, model, [*ids, *padding], TARGET)
            np.testing.assert_allclose(made, logits, rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(aligned[:, : len(ids)], alignment, atol=1e-5)
            assert not aligned[:, len(ids) :].any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("parts", [[1] * 6, [1, 4, 1], [2, 3, 1]])
def test_steps_are_the_whole(lab, model_named, name, parts):
    """In parts shorter and longer than the kernel."""
    model = model_named(name)
    expected, _ = by_hand(lab, model, IDS, TARGET)
    made, _ = run(lab, model, IDS, TARGET, parts)
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "width"), zip(NAMES, [3, 4, 2], strict=True))
def test_state_is_the_last_inputs_of_each_layer(lab, model_named, name, width):
    """`kernel_size - 1` of them, whatever the length, and zeros before the first."""
    model = model_named(name)
    decoder = model.decoder
    for length in (0, 50):
        context, state = decoder.initial(model.encoder(lab.source), length)
        assert list(state) == ["before"]
        shapes = {tuple(before.shape) for before in state["before"]}
        assert shapes == {(3, width - 1, 8)}
        assert len(state["before"]) == len(decoder.blocks)
        assert not any(np.array(before).any() for before in state["before"])
    for count in range(1, 6):
        tokens = np.array([TARGET[:count]] * 3)
        before = np.array(decoder(tokens, context, state).state["before"][0])
        entered = np.array(decoder.enter(decoder.embedding(tokens)))
        padded = np.concatenate([np.zeros((3, width - 1, 8)), entered], axis=1)
        np.testing.assert_allclose(before, padded[:, count:], atol=1e-6)


def test_what_lies_further_back_than_the_kernels_is_forgotten(lab, model_named):
    """One layer of width 4 sees three tokens before, and no more."""
    model = model_named("convolutional-wide")
    assert len(model.decoder.blocks) == 1
    expected, _ = run(lab, model, IDS, TARGET)
    made, _ = run(lab, model, IDS, [TARGET[0], 5, *TARGET[2:]])
    changed = np.abs(made - expected).max(-1) > 1e-4
    assert changed.tolist() == [False, True, True, True, True, False]


def test_context_is_the_sources_and_not_repeated(lab, model_named):
    """Every layer looks at the same keys and values; only z is scored, z + e is mixed."""
    model = model_named("convolutional")
    encoded = lab.numpy(model.encoder(lab.source))
    context, _ = model.decoder.initial(model.encoder(lab.source))
    assert sorted(context) == ["key", "mask", "value"]
    np.testing.assert_array_equal(np.array(context["key"]), encoded["keys"])
    scaled = encoded["outputs"] * np.sqrt([5, 2, 3])[:, None, None]
    np.testing.assert_allclose(np.array(context["value"]), scaled, rtol=1e-5)


def test_longest_target_is_that_of_learned_positions(model_named):
    assert model_named("convolutional").decoder.max_positions == 512
    assert model_named("convolutional-wide").decoder.max_positions is None


def test_tied_output_is_the_embedding(model_named):
    for name, tables in (("convolutional", 1), ("convolutional-untied", 2)):
        assert len(model_named(name).decoder.table.weights) == tables
