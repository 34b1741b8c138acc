"""Format fields behind symbols: host and graph agree, and what is hidden comes back."""

import random

import numpy as np
import pytest
import tensorflow as tf
from kseq2seq_runtime.format_fields import hidden as runtime_hidden

from kseq2seq.data import Pair, sample
from kseq2seq.format_fields import format_fields
from kseq2seq.text import (
    FIELD_SYMBOLS,
    ByteTokenizer,
    LabelTarget,
    SentencePieceTokenizer,
    TextSource,
    TextTarget,
    Tokenizer,
    hidden_pairs,
)
from kseq2seq.text.fields import Fields, hidden, hidden_again, shown

TEXTS = [
    "%s of %d",
    "%(name)s, %(size)5.1f MB, %(name)s",
    "%1$s then %2$ld, %-10s, %.2f",
    "{name} {0} {} {user.name} {row[2]} {x!r:>8}",
    "{{ name }} ${user} %{count}",
    "100% sure, 50 % de, 100%",
    "%s%% of 100%%",
    "{이름}님, {a b} { } %(이름)s %é",
    "⟦2⟧ comes first, ⟦1⟧ and ⟦0⟧ ⟦10⟧",
    " ".join(f"{{f{n}}}" for n in range(12)),
    "",
    "%",
    "\u2067%s\u2069 e\u0301 {e\u0301}",
    "%(nom\u00a0complet)s {0:\u3000>8} %(a\vb)s",
    "%\u0661$s %\u0661d %.\u0662f",
]


def noise(count):
    rng = random.Random(1)
    parts = ["%", "s", "d", "(a)", "{", "}", "{b}", "%%", " ", "é", "⟦1⟧", "⟦", "$", "1", ".", "한"]
    parts += ["(", ")", ":", "\u00a0", "\u0661", "\v", "\x1c", "\u3000"]  # white space and digits
    return ["".join(rng.choices(parts, k=rng.randrange(12))) for _ in range(count)]


@pytest.fixture(scope="module")
def texts():
    return [*TEXTS, *noise(3000)]


def decoded(tensor):
    return [text.decode() for text in tensor.numpy()]


def test_the_graph_hides_as_python_does(texts):
    found, own = tf.function(Fields().hide)(tf.constant(texts))
    expected = [hidden(text) for text in texts]
    assert decoded(found) == [text for text, _ in expected]
    assert own.to_list() == [[field.encode() for field in fields] for _, fields in expected]


def test_what_is_hidden_comes_back(texts):
    fields = Fields()
    found, own = fields.hide(tf.constant(texts))
    assert decoded(fields.show(found, own)) == texts
    for text in texts:
        assert shown(*hidden(text)) == text


def test_nothing_is_hidden_but_fields(texts):
    for text in texts:
        _, own = hidden(text)
        known = [field for field in own if field not in FIELD_SYMBOLS]
        assert known == list(dict.fromkeys(format_fields(text)))[: len(known)]


def test_white_space_and_digits_are_the_same_for_all():
    """For Python, for graphs (above) and for the runtime."""
    assert hidden("%(nom\u00a0complet)s %\u0661$s") == ("⟦1⟧ %\u0661$s", ["%(nom\u00a0complet)s"])
    for text in [*TEXTS, *noise(500)]:
        assert runtime_hidden(text) == hidden(text)


def test_hiding_twice_is_hiding_once(texts):
    for text in texts:
        once, own = hidden(text)
        if len(own) < len(FIELD_SYMBOLS):  # none stays in the text
            assert hidden(once)[0] == once


def test_a_symbol_without_a_field_is_left_out():
    fields = Fields()
    _, own = fields.hide(tf.constant(["%s", "none"]))
    assert decoded(fields.show(tf.constant(["⟦2⟧ a ⟦1⟧", "⟦1⟧ b"]), own)) == [" a %s", " b"]
    assert shown("⟦2⟧ a ⟦1⟧", ["%s"]) == " a %s"


