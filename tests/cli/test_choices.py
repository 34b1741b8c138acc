import argparse
import warnings

import pytest

from kseq2seq.cli import make_tokenizer, tokenizer_kinds
from kseq2seq.text import ByteTokenizer, CharacterTokenizer
from kseq2seq.text.tokenizer import TOKENIZERS

TEXTS = ["one file is open", "two files are open", "no file is open now"] * 9


def made(kind, vocabulary=300):
    return make_tokenizer(argparse.Namespace(tokenizer=str(kind), vocabulary=vocabulary), TEXTS)


@pytest.mark.parametrize("kind", ["bytes", "characters", "sentencepiece"])
def test_each_kind_reads_back_what_it_cut(kind):
    tokenizer = made(kind)
    assert tokenizer.kind == kind
    (text,) = tokenizer.detokenize(tokenizer.tokenize(TEXTS[:1])).numpy()
    assert text.decode() == TEXTS[0]


def test_a_kind_that_is_registered_later_is_among_them(monkeypatch):
    class Words(CharacterTokenizer):
        kind = "words"

    known = {**{kind: TOKENIZERS[kind] for kind in TOKENIZERS}, "words": Words}
    monkeypatch.setattr("kseq2seq.cli.choices.TOKENIZERS", known)
    assert tokenizer_kinds()[0] == "sentencepiece" and "words" in tokenizer_kinds()
    assert isinstance(made("words"), Words)


@pytest.mark.parametrize("inside", ["", "target_tokenizer", "pipeline/target_tokenizer"])
def test_a_saved_one_is_taken_from_its_directory_a_pipeline_or_a_run(tmp_path, inside):
    ByteTokenizer().save(tmp_path / inside)
    assert isinstance(made(tmp_path), ByteTokenizer)


def test_what_is_neither_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(ValueError, match=r"must be one of sentencepiece, bytes, .*got '.*nowhere'"):
        made(tmp_path / "nowhere")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert made("characters", 8).vocabulary_size == 8
