"""Sources and targets on disk."""

import subprocess
import sys

from kseq2seq.text import ByteTokenizer, LabelTarget, TextSource


def test_the_packages_own_are_known_without_an_import(tmp_path):
    TextSource(ByteTokenizer(), 5).save(tmp_path)
    LabelTarget(["a"]).save(tmp_path)
    loads = (
        "import sys; from kseq2seq.contracts import Source, Target; "
        "print(type(Source.load(sys.argv[1])).__name__, type(Target.load(sys.argv[1])).__name__)"
    )
    made = subprocess.run(
        [sys.executable, "-c", loads, tmp_path], capture_output=True, text=True, check=True
    )
    assert made.stdout.split() == ["TextSource", "LabelTarget"]
