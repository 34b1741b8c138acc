import pytest
import sacrebleu

from kseq2seq.data import sample
from kseq2seq.metrics import bleu, chrf


@pytest.mark.parametrize("language", ["fr", "ko"])
def test_equal_sacrebleu_on_real_text(language):
    pairs = [pair for pair, _ in zip(sample(language), range(300), strict=False)]
    references = [pair.target for pair in pairs]
    hypotheses = [" ".join(text.split()[:-1]) or text for text in references]
    assert bleu(hypotheses, references) == sacrebleu.corpus_bleu(hypotheses, [references]).score
    assert chrf(hypotheses, references) == sacrebleu.corpus_chrf(hypotheses, [references]).score
    assert 10 < chrf(hypotheses, references) < 100


@pytest.mark.parametrize("metric", [bleu, chrf])
def test_refuses_texts_that_do_not_pair(metric):
    with pytest.raises(ValueError, match="2 hypotheses and 1 references"):
        metric(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="at least one"):
        metric([], [])
    with pytest.raises(ValueError, match="lists"):
        metric("text", "text")
