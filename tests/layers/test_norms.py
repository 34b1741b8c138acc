"""DeepNet's constants and first weights; and that rematerializing changes nothing but memory."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import build_model
from kseq2seq.layers import (
    NORMS,
    BlockSizes,
    DecoderBlock,
    EncoderBlock,
    Norm,
    PrefixBlock,
    encoder_decoder_norms,
    single_stack_norm,
    stack_positions,
)

RNG = np.random.default_rng(0)
SIZES = BlockSizes(hidden_dim=8, num_heads=2, inner_dim=12)


@pytest.mark.parametrize(("n", "m"), [(6, 6), (18, 18), (100, 100), (12, 3), (1, 5)])
def test_constants_of_an_encoder_and_a_decoder(n, m):
    """Wang et al. 2022, figure 2, its last line: N layers of encoder, M of decoder."""
    encoder, decoder = encoder_decoder_norms("deep", n, m)
    assert encoder.alpha == pytest.approx(0.81 * (n**4 * m) ** (1 / 16))
    assert encoder.beta == pytest.approx(0.87 * (n**4 * m) ** (-1 / 16))
    assert decoder.alpha == pytest.approx((3 * m) ** 0.25)
    assert decoder.beta == pytest.approx((12 * m) ** -0.25)


@pytest.mark.parametrize("n", [1, 8, 24, 1000])
def test_constants_of_a_stack_that_stands_alone(n):
    """The same figure: encoder-only and decoder-only have the same."""
    norm = single_stack_norm("deep", n)
    assert norm.alpha == pytest.approx((2 * n) ** 0.25)
    assert norm.beta == pytest.approx((8 * n) ** -0.25)


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_other_norms_weigh_nothing(kind):
    for norm in (*encoder_decoder_norms(kind, 6, 3), single_stack_norm(kind, 6)):
        assert norm == Norm(kind, alpha=1.0, beta=1.0)
        assert norm.before == (kind == "pre")


SCALED = {"output/kernel", "inner/kernel", "outer/kernel"}  # whole, but for those in part


def ratios(make, beta):
    """Checks the first weights of `make(norm)` under DeepNet against those without a scale.

    Scaled are values, the output projections of attention and both maps of feed-forward networks
    (figure 2: "ffn, v_proj, out_proj"), not queries and keys.
    """
    first = []
    for norm in (Norm("post"), Norm("deep", alpha=1.5, beta=beta)):
        keras.utils.set_random_seed(1)
        first.append([(w.path, np.array(w)) for w in make(norm).weights])
    seen = set()
    for (path, weight), (deep_path, deep) in zip(*first, strict=True):
        assert path == deep_path
        name = "/".join(path.split("/")[-2:])
        expected = weight.copy()
        if name in SCALED:
            expected *= beta
        elif name == "qkv/kernel":
            expected[:, 16:] *= beta  # a third each for queries, keys and values of width 8
        elif name == "kv/kernel":
            expected[:, 8:] *= beta
        np.testing.assert_allclose(deep, expected, rtol=1e-6, err_msg=path)
        seen.add(name)
    return seen


def test_first_weights_are_scaled_where_the_paper_says_and_nowhere_else():
    of = SIZES._replace
    attention = {"qkv/kernel", "output/kernel"}
    fed = {"inner/kernel", "inner/bias", "outer/kernel", "outer/bias"}
    both = attention | fed | {"norm/gamma", "norm/beta"}
    assert ratios(lambda norm: EncoderBlock(of(norm=norm), name="block"), 0.3) == both
    assert ratios(lambda norm: PrefixBlock(of(norm=norm), name="block"), 0.3) == both
    decoder = ratios(lambda norm: DecoderBlock(of(norm=norm), source_dim=6, name="block"), 0.3)
    assert decoder == both | {
        "query/kernel",
        "kv/kernel",
    }


def test_models_take_their_depths():
    """Each half its own constants; the embeddings and the output layer none."""
    sizes = {"hidden_dim": 8, "num_heads": 2, "dropout": 0.0}

    def first(architecture, norm, **more):
        keras.utils.set_random_seed(1)
        model = build_model(architecture, 9, 9, norm=norm, **sizes, **more)
        return model, [np.array(w) for w in model.encoder.weights + model.decoder.weights]

    layers = {"num_layers": 2, "decoder_layers": 1, "tie_embeddings": "none"}
    model, deep = first("transformer", "deep", **layers)
    encoder, decoder = encoder_decoder_norms("deep", 2, 1)
    blocks = [model.encoder.get_layer(f"block_{i}") for i in range(2)]
    for residual in [r for b in blocks for r in (b.attended, b.fed)]:
        assert residual.norm == encoder
    block = model.decoder.blocks[0]
    for residual in (block.self_attended, block.cross_attended, block.fed):
        assert residual.norm == decoder
    _, post = first("transformer", "post", **layers)
    changed = 0
    for scaled, plain, weight in zip(
        deep, post, model.encoder.weights + model.decoder.weights, strict=True
    ):
        same = np.array_equal(scaled, plain)
        in_block = weight.name == "kernel" and "query" not in weight.path
        assert same != in_block, weight.path
        changed += not same
    assert changed == 2 * 4 + 6

    model, _ = first("decoder_only", "deep", num_layers=2)
    assert {b.fed.norm for b in model.decoder.blocks} == {single_stack_norm("deep", 2)}
    model = build_model("masked_lm", 9, norm="deep", **sizes, num_layers=3)
    assert model.encoder.get_layer("block_2").fed.norm == single_stack_norm("deep", 3)


def twins(scheme="sinusoidal", dropout=0.0, kind="pre"):
    """The same block, not rematerialized and rematerialized, its dropouts' seeds alike."""
    made = []
    for remat in (False, True):
        keras.utils.set_random_seed(1)
        (positions,) = stack_positions(scheme, 1, 2, 4, bidirectional=True)
        sizes = SIZES._replace(dropout=dropout, norm=Norm(kind, 1.5 if kind == "deep" else 1.0))
        made.append(EncoderBlock(sizes, positions, remat=remat))
    for weight, twin in zip(*(block.trainable_weights for block in made), strict=True):
        value = RNG.normal(scale=0.5, size=weight.shape)
        weight.assign(value)
        twin.assign(value)
    return made


