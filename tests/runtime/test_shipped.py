"""The model that the repository ships: it opens, says words, and names the terms of its data."""

import subprocess
import sys
from pathlib import Path

import pytest
from kseq2seq_runtime import Pipeline

FILE = Path(__file__).parents[2] / "saved_models" / "letters-to-phones" / "model.tflite"


@pytest.fixture(scope="module")
def pipeline():
    return Pipeline(FILE)


def test_says_words(pipeline):
    words = {"cat": "K AE T", "thinking": "TH IH NG K IH NG", "boxes": "B AA K S IH Z"}
    assert pipeline.texts(list(words)) == list(words.values())
    assert pipeline("hello")[0].text in ("HH AH L OW", "HH EH L OW")  # both are listed
    assert pipeline("hello")[0].finished


def test_is_small_and_names_its_terms(pipeline):
    assert FILE.stat().st_size < 4_000_000
    assert "ISC License" in pipeline.license and "Zeke Sikelianos" in pipeline.license


def test_says_a_word_on_the_command_line_without_tensorflow():
    code = (
        "import sys; from kseq2seq_runtime.__main__ import main; main(); "
        "assert not {'tensorflow', 'keras', 'kseq2seq'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code, FILE, "cat"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "K AE T\n"), done.stderr
