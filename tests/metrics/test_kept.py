import pytest

from kseq2seq.format_fields import format_fields
from kseq2seq.metrics import kept_placeholders, same_placeholders


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("%s of %d", ["%s", "%d"]),
        ("%(name)s, %(size)5.1f MB", ["%(name)s", "%(size)5.1f"]),
        ("%1$s then %2$ld, %-10s, %.2f", ["%1$s", "%2$ld", "%-10s", "%.2f"]),
        ("{name} {0} {} {user.name} {row[2]} {x!r:>8}", None),
        ("{{ name }} ${user} %{count}", ["{{ name }}", "${user}", "%{count}"]),
        ("100% sure, 50 % de, 100%", []),
        ("%s%% of 100%%", ["%s"]),
        ("{이름}님 {a b} { }", ["{이름}"]),
        ("function() { return 1; }", []),
    ],
)
def test_fields(text, fields):
    assert format_fields(text) == (text.split() if fields is None else fields)


def test_hand_computed():
    assert kept_placeholders(["%s %s", "{a}"], ["%s and %s", "{b} {a}"]) == 75
    assert kept_placeholders(["%s"], ["%s %s"]) == 50  # each as often as it should be
    assert kept_placeholders(["%s %s %d"], ["%s"]) == 100  # others are no loss
    assert kept_placeholders(["nothing"], ["nothing"]) == 100
    assert kept_placeholders(["{a}"], [["{b}", "{a} {c}", "{a}"]]) == 100


def test_the_same_are_neither_fewer_nor_more():
    texts = ["%s of %s", "%s", "%s %d", "none", "{a}"]
    others = ["%s and %s", "%s %s", "%s", "nothing", "{b}"]
    assert same_placeholders(texts, others) == 40
    assert same_placeholders(["{a}"], [["{b}", "{a}"]]) == 100
