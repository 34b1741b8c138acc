"""What is found wrong with a user's examples after they were read still names file and line."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from kseq2seq.cli import Recipe
from kseq2seq.cli.places import Places
from kseq2seq.data import Example, named_pairs, one_label_a_word, translations
from kseq2seq.speech import AudioSource
from kseq2seq.text import ByteTokenizer, LabelTarget, TextSource, TextTarget

COUNT = 20


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """Writes three files with some rows of their own, and returns a recipe that has read them."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back at the end

    def begin(read=named_pairs, flags=(), source=None, **rows):
        files = []
        for split in ("train", "validation", "test"):
            usual = [f"{split} {number}\tN V" for number in range(COUNT)]
            lines = ["source\ttarget", *usual[:5], *rows.get(split, ()), *usual[5:]]
            (tmp_path / f"{split}.tsv").write_text("\n".join(lines), encoding="utf-8")
            files += [f"--{split}", str(tmp_path / f"{split}.tsv")]
        recipe = Recipe("task", None, data="FILE", models={"gru": {}})
        recipe.begin(["--output", str(tmp_path / "out"), *files, *flags])
        corpora = recipe.corpora(read, source)
        return recipe, corpora

    return begin


def pipeline(target, max_length=64):
    return SimpleNamespace(source=TextSource(ByteTokenizer(), max_length), target=target)


LABELS = LabelTarget(["N", "V"], 8)


def test_a_label_that_only_held_out_examples_have_is_counted(begun, capsys):
    recipe, corpora = begun(test=["new words\tN X", "more words\tY N", "old words\tN N"])
    _, test = recipe.held_out(pipeline(LABELS), corpora)
    assert len(test) == COUNT + 3  # none is lost
    told = capsys.readouterr().out
    assert f"WARNING: 2 of {COUNT + 3} test examples have a label that the model can't give" in told
    assert "test.tsv:7: 'X'" in told and "test.tsv:8: 'Y'" in told
    assert "Correct it, or add training examples with it." in told
    assert told.count("WARNING") == 1


def refused(recipe, corpora, target, capsys, **options):
    with pytest.raises(SystemExit) as ended:
        recipe.held_out(pipeline(target, **options), corpora)
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.count("\n") == 1 and "Traceback" not in told
    return told


def test_a_label_of_training_examples_that_a_saved_model_lacks_ends_the_recipe(begun, capsys):
    rows = [f"some words\tN X{number}" for number in range(5)]
    told = refused(*begun(train=rows), LABELS, capsys)
    assert f"5 of {COUNT + 5} train examples" in told
    assert "train.tsv:7: 'X0', " in told and "'X3'" not in told and "and others. Correct" in told


def test_whole_labels_may_hold_spaces(begun, capsys):
    target = LabelTarget(["N V", "a  b"], whole=True)
    recipe, corpora = begun(train=["w\ta  b"], test=["v\tN", "u\ta b"])
    recipe.held_out(pipeline(target), corpora)
    told = capsys.readouterr().out
    assert f"2 of {COUNT + 2} test" in told and "test.tsv:7: 'N', " in told and "'a b'" in told


def test_too_long_examples_are_refused_by_line_when_asked(begun, capsys):
    """Also where the recipe makes other pairs of those in the file, as recipes do."""

    def upper(name, columns):
        for pair in named_pairs(name, columns):
            yield pair._replace(source=pair.source.upper())

    rows = {"train": ["x" * 100_000 + "\tN"], "test": ["a\t" + "b" * 100_000]}
    recipe, corpora = begun(upper, ["--too-long", "error"], **rows)
    told = refused(recipe, corpora, TextTarget(ByteTokenizer(), 64), capsys)
    assert "train.tsv:7: 'XXXX" in told and "(100001 and 2)" in told
    assert "test.tsv:7: 'A' -> 'bbb" in told
    assert len(told) < 2000


def test_recordings_that_are_too_long_are_refused_by_line(begun, capsys):
    """A corpus has their samples, and not their names."""

    def recordings(name, columns):
        for pair in named_pairs(name, columns):
            samples = np.sin(np.arange(8000 if "long" in pair.source else 800))
            yield Example(samples, pair.target, pair.key)

    source = AudioSource(8000, 8, max_seconds=0.5)
    recipe, corpora = begun(recordings, ["--too-long", "error"], source, train=["long\tN V"])
    target = TextTarget(ByteTokenizer(), 64)
    with pytest.raises(SystemExit):
        recipe.held_out(SimpleNamespace(source=source, target=target), corpora)
    assert "train.tsv:7: ndarray (8000,) -> 'N V' (100 and 4)" in capsys.readouterr().err


def test_labels_unlike_in_number_to_words_are_told_when_a_file_is_read(begun, capsys):
    def read(name, columns):
        return named_pairs(name, columns, check=one_label_a_word)

    _, corpora = begun(read, train=["three words here\tN N"])
    assert len(corpora["train"]) == COUNT
    told = capsys.readouterr().err
    assert f"1 of {COUNT + 1} entries left out" in told
    assert "train.tsv:7: 2 labels for 3 words; give each word one label" in told


def test_unknown_labels_of_examples_without_a_file(capsys, begun):
    recipe, corpora = begun()
    recipe.corpora(
        lambda name, columns: iter([pair._replace(key="k") for pair in corpora["train"]])
    )
    with pytest.raises(SystemExit):
        recipe.held_out(pipeline(LabelTarget(["N"])), corpora)
    assert "can't give: 'V', 'V', 'V' and others." in capsys.readouterr().err


def test_places_of_several_languages_are_those_of_their_files(tmp_path):
    for language in ("fr", "ko"):
        rows = ["source\ttarget", *(f"{language} {n}\tx" for n in range(3))]
        (tmp_path / f"{language}.tsv").write_text("\n".join(rows), encoding="utf-8")
    name = "+".join(f"{language}={tmp_path / language}.tsv" for language in ("fr", "ko"))
    options = SimpleNamespace(data=name, columns=["source", "target"])
    wanted = [pair for pair in translations(name) if pair.source == "<2ko>ko 1"]
    assert Places(options, translations).of("train", wanted) == [f"{tmp_path / 'ko'}.tsv:3: "]
