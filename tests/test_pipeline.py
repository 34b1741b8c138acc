"""A tiny translator, really trained once, then used in every way a pipeline can be."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq import text

WORDS = {"un": "one", "deux": "two", "trois": "three", "été": "summer", "김치": "kimchi"}
SOURCES = [f"{a} {b}" for a in WORDS for b in WORDS]
TARGETS = [f"{WORDS[b]} {WORDS[a]}" for a in WORDS for b in WORDS]


@pytest.fixture(scope="module")
def pipeline(translator):
    return translator()


@pytest.fixture(scope="module")
def saved(pipeline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline") / "saved"
    pipeline.save(folder)
    return folder


def test_translates_what_it_learned(pipeline):
    assert pipeline.evaluate(SOURCES, TARGETS)["chrf"] > 95
    assert pipeline.texts(["été 김치"]) == ["kimchi summer"]
    assert pipeline("un deux")[0].text == "two one"


def test_order_batches_and_empty_lists(pipeline):
    assert pipeline([]) == []
    one_by_one = [pipeline.texts([source])[0] for source in SOURCES[:6]]
    assert pipeline.texts(SOURCES[:6], batch_size=4) == one_by_one


def test_prediction_has_scores_alternatives_and_alignment(pipeline):
    prediction = pipeline(["trois été"], alignments=True)[0]
    scores = [prediction.score, *(score for _, score in prediction.alternatives)]
    assert scores == sorted(scores, reverse=True) and len(scores) == 3
    shape = (len(prediction.target_tokens), len(prediction.source_tokens))
    assert prediction.alignment.shape == shape
    assert np.allclose(prediction.alignment.sum(axis=1), 1, atol=1e-5)
    assert prediction.source_tokens[-1] == prediction.target_tokens[-1] == "<end>"


def test_too_long_is_refused_or_split(pipeline):
    long = "Un deux. Trois été. " * 8
    with pytest.raises(ValueError, match="limit is 24"):
        pipeline([long])
    assert pipeline([long], too_long="split")[0].text.count(" ") > 8
    with pytest.warns(UserWarning, match=r"1 of 2 sources are longer than 24 tokens.*cut to that"):
        cut, _ = pipeline([long, "Un."], too_long="cut")
    assert len(cut.source_tokens) == 24 and cut.source_tokens[-1] == "<end>"
    with pytest.raises(ValueError, match="'error', 'split' or 'cut'"):
        pipeline([long], too_long="shorten")


def test_refuses_what_is_not_text(pipeline):
    with pytest.raises(TypeError, match="Text 1 must be a str; got int"):
        pipeline(["un", 2])


def test_refuses_a_tokenizer_of_another_size(pipeline):
    other = text.TextTarget(text.ByteTokenizer(), 24)
    with pytest.raises(ValueError, match="260"):
        ks.Pipeline(pipeline.model, pipeline.source, other)


def test_save_and_load(pipeline, saved):
    loaded = ks.Pipeline.load(saved)
    assert loaded.search == pipeline.search
    for before, after in zip(pipeline(SOURCES), loaded(SOURCES), strict=True):
        assert before.text == after.text
        assert before.score == pytest.approx(after.score, abs=1e-5)
    assert all(path.suffix in {".json", ".h5", ".model"} for path in saved.rglob("*.*"))


@pytest.mark.parametrize(
    "search", [ks.Sample(top_k=5, samples=2), ks.DiverseBeam(4, 2), ks.Contrastive(3, 0.4)]
)
def test_every_search_is_saved(pipeline, tmp_path, search):
    ks.Pipeline(pipeline.model, pipeline.source, pipeline.target, search).save(tmp_path / "a")
    assert ks.Pipeline.load(tmp_path / "a").search == search


def test_save_replaces_its_own_and_nothing_else(pipeline, tmp_path):
    pipeline.save(tmp_path / "a")
    pipeline.save(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="left alone"):
        pipeline.save(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("model.weights.h5", lambda raw: raw[:-100], "truncated or changed"),
        ("pipeline.json", lambda raw: raw[:-40], "valid JSON"),
        ("pipeline.json", lambda raw: raw.replace(b'"beam"', b'"evil"'), "does not describe"),
        ("pipeline.json", lambda raw: raw.replace(b'"num_heads"', b'"num_hats"'), "num_heads"),
        (
            "pipeline.json",
            lambda raw: raw.replace(b'"format_version": 1', b'"format_version": 9'),
            "newer",
        ),
    ],
)
def test_damaged_files_are_refused(saved, tmp_path, file, damage, message):
    import shutil

    shutil.copytree(saved, tmp_path / "p")
    raw = (tmp_path / "p" / file).read_bytes()
    (tmp_path / "p" / file).write_bytes(damage(raw))
    assert damage(raw) != raw
    with pytest.raises(ValueError, match=message):
        ks.Pipeline.load(tmp_path / "p")


def test_missing_file_is_named(saved, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"pipeline\.json"):
        ks.Pipeline.load(tmp_path)


def test_config_holds_only_data(saved):
    config = json.loads((saved / "pipeline.json").read_text())
    assert config["format_version"] == 1
    assert config["model"]["architecture"] == "transformer"


def test_export_runs_without_this_package(pipeline, tmp_path):
    pipeline.export(tmp_path / "served")
    code = """
