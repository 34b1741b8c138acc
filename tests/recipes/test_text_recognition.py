"""The recipe on pictures of a user's own: found beside their list, and each bad one named."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kseq2seq.data import Corpus
from kseq2seq.image import LineSource
from kseq2seq.image.reading import encoded

RECIPE = Path(__file__).parents[2] / "recipes" / "text_recognition.py"


@pytest.fixture(scope="module")
def read():
    options = SimpleNamespace(options=SimpleNamespace(lines=None))
    recipe = runpy.run_path(str(RECIPE), run_name="recipe")
    return lambda *given: list(recipe["read"](options, *given))


def test_pictures_lie_beside_their_list_and_bad_ones_are_named(read, tmp_path):
    (tmp_path / "lines").mkdir()
    rows = ["path\ttext"]
    for number in range(3):
        content, _ = encoded(np.full((20, 30 + number), 40 * number, "uint8"))
        (tmp_path / "lines" / f"{number}.png").write_bytes(content)
        rows.append(f"lines/{number}.png\tline {number // 2}")
    (tmp_path / "lines" / "note.png").write_text("no picture")
    rows += ["lines/note.png\tnothing", "lines/gone.png\tnothing else"]
    path = tmp_path / "mine.tsv"
    path.write_text("\n".join(rows), encoding="utf-8")

    examples = read(str(path), ["path", "text"])
    assert [Path(line.source).name for line in examples][:3] == ["0.png", "1.png", "2.png"]
    assert [line.key for line in examples][:3] == ["line 0", "line 0", "line 1"]  # the wording
    with pytest.warns(UserWarning, match="2 of 5 examples left out"):
        corpus = Corpus.write(examples, source=LineSource(16, 64), errors="skip")
    assert len(corpus) == 3
    assert any("note.png" in line for line in corpus.problems)
    assert any("gone.png" in line for line in corpus.problems)


def test_a_column_of_keys_keeps_documents_together(read, tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("path\ttext\tbook\na.png\tone\tfirst\n", encoding="utf-8")
    (line,) = read(str(path), ["path", "text", "book"])
    assert (line.target, line.key) == ("one", "first")
    assert line.source == str(tmp_path / "a.png")
