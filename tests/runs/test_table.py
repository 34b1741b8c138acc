import copy
import json
import subprocess
import sys

import pytest

from kseq2seq.runs import RecordedRun, main, read_runs, runs_table
from kseq2seq.runs.records import write_record

RECORD = {
    "format_version": 1,
    "state": "finished",
    "began": "2030-01-01T00:00:00+00:00",
    "minutes": 4.0,
    "steps": 1000,
    "logs": {
        "loss": {"last": 2.5, "least": 2.5, "most": 7.0},
        "accuracy": {"last": 0.5, "least": 0.1, "most": 0.5},
        "val_bleu": {"last": 21.0, "least": 3.0, "most": 22.0},
        "val_loss": {"last": 2.75, "least": 2.25, "most": 7.0},
    },
    "scores": {"bleu": 20.0},
    "settings": {"layers": 2, "data": "sample", "minutes": 4},
    "model": {
        "class": "Seq2Seq",
        "config": {"architecture": "gru", "num_layers": 2, "dropout": 0.1},
        "parameters": 123456,
    },
    "data": {"train": {"pairs": 5, "sha256": "ab" * 32}},
    "seed": 1,
    "optimizer": {"class": "Adam", "config": {"learning_rate": 0.5}},
    "loss": {"class": "TokenCrossEntropy", "config": {"label_smoothing": 0.125}},
    "git": {"commit": "f" * 40, "changed": False},
    "environment": {"python": "3.13.1", "devices": ["CPU"]},
}


def record(**changes):
    """A record with changes, whose names are paths with __ between."""
    made = copy.deepcopy(RECORD)
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = made
        for parent in parents:
            place = place[parent]
        place[name] = value
    return made


def keep(home, name, kept):
    (home / name).mkdir()
    text = kept if isinstance(kept, str) else json.dumps(kept)
    (home / name / "run.json").write_text(text, encoding="utf-8")


def cells(table):
    """Rows of a table, as dicts; no cell has two spaces in it or is empty but the last ones."""
    names, *rows = [line.split("  ") for line in table.splitlines()]
    names, *rows = ([x.strip() for x in line if x.strip()] for line in (names, *rows))
    return [dict(zip(names, row, strict=False)) for row in rows]


def test_the_table_of_one_run_has_what_it_came_to_and_no_settings():
    assert runs_table([RecordedRun("a", "finished", record())]) == (
        "run  architecture  parameters  steps  minutes  loss  val_bleu  best val_bleu  val_loss"
        "  best val_loss   bleu  state\n"
        "a    gru              123,456  1,000     4.00  2.50     21.00          22.00      2.75"
        "           2.25  20.00  finished"
    )


def test_minutes_of_compiling_have_a_column_where_a_run_has_them():
    runs = [
        RecordedRun("a", "finished", record()),
        RecordedRun("b", "finished", record(compiling=0.5)),
    ]
    assert [row.get("compiling") for row in cells(runs_table(runs[1:]))] == ["0.50"]
    table = runs_table(runs).splitlines()
    assert table[0].split()[4:6] == ["minutes", "compiling"]
    assert table[1].split()[4] == "4.00"
    assert table[2].split()[4:6] == ["4.00", "0.50"]


def test_only_what_differs_has_a_column_and_the_same_said_twice_has_one():
    runs = [
        RecordedRun("a", "finished", record()),
        RecordedRun(
            "b",
            "running",
            record(
                settings__layers=3,
                model__config__num_layers=3,
                settings__minutes=40,
                optimizer__config__learning_rate=0.25,
                loss__config__label_smoothing=0.0,
                data__train__sha256="cd" * 32,
                git__changed=True,
                seed=3,
                minutes=39.5,
            ),
        ),
    ]
    assert cells(runs_table(runs)) == [
        {
            "run": "a",
            "architecture": "gru",
            "parameters": "123,456",
            "layers": "2",
            "settings minutes": "4",
            "data.train.sha256": "abababababababababababa…",
            "seed": "1",
            "optimizer.learning_rate": "0.5",
            "loss.label_smoothing": "0.125",
            "git.changed": "no",
            "steps": "1,000",
            "minutes": "4.00",
            "loss": "2.50",
            "val_bleu": "21.00",
            "best val_bleu": "22.00",
            "val_loss": "2.75",
            "best val_loss": "2.25",
            "bleu": "20.00",
            "state": "finished",
        },
        {
            **cells(runs_table(runs))[0],
            "run": "b",
            "layers": "3",
            "settings minutes": "40",
            "data.train.sha256": "cdcdcdcdcdcdcdcdcdcdcdc…",
            "seed": "3",
            "optimizer.learning_rate": "0.25",
            "loss.label_smoothing": "0",
            "git.changed": "yes",
            "minutes": "39.50",
            "state": "running",
        },
    ]