def test_pairs_that_disagree_are_left_out():
    pairs = [
        Pair("%s of {n}, %s", "{n}: %s, %s", "1"),
        Pair("%s", "%s %s", "2"),
        Pair("%s", "%d", "3"),
        Pair("none", "%s", "4"),
        Pair("100%%", "100 %", "5"),
    ]
    found = list(hidden_pairs(pairs))
    assert [pair.key for pair in found] == ["1", "5"]
    assert found[0][:2] == ("⟦1⟧ of ⟦2⟧, ⟦1⟧", "⟦2⟧: ⟦1⟧, ⟦1⟧")
    assert hidden_again("{n} {m}", ["{m}", "{n}"]) == "⟦2⟧ ⟦1⟧"


def pieces():
    texts = [pair.source for pair, _ in zip(sample("fr"), range(300), strict=False)]
    return SentencePieceTokenizer.train(texts, 400, symbols=FIELD_SYMBOLS)


@pytest.mark.parametrize("make", [lambda: ByteTokenizer(FIELD_SYMBOLS), pieces])
def test_sources_read_symbols_and_fill_targets(make, tmp_path):
    tokenizer = make()
    source, target = TextSource(tokenizer, 64, fields=True), TextTarget(tokenizer, 64)
    raws = ["Copy {file} to %(place)s", "Copy"]
    ids = tokenizer.symbol_ids
    inputs = source(raws)
    assert source.lengths(raws).numpy().tolist() == [
        len(row) + 1 for row in tokenizer.tokenize(["Copy ⟦1⟧ to ⟦2⟧", "Copy"]).to_list()
    ]
    read = inputs["source"].numpy()[0].tolist()
    assert [token for token in read if token in ids.values()] == [ids["⟦1⟧"], ids["⟦2⟧"]]
    written = target.read(target.ids(["⟦2⟧: ⟦1⟧", "a", "x", "⟦1⟧"]))
    filled = decoded(source.fill(written, tf.constant(raws)))
    assert filled == ["%(place)s: {file}", "a", "x", ""]
    assert source.as_written("%(place)s: {file}", raws[0]) == "⟦2⟧: ⟦1⟧"
    assert source.words(raws[0]) is None or "{file}" in "".join(source.words(raws[0]))

    source.save(tmp_path)
    again = TextSource.load(tmp_path)
    assert again.fields and again.config() == source.config()
    assert (again(raws)["source"].numpy() == inputs["source"].numpy()).all()
    plain = TextSource(tokenizer, 64)
    plain.save(tmp_path)
    assert '"fields"' not in (tmp_path / "source.json").read_text()
    assert plain.filters(target) == () and plain.fill(written, raws) is written


def test_cut_sources_want_what_is_left():
    tokenizer = ByteTokenizer(FIELD_SYMBOLS)
    source = TextSource(tokenizer, 4, too_long="cut", fields=True)
    (ids,) = source(["a%sb%d"])["source"].numpy().tolist()
    assert tokenizer.detokenize([ids]).numpy()[0].decode() == "a⟦1⟧b"


def test_tokenizers_must_have_the_symbols():
    with pytest.raises(ValueError, match=r"without ⟦1⟧ .*symbols=FIELD_SYMBOLS"):
        TextSource(ByteTokenizer(), 8, fields=True)
    source = TextSource(ByteTokenizer(FIELD_SYMBOLS), 8, fields=True)
    with pytest.raises(ValueError, match="without ⟦1⟧"):
        source.filters(TextTarget(ByteTokenizer(), 8))
    with pytest.raises(ValueError, match="without ⟦1⟧"):
        source.filters(LabelTarget(["A"]))
    assert isinstance(source.tokenizer, Tokenizer)
    assert np.asarray(source.filters(TextTarget(source.tokenizer, 8))[0].tokens).shape == (9,)
