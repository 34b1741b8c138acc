import unicodedata

import pytest

from kseq2seq.text.normalization import RULES, normalizer


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
