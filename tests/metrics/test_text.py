import copy
import json
import pickle

import pytest
import sacrebleu

from kseq2seq.data import sample
from kseq2seq.metrics import Scores, TextScore, below_baseline, bleu, chrf, chrf_plus, ter


@pytest.mark.parametrize("language", ["fr", "ko"])
def test_equal_sacrebleu_on_real_text(language):
    pairs = [pair for pair, _ in zip(sample(language), range(300), strict=False)]
    references = [pair.target for pair in pairs]
    hypotheses = [" ".join(text.split()[:-1]) or text for text in references]
    assert bleu(hypotheses, references) == sacrebleu.corpus_bleu(hypotheses, [references]).score
    assert chrf(hypotheses, references) == sacrebleu.corpus_chrf(hypotheses, [references]).score
    plus = sacrebleu.CHRF(word_order=2).corpus_score(hypotheses, [references]).score
    assert chrf_plus(hypotheses, references) == plus != chrf(hypotheses, references)
    theirs = sacrebleu.corpus_ter(hypotheses, [references]).score
    assert ter(hypotheses, references) == pytest.approx(theirs)
    assert 10 < chrf(hypotheses, references) < 100


@pytest.mark.parametrize("metric", [bleu, chrf])
def test_refuses_texts_that_do_not_pair(metric):
    with pytest.raises(ValueError, match="2 hypotheses and 1 references"):
        metric(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="at least one"):
        metric([], [])
    with pytest.raises(ValueError, match="lists"):
        metric("text", "text")


CHINESE = ["我喜欢在公园里散步。", "今天天气很好，我们去爬山吧。"]
THAI = ["วันนี้อากาศดีมาก", "ฉันชอบเดินเล่นในสวนสาธารณะ"]


@pytest.mark.parametrize(("texts", "tokenizer"), [(CHINESE, "zh"), (THAI, "char")])
def test_a_perfect_text_without_spaces_scores_100(texts, tokenizer):
    score = bleu(texts, texts)
    assert score == pytest.approx(100)
    assert f"|tok:{tokenizer}|" in score.signature
    assert score == sacrebleu.corpus_bleu(texts, [texts], tokenize=tokenizer).score
    assert bleu(texts, texts, tokenize="13a") == sacrebleu.corpus_bleu(texts, [texts]).score


def test_the_tokenizer_is_that_of_the_references_whatever_is_generated():
    for hypotheses in (CHINESE, ["", ""], ["the cat", "the dog"], THAI):
        assert "|tok:zh|" in bleu(hypotheses, CHINESE).signature
        assert "|tok:13a|" in bleu(hypotheses, ["a cat", "a dog"]).signature


@pytest.fixture(scope="module")
def several():
    pairs = [pair.target for pair, _ in zip(sample("fr"), range(200), strict=False)]
    hypotheses = [" ".join(text.split()[1:]) or text for text in pairs]
    others = [" ".join(text.split()[:-1]) or text for text in pairs]
    return hypotheses, pairs, others


@pytest.mark.parametrize(
    ("metric", "theirs"),
    [
        (bleu, sacrebleu.corpus_bleu),
        (chrf, sacrebleu.corpus_chrf),
        (ter, sacrebleu.corpus_ter),
    ],
)
def test_several_references_are_those_of_sacrebleu(metric, theirs, several):
    hypotheses, first, second = several
    both = list(map(list, zip(first, second, strict=True)))
    score = theirs(hypotheses, [first, second]).score
    assert metric(hypotheses, both) == pytest.approx(score, rel=1e-12)
    uneven = [texts if n % 3 else texts[0] for n, texts in enumerate(both)]
    streams = [first, [text if n % 3 else None for n, text in enumerate(second)]]
    score = metric(hypotheses, uneven)
    assert score == pytest.approx(theirs(hypotheses, streams).score, rel=1e-12)
    assert score.signature.startswith("nrefs:var|")
    assert metric(hypotheses, [[text] for text in first]) == metric(hypotheses, first)


def test_an_empty_text_among_others_counts(several):
    hypotheses, first, _ = several
    hypotheses, first = ["", *hypotheses[1:]], [*first[:1], "", *first[2:]]
    assert bleu(hypotheses, first) == sacrebleu.corpus_bleu(hypotheses, [first]).score
    assert bleu(["", ""], ["a b", "c d"]) == chrf(["", ""], ["a b", "c d"]) == 0


@pytest.mark.parametrize("metric", [bleu, chrf])
@pytest.mark.parametrize(
    ("hypotheses", "references", "kind", "message"),
    [
        (["a"], [""], ValueError, "The 1 references hold no text"),
        (["a"], [[]], ValueError, r"`references\[0\]` must hold at least one text"),
        (["a", "b"], [["a", "b"]], ValueError, "2 hypotheses and 1 references"),
        (["a", None], ["a", "b"], TypeError, "Text 1 of `hypotheses` must be a str"),
        (["a"], [None], TypeError, "Text 0 of `references` must be a str"),
        (["a"], [["a", 5]], TypeError, r"Text 1 of `references\[0\]` must be a str"),
        (["a"], None, TypeError, "`references` must be a list of texts, or of lists"),
        (["a"], ["a\ud83d"], ValueError, "Text 0 of `references` holds a lone surrogate at 1"),
    ],
)
def test_what_is_no_pair_of_texts_is_refused(metric, hypotheses, references, kind, message):
    with pytest.raises(kind, match=message):
        metric(hypotheses, references)


def test_edits_of_chinese_are_of_characters():
    assert ter(["今天天气不好"], ["今天天气很好"]) == pytest.approx(100 / 6)
    assert "|norm:yes|" in ter(CHINESE, CHINESE).signature
    assert ter(["Today THE"], ["today the weather"]) == pytest.approx(100 / 3)


def test_an_unknown_tokenizer_is_refused():
    with pytest.raises(ValueError, match=r"one of.*'zh'.*got 'chinese'"):
        bleu(["a"], ["a"], tokenize="chinese")


def test_a_score_is_a_float_that_keeps_its_signature():
    score = bleu(CHINESE, CHINESE)
    for same in (copy.deepcopy(score), pickle.loads(pickle.dumps(score))):
        assert (same, same.signature) == (score, score.signature)
    assert json.loads(json.dumps({"bleu": score})) == {"bleu": score}
    assert repr(TextScore(1.5, "tok:x")) == "1.5"
    assert str(Scores(bleu=TextScore(1.5, "tok:x"), wer=0.25)) == "bleu 1.50 (tok:x), wer 0.25"


@pytest.mark.parametrize(
    ("bleu", "chrf", "below"),
    [
        (3.0, 30.0, []),
        (0.1, 9.0, ["bleu", "chrf"]),
        (3.0, 9.0, ["chrf"]),
        (2.0, 30.0, ["bleu"]),  # as good is no better
        (float("nan"), 30.0, ["bleu"]),
    ],
)
def test_a_model_must_be_better_in_all(bleu, chrf, below):
    assert below_baseline({"bleu": bleu, "chrf": chrf}, {"bleu": 2.0, "chrf": 22.4}) == below


def test_a_baseline_without_a_score_is_beaten_by_any_number():
    nan = float("nan")
    assert below_baseline({"a": 0.0, "b": nan}, {"a": nan, "b": nan}) == ["b"]


def test_scores_of_other_names_are_refused():
    with pytest.raises(ValueError, match="must have the same names; got bleu and chrf"):
        below_baseline({"bleu": 1.0}, {"chrf": 1.0})
