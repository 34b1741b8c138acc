"""Italian prompts of one or two words, bundled."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from kseq2seq.data import Example
from kseq2seq.speech import read_audio

_SAMPLES = resources.files("kseq2seq.data") / "samples"
RATE = 8000


def speech_sample() -> Iterator[Example]:
    """Reads the bundled recordings with their transcripts; nothing is fetched.

    Returns:
        A lazy iterator of examples of samples, float32 (L,) at 8 kHz, and a transcript, which is
        the key too.

    Raises:
        ImportError: soundfile or soxr is not installed.

    Example:
        >>> from kseq2seq.corpora.speech_sample import speech_sample
        >>> example = next(speech_sample())
        >>> example.target, example.source.dtype
        ('a', dtype('float32'))

    Source:
        The Debian package `asterisk-core-sounds-it`, read by Carlo Flora, CC-BY-3.0; chosen by
        `tools/samples/speech.py`.
    """
    with resources.as_file(_SAMPLES / "speech-it.ogg") as path:
        samples = read_audio(path, RATE)
    rows = (_SAMPLES / "speech-it.tsv").read_text(encoding="utf-8").splitlines()
    for row in rows:
        begin, end, said = row.split("\t")
        yield Example(samples[int(begin) : int(end)], said, said)
