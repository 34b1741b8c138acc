"""The recipe as a user runs it: the bundled sample, then a file of one's own going on from it."""

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kseq2seq import Pipeline, build_model, cli
from kseq2seq.runs import read_runs
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

RECIPE = Path(__file__).parents[2] / "recipes" / "translation.py"


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(RECIPE), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=400,
    )


def test_smoke_trains_scores_exports_and_reloads(smoked):
    output, done = smoked("translation")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "TensorFlow's log reached the user"
    for line in ("copying the source", "BLEU    chrF", "The reloaded export", f"Saved in {output}"):
        assert line in done.stdout
    assert (output / "saved_model" / "saved_model.pb").is_file()
    assert len(Pipeline.load(output / "pipeline").examples) == 16
    (kept,), _ = read_runs([output])
    assert (kept.state, kept.record["settings"]["smoke"]) == ("finished", True)
    assert kept.record["scores"].keys() == {"bleu", "chrf"}
    assert kept.record["logs"].keys() >= {"loss", "val_bleu"}
    assert kept.record["data"].keys() == {"train", "validation", "test"}


def test_goes_on_from_a_saved_pipeline_on_a_file(main, smoked, tmp_path, monkeypatch):
    output, _ = smoked("translation")
    monkeypatch.setattr(cli.Recipe, "export", lambda self, pipeline: str.upper)  # as ever
    rows = [f"open file {n} now\touvrir le fichier {n}" for n in range(200)]
    (tmp_path / "my.tsv").write_text("\n".join(["english\tfrench", *rows]), encoding="utf-8")
    code, _, told = main(
        *("--smoke", "--steps", 20, "--data", tmp_path / "my.tsv"),
        *("--columns", "english", "french"),
        *("--init", output / "pipeline", "--output", tmp_path / "out"),
    )
    assert code == 0, told
    assert (tmp_path / "out" / "pipeline" / "pipeline.json").is_file()


def test_packs_korean_and_computes_in_bfloat16_and_survives_being_told_to_end(main, tmp_path):
    command = "--smoke", "--data", "sample:ko", "--steps", 60, "--packed", "--bfloat16"
    command += "--output", tmp_path
    process = subprocess.Popen(
        [sys.executable, str(RECIPE), *map(str, command)], stdout=subprocess.PIPE, text=True
    )
    history = tmp_path / "history.jsonl"
    while process.poll() is None and not (history.exists() and history.read_text()):
        time.sleep(0.1)
    process.terminate()
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 143
    assert f"--resume {tmp_path} continues it" in said
    code, _, told = main(*command)
    assert code == 1
    assert "holds a run that was interrupted" in told
    done = run("--resume", tmp_path, "--minutes", 0.05)
    assert done.returncode == 0, done.stderr
    assert "--vocabulary 800" in done.stderr  # of which Korean has more characters
    assert "Resuming from step" in done.stdout
    assert "% padding" in done.stdout
    assert not (tmp_path / "checkpoints").exists()
    model = Pipeline.load(tmp_path / "pipeline").model
    assert model.dtype_policy.name == "mixed_bfloat16"
    (kept,), _ = read_runs([tmp_path])
    assert (kept.state, len(kept.record["resumed"])) == ("finished", 1)
    assert kept.record["model"]["config"]["architecture"] == "transformer"
    assert kept.record["environment"]["precision"] == "mixed_bfloat16"
    assert not kept.record["environment"]["jit_compile"]


@pytest.mark.parametrize(
    "given, told",
    [
        (("--packed", "--model", "lstm"), "--packed is for --model transformer or decoder_only"),
        (("--bfloat16", "--init", "saved"), "--bfloat16 is for a new model"),
        (("--resume", "nowhere"), "there is no checkpoint in nowhere to resume from"),
        (("--resume", "here", "--output", "there"), "leave --output out"),
    ],
)
def test_refuses_what_does_not_go_together(main, given, told):
    code, _, said = main(*given)
    assert code == 2
    assert told in said