def test_a_table_as_wide_as_the_terminal_has_results_and_leaves_out_checksums_first():
    runs = [
        RecordedRun("a", "finished", record()),
        RecordedRun(
            "b",
            "finished",
            record(
                settings__layers=3,
                data__train__sha256="cd" * 32,
                git__commit="e" * 40,
                environment__python="3.11.7",
            ),
        ),
    ]
    whole = runs_table(runs)
    assert runs_table(runs, width=1000) == whole
    widest = max(map(len, whole.splitlines()))
    *table, empty, told = runs_table(runs, width=widest - 1).splitlines()
    assert (empty, told) == ("", "Left out for width: git.commit. --all shows them.")
    for width in (100, 80):
        *table, empty, told = runs_table(runs, "val_bleu", width).splitlines()
        assert max(map(len, table)) <= width
        names = table[0].split("  ")
        for result in ("run", "bleu", "best val_bleu", "state"):
            assert any(name.strip() == result for name in names), (width, table[0])
        assert "sha256" not in table[0]
        assert "data.train.sha256" in told


def test_columns_of_equal_numbers_and_unlike_names_both_stay():
    runs = [
        RecordedRun("a", "finished", record(settings__seed=1, settings__beams=1)),
        RecordedRun("b", "finished", record(settings__seed=2, settings__beams=2, seed=2)),
    ]
    header = runs_table(runs).splitlines()[0].split()
    assert [name for name in header if name in ("seed", "beams")] == ["seed", "beams"]


def test_a_directory_that_only_repeats_the_name_has_no_column():
    runs = [RecordedRun(name, "finished", record(settings__output=f"runs/{name}")) for name in "ab"]
    assert "output" not in runs_table(runs)
    runs.append(RecordedRun("c", "finished", record(settings__output="elsewhere")))
    assert "runs/a" in runs_table(runs)


def test_a_setting_that_one_run_lacks_is_told_and_a_size_of_another_architecture_is_not():
    gru = record()
    transformer = record(
        settings__model="transformer",
        model__config={"architecture": "transformer", "num_heads": 4, "dropout": 0.1},
    )
    header = runs_table(
        [RecordedRun("a", "x", gru), RecordedRun("b", "x", transformer)]
    ).splitlines()[0]
    assert "model" in header.split()
    assert "num_heads" not in header
    assert "num_layers" not in header


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (None, "abc"),
        ("bleu", "bac"),
        ("val_bleu", "cab"),
        ("val_loss", "bac"),
        ("loss", "cab"),
        ("minutes", "bac"),
        ("state", "abc"),
        ("settings minutes", "acb"),
    ],
)
def test_the_best_come_first_and_what_is_missing_last(sort, order):
    runs = [
        RecordedRun("a", "finished", record()),
        RecordedRun(
            "b",
            "finished",
            record(
                scores={"bleu": 30.0}, minutes=3, logs__val_bleu={}, logs__val_loss__least=1.0,
                settings__minutes=3, logs__loss={"last": None},
            ),
        ),
        RecordedRun(
            "c",
            "running",
            record(scores={}, minutes=5, logs__val_bleu__most=23.0, logs__val_loss={},
                   logs__loss__last=1.0),
        ),
    ]  # fmt: skip
    lines = runs_table(runs, sort).splitlines()[1:]
    assert "".join(line[0] for line in lines) == order


def test_a_column_that_is_not_there_is_told_of():
    with pytest.raises(ValueError, match=r"no column 'chrf'; there are run, architecture"):
        runs_table([RecordedRun("a", "finished", record())], "chrf")


def test_names_in_wide_letters_stay_in_line():
    runs = [RecordedRun("번역", "finished", record()), RecordedRun("e\u0301", "running", record())]
    _, wide, narrow = runs_table(runs).splitlines()
    assert wide.startswith("번역  gru")
    assert narrow.startswith("e\u0301     gru")


