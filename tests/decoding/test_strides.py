"""A strided encoder that declares its facts: however a source is padded, cut, batched or exported,
the same is found."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq.decoding import MinLength, score_targets, search_targets
from kseq2seq.decoding.loop import Loop
from kseq2seq.encoders import UNKNOWN, Facts, SourceSpec
from kseq2seq.export.fixed import FixedModel
from kseq2seq.export.interpreter import Signatures
from kseq2seq.export.tflite import convert
from kseq2seq.models import ARCHITECTURES, Transformer, register_architecture

LONGEST, TARGET, LENGTH = 79, 11, 6
FRAMES = {"source": ((None, 3), "float32"), "source_mask": ((None,), "int32")}


@dataclass(frozen=True, kw_only=True)
class Strided(Transformer):
    """Convolutions of stride 2 with padding "same", which begins elsewhere at odd lengths."""

    halvings: int = 1
    declared: bool = True

    @property
    def facts(self):
        return Facts(stride=2**self.halvings) if self.declared else UNKNOWN

    def build_encoder(self, source):
        inputs = SourceSpec.of(source).symbolic()
        x, mask = inputs["source"], inputs["source_mask"]
        for _ in range(self.halvings):
            x = x * keras.ops.cast(mask, x.dtype)[..., None]
            x = keras.layers.Conv1D(8, 3, strides=2, padding="same", activation="tanh")(x)
            mask = mask[:, ::2]
        encoded = {"outputs": x, "mask": keras.ops.cast(mask, "bool")}
        return keras.Model(inputs, encoded, name="encoder")


@pytest.fixture(autouse=True, scope="module")
def registered():
    register_architecture("strided")(Strided)
    yield
    del ARCHITECTURES._classes["strided"]


def build(**sizes):
    sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2, "dropout": 0.0, **sizes}
    model = ks.build_model("strided", FRAMES, TARGET, **sizes)
    rng = np.random.default_rng(2)
    for weight in model.weights:
        weight.assign(rng.normal(scale=0.7, size=weight.shape))
    return model


@pytest.fixture(scope="module", params=[1, 2], ids=["stride 2", "stride 4"])
def model(request):
    return build(halvings=request.param)


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(0)
    lengths = np.array([LONGEST, *rng.integers(5, LONGEST + 1, 39)])
    mask = np.arange(LONGEST) < lengths[:, None]
    return {"source": rng.normal(size=(40, LONGEST, 3)).astype("float32"), "source_mask": mask}


@pytest.fixture(scope="module")
def found(model, many):
    """Each source alone, as short as it is."""
    found = {}
    for name, search in (("greedy", ks.Greedy()), ("beam", ks.Beam(2))):
        rows = []
        for row in range(40):
            length = many["source_mask"][row].sum()
            one = {name: x[row : row + 1, :length] for name, x in many.items()}
            rows.append(ks.decode(model, one, search, max_length=LENGTH))
        found[name] = tuple(
            np.concatenate(parts) for parts in zip(*(r[:3] for r in rows), strict=True)
        )
    assert len(np.unique(found["beam"][0], axis=0)) > 5  # they tell the sources apart
    return found


def same(made, expected):
    np.testing.assert_array_equal(made.ids, expected[0])
    np.testing.assert_array_equal(made.lengths, expected[1])
    np.testing.assert_allclose(made.scores, expected[2], atol=1e-4)


@pytest.mark.parametrize("search", [ks.Greedy(), ks.Beam(2)], ids=["greedy", "beam"])
@pytest.mark.parametrize("more", [0, 1, 2, 6])
def test_in_any_company_and_padding(model, many, found, search, more):
    longer = {
        name: np.pad(x, [(0, 0), (0, more), *[(0, 0)] * (x.ndim - 2)]) for name, x in many.items()
    }
    expected = found["greedy" if search == ks.Greedy() else "beam"]
    same(ks.decode(model, longer, search, max_length=LENGTH), expected)
    if more == 1 and search == ks.Beam(2):
        tensors = {name: tf.constant(x[:9]) for name, x in longer.items()}
        few = [part[:9] for part in expected]
        same(search_targets(model, tensors, search, LENGTH), few)
        same(ks.decode(model, tensors, search, max_length=LENGTH, jit_compile=True), few)


def test_scores_by_teacher_forcing_agree(model, many, found):
    ids, lengths, scores = found["greedy"]
    for more in (0, 1):
        longer = {
            name: np.pad(x, [(0, 0), (0, more), *[(0, 0)] * (x.ndim - 2)])
            for name, x in many.items()
        }
        made = score_targets(model, longer, ids[:, 0])
        np.testing.assert_allclose(np.sum(made, axis=1), scores[:, 0], atol=1e-4)
        start = np.ones((40, 1), "int32")
        target = np.concatenate([start, ids[:, 0, :-1]], axis=1)
        logits = tf.nn.log_softmax(model({**longer, "target": target}))
        of_tokens = tf.gather(logits, ids[:, 0], batch_dims=2)
        real = np.arange(LENGTH) < lengths
        np.testing.assert_allclose(np.sum(of_tokens * real, axis=1), scores[:, 0], atol=1e-4)


def test_sources_are_encoded_in_parts(model, many):
    """Few places for short ones, each a multiple of the stride."""
    seen, call = [], type(model.encoder).call

    def watched(self, inputs, *args, **kwargs):
        seen.append(inputs["source"].shape[1])
        return call(self, inputs, *args, **kwargs)

    sorted_by_length = np.argsort(many["source_mask"].sum(1))[:32]
    few = {name: x[sorted_by_length] for name, x in many.items()}
    type(model.encoder).call = watched
    try:
        ks.decode(model, few, ks.Greedy(), max_length=LENGTH - 1)
    finally:
        type(model.encoder).call = call
    known = [length for length in seen if length]
    assert known and min(known) < 48 and all(n % model.facts.stride == 0 for n in known[:-1])


def test_a_file_finds_the_same(model, many, found):
    fixed = FixedModel(model, ks.Beam(2), LONGEST, LENGTH, ks.SpecialTokens())
    kinds = {op.type for op in fixed.generate.graph.get_operations()}
    assert kinds & {"If", "StatelessIf"}  # fewer places where they do
    file = Signatures(convert(fixed, "float32"))
    for row in range(40):
        mask = many["source_mask"][row]
        source = np.where(mask[:, None], many["source"][row], 0)[None]
        made = file("generate", source=source, source_length=np.array([mask.sum()], "int32"))
        np.testing.assert_array_equal(made["ids"][0], found["beam"][0][row])
        np.testing.assert_allclose(made["scores"][0], found["beam"][2][row], atol=1e-4)


def test_lengths_are_compared_in_units_of_the_source(model, many):
    few = {name: x[1:4] for name, x in many.items()}
    units = few["source_mask"].sum(axis=1)
    loop = Loop(model.decoder, ks.Greedy(), LENGTH, filters=[MinLength(ratio=0.1)])
    source = {name: tf.constant(x) for name, x in few.items()}
    made = search_targets(model, source, ks.Greedy(), LENGTH, filters=loop.filters)
    np.testing.assert_array_equal(
        made.lengths[:, 0] >= np.minimum(np.floor(0.1 * units + 1e-4), LENGTH), True
    )


def test_without_facts_a_source_is_never_cropped(many):
    stranger = build(declared=False)
    assert stranger.facts == UNKNOWN
    found = ks.decode(stranger, many, ks.Greedy(), max_length=LENGTH)
    tensors = {name: tf.constant(x) for name, x in many.items()}
    whole = search_targets(stranger, tensors, ks.Greedy(), LENGTH)
    np.testing.assert_array_equal(found.ids, whole.ids)
    np.testing.assert_allclose(found.scores, whole.scores, atol=1e-4)


def test_models_of_several_strides_decode_together(many):
    both = ks.Ensemble([build(halvings=1), build(halvings=2)])
    assert both.facts == Facts(stride=4)
    together = ks.decode(both, many, max_length=LENGTH)
    for row in (7,):
        length = many["source_mask"][row].sum()
        one = {name: x[row : row + 1, :length] for name, x in many.items()}
        alone = ks.decode(both, one, max_length=LENGTH, alignments=True)
        np.testing.assert_array_equal(together.ids[row], alone.ids[0])
        assert alone.alignments.shape[-1] == -(-length // 2)
    with pytest.raises(ValueError, match="read the same source"):
        sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2}
        wider = {**FRAMES, "source": ((None, 4), "float32")}
        ks.Ensemble([both.models[0], ks.build_model("transformer", wider, TARGET, **sizes)])


@pytest.mark.parametrize("head", ["labels", "ctc"])
def test_a_stride_that_is_not_declared_gets_no_labels_by_position(head):
    with pytest.raises(ValueError, match=r"makes \d+ positions of \d+ units.*Facts\(stride=2\)"):
        build(declared=False, head=head)
    assert build(declared=True, head=head).facts.stride == 2
    assert build(declared=False, head="label").facts == UNKNOWN
