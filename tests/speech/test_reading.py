"""Sound files of all kinds, whole, damaged and hostile."""

import re

import numpy as np
import pytest

from kseq2seq import data
from kseq2seq.speech import AudioSource, read_audio

soundfile = pytest.importorskip("soundfile")

FORMATS = {
    "wav": {},
    "flac": {},
    "aiff": {},
    "ogg": {},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {},
}


def tone(rate, seconds=1.0, hertz=440):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype("f4")


@pytest.fixture
def write(tmp_path):
    def written(suffix="wav", samples=None, rate=16000, **kind):
        path = tmp_path / f"sound.{suffix}"
        samples = tone(rate) if samples is None else samples
        soundfile.write(path, samples, rate, **{**FORMATS.get(suffix, {}), **kind})
        return path

    return written


@pytest.mark.parametrize("suffix", FORMATS)
def test_each_format_gives_the_same_samples_at_the_rate_asked_for(write, suffix):
    samples = read_audio(write(suffix), 8000)
    assert samples.dtype == np.float32 and abs(len(samples) - 8000) <= 1
    middle = slice(1000, 7000)
    np.testing.assert_allclose(samples[middle], tone(8000)[: len(samples)][middle], atol=0.03)


@pytest.mark.parametrize(
    ("rate", "channels", "subtype"),
    [(96000, 2, "PCM_24"), (44100, 6, "FLOAT"), (4000, 1, "PCM_U8")],
)
def test_any_rate_and_channels_become_one_channel(write, rate, channels, subtype):
    stereo = np.stack([tone(rate)] * channels, axis=1)
    samples = read_audio(write("wav", stereo, rate, subtype=subtype), 8000)
    assert abs(len(samples) - 8000) <= 1
    np.testing.assert_allclose(samples[1000:7000], tone(8000)[1000:7000], atol=0.02)


def test_gsm_without_a_header_is_read(tmp_path):
    path = tmp_path / "prompt.gsm"
    kind = {"format": "RAW", "subtype": "GSM610"}
    with soundfile.SoundFile(path, "w", 8000, 1, **kind) as file:
        file.write(tone(8000))
    assert abs(len(read_audio(path, 8000)) - 8000) < 160
    assert path.stat().st_size / 1650 == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_truncated_is_refused(write, suffix, share):
    path = write(suffix, samples=tone(16000, 3.0))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ValueError, match=r"sound\.\w+ is (truncated|no readable sound file)"):
        read_audio(path, 8000)


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_an_mp3_without_a_count_is_read_whole_or_refused(write, mode):
    loud = 0.3 * np.random.default_rng(0).normal(size=16000)
    ends = [loud, np.zeros(48000)] if mode == "VARIABLE" else [loud] * 4
    path = write("mp3", np.concatenate(ends), bitrate_mode=mode, compression_level=0.5)
    content = path.read_bytes()
    second = content.find(content[:2], 4)
    tags = b"ID3\x04\x00\x00\x00\x00\x02\x01" + bytes(257), b"TAG" + bytes(125)
    path.write_bytes(tags[0] + content + tags[1])
    assert abs(len(read_audio(path, 16000)) - 64000) < 1200
    path.write_bytes(tags[0] + content[second:] + tags[1])
    if mode == "CONSTANT":
        assert abs(len(read_audio(path, 16000)) - 65000) < 1200
        path.write_bytes(content[second : len(content) // 2])
    with pytest.raises(ValueError, match=r"sound\.mp3 .* whole: (its last|it has no count)"):
        read_audio(path, 16000)


def test_a_wav_from_a_pipe_has_no_length_and_is_whole(write):
    path = write("wav")
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(content))
    assert abs(len(read_audio(path, 8000)) - 8000) <= 1
    content[40:44] = bytes(4)
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="counts no samples, and some follow"):
        read_audio(path, 8000)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.wav", b"", "is an empty file"),
        ("text.wav", b"This is no sound at all.\n" * 40, "no readable sound file"),
        ("samples.RAW", bytes(4000), "no readable sound file"),
        ("page.mp3", 40 * b"<html>Not found</html>\n", r"\(no format that is known\)"),
        ("zeros.mp3", bytes(4000), "no readable sound file"),
        ("page.ogg", b"OggS" + bytes(400), "no readable sound file"),
        ("head.wav", b"RIFF\x00\x00\x00\x00WAVE", "no readable sound file|truncated"),
    ],
)
def test_what_is_no_sound_is_named(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}.*({said})"):
        read_audio(path, 8000)