def test_what_is_no_run_is_named_and_left_out(tmp_path):
    keep(tmp_path, "good", record(state="training"))
    keep(tmp_path, "cut", json.dumps(record())[:-9])
    keep(tmp_path, "list", "[1]")
    keep(tmp_path, "foreign", {"version": 3})
    keep(tmp_path, "newer", record(format_version=2))
    keep(tmp_path, "unlike", record(minutes="4"))
    keep(tmp_path, "deep", "[" * 100_000)
    keep(tmp_path, "large", record(steps=10**400))
    keep(tmp_path, "negative", record(minutes=-1))
    keep(tmp_path, "nan", record(minutes=float("nan")))
    keep(tmp_path, "\x1b[31mred", "{}")
    (tmp_path / "none").mkdir()
    (tmp_path / ".scratch").mkdir()
    (tmp_path / "file.txt").write_text("")
    runs, skipped = read_runs([tmp_path])
    assert [(run.name, run.state) for run in runs] == [("good", "interrupted")]
    told = {line.split(": ")[0]: line.split(": ", 1)[1] for line in skipped}
    odd = {"cut", "list", "foreign", "newer", "unlike", "deep", "large", "negative", "nan"}
    assert told.keys() == odd | {"�[31mred", "none"}
    assert told["large"] == "run.json has no usable 'steps'"
    assert told["nan"] == told["negative"] == told["unlike"]
    assert told["none"] == "it has no run.json"
    assert told["unlike"] == "run.json has no usable 'minutes'"
    assert "newer kseq2seq" in told["newer"]
    assert "JSON" in told["cut"] and "JSON" in told["deep"]
    assert "no format_version" in told["foreign"] and "no format_version" in told["list"]


def test_strange_values_do_not_end_the_table():
    strange = record(
        scores={"bleu": "high", "chrf": [1], "ter": 10**400},
        logs={"loss": 3, "val_bleu": {"last": "x", "most": 10**400}},
        settings={"a": {"b": [1, {"c": "\x1b[2J"}]}},
        model={"class": 3, "config": [], "parameters": {}},
        environment=None,
        git=None,
    )
    runs = [RecordedRun("a", "finished", record()), RecordedRun("b", "finished", strange)]
    table = runs_table(runs, "bleu")
    assert "\x1b" not in table
    assert [line[0] for line in table.splitlines()[1:]] == ["a", "b"]


def test_a_run_itself_can_be_given_and_runs_come_as_they_were_begun(tmp_path):
    keep(tmp_path, "a", record(began="2030-01-02T00:00:00+00:00"))
    keep(tmp_path, "b", record())
    runs, skipped = read_runs([tmp_path / "a", tmp_path / "b"])
    assert [run.name for run in runs] == ["b", "a"]
    assert skipped == []
    with pytest.raises(NotADirectoryError, match=r"b/run.json is not a directory"):
        read_runs([tmp_path / "b" / "run.json"])


def test_the_command_prints_a_table_or_json(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    keep(tmp_path, "a", record())
    keep(tmp_path, "b", record(scores={"bleu": 25.0}))
    (tmp_path / "c").mkdir()
    assert main([str(tmp_path), "--sort", "bleu"]) == 0
    out, told = capsys.readouterr()
    assert [line[0] for line in out.splitlines()] == ["r", "b", "a"]
    assert told == "skipped c: it has no run.json\n"
    monkeypatch.setenv("COLUMNS", "80")
    assert main([str(tmp_path), "--sort", "bleu"]) == 0
    assert "Left out for width" in capsys.readouterr().out
    assert main([str(tmp_path), "--sort", "bleu", "--all"]) == 0
    assert capsys.readouterr().out == out
    assert main([str(tmp_path), "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first == {"name": "a", **record()}
    assert second["scores"] == {"bleu": 25.0}
    assert main([str(tmp_path / "c")]) == 1
    for wrong in ([str(tmp_path / "d")], [str(tmp_path), "--sort", "chrf"]):
        with pytest.raises(SystemExit):
            main(wrong)


def test_the_command_loads_neither_tensorflow_nor_keras(tmp_path):
    keep(tmp_path, "a", record())
    code = (
        "import sys, kseq2seq.runs as runs; runs.main(sys.argv[1:]); "
        "print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_it_reads_the_format_that_is_written(tmp_path):
    content = {name: value for name, value in record().items() if name != "format_version"}
    (tmp_path / "a").mkdir()
    write_record(tmp_path / "a" / "run.json", content)
    ((run,), skipped) = read_runs([tmp_path])
    assert (run.name, run.record, skipped) == ("a", record(), [])
