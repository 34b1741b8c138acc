"""Runs a model on the command line.

python -m kseq2seq_runtime model.tflite "A raw text." "Another."
python -m kseq2seq_runtime model.tflite --beam 4 < lines.txt
python -m kseq2seq_runtime speech.tflite prompt.wav
python -m kseq2seq_runtime captions.tflite photo.png
"""

import argparse
import sys
from collections.abc import Sequence

from kseq2seq_runtime.beam import Beam
from kseq2seq_runtime.pipeline import Pipeline


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the generated text of each text, and of each line just one line.

    Line breaks in a text that was generated become spaces where lines were read.

    Args:
        arguments: of the command line; those of this process if None.

    Returns:
        The status of the process: 0, or 1 after an error.
    """
    parser = argparse.ArgumentParser(
        prog="python -m kseq2seq_runtime",
        description="Runs a .tflite file that kseq2seq exported: texts or files in, text out.",
    )
    parser.add_argument("model", metavar="MODEL.tflite")
    parser.add_argument(
        "texts",
        metavar="TEXT",
        nargs="*",
        help="or a file of sound or a picture, as the model takes; without any, lines of the input",
    )
    parser.add_argument(
        "--beam", type=int, metavar="N", help="search with N hypotheses; as exported without it"
    )
    parser.add_argument("--license", action="store_true", help="print the license and end")
    options = parser.parse_intermixed_args(arguments)
    try:
        pipeline = Pipeline(options.model)
        if options.license:
            print(pipeline.license or "The file does not name a license.")
            return 0
        search = None if options.beam is None else Beam(options.beam)
        for text in options.texts:
            print(pipeline.texts([text], search=search)[0], flush=True)
        for line in () if options.texts else sys.stdin:
            (text,) = pipeline.texts([line.rstrip("\r\n")], search=search)
            print(" ".join(text.splitlines()), flush=True)  # a line for each line
    except (OSError, ValueError, ImportError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
