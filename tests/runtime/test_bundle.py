"""Files that are not what they should be: each is refused with words, and none does harm."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
from kseq2seq_runtime import Model, Pipeline
from kseq2seq_runtime.bundle import MOST, open_bundle


def refuses(path, *words):
    with pytest.raises(ValueError) as caught:
        Pipeline(path)
    for word in (*words, str(path)):
        assert word in str(caught.value)


def test_a_bundle_holds_what_was_written(made):
    bundle = open_bundle(str(made["bytes"].path))
    assert bundle.files["LICENSE.txt"] == b"Public domain."
    assert json.loads(bundle.files["target.json"])["max_length"] == 12
    assert bundle.files["source_tokenizer/tokenizer.json"] == bundle.file(
        "target_tokenizer/tokenizer.json"
    )
    with pytest.raises(ValueError, match=r"lacks other.txt"):
        bundle.file("other.txt")


def test_remaking_alone_changes_nothing(remade, opened):
    assert Pipeline(remade()).texts(["hi"]) == opened["bytes"].texts(["hi"])


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.tflite is missing; give a .tflite file"):
        Pipeline(tmp_path / "none.tflite")


def test_a_directory(tmp_path):
    refuses(tmp_path, "is not a file")


def test_a_file_truncated_anywhere(made, tmp_path):
    whole, path = made["bytes"].path.read_bytes(), tmp_path / "cut.tflite"
    ends = np.linspace(0, len(whole) - 1, 60).astype(int).tolist()
    for end in [*ends, 1, 7, len(whole) - 22, len(whole) - 2]:
        path.write_bytes(whole[:end])
        refuses(path, "truncated", f"({end} bytes)")


def test_a_file_that_lacks_its_front(made, tmp_path):
    whole, path = made["bytes"].path.read_bytes(), tmp_path / "cut.tflite"
    for begin in (1, 100, len(whole) // 2):
        path.write_bytes(whole[begin:])
        with pytest.raises(ValueError, match="again"):
            Pipeline(path)


def test_a_damaged_byte_anywhere_is_noticed_or_harmless(made, tmp_path, opened):
    whole, path = made["bytes"].path.read_bytes(), tmp_path / "damaged.tflite"
    record = json.loads(zipfile.ZipFile(io.BytesIO(whole)).read("kseq2seq.json"))
    size, random = record["model_bytes"], np.random.default_rng(0)
    places = [*random.integers(0, size, 40), *random.integers(size, len(whole), 250)]
    noticed = 0
    for place in map(int, places):
        damaged = bytearray(whole)
        damaged[place] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            bundle = open_bundle(path)
        except ValueError as error:
            noticed += 1
            assert str(path) in str(error)
        else:  # a date, or such
            assert place >= size
            assert bundle.record == opened["bytes"].model.bundle.record
            assert bundle.files == opened["bytes"].model.bundle.files
    assert noticed > 200


def test_a_changed_model(made, tmp_path):
    damaged, path = bytearray(made["bytes"].path.read_bytes()), tmp_path / "damaged.tflite"
    damaged[5000] ^= 1
    path.write_bytes(damaged)
    refuses(path, "the model is not the one that was exported")


def test_a_foreign_tflite(made, tmp_path, remade):
    bundle = open_bundle(made["bytes"].path)
    path = tmp_path / "foreign.tflite"
    path.write_bytes(bundle.model[: bundle.record["model_bytes"]])
    refuses(path, "has no archive at its end", "not exported by kseq2seq")
    with zipfile.ZipFile(path, "a") as archive:  # as TFLite's own metadata does
        archive.writestr("labels.txt", "cat\ndog\n")
    refuses(path, "the archive lacks kseq2seq.json")


@pytest.mark.parametrize("model", [b"", b"TFL3", b"no flatbuffer at all, but long enough"])
def test_an_archive_without_a_model(model, remade):
    refuses(remade(model=model), f"no TFLite model of {len(model)} bytes at its front")


@pytest.mark.parametrize("size", [-1, 0, 10**15])
def test_a_model_of_another_size(size, remade):
    refuses(remade(record={"model_bytes": size}), f"no TFLite model of {size} bytes")


def test_a_model_that_only_begins_like_one(remade):
    refuses(remade(model=b"\x1c\0\0\0TFL3" + bytes(1000)), "LiteRT can't load the model")
    half = open_bundle(remade()).model[:20_000]
    refuses(remade(model=half), "LiteRT can't load the model")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not valid JSON"),
        (b"{", "is not valid JSON"),
        (b"\xff\xfe{}", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"9" * 10_000, "is not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b"{}", "whole `format_version` from 1 on"),
        (b'{"format_version": "1"}', "whole `format_version` from 1 on"),
        (b'{"format_version": true}', "whole `format_version` from 1 on"),
        (b'{"format_version": 0}', "whole `format_version` from 1 on"),
        (b'{"format_version": 2}', "Install a newer kseq2seq-runtime"),
        (b'{"format_version": 1}', "must have 'model_bytes' of type int, it has nothing"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_record_that_is_none(content, words, remade):
    refuses(remade(raw={"kseq2seq.json": content}), "kseq2seq.json", words)


@pytest.mark.parametrize("value", [None, "x", -1, 1.5, True, [], {}, {"a": 1}, 0])
@pytest.mark.parametrize(
    "name",
    [
        "source_length",
        "target_length",
        "source_vocabulary",
        "target_vocabulary",
        "parameters",
        "special",
        "search",
        "model_sha256",
        "files",
    ],
)
def test_fields_of_other_types(name, value, remade):
    if (name, value) == ("model_sha256", "x"):
        refuses(remade(record={name: value}), "not the one that was exported")
    elif (name, value) == ("files", {}):
        refuses(remade(record={name: value}), "lacks source.json")
    elif name == "files" and value:
        refuses(remade(record={name: value}), "of type dict, it has")
    elif isinstance(value, dict) and name in ("special", "search"):
        refuses(remade(record={name: value}), "it has nothing")
    else:
        refuses(remade(record={name: value}), repr(name))


@pytest.mark.parametrize(
    "special", [(0, 0, 2, 3), (0, 1, 2, 999), (-1, 1, 2, 3)], ids=["twice", "beyond", "below"]
)
def test_special_ids_that_can_be_none(special, remade):
    names = ("padding", "start", "end", "unknown")
    record = {"special": dict(zip(names, special, strict=True))}
    refuses(remade(record=record), "special ids must be 4 different ones of 260")


def test_special_ids_other_than_the_tokenizers(remade):
    record = {"special": {"padding": 3, "start": 1, "end": 2, "unknown": 0}}
    refuses(remade(record=record), "(3, 1, 2, 0) are special")
    assert Model(remade(record=record)).generate([108, 2])  # with a tokenizer of one's own


@pytest.mark.parametrize(
    ("name", "tensor"),
    [("source_length", "source"), ("target_length", "ids"), ("target_vocabulary", "logits")],
)
def test_a_model_of_other_sizes_than_it_says(name, tensor, remade):
    refuses(remade(record={name: 11}), f"{tensor!r} as", "it must be", "11")


def converted(**functions):
    """A flatbuffer of functions of one number each."""
    import tensorflow as tf

    module = tf.Module()
    for name, dtype in functions.items():
        spec = tf.TensorSpec((1,), dtype, name="x")
        made = tf.function(lambda x: {"y": x + x}, input_signature=[spec])
        setattr(module, name, made.get_concrete_function())
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        signatures = {name: getattr(module, name) for name in functions}
        tf.saved_model.save(module, folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(functions))
        return converter.convert()


def test_a_model_of_other_signatures(remade):
    model = converted(encode="float32", other="int32")
    refuses(remade(model=model), "lacks the signatures ['decode_step', 'generate']")
    model = converted(encode="float32", decode_step="int32", generate="float32")
    refuses(remade(model=model), "'encode' takes 'source' as nothing", "must be int32 (1, 20)")


@pytest.mark.parametrize("name", ["source.json", "source_tokenizer/tokenizer.json", "LICENSE.txt"])
def test_a_missing_entry(name, remade):
    refuses(remade(files={name: None}), f"the archive lacks {name}")


@pytest.mark.parametrize("name", ["source.json", "target.json", "target_tokenizer/tokenizer.json"])
def test_a_file_that_is_not_listed(name, remade):
    files = dict(open_bundle(remade()).record["files"])
    files.pop(name)
    refuses(remade(record={"files": files}), f"lacks {name}")


def test_a_changed_file(remade):
    raw = {"LICENSE.txt": b"Do what you want."}
    refuses(remade(raw=raw), "LICENSE.txt is not the file that was exported")


def test_a_changed_tokenizer(remade):
    raw = {"source_tokenizer/spm.model": b"another"}
    refuses(remade("pieces", raw=raw), "spm.model is not the file that was exported")
    files = {"source_tokenizer/spm.model": b"another"}
    refuses(remade("pieces", files=files), "spm.model is not the one that belongs to it")
    settings = {"format_version": 1, "type": "sentencepiece"}
    settings["sha256"] = hashlib.sha256(b"another").hexdigest()
    files["source_tokenizer/tokenizer.json"] = json.dumps(settings).encode()
    refuses(remade("pieces", files=files), "not a SentencePiece model")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"type": "characters", "characters": "abc"}, "the source tokenizer has 7"),
        ({"type": "characters", "characters": ["abc"]}, "'characters' of type str"),
        ({"type": "characters", "characters": ""}, "character set"),
        ({"type": "sentencepiece"}, "lacks source_tokenizer/spm.model"),
        ({"type": 5}, "'type' of type str, it has 5"),
        ({}, "'type' of type str, it has nothing"),
        ({"type": "bytes", "format_version": 2}, "newer kseq2seq-runtime"),
    ],
    ids=repr,
)
def test_tokenizers_that_do_not_fit(settings, words, remade):
    content = json.dumps({"format_version": 1, **settings}).encode()
    refuses(remade(files={"source_tokenizer/tokenizer.json": content}), words)


def test_what_is_no_text(remade):
    files = {"source.json": b'{"format_version": 1, "type": "speech"}'}
    refuses(remade(files=files), "has type 'speech'", "Model(path).generate")


def test_an_entry_that_would_unpack_to_too_much(remade, tmp_path):
    path = remade(raw={"LICENSE.txt": bytes(MOST + 1)})
    assert path.stat().st_size < MOST / 100
    refuses(path, f"LICENSE.txt would unpack to {MOST + 1} bytes")


def test_an_entry_that_says_less_than_it_holds(remade):
    path = remade(raw={"LICENSE.txt": bytes(10_000_000)})
    data = bytearray(path.read_bytes())
    said = (10_000_000).to_bytes(4, "little")
    assert data.count(said) == 2  # before the entry, and in the directory
    path.write_bytes(data.replace(said, (100).to_bytes(4, "little")))
    refuses(path, "LICENSE.txt")


def test_an_entry_packed_otherwise(remade):
    path = remade(record={"files": {"x": {"sha256": "0", "entry": "x"}}})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x", b"x" * 100, zipfile.ZIP_LZMA)
    refuses(path, "x is not compressed by deflate")
