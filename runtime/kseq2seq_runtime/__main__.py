"""Runs a model on the command line.

python -m kseq2seq_runtime model.tflite "A raw text." "Another."
python -m kseq2seq_runtime model.tflite --beam 4 < lines.txt
"""

import argparse
import sys
from collections.abc import Iterator, Sequence

from kseq2seq_runtime.beam import Beam
from kseq2seq_runtime.pipeline import Pipeline


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes a line of generated text for each text; returns the status of the process.

    Args:
        arguments: of the command line; those of this process if None.
    """
    parser = argparse.ArgumentParser(
        prog="python -m kseq2seq_runtime",
        description="Runs a .tflite file that kseq2seq exported: text in, text out.",
    )
    parser.add_argument("model", metavar="MODEL.tflite")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="without any, lines of the input")
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
        for text in options.texts or _lines():
            print(pipeline.texts([text], search=search)[0], flush=True)
    except (OSError, ValueError, ImportError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


def _lines() -> Iterator[str]:
    return (line.removesuffix("\n") for line in sys.stdin)


if __name__ == "__main__":
    sys.exit(main())
