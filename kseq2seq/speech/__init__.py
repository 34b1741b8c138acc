"""Speech: recordings in, log-mel features for a model; files are read on the host."""

from kseq2seq.speech.augmentation import Augmentation
from kseq2seq.speech.mel import log_mel
from kseq2seq.speech.reading import read_audio
from kseq2seq.speech.silence import silent, split_at_silences
from kseq2seq.speech.source import AudioSource

__all__ = [
    "AudioSource",
    "Augmentation",
    "log_mel",
    "read_audio",
    "silent",
    "split_at_silences",
]
