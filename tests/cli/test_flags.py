import argparse
import json
from pathlib import Path

import pytest

from kseq2seq.cli import Flags, positive, share, whole
from kseq2seq.cli.flags import COMMON


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (positive, {"0.5": 0.5, "1e3": 1000.0}, ["0", "-1", "nan", "inf", "x", ""]),
        (share, {"0": 0.0, "0.9": 0.9}, ["1", "-0.1", "nan", "x"]),
        (whole, {"1": 1, "2000": 2000, "1e3": 1000}, ["0", "1.5", "-3", "nan", "inf", "x"]),
    ],
)
def test_numbers_out_of_range_are_refused(read, good, bad):
    assert {text: read(text) for text in good} == good
    for text in bad:
        with pytest.raises(argparse.ArgumentTypeError, match="must be a"):
            read(text)


def flags():
    made = Flags("A recipe.", {"data": "sample", "seed": 1, "layers": 3, "dropout": 0.1})
    made.common(*COMMON, data="sample or FILE", output="saved_models/x", tokenizers="bytes")
    return made


def test_what_is_given_counts_more_than_a_resumed_run_and_that_more_than_defaults(tmp_path):
    (tmp_path / "checkpoints" / "000001-step-5").mkdir(parents=True)
    record = {
        "format_version": 1, "state": "training", "began": "2030", "minutes": 1.0, "steps": 5,
        "logs": {}, "scores": {}, "model": {}, "data": {}, "resumed": [],
        "settings": {"seed": 7, "layers": 2, "init": "saved", "output": "x", "and": ["a", "b"]},
    }  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps(record))
    made = flags()
    made.add("model", "--and", type=Path, nargs="+", help="others")
    options = made.parse(["--smoke", "--seed", "9"], smoke={"layers": 1, "seed": 4})
    assert (options.seed, options.layers, options.dropout, options.output) == (9, 1, 0.1, None)
    options = made.parse(["--resume", str(tmp_path), "--layers", "5"])
    assert (options.seed, options.layers, options.dropout, options.output) == (7, 5, 0.1, None)
    assert options.init == Path("saved")
    assert vars(options)["and"] == [Path("a"), Path("b")]
    assert made.given == {"resume", "layers"}


def test_help_has_a_line_for_each_flag_in_groups_and_names_its_default(capsys):
    with pytest.raises(SystemExit) as ended:
        flags().parse(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    for name, (_, _, told) in COMMON.items():
        flag = f"--{name.replace('_', '-')}"
        assert told and f"{flag} " in said.partition("Data:")[2], flag
    assert "default: 0.1" in said and "3 % of that" in said and "{" + "data}" not in said


def test_a_flag_of_a_recipe_stands_beside_the_common_ones():
    made = flags()
    made.add("data", "--beam-width", type=int, default=4, help="hypotheses")
    assert made.parse([]).beam_width == 4
    assert made.parse(["--beam-width", "2"]).beam_width == 2
