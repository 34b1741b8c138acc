"""The block of a Conformer, against its equations."""

import numpy as np

from kseq2seq.layers import BlockSizes, ConformerBlock, ConvolutionModule

RNG = np.random.default_rng(1)
MASK = np.arange(6) < np.array([[6], [4]])


def noisy(layer):
    for weight in layer.weights:
        value = np.asarray(weight)
        weight.assign(value + RNG.normal(scale=0.3, size=value.shape))
    return layer


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normalized(x, layer):
    scale, shift = (np.asarray(w, "float64") for w in layer.weights)
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * scale + shift


def dense(x, layer):
    kernel, bias = (np.asarray(w, "float64") for w in layer.weights)
    return x @ kernel + bias


def test_the_convolution_module_is_its_equation():
    layer = noisy(ConvolutionModule(dim=4, width=3))
    x = RNG.normal(size=(2, 6, 4)).astype("float32")
    both = dense(x.astype("float64"), layer.enter)
    gated = both[..., :4] * sigmoid(both[..., 4:]) * MASK[..., None]
    kernel, bias = (np.asarray(w, "float64") for w in layer.depthwise.weights)
    padded = np.pad(gated, ((0, 0), (1, 1), (0, 0)))
    seen = sum(padded[:, i : i + 6] * kernel[i, :, 0] for i in range(3)) + bias
    seen = normalized(seen, layer.normalize)
    wanted = dense(seen * sigmoid(seen), layer.leave)
    np.testing.assert_allclose(layer(x, MASK), wanted, atol=1e-5)


def test_the_block_is_its_sublayers_each_added_and_the_networks_half():
    sizes = BlockSizes(hidden_dim=4, num_heads=2, inner_dim=6, activation="swish")
    block = noisy(ConformerBlock(sizes, kernel_size=3))
    x = RNG.normal(size=(2, 6, 4)).astype("float32")
    wanted = x
    for join, sublayer, share in (
        (block.joins[0], block.first, 0.5),
        (block.joins[1], lambda x: block.attention(x, MASK[:, None, None]), 1.0),
        (block.joins[2], lambda x: block.convolution(x, MASK), 1.0),
        (block.joins[3], block.second, 0.5),
    ):
        wanted = wanted + share * np.asarray(sublayer(join.enter(wanted)))
    wanted = np.asarray(block.normalize(wanted))
    made = np.asarray(block(x, MASK))
    np.testing.assert_allclose(made, wanted, atol=1e-5)
    other = np.asarray(block(np.where(MASK[..., None], x, 5.0), MASK))
    np.testing.assert_allclose(other[MASK], made[MASK], atol=1e-5)
    np.testing.assert_allclose(block(x[1:, :4], MASK[1:, :4])[0], made[1, :4], atol=1e-5)
    remade = ConformerBlock.from_config({**block.get_config(), "remat": True})
    remade.set_weights(block.get_weights())
    np.testing.assert_allclose(remade(x, MASK), made, atol=1e-5)
