"""The decoder-only model against one Transformer over source and target, unpadded, by loops."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from kseq2seq import Greedy, build_model, decode
from kseq2seq.layers import POSITION_SCHEMES
from kseq2seq.models import DecoderOnly

SOURCES = [[4, 5, 6, 3, 2], [6, 2], [3, 4, 2]]  # one batch, padded
TARGET = [1, 4, 6, 3]
HEADS, DIM = 2, 8


def dense(lab, layer, x):
    w = lab.weights(layer)
    return x @ w["kernel"] + w.get("bias", 0)


def normalize(lab, layer, x):
    w = lab.weights(layer)
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * w["gamma"] + w["beta"]


def sines(places):
    """Vaswani et al. 2017, section 3.5, sines in the first half and cosines in the second."""
    angles = [[p / 10000 ** (2 * i / DIM) for i in range(DIM // 2)] for p in places]
    return np.concatenate([np.sin(angles), np.cos(angles)], -1)


def turn(x, place):
    """Su et al. 2021: features i and i + d / 2 turned by place / 10000^(2 i / d)."""
    half = len(x) // 2
    angles = [place / 10000 ** (2 * i / len(x)) for i in range(half)]
    pairs = (x[:half] + 1j * x[half:]) * np.exp(1j * np.array(angles))
    return np.concatenate([pairs.real, pairs.imag])


def bucket(distance, bidirectional):
    """Raffel et al. 2020; no distance here is far enough to be rounded."""
    n, first, exact = -distance, 0, 16
    if bidirectional:
        n, first, exact = abs(distance), 16 if distance > 0 else 0, 8
    if n >= exact:
        n = exact + math.floor(math.log(n / exact) / math.log(128 / exact) * exact)
    return first + n


def attend(lab, block, scheme, x, mask, bidirectional):
    """Every query of one sequence, a head and a pair at a time; also the last probabilities."""
    layer, d = block.attention, DIM // HEADS
    parts = [np.split(part, HEADS, -1) for part in np.split(dense(lab, layer.projection, x), 3, -1)]
    tables = lab.weights(layer.positions) if scheme in ("shaw", "t5") else {}
    length, heads, shares = len(x), [], np.zeros((HEADS, len(x), len(x)))
    for h, (query, key, value) in enumerate(zip(*parts, strict=True)):
        made = np.zeros_like(query)
        for i in range(length):
            scores = np.full(length, -np.inf)
            vectors = value.copy()
            for j in np.flatnonzero(mask[i]):
                q, k = query[i], key[j]
                if scheme == "rotary":
                    q, k = turn(q, i), turn(k, j)
                if scheme == "shaw":
                    at = min(max(j - i, -16), 16) + 16
                    k = k + tables["relative_keys"][at]
                    vectors[j] += tables["relative_values"][at]
                scores[j] = q @ k / np.sqrt(d)
                if scheme == "alibi":
                    scores[j] -= abs(i - j) * 2 ** (-8 * (h + 1) / HEADS)
                if scheme == "t5":
                    scores[j] += tables["buckets"][bucket(j - i, bidirectional), h]
            shares[h, i] = np.exp(lab.log_softmax(scores))
            made[i] = shares[h, i] @ vectors
        heads.append(made)
    return dense(lab, layer.output_projection, np.concatenate(heads, -1)), shares


def feed_forward(lab, layer, x):
    x = dense(lab, layer.inner, x)
    if layer.gated:
        gate, x = np.split(x, 2, -1)
        return dense(lab, layer.outer, gate * lab.sigmoid(gate) * x)
    return dense(lab, layer.outer, np.maximum(x, 0))


def around(lab, residual, x, sublayer):
    if residual.norm.kind == "pre":
        return x + sublayer(normalize(lab, residual.normalize, x))
    return normalize(lab, residual.normalize, residual.norm.alpha * x + sublayer(x))


def by_hand(lab, model, source, target):
    """One pass over source + target as one sequence: the target's logits and its alignment."""
    decoder, config = model.decoder, model.get_config()
    ids, scheme = [*source, *target], config["position_scheme"]
    both = config["prefix"] == "bidirectional"
    mask = np.tril(np.ones((len(ids), len(ids)), bool))
    if both:  # a prefix language model: Raffel et al. 2020, figure 3, on the right
        mask[:, : len(source)] = True
    x = lab.weights(decoder.table)["embeddings"][ids] * np.sqrt(DIM)
    if scheme == "sinusoidal":
        x = x + sines(range(len(ids)))
    elif scheme == "learned":
        x = x + lab.weights(decoder.embedding.places)["embeddings"][: len(ids)]
    for block in decoder.blocks:
        seen = []

        def look(x, block=block, seen=seen):
            made, shares = attend(lab, block, scheme, x, mask, both)
            seen.append(shares)
            return made

        x = around(lab, block.attended, x, look)
        x = around(lab, block.fed, x, lambda x, b=block: feed_forward(lab, b.feed_forward, x))
    if decoder.normalize is not None:
        x = normalize(lab, decoder.normalize, x)
    logits = x @ lab.weights(decoder.table)["embeddings"].T
    looked = seen[0].mean(0)[len(source) :, : len(source)]
    return logits[len(source) :], looked / looked.sum(-1, keepdims=True)


