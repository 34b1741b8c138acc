"""Scores of code: what parses, what does nothing, and BLEU of its tokens; nothing is run."""

import ast

import pytest
import sacrebleu

from kseq2seq.metrics import blank, code_bleu, interval, parsed, pass_bodies
from kseq2seq.metrics.code import LONGEST, parses

GOLD = ["def f(x):\n    return x[0] + 1", "class A:\n    b = 'it'"]


def test_bleu_is_of_names_numbers_and_signs():
    made = ["def f(y):\n    return y[0] + 1", "class A:\n    b = 'is'"]
    cut = (
        [
            "def f ( y ) : return y [ 0 ] + 1",
            "class A : b = ' is '",
        ],
        ["def f ( x ) : return x [ 0 ] + 1", "class A : b = ' it '"],
    )
    expected = sacrebleu.corpus_bleu(cut[0], [cut[1]], tokenize="none").score
    assert code_bleu(made, GOLD) == pytest.approx(expected)
    assert "tok:none" in code_bleu(made, GOLD).signature
    spaced = [text.replace("(", "( ").replace("    ", "  ") for text in GOLD]
    assert code_bleu(spaced, [[gold, "other"] for gold in GOLD]) == pytest.approx(100)
    assert interval(code_bleu, made, GOLD)[1] == pytest.approx(code_bleu(made, GOLD), abs=60)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 150 + ")" * 150 + "x",
        "x" + ".y" * 50_000,
        "-" * 99_000 + "1",
        "not " * 24_000 + "x",
        "if x:\n" + "".join(" " * n + "if x:\n" for n in range(1, 200)),
        "x = '\0'",
        "\ud800",
        "1" * (LONGEST + 1),
        " \n",
        "",
        "def f(:",
    ],
)
def test_what_python_cannot_parse_is_no_error(text):
    assert not parses(text)


def test_shares():
    texts = ["def f():\n    pass", "def g():\n    'x'\n    ...", "x = 1", "", "def f(", "pass"]
    assert parsed(texts) == pytest.approx(100 * 4 / 6)
    assert pass_bodies(texts) == pytest.approx(100 * 2 / 6)
    assert blank(texts) == pytest.approx(100 / 6)
    assert parsed(["x = '\\d'"]) == 100  # a warning of Python is no error, and is not shown
    for share in (parsed, pass_bodies, blank):
        with pytest.raises(ValueError, match="at least one text"):
            share([])


def test_nothing_is_run(tmp_path):
    target = tmp_path / "made"
    assert parses(f"open({str(target)!r}, 'w')")
    assert ast.parse("1") and not target.exists()
