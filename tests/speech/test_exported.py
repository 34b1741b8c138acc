"""Exports take samples: the features are inside, in float32, and the runtime reads wav files."""

import sys
import wave
from pathlib import Path

import kseq2seq_runtime
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from kseq2seq_runtime import truncation as others
from kseq2seq_runtime.audio import AudioSource as RuntimeSource
from kseq2seq_runtime.recordings import read_recording

import kseq2seq as ks
from kseq2seq.speech import AudioSource, log_mel, read_audio, truncation
from kseq2seq.speech.mel import _matrices
from kseq2seq.text import CharacterTokenizer, TextTarget


def noise(length, seed=0, level=0.1):
    shaped = np.sin(np.arange(length) / 700) ** 2
    return (level * shaped * np.random.default_rng(seed).normal(size=length)).astype("float32")


def save(path, samples, rate=8000, width=2, channels=1):
    whole = np.rint(samples.astype("f8") * (2.0 ** (8 * width - 1) - 1)).astype("<i4")
    if width == 1:
        content = (whole + 128).astype("u1").tobytes()
    else:
        content = whole[:, None].view("u1")[:, :width].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(content)
    return path


@pytest.mark.parametrize("optimized", [False, True])
def test_tflite_computes_features_in_float32(optimized):
    source = AudioSource(8000, 40, 1.0)
    specs, inputs = source.fixed(100)
    module = tf.Module()
    module.inputs = tf.function(lambda **given: inputs(**given)["source"])
    function = module.inputs.get_concrete_function(**specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    if optimized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    interpreter = Interpreter(model_content=converter.convert())
    shapes = {tuple(d["shape"]) for d in interpreter.get_tensor_details() if d["dtype"] == np.int8}
    sizes = {tuple(sorted(matrix.shape)) for matrix in _matrices(8000, 40)}
    assert not sizes & {tuple(sorted(shape)) for shape in shapes}
    runner = interpreter.get_signature_runner()
    raw = source.read(noise(6000))
    (found,) = runner(**source.feed(raw, 100)).values()
    expected = log_mel(tf.constant(raw[None]), 8000, 40, normalized=tf.constant([75]))
    np.testing.assert_allclose(found[0, :75], expected[0], atol=2e-3)
    assert not found[0, 75:].any()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A wild pipeline of speech, its files, and wav files."""
    folder = tmp_path_factory.mktemp("speech")
    source = AudioSource(8000, 10, 0.6, "split")
    target = TextTarget(CharacterTokenizer("abcdefgh"), 5)
    model = ks.build_model("gru", source, target, head="ctc", hidden_dim=8, dropout=0.0)
    rng = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(rng.normal(scale=0.8, size=weight.shape))
    pipeline = ks.Pipeline(model, source, target, ks.Greedy())
    raws = [source.read(noise(length, seed)) for seed, length in enumerate((4800, 3000, 1600))]
    pipeline.examples = raws
    pipeline.save(folder / "pipeline")
    pipeline.export(folder / "model.tflite", report=None)
    return pipeline, raws, folder


def test_a_pipeline_is_saved_with_its_recordings(exported):
    pipeline, raws, folder = exported
    loaded = ks.Pipeline.load(folder / "pipeline")
    assert loaded.source.config() == pipeline.source.config()
    for kept, raw in zip(loaded.examples, raws, strict=True):
        np.testing.assert_array_equal(kept, raw)
    assert loaded.texts(raws) == pipeline.texts(raws)


def test_the_runtime_reads_wav_files_as_the_package_does(exported, tmp_path):
    pipeline, raws, folder = exported
    phone = kseq2seq_runtime.Pipeline(folder / "model.tflite")
    assert isinstance(phone.source, RuntimeSource)
    expected = pipeline.texts(raws)
    assert any(expected)
    assert phone.texts(raws) == expected
    paths = [save(tmp_path / f"{n}.wav", raw) for n, raw in enumerate(raws)]
    assert phone.texts(paths) == pipeline.texts(list(map(str, paths)))
    stereo = save(tmp_path / "stereo.wav", np.repeat(raws[1], 2), channels=2)
    fast = save(tmp_path / "fast.wav", np.repeat(raws[1], 2), rate=16000, width=3)
    for path in (stereo, fast):
        np.testing.assert_allclose(
            phone.source.several(path)[0], pipeline.source.read(path), atol=1e-4
        )


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_the_runtime_reads_all_whole_numbers(tmp_path, width):
    path = save(tmp_path / "sound.wav", noise(1000, level=0.5), width=width)
    ours = read_recording(path, 8000)
    np.testing.assert_allclose(ours, AudioSource(8000, 10, 1).read(path), atol=2e-4)


@pytest.mark.parametrize(
    ("at", "size", "value"),
    [(24, 4, 0), (24, 4, 7), (24, 4, 2**31), (22, 2, 65_535), (34, 2, 40), (34, 2, 64)],
)
def test_headers_that_say_what_can_not_be_are_refused_by_both(tmp_path, at, size, value):
    path = save(tmp_path / "odd.wav", noise(1000))
    content = bytearray(path.read_bytes())
    content[at : at + size] = value.to_bytes(size, "little")
    path.write_bytes(content)
    for read in (read_audio, read_recording):
        with pytest.raises(ValueError, match=r"odd\.wav (is no rea|says that it has|has 65535)"):
            read(path, 8000)


def test_arrays_of_whole_numbers_are_read_alike():
    ours, theirs = AudioSource(8000, 10, 1), RuntimeSource(8000, 8000, -60.0, False)
    whole = (noise(1000) * 32_000).astype("int16")
    for raw in (whole, whole.astype(">i2")):
        for (samples,) in (ours.several([raw]), theirs.several([raw])):
            np.testing.assert_array_equal(samples, whole / np.float32(2**15))
    for kind in ("int32", "uint8", "int8"):
        for source in (ours, theirs):
            with pytest.raises(ValueError, match=f"or int16; got {kind}"):
                source.several([np.ones(1000, kind)])


def test_silence_gives_an_empty_text_everywhere(exported, tmp_path):
    pipeline, _, folder = exported
    phone = kseq2seq_runtime.Pipeline(folder / "model.tflite")
    silence = [np.zeros(4000), np.array([0.9]), 1e-4 * noise(4000), np.zeros(0)]
    assert pipeline.texts(silence) == phone.texts(silence) == [""] * 4
    inputs = pipeline.source.feed(np.zeros(4000), 60)  # as other hosts run the file, too
    interpreter = Interpreter(str(folder / "model.tflite"))
    made = interpreter.get_signature_runner("generate")(**inputs)
    assert not made["lengths"].any() and not made["ids"].any()
    files = [str(save(tmp_path / "s.wav", np.zeros(4000, "f4")))]
    assert pipeline.texts(files) == phone.texts(files) == [""]


def test_long_recordings_are_split_in_one_and_refused_in_the_other(exported, tmp_path):
    pipeline, raws, folder = exported
    long = np.concatenate([raws[1], np.zeros(1200, "float32"), raws[2], raws[1]])
    parts = pipeline.source.split(long)
    assert len(parts) > 1
    joined = " ".join(filter(None, pipeline.texts(parts)))
    assert pipeline.texts([long]) == [joined]
    with pytest.raises(ValueError, match=r"Source 0 has \d+ frames of 10 ms \(1\.\d+ s\), and the"):
        pipeline.texts([long], too_long="error")
    with pytest.warns(UserWarning, match="longer than 60 frames of 10 ms"):
        assert pipeline.texts([long], too_long="cut") == pipeline.texts([long[:4800]])
    phone = kseq2seq_runtime.Pipeline(folder / "model.tflite")
    with pytest.raises(ValueError, match=r"Source 0 has 1\.\d+ seconds, and the limit is 0\.60"):
        phone.texts([long])


def test_the_runtime_names_what_it_can_not_read(exported, tmp_path, monkeypatch):
    phone = kseq2seq_runtime.Pipeline(exported[2] / "model.tflite")
    (tmp_path / "text.wav").write_text("no sound at all")
    cut = save(tmp_path / "cut.wav", noise(4000))
    cut.write_bytes(cut.read_bytes()[:5000])
    rate = save(tmp_path / "rate.wav", noise(4000), rate=44100)
    for name in ("soundfile", "soxr"):
        monkeypatch.setitem(sys.modules, name, None)
    for path, said in {
        tmp_path / "text.wav": "text.wav is no wav file of whole numbers",
        cut: "cut.wav is truncated",
        rate: r"44,100 samples a second, and the model reads 8,000. Convert it, or install soxr",
    }.items():
        with pytest.raises(ValueError, match=said):
            phone.texts([path])
    with pytest.raises(FileNotFoundError, match=r"gone\.wav is missing"):
        phone.texts(["gone.wav"])


def test_both_packages_find_truncation_alike():
    ours, theirs = (Path(str(each.__file__)).read_text() for each in (truncation, others))
    assert ours == theirs