X = RNG.normal(size=(2, 5, 8)).astype("float32")
MASK = np.array([[True] * 5, [True, True, True, False, False]])


def learn(block, x, mask):
    """Outputs, and the gradients of a sum of their squares for the input and every weight."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        made = block(x, mask, training=True)
        total = tf.reduce_sum(made**2)
    gradients = tape.gradient(total, [x, *(w.value for w in block.trainable_weights)])
    return [made, *(tf.convert_to_tensor(g) for g in gradients)]


RUNS = {
    "eager": lambda f: f,
    "graph": lambda f: tf.function(
        f, input_signature=[tf.TensorSpec((None, None, 8)), tf.TensorSpec((None, None), tf.bool)]
    ),
    "xla": lambda f: tf.function(f, jit_compile=True),
}


def assert_twins_agree(plain, remat, run):
    results = [
        RUNS[run](lambda *given, block=block: learn(block, *given))(
            tf.constant(X), tf.constant(MASK)
        )
        for block in (plain, remat)
    ]
    for expected, made in zip(*results, strict=True):
        np.testing.assert_allclose(made.numpy(), expected.numpy(), atol=2e-5, rtol=1e-5)
        assert np.abs(expected).max() > 1e-3


@pytest.mark.parametrize(
    ("run", "scheme"), [("eager", "t5"), ("graph", "t5"), ("eager", "shaw"), ("xla", "shaw")]
)
def test_remat_changes_neither_outputs_nor_gradients(run, scheme):
    assert_twins_agree(*twins(scheme), run)


@pytest.mark.parametrize("kind", NORMS)
def test_remat_under_every_norm(kind):
    assert_twins_agree(*twins(kind=kind), "eager")


@pytest.mark.parametrize("run", ["eager", "graph"])
def test_remat_draws_the_dropout_of_a_branch_once(run):
    """One draw would serve the outputs and another the gradients, were it inside."""
    plain, remat = twins(dropout=0.5)
    assert_twins_agree(plain, remat, run)
    draws = [
        [np.array(r.dropout.seed_generator.state.value) for r in (block.attended, block.fed)]
        for block in (plain, remat)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])


@pytest.mark.parametrize("run", ["eager", "graph"])
def test_remat_watches_no_whole_numbers(run, caplog):
    """TensorFlow warns of each, at every step."""
    with caplog.at_level("WARNING", logger="tensorflow"):
        assert_twins_agree(*twins(), run)
    assert not caplog.records


def test_remat_computes_the_insides_again():
    calls = []
    for block in twins():

        def sublayer(x):
            calls.append(x)
            return x * x

        with tf.GradientTape() as tape:
            x = tf.constant(X)
            tape.watch(x)
            total = tf.reduce_sum(block.fed.around(sublayer, x))
        tape.gradient(total, x)
    assert len(calls) == 1 + 2
