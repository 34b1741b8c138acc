import pytest

from kseq2seq.cli import WORDS, Messages
from kseq2seq.cli.options import DEFAULTS, parsed, recipe_flags

MODELS = {"transformer": {}, "gru": {}}


@pytest.fixture
def parse(tmp_path):
    def call(*arguments, without=(), **defaults):
        flags = recipe_flags(
            "task", "A task.", data="FILE", models=MODELS, defaults=defaults, without=without
        )
        return parsed(flags, "task", {"seed": 3}, Messages(WORDS), list(map(str, arguments)))

    return call


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--data", "a.tsv", "--train", "b.tsv"), "--train replaces --data"),
        (("--data", "a.tsv", "--test", "b.tsv"), "--test replaces --data"),
        (("--validation", "b.tsv"), "--validation needs --train"),
        (("--packed", "--model", "gru"), "--packed is for --model transformer or decoder_only"),
        (("--too-long", "perhaps"), "invalid choice: 'perhaps'"),
        (("--vocabulary", "0"), "must be a whole number of at least 1"),
        (("--tflite",), "--tflite reads its file again by kseq2seq_runtime"),
    ],
)
def test_what_does_not_go_together_is_refused(parse, given, told, capsys, monkeypatch):
    monkeypatch.setattr("kseq2seq.cli.options.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        parse(*given)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_split_of_ones_own_takes_the_place_of_data(parse):
    options = parse("--train", "a.tsv", "--test", "c.tsv")
    assert (options.data, options.train, options.test) == (None, "a.tsv", "c.tsv")
    assert parse().data == "sample"


def test_a_recipe_has_defaults_of_its_own_and_goes_without_flags(parse):
    options = parse("--smoke", without=("packed", "columns"), max_length=20)
    assert (options.max_length, options.seed, options.hidden_dim) == (20, 3, 32)
    assert (options.packed, options.columns) == (None, DEFAULTS["columns"])
    assert str(options.output) == "saved_models/task-smoke"
    with pytest.raises(SystemExit):
        parse("--packed", without=("packed",))


def test_flags_that_a_saved_pipeline_decides_are_told_of(parse):
    with pytest.warns(UserWarning, match="--vocabulary, --layers: of no effect, since --init"):
        parse("--init", "saved", "--vocabulary", 300, "--layers", 2)
