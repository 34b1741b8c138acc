"""TFLite files of trained models: the same targets as the model, in every way a file is run."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import kseq2seq as ks
from kseq2seq import text
from kseq2seq.export import ParityError, parity, tflite
from kseq2seq.export.interpreter import Signatures
from kseq2seq.export.sizes import in_float32

SEARCHES = {"greedy": ks.Greedy(), "beam": ks.Beam(4)}


@pytest.fixture(scope="module", params=["transformer", "bahdanau"])
def architecture(request):
    return request.param


@pytest.fixture(scope="module")
def pipeline(architecture, translator):
    return translator(architecture)


@pytest.fixture(scope="module", params=SEARCHES)
def search_name(request):
    return request.param


@pytest.fixture(scope="module")
def search(search_name):
    return SEARCHES[search_name]


@pytest.fixture(scope="module")
def exported(translator, tmp_path_factory):
    """Writes a translator in float32, once for each search: its path and its parity."""
    made = {}

    def export(architecture, name):
        if (architecture, name) not in made:
            path = tmp_path_factory.mktemp("tflite") / "model.tflite"
            parity = translator(architecture).export(
                path,
                search=SEARCHES[name],
                source_length=12,
                target_length=14,
                examples=translator.sources,
            )
            made[architecture, name] = path, parity
        return made[architecture, name]

    return export


@pytest.fixture(scope="module")
def written(architecture, search_name, exported):
    return exported(architecture, search_name)


@pytest.fixture(scope="module")
def signatures(written):
    return Signatures(written[0].read_bytes())


def given(pipeline, sentence, places=12):
    (ids,) = pipeline.source.tokens([sentence]).to_list()
    source = np.zeros((1, places), "int32")
    source[0, : len(ids)] = ids
    return {"source": source, "source_length": np.array([len(ids)], "int32")}


def expected(pipeline, sentences, search):
    """What the model finds for each of sentences, in one batch."""
    found = ks.decode(pipeline.model, pipeline.source(sentences), search, max_length=14)
    rows = [found.ids, found.lengths, found.scores, found.finished]
    return zip(sentences, *(part.numpy() for part in rows), strict=True)


def test_generate_gives_what_decode_does(pipeline, search, signatures, written, translator):
    assert written[1].same == written[1].sentences == len(translator.sources)
    sentences = translator.sources[:6]
    for sentence, ids, lengths, scores, finished in expected(pipeline, sentences, search):
        made = signatures("generate", **given(pipeline, sentence))
        assert made["ids"].tolist() == [ids.tolist()]
        assert made["lengths"].tolist() == [lengths.tolist()]
        assert np.allclose(made["scores"], [scores], atol=1e-4)
        assert made["finished"].dtype == np.int32
        assert made["finished"].tolist() == [finished.astype(int).tolist()]


def test_a_host_can_write_token_by_token(pipeline, signatures, translator):
    for sentence, ids, *_ in expected(pipeline, translator.sources[:6], ks.Greedy()):
        carried = signatures("encode", **given(pipeline, sentence))
        token, target = 1, []
        for position in range(14):
            made = signatures(
                "decode_step",
                token=np.array([token], "int32"),
                position=np.array([position], "int32"),
                **carried,
            )
            carried |= {name: made[name] for name in made if name.startswith("state_")}
            token = int(made["logits"][0].argmax())
            target.append(token)
            if token == 2:
                break
            assert made["alignment"].shape == (1, 12)
            assert np.isclose(made["alignment"].sum(), 1, atol=1e-5)
        assert target == ids[0, : len(target)].tolist()


def test_the_file_says_what_it_is(pipeline, written, search):
    with zipfile.ZipFile(written[0]) as archive:
        record = json.loads(archive.read("kseq2seq.json"))
        assert len(archive.namelist()) == len(set(archive.namelist())) == 4  # one tokenizer for two
        assert archive.read("source_tokenizer/spm.model") == pipeline.source.tokenizer.model
    assert record["format_version"] == 1
    assert (record["source_length"], record["target_length"]) == (12, 14)
    assert record["search"]["type"] == ("greedy" if search == ks.Greedy() else "beam")
    assert record["parameters"] == pipeline.model.count_params()


def test_only_built_in_operations(written):
    content = written[0].read_bytes()
    assert b"Flex" not in content
    assert content[4:8] == b"TFL3"
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (about,) = [made for made in model.metadata if made.name == b"min_runtime_version"]
    version = bytes(model.buffers[about.buffer].data).rstrip(b"\0").decode()
    assert [int(part) for part in version.split(".")] <= [2, 9, 0]  # as the guides say


@pytest.mark.parametrize(
    ("precision", "like", "search"),
    [("float16", "beam", ks.Beam(4, patience=1)), ("int8", "greedy", ks.Greedy())],
)
def test_smaller_files_still_translate(translator, exported, precision, like, search, tmp_path):
    pipeline, said = translator("transformer"), []
    path = tmp_path / "small.tflite"
    parity = pipeline.export(
        path,
        precision=precision,
        search=search,
        source_length=12,
        target_length=14,
        examples=translator.sources,
        references=translator.targets,
        report=said.append,
    )
    assert parity.scores["chrF"][1] > 0.95 * parity.scores["chrF"][0] > 90
    assert "BLEU" in said[0] and "a parameter" in said[0]
    large, _ = exported("transformer", like)  # of so small a model most is graph and tokenizer
    assert path.stat().st_size < large.stat().st_size


def test_raw_text_in_raw_text_out(translator, tmp_path):
    pipeline = translator("transformer")
    path = tmp_path / "strings.tflite"
    parity = pipeline.export(
        path,
        strings=True,
        search=ks.Beam(2),
        source_length=12,
        target_length=14,
        examples=translator.sources,
    )
    assert parity.same_texts == len(translator.sources)
    signatures = Signatures(path.read_bytes(), text_ops=True)

    def run(sentence):
        return signatures("generate_texts", texts=np.array([sentence.encode()], object))

    made = run("été 김치")
    assert made["texts"][0, 0].decode() == "kimchi summer"
    assert made["texts"].shape == made["scores"].shape == made["finished"].shape == (1, 2)
    blank = run(" ")
    assert blank["texts"].tolist() == [[b"", b""]]
    assert blank["scores"].tolist() == [[0.0, -np.inf]]
    assert blank["finished"].tolist() == [[1, 1]]
    too_long = run("un " * 30)
    assert too_long["source_length"][0] > 12
    assert too_long["texts"].tolist() == [[b"", b""]]
    assert np.isneginf(too_long["scores"]).all()
    assert too_long["finished"].tolist() == [[1, 1]]


def test_fewer_targets_than_asked_for_are_told(lab):
    model = lab.make("gru")
    fixed = tflite.FixedModel(model, ks.Beam(8), 5, 2, ks.SpecialTokens())
    signatures = Signatures(tflite.convert(fixed, "float32"))
    source = np.array([[4, 5, 2, 0, 0]], "int32")
    made = signatures("generate", source=source, source_length=np.array([3], "int32"))
    wanted = ks.decode(model, lab.of(source), ks.Beam(8), max_length=2)
    assert made["ids"].tolist() == wanted.ids.numpy().tolist()
    assert made["lengths"][0].tolist()[-3:] == [0, 0, 0]
    assert np.isneginf(made["scores"][0, -3:]).all()
    assert made["finished"][0].tolist() == wanted.finished[0].numpy().astype(int).tolist()
    assert made["finished"][0, -3:].all() and not made["finished"].all()


def test_mixed_precision_is_written_in_float32(lab):
    mixed = lab.make("luong", dtype="mixed_bfloat16")
    plain = in_float32(mixed)
    assert plain.decoder.compute_dtype == "float32"
    assert all(
        np.array_equal(a, b) for a, b in zip(mixed.get_weights(), plain.get_weights(), strict=True)
    )


def test_a_changed_model_is_noticed(translator, tmp_path, monkeypatch):
    pipeline = translator("bahdanau")
    monkeypatch.setattr(tflite, "convert", lambda fixed, precision: damaged(pipeline, fixed))
    with pytest.raises(ParityError, match=r"differ from step \d+ on"):
        pipeline.export(
            tmp_path / "x.tflite", source_length=12, target_length=14, examples=translator.sources
        )
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_is_cut_for_the_file_alone_is_noticed(
    pipeline, search, written, translator, monkeypatch
):
    class Turned(Signatures):
        def __call__(self, name, **inputs):
            made = super().__call__(name, **inputs)
            return made | {"finished": 1 - made["finished"]} if name == "generate" else made

    monkeypatch.setattr(parity, "Signatures", Turned)
    parts = (written[0].read_bytes(), pipeline.model, pipeline.source, pipeline.target, search)
    options = {"lengths": (12, 14), "examples": translator.sources[:1]}
    with pytest.raises(ParityError, match="cut at its limit, the model calls it finished"):
        parity.compare(*parts, exact=True, **options)
    said = parity.compare(*parts, exact=False, **options)
    assert said.unfinished == (0, 1) and "cut at the limit 0 -> 1" in str(said)


def test_changed_steps_are_noticed(translator, tmp_path, monkeypatch):
    pipeline = translator("bahdanau")

    def convert_with_other_steps(fixed, precision):
        fixed.other = changed_model(pipeline)
        fixed.decode_step = fixed.other.decode_step
        return convert(fixed, precision)

    monkeypatch.setattr(tflite, "convert", convert_with_other_steps)
    with pytest.raises(ParityError, match="`encode` and `decode_step` give token"):
        pipeline.export(
            tmp_path / "x.tflite", source_length=12, target_length=14, examples=translator.sources
        )
    assert list(tmp_path.iterdir()) == []


def damaged(pipeline, fixed):
    """The file of another model."""
    return convert(changed_model(pipeline), "float32")


def changed_model(pipeline):
    """A model whose output weights are turned around."""
    model = ks.build_model(**pipeline.model.get_config())
    model.set_weights([weight[..., ::-1] for weight in pipeline.model.get_weights()])
    return tflite.FixedModel(model, pipeline.search, 12, 14, ks.SpecialTokens())


convert = tflite.convert


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int4"}, r"'float32', 'float16', 'int8'.*'int4'"),
        ({"source_length": 25}, r"`source_length`=25.*24"),
        ({"target_length": 0}, r"`target_length`.*0"),
        ({"examples": ["un"], "references": []}, r"1 `examples`, but 0 `references`"),
        ({"examples": ["un " * 40]}, r"None of the 1 `examples`"),
        ({"search": "beam"}, r"'beam'"),
        ({"search": ks.Sample()}, r"can't sample"),
        ({"references": ["one"]}, r"belong to `examples`"),
        ({"examples": "un deux"}, r"Put it in a list"),
        ({"license": 3}, r"`license`.*3"),
    ],
)
def test_bad_settings_are_refused(translator, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        translator("bahdanau").export(tmp_path / "x.tflite", **options)
    assert list(tmp_path.iterdir()) == []


def test_several_models_are_refused(lab, tmp_path):
    both = ks.Ensemble([lab.make("gru"), lab.make("lstm")])
    with pytest.raises(ValueError, match="Ensemble"):
        tflite.export_tflite(tmp_path / "x", both, None, None, search=ks.Greedy())


def test_a_model_that_keras_quantized_is_refused(wild_bytes, tmp_path):
    wild_bytes.model.decoder.logits.quantize("int8")
    with pytest.raises(ValueError, match=r"can't be written for TFLite.*precision='int8'"):
        wild_bytes.export(tmp_path / "x.tflite", examples=["a"])
    assert list(tmp_path.iterdir()) == []


def test_strings_need_sentencepiece(wild_bytes, tmp_path):
    with pytest.raises(ValueError, match="ByteTokenizer"):
        wild_bytes.export(tmp_path / "x.tflite", strings=True, examples=["a"])


@pytest.fixture
def wild_bytes(lab):
    tokenizer = text.ByteTokenizer()
    model = ks.build_model("gru", tokenizer, tokenizer, hidden_dim=8)
    return ks.Pipeline(model, text.TextSource(tokenizer, 8), text.TextTarget(tokenizer, 8))