def test_missing_files_folders_and_nan_are_named(write, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.wav is missing"):
        read_audio(tmp_path / "gone.wav", 8000)
    with pytest.raises(FileNotFoundError, match="is no file"):
        read_audio(tmp_path, 8000)
    most = np.full((800, 2), 3e38, "f4")  # whose sum is beyond float32
    assert np.isfinite(read_audio(write("wav", most, subtype="FLOAT"), 16000)).all()
    broken = tone(16000)
    broken[500] = np.nan
    with pytest.raises(ValueError, match=r"sound\.wav holds NaN"):
        read_audio(write("wav", broken, subtype="FLOAT"), 8000)


def test_hostile_recordings_have_sound_answers(write):
    source = AudioSource(8000, 20, 2.0)

    def measured(*arguments, **kind):
        batch = source.batch([source.read(write(*arguments, **kind))])
        lengths = source.lengths(batch)
        return lengths.numpy()[0], bool(source.empty(batch, lengths)[0])

    assert measured("wav", np.zeros(16000)) == (100, True)
    assert measured("wav", np.array([0.5])) == (1, True)
    assert measured("wav", np.zeros(0)) == (0, True)
    clipped = np.clip(tone(16000) * 30, -1, 1)
    assert measured("wav", clipped) == (100, False)
    assert measured("wav", clipped * 30_000, subtype="FLOAT") == (100, False)
    assert measured("wav", tone(96000)[:, None].repeat(2, 1), 96000) == (100, False)


def test_an_hour_is_read_in_blocks_and_measured_without_being_unpacked(tmp_path):
    path = tmp_path / "long.flac"  # most of it silent
    with soundfile.SoundFile(path, "w", 8000, 1, subtype="PCM_16") as file:
        file.write(tone(8000))
        for _ in range(60):
            file.write(np.zeros(480_000, "int16"))
    source = AudioSource(4000, 20, 2.0)
    packed = source.pack(path)
    assert len(packed) == 2 * 4000 * 3601
    rows, lengths, empty = source.prepare([packed, source.pack(tone(4000))], 200)
    assert lengths.numpy().tolist() == [360_100, 100] and not empty.numpy().any()
    assert len(rows[0].numpy()) == 2 * 4000 * 2


def test_a_bad_file_never_ends_a_run(write, tmp_path):
    good = write("wav")
    bad = tmp_path / "text.wav"
    bad.write_text("no sound")
    short = tmp_path / "short.wav"
    short.write_bytes(good.read_bytes()[:9000])
    key = data.places.LineKey("k", "train.tsv", 3)
    examples = [
        data.Example(str(good), "a tone", "a tone"),
        data.Example(str(bad), "no tone", key),
        data.Example(str(short), "half a tone", "h"),
        data.Example(str(tmp_path / "gone.wav"), "none", "n"),
    ]
    with pytest.warns(UserWarning, match="3 of 4 examples left out"):
        corpus = data.Corpus.write(examples, source=AudioSource(8000, 20, 2.0), errors="skip")
    assert len(corpus) == 1
    for problem, said in zip(
        corpus.problems,
        [r"example 1 \(train.tsv:3\): .*text\.wav", r"short\.wav is truncated", "gone.wav is miss"],
        strict=True,
    ):
        assert re.search(said, problem)