import json, sys
sys.modules["kseq2seq"] = None
import tensorflow as tf, tensorflow_text
served = tf.saved_model.load(sys.argv[1]).signatures
texts = tf.constant(json.loads(sys.argv[2]))
found = {name: served[name](texts=texts) for name in ("greedy", "beam", "serving_default")}
try:
    served["greedy"](texts=tf.constant(["un deux " * 99]))
    refused = False
except tf.errors.InvalidArgumentError as error:
    refused = "more than 24 tokens" in str(error)
print(json.dumps({
    "refused": refused,
    "texts": {k: [[t.decode() for t in r] for r in v["texts"].numpy()] for k, v in found.items()},
    "scores": {k: v["scores"].numpy().tolist() for k, v in found.items()},
}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "served"), json.dumps(SOURCES)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    made = json.loads(done.stdout.splitlines()[-1])
    assert made["refused"]
    predictions = pipeline(SOURCES)
    beams = [[p.text, *(text for text, _ in p.alternatives)] for p in predictions]
    assert made["texts"]["beam"] == made["texts"]["serving_default"] == beams
    assert np.allclose(
        [row[0] for row in made["scores"]["beam"]], [p.score for p in predictions], atol=1e-4
    )
    assert [row[0] for row in made["texts"]["greedy"]] == pipeline.texts(
        SOURCES, search=ks.Greedy()
    )


def test_export_refuses_unknown_formats(pipeline, tmp_path):
    with pytest.raises(ValueError, match=r"'saved_model'.*'coreml'"):
        pipeline.export(tmp_path / "x", format="coreml")


def test_blank_texts_give_blank_texts(pipeline):
    blank, _, real = pipeline(["", "  ", "un deux"])
    assert (blank.text, blank.score) == ("", 0.0)
    assert real.text == "two one"


def test_nan_weights_are_named(pipeline):
    weights = pipeline.model.get_weights()
    try:
        pipeline.model.set_weights([weight * np.nan for weight in weights])
        with pytest.raises(ValueError, match="NaN"):
            pipeline(["un deux"])
    finally:
        pipeline.model.set_weights(weights)


def test_learned_positions_must_reach(pipeline):
    model = ks.build_model(
        "transformer",
        source=pipeline.source.tokenizer,
        target=pipeline.target.tokenizer,
        hidden_dim=8,
        num_layers=1,
        num_heads=2,
        positions="learned",
        max_positions=8,
    )
    with pytest.raises(ValueError, match=r"24 tokens.*positions for 8"):
        ks.Pipeline(model, pipeline.source, pipeline.target)


def test_evaluate_refuses_unequal_lists_before_decoding(pipeline):
    with pytest.raises(ValueError, match="2 sources and 1 references"):
        pipeline.evaluate(["un", "deux"], ["one"])


@pytest.mark.parametrize(
    "name",
    [
        "convolutional",
        "decoder_only-t5",
        "hybrid-transformer-luong",
        pytest.param("rnn", marks=pytest.mark.slow),
        pytest.param("decoder_only", marks=pytest.mark.slow),
        pytest.param("transformer-shaw", marks=pytest.mark.slow),
        pytest.param("transformer-local", marks=pytest.mark.slow),
        pytest.param("transformer-chunked", marks=pytest.mark.slow),
    ],
)
def test_every_kind_of_model_is_saved_and_exported_whole(lab, name, tmp_path):
    keras.utils.set_random_seed(0)
    tokenizer = text.ByteTokenizer()
    architecture, sizes = lab.variants[name]
    if architecture != "hybrid":
        sizes = {"hidden_dim": 8, **lab.architectures[architecture], **sizes}
    model = ks.build_model(architecture, tokenizer, tokenizer, **sizes)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight + rng.normal(scale=0.3, size=weight.shape))
    pipeline = ks.Pipeline(
        model, text.TextSource(tokenizer, 40), text.TextTarget(tokenizer, 12), ks.Beam(3)
    )
    texts = ["hello there", "a", "한국어 문장"]
    expected = pipeline.texts(texts)
    assert len(set(expected)) > 1
    pipeline.save(tmp_path / "saved")
    assert ks.Pipeline.load(tmp_path / "saved").texts(texts) == expected
    pipeline.export(tmp_path / "exported")
    served = tf.saved_model.load(tmp_path / "exported").signatures["beam"]
    made = served(texts=tf.constant(texts))["texts"].numpy()[:, 0]
    assert [each.decode() for each in made] == expected
