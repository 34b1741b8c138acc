"""ONNX files of trained models, run by ONNX Runtime."""

from __future__ import annotations

import itertools
import json

import numpy as np
import onnxruntime
import pytest

import kseq2seq as ks


@pytest.mark.parametrize("architecture", ["transformer", "bahdanau"])
def test_a_host_finds_what_decode_does(translator, architecture, tmp_path):
    pipeline = translator(architecture)
    pipeline.export(tmp_path / "x", format="onnx", source_length=12, target_length=14)
    record = json.loads((tmp_path / "x" / "kseq2seq.json").read_text())
    assert (record["source_length"], record["target_length"]) == (12, 14)
    assert (tmp_path / "x" / "source_tokenizer" / "spm.model").exists()
    inputs = pipeline.source(translator.sources)
    wanted = ks.decode(pipeline.model, inputs, max_length=14).ids.numpy()[:, 0]
    for sentence, expected in zip(translator.sources, wanted.tolist(), strict=True):
        (ids,) = pipeline.source.tokens([sentence]).to_list()
        steps, token, target = stepped(tmp_path / "x", ids, 12), 1, []
        next(steps)
        while token != 2 and len(target) < 14:
            token = int(steps.send(token).argmax())
            target.append(token)
        assert target == expected[: len(target)]


def stepped(folder, ids, longest):
    """Gives the logits (V,) after each token that it is sent."""
    encode, step = (Session(folder / f"{name}.onnx") for name in ("encode", "decode_step"))
    source = np.zeros((1, longest), "int32")
    source[0, : len(ids)] = ids
    carried = encode(source=source, source_length=np.array([len(ids)], "int32"))
    token = yield
    for position in itertools.count():
        place = np.array([position], "int32")
        made = step(token=np.array([token], "int32"), position=place, **carried)
        carried |= {name.removeprefix("new_"): x for name, x in made.items() if name[:4] == "new_"}
        token = yield made["logits"][0]


class Session:
    """A file as a function of named arrays."""

    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(str(path))
        self.inputs = {given.name for given in self.session.get_inputs()}
        self.outputs = [made.name for made in self.session.get_outputs()]

    def __call__(self, **inputs):
        given = {name: inputs[name] for name in self.inputs}
        return dict(zip(self.outputs, self.session.run(None, given), strict=True))


@pytest.mark.parametrize(
    "name", ["bahdanau-copy", pytest.param("transformer-copy", marks=pytest.mark.slow)]
)
def test_a_model_that_copies_adds_up_repeated_tokens(lab, name, tmp_path):
    tokenizer = ks.text.CharacterTokenizer.train(["abc"], 7)
    sides = ks.text.TextSource(tokenizer, 9), ks.text.TextTarget(tokenizer, 8)
    model = lab.make(name)
    ks.Pipeline(model, *sides).export(tmp_path / "x", format="onnx")
    for text in ("abcaabca", "bb", "cab"):
        (ids,) = sides[0].tokens([text]).to_list()
        written = [1, 4, 4, 6, 5, 4]
        wanted = np.array(model({**lab.of([ids]), "target": np.array([written])}, training=False))
        steps = stepped(tmp_path / "x", ids, 9)
        made = [steps.send(token) for token in (None, *written)][1:]
        np.testing.assert_allclose(made, wanted[0], atol=1e-4)