def batch(lab, sources=SOURCES, longest=5):
    return lab.of([[*ids, *[0] * (longest - len(ids))] for ids in sources])


def made(model, source, tokens, parts=None, length=0):
    """The decoder's logits and alignment for targets (B * N, T), in one go or in parts."""
    context, state = model.decoder.initial(model.encoder(source), length)
    steps, position = [], 0
    for count in parts or [tokens.shape[1]]:
        taken = tokens[:, position : position + count]
        step = model.decoder(taken, context, state, position=position)
        steps.append(step)
        position, state = position + count, step.state
    return [np.concatenate([np.array(s[i]) for s in steps], axis=1) for i in (0, 2)]


@pytest.fixture(
    scope="module",
    params=[
        *((scheme, "causal", {}) for scheme in POSITION_SCHEMES),
        *((scheme, "bidirectional", {}) for scheme in ("sinusoidal", "shaw", "t5")),
        ("rotary", "causal", {"norm": "post", "activation": "swiglu"}),
        ("alibi", "bidirectional", {"norm": "deep"}),
    ],
    ids=lambda p: "-".join([*p[:2], *p[2].values()]),
)
def case(request, lab):
    """Both halves, and what they should give for every source."""
    scheme, prefix, more = request.param
    sizes = {"hidden_dim": DIM, "num_heads": HEADS, "num_layers": 2, "dropout": 0.0}
    plan = DecoderOnly(positions=scheme, prefix=prefix, max_positions=12, **sizes, **more)
    encoder, decoder = plan.parts(7, 7)
    rng = np.random.default_rng(0)
    for weight in decoder.weights:
        weight.assign(np.array(weight) + rng.normal(scale=0.4, size=weight.shape))
    halves = SimpleNamespace(encoder=encoder, decoder=decoder, get_config=plan.config)
    return halves, [by_hand(lab, halves, ids, TARGET) for ids in SOURCES]


