"""ONNX files of trained models, run by ONNX Runtime."""

from __future__ import annotations

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
    encode, step = (Session(tmp_path / "x" / f"{name}.onnx") for name in ("encode", "decode_step"))
    inputs = pipeline.source(translator.sources)
    wanted = ks.decode(pipeline.model, inputs, max_length=14).ids.numpy()[:, 0]
    for sentence, expected in zip(translator.sources, wanted.tolist(), strict=True):
        (ids,) = pipeline.source.tokens([sentence]).to_list()
        source = np.zeros((1, 12), "int32")
        source[0, : len(ids)] = ids
        carried = encode(source=source, source_length=np.array([len(ids)], "int32"))
        token, target = 1, []
        for position in range(14):
            made = step(
                token=np.array([token], "int32"), position=np.array([position], "int32"), **carried
            )
            carried |= {
                name.removeprefix("new_"): made[name] for name in made if name.startswith("new_")
            }
            token = int(made["logits"][0].argmax())
            target.append(token)
            if token == 2:
                break
        assert target == expected[: len(target)]


class Session:
    """A file as a function of named arrays."""

    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(str(path))
        self.inputs = {given.name for given in self.session.get_inputs()}
        self.outputs = [made.name for made in self.session.get_outputs()]

    def __call__(self, **inputs):
        given = {name: inputs[name] for name in self.inputs}
        return dict(zip(self.outputs, self.session.run(None, given), strict=True))


def test_a_model_that_copies_is_refused(tmp_path):
    tokenizer = ks.text.ByteTokenizer()
    model = ks.build_model("bahdanau", tokenizer, tokenizer, hidden_dim=8, copy=True)
    pipeline = ks.Pipeline(model, tokenizer, tokenizer)
    with pytest.raises(ValueError, match="loses the sum over positions of the same token"):
        pipeline.export(tmp_path / "x", format="onnx", source_length=8, target_length=8)
    assert not (tmp_path / "x").exists()
