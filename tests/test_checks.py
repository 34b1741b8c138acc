import numpy as np
import pytest

from kseq2seq.checks import each_text, raw_texts


@pytest.mark.parametrize(
    "texts",
    [
        ["a", "b"],
        ("a", "b"),
        iter("ab"),
        np.array(["a", "b"]),
        np.array(["a", "b"], object),
        {"a": 1, "b": 2}.keys(),
    ],
)
def test_collections_of_strings_are_taken(texts):
    assert raw_texts(texts) == ["a", "b"]


class Table:
    """Iterates over the names of its columns, as those of pandas do."""

    ndim = 2

    def __iter__(self):
        return iter(["text", "label"])


@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        ("one", ValueError, "`texts` must be a list of strings; got one string, 'one'. Put it in"),
        (b"one", ValueError, "got one string, b'one'"),
        (None, TypeError, "`texts` must be a list of strings; got NoneType: None"),
        (5, TypeError, "got int: 5"),
        ({"a": "b"}, TypeError, "got dict"),
        (Table(), TypeError, "got Table: 2 dimensions. Give a list, or one column of a table"),
        (np.array([["a"]]), TypeError, "2 dimensions"),
        (np.array("a"), TypeError, "0 dimensions"),
        (["a", None], TypeError, "Text 1 must be a str; got NoneType: None"),
        (["a", float("nan")], TypeError, "Text 1 must be a str; got float: nan"),
        ([b"a"], TypeError, "Text 0 must be a str; got bytes: b'a'. Decode it first"),
        ([["a"]], TypeError, "Text 0 must be a str; got list"),
        (["a", "b\ud83d"], ValueError, r"Text 1 holds a lone surrogate at 1, .*'b\\ud83d'"),
        (["\udc00" + "long " * 99], ValueError, "Text 0 holds a lone surrogate at 0"),
    ],
)
def test_what_is_none_is_refused_by_name(texts, kind, message):
    with pytest.raises(kind, match=message) as caught:
        raw_texts(texts)
    assert len(str(caught.value)) < 250


def test_another_argument_is_named():
    with pytest.raises(TypeError, match="Text 1 of `targets` must be a str"):
        raw_texts(["a", 1], "targets")
    with pytest.raises(ValueError, match="`targets` must be a list"):
        raw_texts("a", "targets")


def test_an_iterator_is_checked_as_it_is_read():
    texts = each_text(iter(["a", 5]))
    assert next(texts) == "a"
    with pytest.raises(TypeError, match="Text 1"):
        next(texts)
