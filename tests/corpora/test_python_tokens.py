"""The bundled lines of Python."""

import keyword

import pytest

from kseq2seq.corpora.python_tokens import python_tokens
from kseq2seq.data import split_of


def test_each_token_has_a_kind():
    pairs = list(python_tokens())
    assert len(pairs) > 8000 and {split_of(pair.key) for pair in pairs} == {
        "train",
        "validation",
        "test",
    }
    for source, target, _ in pairs:
        tokens, kinds = source.split(), target.split()
        assert len(tokens) == len(kinds) and source == " ".join(tokens)
        for token, kind in zip(tokens, kinds, strict=True):
            assert (kind == "keyword") == keyword.iskeyword(token)
            named = kind in ("name", "defined", "called", "attribute")
            assert named == (token.isidentifier() and not keyword.iskeyword(token))


def test_a_line_is_of_one_kind():
    kinds = {pair.source: pair.target for pair in python_tokens("statement")}
    assert set(kinds.values()) == {
        *("definition", "import", "branch", "loop", "exit", "assignment", "expression")
    }
    assert kinds["from __future__ import annotations"] == "import"
    with pytest.raises(ValueError, match="must be '' or 'statement'"):
        python_tokens("fr")
