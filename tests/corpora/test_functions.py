"""Functions with docstrings: what is taken from a module, what is left out, and where it goes."""

import ast
import json
import sys
import zipfile

import pytest

from kseq2seq.corpora import sample_functions
from kseq2seq.corpora.docstrings import documented, length, normal_form
from kseq2seq.corpora.duplicates import near_duplicates
from kseq2seq.corpora.functions import read_functions, write_functions

module = sys.modules["kseq2seq.corpora.functions"]  # whose function has its name

SOURCE = '''
@decorated
def outer(a, b=2):
    """Adds :class:`~m.One` to ``b``. And more.

    Long.
    """
    # why
    @kept
    def inner(c):
        "Says nothing else here."
        return a  +  c
    return inner(b)

class C:
    async def wait(self) -> int:
        """
        Wait for the `end`
        of it
        """
        return (await self.x)

    def empty(self):
        "Only words in here."
        pass

    def none(self): return 1
'''


def test_takes_summaries_and_canonical_code():
    found = list(documented(SOURCE))
    assert [one.summary for one in found] == [
        "Adds m.One to b.",
        "Says nothing else here.",
        "Wait for the end of it",
    ]
    inner = "\n    @kept\n    def inner(c):\n        return a + c\n"
    assert found[0].code == f"def outer(a, b=2):\n{inner}    return inner(b)"
    assert found[2].code == "async def wait(self) -> int:\n    return await self.x"
    for one in found:
        assert ast.unparse(ast.parse(one.code)) == one.code


@pytest.mark.parametrize(
    "source",
    [
        "def f(:",
        b"\xff\xfe\x00",
        "x = " + "-" * 100_000 + "1",
        "x" + ".y" * 100_000,
        'def f():\n    "Two words of it"\n    return "\\u2581" + "' + "\u2581" + '"',
        'def f():\n    ">>> f() is it"\n    return 1',
    ],
)
def test_what_can_not_be_read_is_left_out(source):
    assert not list(documented(source))


def test_normal_form_forgets_names_and_nothing_else():
    forms = {
        normal_form(code)
        for code in (
            "def f(a, *b, c=1):\n    for d in a:\n        yield d.e + c",
            "def g(x, *y, z: int = 2):\n    for w in x:\n        yield w.e + z",
        )
    }
    assert len(forms) == 1
    others = {
        normal_form(f"def f(a, b):\n    return {code}") for code in ("a.x", "b.x", "a.y", "x")
    }
    assert len(others) == 4
    assert length("def f_1(a, 'b c'):") == 11


def test_writes_without_repeats_and_reads_again(tmp_path):
    body = "    total = sum({0}.values())\n    return total / len({0})"
    modules = [
        ("a/one.py", f'def mean(x):\n    "Returns the mean of it."\n{body.format("x")}'.encode()),
        ("b/two.py", f'def average(y):\n    "Average of all values."\n{body.format("y")}'.encode()),
        (
            "b/long.py",
            b'def f(x):\n    "Returns too much of it."\n    return ' + b"x + " * 40 + b"1",
        ),
    ]
    path = tmp_path / "functions.jsonl.gz"
    note = write_functions(path, modules)
    (pair,) = read_functions(path)
    assert (pair.source, pair.key) == ("Returns the mean of it.", "a/one.py")
    assert (note["functions"], note["repeats"], note["pairs"]) == (2, 1, 1)
    assert json.loads((tmp_path / "functions.json").read_text()) == note
    first = path.read_bytes()
    write_functions(path, modules)
    assert path.read_bytes() == first


def test_reads_packages_and_library_once(tmp_path, monkeypatch):
    wheel, library = tmp_path / "one.whl", tmp_path / "library"
    code = 'def f(x):\n    "Returns the {0} of it."\n    return x.{0} + [1, 2]\n'
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("one/a.py", "one/tests/b.py", "one/test_c.py", "one/d.txt"):
            archive.writestr(name, code.format("size" + name[4]))
    (library / "site-packages").mkdir(parents=True)
    (library / "e.py").write_text(code.format("end"))
    (library / "site-packages" / "f.py").write_text(code.format("other"))
    said, fetched = [], []
    monkeypatch.setattr(module, "PINS", [("one", "1", "MIT", "0")])
    monkeypatch.setattr(module, "fetched", lambda *args, **_: fetched.append(args) or wheel)
    monkeypatch.setattr(module.sysconfig, "get_path", lambda _: str(library))
    for _ in range(2):
        pairs = list(module.functions(cache=tmp_path, progress=said.append))
        assert [pair.key for pair in pairs] == ["python/e.py", "one/one/a.py"]
    assert fetched == [("pip", "one", "1", "0")]
    kept = next(tmp_path.glob("functions-python-*.jsonl.gz"))
    kept.write_bytes(b"damaged")
    assert len(list(module.functions(cache=tmp_path, progress=said.append))) == 2


def test_near_duplicates_are_counted():
    assert near_duplicates(["a b c d e", "x y"], ["a b c d e f g", "x"], 0.5) == {0}
    assert near_duplicates(["", "  ", "a"], ["", "\n", "a"]) == {2}
    assert near_duplicates(["今天天气很好我们去公园玩"], ["今天天气很好我们去公园玩吧"], 0.7) == {0}
    assert near_duplicates(["날씨가 좋다"], ["날씨가 춥다"]) == set()
    assert near_duplicates(["a b c d e"], ["e d c b a"]) == set()


def test_the_sample_is_of_one_line_functions():
    pairs = list(sample_functions())
    assert len(pairs) == len({pair.target for pair in pairs}) > 1000
    for pair in pairs:
        assert pair.target.count("\n") == 1 and pair.source.count("\n") == 0
        assert ast.unparse(ast.parse(pair.target)) == pair.target
