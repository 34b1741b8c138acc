"""A pipeline on disk: all of its files are those that were saved together, whatever happens."""

import json
import os
import shutil

import pytest

import kseq2seq as ks
from kseq2seq import text
from kseq2seq.disk import whole
from kseq2seq.pipeline import storage

EXAMPLES = ["ab ba", "b", "가 <&>\u2028"]


def made(characters="ab ", **options):
    tokenizer = text.CharacterTokenizer(characters)
    model = ks.build_model("gru", tokenizer, tokenizer, hidden_dim=4)
    sides = text.TextSource(tokenizer, 12), text.TextTarget(tokenizer, 9)
    return ks.Pipeline(model, *sides, ks.Greedy(), **options)


@pytest.fixture(scope="module")
def pipeline():
    return made(examples=EXAMPLES)


@pytest.fixture(scope="module")
def saved(pipeline, tmp_path_factory):
    path = tmp_path_factory.mktemp("pipeline") / "saved"
    pipeline.save(path)
    return path


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


@pytest.fixture
def same_model(pipeline, monkeypatch):
    """Models are not built anew, which would take most of the time."""
    monkeypatch.setattr(storage.BuiltModel, "from_config", lambda _: pipeline.model)


def files(directory):
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*.*")}


def test_every_file_is_known_by_its_hash(saved):
    record = json.loads((saved / "pipeline.json").read_text())
    assert (record["format_version"], record["format"]) == (1, 2)
    assert set(record["files"]) | {"pipeline.json"} == files(saved)
    assert {"source.json", "target_tokenizer/tokenizer.json", "examples.json"} < files(saved)


@pytest.mark.parametrize("name", ["source_tokenizer", "target_tokenizer", "source.json"])
def test_a_file_of_another_run_is_named(copy, name, tmp_path):
    made("xyz").save(tmp_path / "other")  # as many characters, and other ones
    other, mine = tmp_path / "other" / name, copy / name
    if mine.is_dir():
        other, mine = other / "tokenizer.json", mine / "tokenizer.json"
    else:
        other.write_text(other.read_text().replace("12", "13"))
    shutil.copy(other, mine)
    with pytest.raises(ValueError, match=f"{mine} is not the file that was saved with this pipe"):
        ks.Pipeline.load(copy)


def test_an_edited_limit_says_how_to_change_it(copy):
    path = copy / "source.json"
    path.write_text(path.read_text().replace("12", "40"))
    with pytest.raises(ValueError, match=r"source\.json.*To change `max_length`.*TextSource"):
        ks.Pipeline.load(copy)


@pytest.mark.parametrize("name", ["source.json", "examples.json", "target_tokenizer"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).rename(copy / "elsewhere")
    with pytest.raises(FileNotFoundError, match=f"{name}.* is missing"):
        ks.Pipeline.load(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 3}, r"pipeline\.json has format 3; this kseq2seq reads formats up to 2"),
        ({"format": "2"}, "format '2'; it must be a whole number"),
        ({"files": None}, "must have a dict as 'files'"),
        ({"files": {}}, r"must have a str as 'model\.weights\.h5'"),
        ({"files": {"model.weights.h5": 3}}, r"must have a str as 'model\.weights\.h5'"),
        ({"files": {"model.weights.h5": ""}}, r"must have a str as 'source\.json'"),
    ],
)
def test_a_record_that_cannot_be_is_refused(copy, change, message):
    path = copy / "pipeline.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=message):
        ks.Pipeline.load(copy)


@pytest.mark.parametrize("name", ["/dev/zero", "../copy/source.json", "a\0b"])
def test_a_record_names_files_of_its_own_directory_alone(copy, name):
    path = copy / "pipeline.json"
    record = json.loads(path.read_text())
    record["files"] = {name: "", **record["files"]}
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"must name files inside .*; got"):
        ks.Pipeline.load(copy)


