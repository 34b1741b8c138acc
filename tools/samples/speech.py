"""Makes the bundled sample of speech: the short Italian prompts of the Asterisk exchange.

    python tools/samples/speech.py

writes `speech-it.ogg`, all recordings one after the other, and `speech-it.tsv`, where each begins
and ends, in samples, and what is said. The recordings are CC-BY-3.0, by Carlo Flora.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from kseq2seq.corpora.asterisk import asterisk
from kseq2seq.speech import read_audio

FOLDER = Path(__file__).parents[2] / "kseq2seq" / "data" / "samples"
RATE, PAUSE = 8000, 800  # samples
MOST_WORDS, LONGEST = 2, 12_800
QUALITY = 0.95  # of soundfile: 1 is the smallest file


def main() -> None:
    parts, rows, begin, seen = [], [], 0, set()
    for example in sorted(asterisk("it"), key=lambda example: example.target):
        samples = read_audio(example.source, RATE)
        if len(example.target.split()) > MOST_WORDS or len(samples) > LONGEST:
            continue
        if example.target in seen:
            continue
        seen.add(example.target)
        rows.append(f"{begin}\t{begin + len(samples)}\t{example.target}")
        parts += [samples, np.zeros(PAUSE, "float32")]
        begin += len(samples) + PAUSE
    path = FOLDER / "speech-it.ogg"
    whole = np.concatenate(parts)
    kind = {"format": "OGG", "subtype": "VORBIS", "compression_level": QUALITY}
    with soundfile.SoundFile(path, "w", RATE, 1, **kind) as file:
        for first in range(0, len(whole), RATE):  # the encoder overflows on more at once
            file.write(whole[first : first + RATE])
    (FOLDER / "speech-it.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(rows)} prompts, {begin / RATE:.0f} s, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
