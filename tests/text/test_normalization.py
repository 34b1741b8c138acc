import unicodedata

import pytest
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from kseq2seq.text.normalization import RULES, Charsmap, library_rule, normalizer


def made(rule, text):
    return normalizer(rule).Normalize(text).replace("▁", " ")[1:]


@pytest.mark.parametrize("character", "\u061c\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\ufffd")
def test_format_characters_are_kept(character):
    assert made("nfkc_clean", f"a{character}b") == f"a{character}b"


def test_control_characters_are_dropped_and_white_space_is_one_space():
    controls = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) == "Cc"]
    spaces = [c for c in controls if c in "\t\n\f\r\x85"]
    spaces += list(" \u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000▁")
    for character in {*controls, *spaces, "\ufeff"}:
        expected = "a b" if character in spaces else "ab"
        assert made("nfkc_clean", f"a{character}b") == expected, ascii(character)
        assert made("nfkc_clean", f"{character}{character}") == ""


def test_all_else_is_as_the_library_has_it():
    texts = ["ﬁ ① ｶﾞ Å e\u0301\u0323 \u1100\u1161\u11a8 ﷺ", "¨ x", "가\u11a8", "𝒳İıŞ"]
    for text in texts:
        assert made("nfkc_clean", text) == made("nmt_nfkc", text)
        assert made("nfkc_clean_cf", text) == made("nmt_nfkc_cf", text)


def test_case_is_folded():
    assert made("nfkc_clean_cf", "می\u200cخواهم STRASSE\0") == "می\u200cخواهم strasse"


def test_every_rule_has_its_name_in_the_model():
    for rule in RULES:
        assert normalizer(rule).Normalize("x") == "▁x"
    assert made("identity", "  \0a\t\u3000 ") == "  \0a\t\u3000 "


BETWEEN = "\ue000"  # for private use: nothing else is normalized to it
EVERY = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and chr(c) not in "▁\ue000"]


@pytest.fixture
def charsmap():
    return Charsmap(library_rule("nmt_nfkc").precompiled_charsmap)


def normalized(charsmap, texts):
    """What the library makes of texts by a table, none of them with `BETWEEN` in it."""
    model = sentencepiece_model_pb2.ModelProto()
    model.normalizer_spec.precompiled_charsmap = charsmap.content()
    normalizer = sentencepiece.SentencePieceNormalizer(
        model_proto=model.SerializeToString(),
        add_dummy_prefix=False,
        escape_whitespaces=False,
        remove_extra_whitespaces=False,
    )
    return normalizer.Normalize(BETWEEN.join(texts)).split(BETWEEN)


def test_a_change_touches_no_other_key(charsmap):
    expected = dict(zip(EVERY, normalized(charsmap, EVERY), strict=True))
    changes = {"\0": "", "\u200c": "\u200c", "\x85": "line", "q": "Q", "\U0010ffff": "last"}
    for key, replacement in changes.items():
        charsmap[key] = replacement
    after = dict(zip(EVERY, normalized(charsmap, EVERY), strict=True))
    assert after == {**expected, **changes}


def test_the_longest_key_counts(charsmap):
    charsmap["qu"], charsmap["quick"] = "1", "2"
    charsmap["e\u0301"] = "3"
    texts = ["q", "qu", "quic", "quick", "quickqu", "e\u0301", "e\u0300", "\0"]
    assert normalized(charsmap, texts) == ["q", "1", "1ic", "2", "21", "3", "è", "\0"]


def test_reads_what_it_wrote(charsmap):
    charsmap["\0"] = "zero"
    charsmap["\0a"] = "more"
    again = Charsmap(charsmap.content())
    assert (again["\0"], again["\0a"], again["ﬁ"]) == ("zero", "more", "fi")
    assert (again["\0b"], again["x"], again["\ud7a3\u0300"]) == (None, None, None)
    again["\0"] = "changed"
    assert (again["\0"], again["\0a"]) == ("changed", "more")
    assert normalized(again, ["a\0b", "\0a\0"]) == ["achangedb", "morechanged"]


@pytest.mark.parametrize(("key", "replacement"), [("", "x"), ("a\0", "x"), ("a", "\0")])
def test_what_no_table_can_hold_is_refused(charsmap, key, replacement):
    with pytest.raises(ValueError, match="begin with a zero byte"):
        charsmap[key] = replacement