def test_what_has_no_hashes_loads_as_before(copy, pipeline, same_model):
    """Format 1, which knew the weights alone."""
    path = copy / "pipeline.json"
    record = json.loads(path.read_text())
    weights = record.pop("files")["model.weights.h5"]
    del record["format"]
    path.write_text(json.dumps({**record, "weights_sha256": weights}))
    loaded = ks.Pipeline.load(copy)
    assert loaded.source.max_length == 12
    assert loaded.examples == ()
    path.write_text(json.dumps({**record, "weights_sha256": "0" * 64}))
    with pytest.raises(ValueError, match=r"model\.weights\.h5 .* truncated or changed"):
        ks.Pipeline.load(copy)


class Killed(BaseException):
    """Ends a process; nothing that it does afterwards reaches the disk."""


def kill_at(monkeypatch, at):
    calls = 0

    def hooked(call):
        def act(*args, **options):
            nonlocal calls
            calls += 1
            if calls >= at:
                raise Killed
            return call(*args, **options)

        return act

    for name in ("rename", "replace", "unlink", "rmdir"):
        monkeypatch.setattr(os, name, hooked(getattr(os, name)))
    monkeypatch.setattr(whole, "exchange", hooked(whole.exchange))


def saved_until(monkeypatch, pipeline, path, at):
    """Saves in a process that is killed at a change of names, counted from 1."""
    with monkeypatch.context() as patch:
        kill_at(patch, at)
        try:
            pipeline.save(path)
        except Killed:
            return []
    return ["lived"]


@pytest.mark.parametrize("swaps", [True, False])
def test_after_any_kill_a_pipeline_is_the_old_or_the_new_one(
    pipeline, tmp_path, same_model, monkeypatch, swaps
):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    if not swaps:
        monkeypatch.setattr(whole, "exchange", lambda *_: False)
    path, found = tmp_path / "pipeline", []
    old, new = made(examples=["old"]), made(examples=["new"])
    while len(found) < 2 or found[-2:] != ["new", "lived"]:
        old.save(path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["pipeline"]
        lived = saved_until(monkeypatch, new, path, len(found) + 1)
        found += [*ks.Pipeline.load(path).examples, *lived]
    assert set(found[:-2]) == {"old", "new"}


def test_a_tokenizer_is_the_old_or_the_new_one_after_any_kill(tmp_path, monkeypatch):
    old, new = (text.TextSource(text.CharacterTokenizer(x), len(x)) for x in ("ab", "wxyz"))
    found = []
    monkeypatch.setattr(os, "fsync", lambda _: None)
    while len(found) < 2 or found[-2:] != ["wxyz", "lived"]:
        old.save(tmp_path)
        assert not list(tmp_path.glob(".*"))
        lived = saved_until(monkeypatch, new, tmp_path, len(found) + 1)
        loaded = text.TextSource.load(tmp_path)
        assert len(loaded.tokenizer.characters) == loaded.max_length
        found += [loaded.tokenizer.characters, *lived]
    assert set(found[:-2]) == {"ab", "wxyz"}


# Examples


def test_examples_are_kept(saved, pipeline, same_model):
    assert ks.Pipeline.load(saved).examples == tuple(EXAMPLES) == pipeline.examples
    assert "gru: 12 tokens -> 9, Greedy(), 3 examples" in repr(pipeline)


def test_at_most_sixteen_examples_are_kept():
    pipeline = made(examples=(f"text {i}" for i in range(40)))
    assert pipeline.examples == tuple(f"text {i}" for i in range(16))
    pipeline.examples = ["another"]
    assert pipeline.examples == ("another",)
    with pytest.raises(TypeError, match="Text 1 must be a str; got int"):
        pipeline.examples = ["a", 3]


def test_no_examples_are_written_where_there_are_none(pipeline, saved, tmp_path, same_model):
    shutil.copytree(saved, tmp_path / "x")
    loaded = ks.Pipeline.load(tmp_path / "x")
    loaded.examples = ()
    loaded.save(tmp_path / "x")
    assert "examples.json" not in files(tmp_path / "x")
    assert ks.Pipeline.load(tmp_path / "x").examples == ()


def test_examples_of_another_kind_are_refused(copy):
    path = copy / "examples.json"
    path.write_text('{"format_version": 1, "texts": ["a", 3]}')
    with pytest.raises(ValueError, match="is not the file that was saved"):
        ks.Pipeline.load(copy)
    with pytest.raises(ValueError, match="list of strings"):
        storage._examples(path, None)
