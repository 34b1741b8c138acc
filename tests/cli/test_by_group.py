from kseq2seq.cli.by_group import report_groups
from kseq2seq.metrics import bleu, chrf


def test_each_group_has_the_score_of_its_own_texts(capsys):
    groups = ["fr", "ko", "fr"]
    made, references = ["a b c d", "x", "e f g h"], [["a b c d"], ["y", "x"], ["e f g z"]]
    metrics = {"BLEU": bleu, "chrF": chrf}
    scores = report_groups(groups, {"copy": ["q"] * 3, "model": made}, references, metrics)
    assert scores["chrf ko"] == 100
    assert scores["bleu fr"] == bleu([made[0], made[2]], [references[0], references[2]])
    assert scores.keys() == {"bleu fr", "bleu ko", "chrf fr", "chrf ko"}
    said = capsys.readouterr().out
    assert said.count("fr (2)") == said.count("ko (1)") == 2


def test_one_group_is_no_news(capsys):
    assert report_groups(["", ""], {"model": ["a", "b"]}, ["a", "b"], {"chrF": chrf}) == {}
    assert capsys.readouterr().out == ""