def test_is_one_transformer_over_one_sequence(lab, case):
    """Sources of several lengths in one batch: what pads the shorter ones lies nowhere."""
    model, expected = case
    for source in (batch(lab), batch(lab, longest=8)):
        logits, alignment = made(model, source, np.array([TARGET] * 3))
        for row, (ids, (hand, looked)) in enumerate(zip(SOURCES, expected, strict=True)):
            np.testing.assert_allclose(logits[row], hand, rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(alignment[row, :, : len(ids)], looked, atol=1e-5)
            assert not alignment[row, :, len(ids) :].any()


def test_the_model_gives_the_decoders_logits(lab, model_named):
    for name in ("decoder_only", "decoder_only-causal"):
        model = model_named(name)
        logits = np.array(model({**batch(lab), "target": np.array([TARGET] * 3)}))
        for row, ids in enumerate(SOURCES):
            np.testing.assert_allclose(
                logits[row], by_hand(lab, model, ids, TARGET)[0], rtol=1e-4, atol=1e-4
            )


def test_stepping_with_a_cache_is_one_transformer_too(lab, case):
    model, expected = case
    logits, alignment = made(model, batch(lab), np.array([TARGET] * 3), [1, 2, 1], length=6)
    for row, (ids, (hand, looked)) in enumerate(zip(SOURCES, expected, strict=True)):
        np.testing.assert_allclose(logits[row], hand, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(alignment[row, :, : len(ids)], looked, atol=1e-5)


@pytest.mark.parametrize("name", ["decoder_only-t5", "decoder_only-shaw"])
@pytest.mark.parametrize("parts", [None, [1, 2, 1]])
def test_hypotheses_of_a_source(lab, model_named, name, parts):
    """Two targets a source, side by side, none of the source repeated."""
    model = model_named(name)
    targets = np.array([[1, 4, 6, 3], [1, 3, 3, 5], [1, 6, 4, 4], [1, 5, 5, 3], [1, 3, 6, 6]])
    targets = np.concatenate([targets, [[1, 4, 4, 4]]])
    context, _ = model.decoder.initial(model.encoder(batch(lab)), 6)
    repeated = batch(lab, [ids for ids in SOURCES for _ in range(2)])
    _, state = model.decoder.initial(model.encoder(repeated), 6 if parts else 0)
    position, logits = 0, []
    for count in parts or [4]:
        taken = targets[:, position : position + count]
        step = model.decoder(taken, context, state, position=position)
        logits.append(np.array(step.logits))
        position, state = position + count, step.state
    logits = np.concatenate(logits, axis=1)
    assert context["blocks"][0]["key"].shape[0] == 3
    for row, target in enumerate(targets):
        expected, _ = by_hand(lab, model, SOURCES[row // 2], target)
        np.testing.assert_allclose(logits[row], expected, rtol=1e-4, atol=1e-4)


def test_a_causal_source_is_a_language_models_beginning(lab, model_named):
    """Where source ends and target begins does not matter to it, but for a bidirectional one."""
    for name, same in (("decoder_only-causal", True), ("decoder_only", False)):
        model = model_named(name)
        ids = [4, 5, 6, 3, 2, 1, 6]
        late = made(model, lab.of([ids[:5]]), np.array([ids[5:]]))[0][0]
        early = made(model, lab.of([ids[:3]]), np.array([ids[3:]]))[0][0]
        assert (np.abs(late - early[2:]).max() < 1e-4) == same


def test_both_halves_are_the_same_weights(model_named):
    for name in ("decoder_only", "decoder_only-shaw"):
        model = model_named(name)
        halves = [{id(w) for w in half.weights} for half in (model.encoder, model.decoder)]
        assert halves[0] == halves[1] == {id(w) for w in model.weights}


def test_the_end_of_a_source_without_any_token_is_finite(lab, model_named):
    model = model_named("decoder_only")
    source = {"source": np.array([[4, 5]]), "source_mask": np.zeros((1, 2), bool)}
    logits, alignment = made(model, source, np.array([TARGET]))
    assert np.isfinite(logits).all()
    assert np.isfinite(alignment).all()
    expected, _ = by_hand(lab, model, [], TARGET)
    np.testing.assert_allclose(logits[0], expected, rtol=1e-4, atol=1e-4)


def learned(max_positions):
    return build_model(
        "decoder_only",
        9,
        9,
        hidden_dim=8,
        num_heads=2,
        num_layers=1,
        positions="learned",
        max_positions=max_positions,
    )


def test_refuses_more_than_learned_positions_reach(lab):
    """Source and target together, as decoding begins."""
    model = learned(9)
    encoded = model.encoder(lab.of([SOURCES[0]]))
    model.decoder.initial(encoded, 4)
    message = r"source of 5 tokens.*target of 5.*positions for 9.*max_positions"
    with pytest.raises(ValueError, match=message):
        model.decoder.initial(encoded, 5)
    assert model.decoder.max_positions == 9
    with pytest.raises(ValueError, match=r"6 tokens.*positions for 5.*max_positions"):
        learned(5).encoder(lab.of([[3, 4, 5, 6, 7, 2]]))


def test_refuses_to_train_on_more_than_learned_positions_reach(lab):
    """Neither is too long alone; together they are."""
    model = learned(9)
    source = lab.of([[3, 4, 5, 6, 7, 2]])
    assert np.isfinite(np.array(model({**source, "target": np.array([[1, 3, 4]])}))).all()
    with pytest.raises(ValueError, match=r"6 tokens.*4.*positions for 9.*max_positions"):
        model({**source, "target": np.array([[1, 3, 4, 5]])})


def test_refuses_to_decode_more_than_learned_positions_reach(lab):
    model = learned(9)
    source = lab.of([SOURCES[0]])
    assert lab.searched(model, source, Greedy(), 4).ids.shape[-1] <= 4
    with pytest.raises(ValueError, match=r"(?s)5.*9.*max_positions"):
        decode(model, source, max_length=5)
