"""What is printed while a recording is heard."""

import numpy as np

from kseq2seq.cli import listen
from kseq2seq.pipeline import Heard, Word
from kseq2seq.speech import AudioSource


def test_pieces_are_half_seconds_and_words_have_times(monkeypatch, capsys):
    class Recognizer:
        source = AudioSource(rate=8000, mels=8)

    pieces = []

    def live(pipeline, given, **options):
        pieces.extend(given)
        yield Heard(0.5, [], [Word("one", 0.1, 0.4, 0.5)])
        yield Heard(1.25, [Word("one", 0.1, 0.4, 0.75)], [])

    monkeypatch.setattr("kseq2seq.cli.listening.live", live)
    listen(Recognizer(), np.zeros(10_000, "float32"))
    assert [len(piece) for piece in pieces] == [4000, 4000, 2000]
    first, last, word, pace = capsys.readouterr().out.splitlines()
    assert first.split() == ["0.5", "s", "[one]"] and last.split() == ["1.2", "s", "one"]
    assert word.split() == ["0.10", "to", "0.40", "s", "75%", "one"]
    assert pace.startswith("1.2 s of sound in ") and "real-time factor 0." in pace