@pytest.fixture
def main(monkeypatch, capsys):
    """Runs the recipe in this process; returns its status, standard output and standard error."""
    monkeypatch.syspath_prepend(str(RECIPE.parent))
    recipe = importlib.import_module("translation")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", [str(RECIPE), *map(str, arguments)])
        capsys.readouterr()
        try:
            recipe.main()
            code = 0
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


ERROR = ("--too-long", "error")


@pytest.mark.parametrize(
    ("content", "given", "told"),
    [
        (None, (), "no such file: {file}"),
        ("hello\tbonjour\n", (), "--columns 0 1"),
        ("en\tfr\nhello\tbonjour\n", (), "--columns names the columns of a file"),
        ("a\tb\n", ("--columns", "0", "7"), "no column 7"),
        (
            "a\tb\n",
            ("--columns", "0"),
            "--columns must name the source, the target and, optionally, the key",
        ),
        ("", (), "it is empty"),
        ("source\ttarget\n \t \n", (), "no usable pair"),
        ("source\ttarget\na\tb\n", (), "1 pairs leave nothing for validation and test"),
        (b"source\ttarget\n\xff\tb\n", (), "UTF-8"),
        ([("long " * 99 + str(n), "b") for n in range(300)], (), "none of the "),
        ([(f"n {n}", "b") for n in range(300)], ("--hidden-dim", "7"), "--hidden-dim"),
        ([(f"n {n}", "b") for n in range(300)], ("--init", "/"), "--init /"),
        ([("long " * (n // 299) * 99 + str(n), "b") for n in range(300)], ERROR, "1 of 2"),
        ([(f"n {n}", "b") for n in range(300)], ("--tokenizer", "x"), "--tokenizer must be one of"),
    ],
)
def test_what_the_user_gave_is_refused_in_a_line_before_anything_is_made(
    main, tmp_path, content, given, told
):
    file, output = tmp_path / "my.tsv", tmp_path / "out"
    if isinstance(content, list):
        rows = ["source\ttarget", *("\t".join(pair) for pair in content)]
        content = "\n".join(rows)
    if content is not None:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    code, _, said = main("--data", file, "--output", output, "--vocabulary", 300, *given)
    assert code == 1
    assert told.format(file=file) in said
    last = [line for line in said.splitlines() if "error:" in line]
    assert said.splitlines()[-1:] == last  # all of it in one line
    assert "Traceback" not in said
    for word in ("max_length", "vocabulary_size", "hidden_dim", "source=0", "Corpus"):
        assert word not in said
    assert said.count("--data takes") == (content is None)  # a file that is there needs no list
    assert said.count("--columns names the columns") == ("header line" in said)
    assert not output.exists()


def test_an_output_that_cant_be_is_refused_before_the_data_is_read(main, tmp_path):
    (tmp_path / "file").touch()
    code, _, said = main("--data", "nowhere.tsv", "--output", tmp_path / "file" / "x")
    assert (code, said.count("\n")) == (1, 1)
    assert f"--output {tmp_path / 'file' / 'x'}: nothing can be written to" in said
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "saved_model" / "thesis.txt").touch()
    code, _, said = main("--data", "nowhere.tsv", "--output", tmp_path)
    assert code == 1
    assert "saved_model is there, and no run made it" in said


def test_what_was_trained_is_there_whatever_fails_after_it(main, tmp_path, monkeypatch):
    """Held-out sources too long among them; then the rest is done, without training again."""
    rows = [f"open file {n} now\touvrir {n}" for n in range(300)]
    rows += [f"{'very ' * 200}long {n}\tlong {n}" for n in range(100)]
    file, output = tmp_path / "my.tsv", tmp_path / "out"
    file.write_text("\n".join(["source\ttarget", *reversed(rows)]), encoding="utf-8")
    command = ("--smoke", "--steps", 2, "--train", file, "--vocabulary", 300, "--output", output)
    command += ("--max-length", 96)

    def fails(*_, **__):
        raise OSError(28, "No space left on device", "saved_model")

    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "export", fails)
        code, said, told = main(*command)
    assert code == 1
    assert "Left out " in said and "whose sources have more than 96 tokens" in said
    assert "chrF on validation pairs: averaged " in said
    assert "WARNING: 2 steps are too few" in said
    assert "WARNING: no better than copying the source" in said
    assert "Saved in" not in said
    assert f"saved_model: No space left on device. Then --resume {output}." in told
    weights = Pipeline.load(output / "pipeline").model.get_weights()
    assert json.loads((output / "run.json").read_text())["state"] == "finished"
    code, _, told = main(*command)
    assert code == 1
    assert "interrupted" not in told
    assert f"--resume {output}" in told
    code, said, told = main("--resume", output)
    assert (code, told) == (0, "")
    assert "Resuming from step 2" in said
    assert "The reloaded export, raw text in and out:\n  open file" in said
    assert "no use yet, see the warning" in said
    assert not (output / "checkpoints").exists()
    assert json.loads((output / "run.json").read_text())["settings"]["train"] == str(file)
    for one, other in zip(
        Pipeline.load(output / "pipeline").model.get_weights(), weights, strict=True
    ):
        assert (one == other).all()


def test_a_file_that_is_not_there_is_named(main):
    code, _, said = main("--data", "nowhere.tsv")
    assert code != 0
    assert "no such file: nowhere.tsv" in said


def test_languages_and_fields_reach_the_training(main, tmp_path, monkeypatch):
    for language, count in (("fr", 300), ("ko", 100)):
        rows = [f"open %s of {{n{n}}} now\t{{n{n}}} {language} %s" for n in range(count)]
        text = "\n".join(["source\ttarget", *rows, "lost %s\tlost"])
        (tmp_path / f"{language}.tsv").write_text(text, encoding="utf-8")
    name = "+".join(f"{language}={tmp_path / language}.tsv" for language in ("fr", "ko"))
    seen = {}

    def fit(self, pipeline, corpora, validation, **_):
        seen.update(pipeline=pipeline, corpora=corpora, validation=validation)
        raise SystemExit(7)

    monkeypatch.setattr(cli.Recipe, "fit", fit)
    sizes = ("--hidden-dim", 8, "--layers", 1, "--vocabulary", 400)
    languages = ("--data", name, "--fields", "--temperature", 5)
    code, _, told = main(*languages, *sizes, "--output", tmp_path / "out")
    assert code == 7, told
    train, source = list(seen["corpora"]["train"].packed()), seen["pipeline"].source
    assert {packed.source.decode() for packed in train} == {
        f"<2{language}>open ⟦1⟧ of ⟦2⟧ now" for language in ("fr", "ko")
    }
    assert {packed.target for packed in train} == {"⟦2⟧ fr ⟦1⟧", "⟦2⟧ ko ⟦1⟧"}
    weights = {packed.target: packed.times for packed in train}
    assert weights["⟦2⟧ ko ⟦1⟧"] > 1.5 > 1 > weights["⟦2⟧ fr ⟦1⟧"]
    assert source.fields and source.languages == ("fr", "ko")
    assert "%s" in seen["validation"][0].source
    code, _, told = main(*languages[:-1], 0.5)
    assert code == 2 and "--temperature must be at least 1" in told


def test_a_saved_model_is_not_trained_on_languages_that_it_lacks(main, tmp_path, monkeypatch):
    sides = TextSource(ByteTokenizer(), 96), TextTarget(ByteTokenizer(), 96)
    saved = Pipeline(build_model("gru", *sides, hidden_dim=8), *sides)
    monkeypatch.setattr(Pipeline, "load", lambda _: saved)
    rows = ["source\ttarget\tlanguage", *(f"n {n}\tm {n}\tfr" for n in range(300))]
    (tmp_path / "my.tsv").write_text("\n".join(rows), encoding="utf-8")
    given = ("--data", tmp_path / "my.tsv", "--init", tmp_path, "--output", tmp_path / "out")
    code, _, told = main(*given, "--columns", "source", "target", "language")
    assert code == 2 and "model of one language, without a symbol; the data is of fr" in told
    code, _, told = main(*given, "--temperature", 5)
    assert code == 2 and "--temperature weighs several languages; the data is of one" in told
