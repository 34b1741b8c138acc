from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Pipeline, build_model
from kseq2seq.pipeline.unknown import fitted, replace_unknown
from kseq2seq.text import (
    CharacterTokenizer,
    SentencePieceTokenizer,
    TextSource,
    TextTarget,
    WordPieceTokenizer,
)
from kseq2seq.text.source import surfaces

CORPUS = ["the cat sat on the mat", "a dog sat on a log", "the dog and the cat"] * 10


def test_surfaces_of_characters():
    assert surfaces(CharacterTokenizer("abc "), "ab Ωc") == ["a", "b", " ", "Ω", "c"]


def test_surfaces_of_words():
    tokenizer = WordPieceTokenizer(["the", "cat", "##s", "dog"])
    assert surfaces(tokenizer, "the cats Ωμέγα dog") == ["the", "cats", "cats", "Ωμέγα", "dog"]


def test_surfaces_of_pieces_are_just_what_is_unknown():
    tokenizer = SentencePieceTokenizer.train(CORPUS, 60, byte_fallback=False)
    text = "the catΩΩ sat 김치"
    found = surfaces(tokenizer, text)
    (ids,) = tokenizer.tokenize([text]).to_list()
    assert len(found) == len(ids)
    unknown = [surface for surface, token in zip(found, ids, strict=True) if token == 3]
    assert unknown == ["ΩΩ", "김치"]
    assert found[0] == "the"


def test_surfaces_give_up_where_words_are_not_tokenized_alone():
    tokenizer = SentencePieceTokenizer.train(
        CORPUS, 60, byte_fallback=False, normalization="identity"
    )
    assert surfaces(tokenizer, "the  cat") is None
    assert surfaces(tokenizer, "") == []


def test_replaces_each_unknown_by_what_was_looked_at():
    alignment = np.array([[0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.3, 0.1, 0.6], [0.2, 0.6, 0.2]])
    made = replace_unknown("\ufffd is \ufffd", np.array([3, 9, 3, 2]), alignment, ["x", "y"], 3)
    assert made == "y is x"  # the end of a source is never copied
    assert replace_unknown("\ufffd", np.array([3, 2]), alignment[:2], [], 3) == "\ufffd"


@pytest.fixture(scope="module")
def wild():
    tokenizer = CharacterTokenizer("abcdef")
    model = build_model("bahdanau", source=tokenizer, target=tokenizer, hidden_dim=8)
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(rng.normal(scale=0.7, size=weight.shape))
    bias = model.decoder.logits.bias
    bias.assign(np.array(bias) + 15 * np.eye(1, 10, 3)[0])
    return Pipeline(model, TextSource(tokenizer, 12), TextTarget(tokenizer, 8))


def test_a_pipeline_copies_from_its_source(wild):
    texts = ["abΩc", "deΨΨf", "fed"]
    plain, known = wild(texts, alignments=True), wild(texts, replace_unknown=True)
    assert any("\ufffd" in one.text for one in plain), "the case would show nothing"
    for text, before, after in zip(texts, plain, known, strict=True):
        looked = before.alignment[:, : len(text)].argmax(1)
        names = before.target_tokens[:-1]
        expected = "".join(
            text[looked[n]] if name == "<unknown>" else name for n, name in enumerate(names)
        )
        assert after.text == expected
        assert "\ufffd" not in after.text


def test_needs_attention(wild):
    tokenizer = CharacterTokenizer("abc")
    model = build_model("gru", source=tokenizer, target=tokenizer, hidden_dim=8)
    pipeline = Pipeline(model, TextSource(tokenizer, 8), TextTarget(tokenizer, 8))
    with pytest.raises(ValueError, match=r"`replace_unknown` needs a model with attention"):
        pipeline(["ab"], replace_unknown=True)


@pytest.mark.parametrize(
    ("word", "target", "expected"),
    [
        ("Zürich.", "in \ufffd.", "in Zürich."),
        ("Zürich.", "in \ufffd .", "in Zürich ."),
        ("Zürich.", "in \ufffd", "in Zürich."),
        ("Zürich.", "\ufffd is big", "Zürich is big"),
        ("Zürich!", "in \ufffd.", "in Zürich."),
        ("Zürich,", "in \ufffd.", "in Zürich."),
        ("Zürich,", "in \ufffd, Bern", "in Zürich, Bern"),
        ("Zürich,", "Bern, \ufffd", "Bern, Zürich"),
        ("Zürich,", "\ufffd and Bern", "Zürich, and Bern"),
        ('"Zürich".', "« \ufffd ».", "« Zürich »."),
        ('"Zürich"', "big \ufffd now", 'big "Zürich" now'),
        ("„Zürich", "big \ufffd now", "big Zürich now"),
        ("(Zürich).", "there (\ufffd).", "there (Zürich)."),
        ("(Zürich),", "big \ufffd, now", "big (Zürich), now"),
        ("Zürich)", "(in \ufffd)", "(in Zürich)"),
        ("¿Zürich?", "¿\ufffd?", "¿Zürich?"),
        ("Zürich。", "\ufffd。", "Zürich。"),
        ("U.S.", "the \ufffd.", "the U.S."),
        ("U.S.", "the \ufffd army", "the U.S. army"),
        ("Zürich...", "in \ufffd...", "in Zürich..."),
        ("don't", "\ufffd.", "don't."),
        ("50%", "\ufffd.", "50%."),
        ("#1", "\ufffd!", "#1!"),
        ("...", "\ufffd x", "... x"),
        (".", "so \ufffd.", "so ."),
        ("", "\ufffd.", "."),
    ],
)
def test_marks_that_the_target_has_are_not_copied(word, target, expected):
    before, after = target.split("\ufffd")
    assert before + fitted(word, before, after) + after == expected


def test_marks_of_several_words():
    made = replace_unknown(
        "\ufffd, \ufffd.", np.array([3, 9, 3, 9, 2]), np.eye(5), ["Zürich.", "x", "Genève,", "y"], 3
    )
    assert made == "Zürich, Genève."
    same = replace_unknown(
        "\ufffd \ufffd.", np.array([3, 3, 9]), np.eye(1, 3).repeat(3, 0), ["Ω."], 3
    )
    assert same == "Ω Ω."
