"""What the pages show: their Python parses, and what it imports is there and takes what it gets."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGES = sorted(
    page
    for folder in (ROOT, ROOT / "docs", ROOT / "runtime", ROOT / "recipes")
    for page in folder.glob("*.md")
    if BLOCK.search(page.read_text(encoding="utf-8"))
)
UNKNOWN = object()


def imported(tree):
    """Returns the names that a block imports, and what they stand for."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = importlib.import_module(each.name)
                found[each.asname or each.name.split(".")[0]] = top
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                within = importlib.import_module(node.module)
                found[each.asname or each.name] = getattr(within, each.name)
    return found


def meant(node, known):
    """Returns what `a.b.c` stands for, if `a` was imported."""
    if isinstance(node, ast.Name):
        return known.get(node.id, UNKNOWN)
    if isinstance(node, ast.Attribute):
        owner = meant(node.value, known)
        return owner if owner is UNKNOWN else getattr(owner, node.attr)
    return UNKNOWN


def problems(code, known):
    """Yields what a block names that is not there, or gives to what does not take it."""
    tree = ast.parse(code)
    known |= imported(tree)
    for node in ast.walk(tree):
        try:
            if isinstance(node, ast.Attribute):
                meant(node, known)
            elif isinstance(node, ast.Call):
                called = meant(node.func, known)
                if called is not UNKNOWN:
                    names = {word.arg: None for word in node.keywords if word.arg}
                    inspect.signature(called).bind_partial(*node.args, **names)
        except (AttributeError, TypeError) as error:
            yield f"line {node.lineno}, `{ast.unparse(node)[:60]}`: {error}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_shows_is_there(page):
    known = {}
    found = [
        problem
        for block in BLOCK.findall(page.read_text(encoding="utf-8"))
        for problem in problems(block, known)
    ]
    assert found == []


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_the_snippets_of_the_readme_join(page):
    code = "\n".join(BLOCK.findall((ROOT / page).read_text(encoding="utf-8")))
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", "--quiet", "-"]
    done = subprocess.run(ruff, input=code, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_table_is_broken_by_a_blank_line_or_a_row_of_another_width():
    recipes = (ROOT / "recipes").glob("*.md")
    for page in sorted([*ROOT.glob("*.md"), *recipes, *(ROOT / "docs").rglob("*.md")]):
        lines = page.read_text(encoding="utf-8").splitlines()
        for number, (before, line) in enumerate(pairwise(lines), start=2):
            if line.startswith("|"):
                starts = not before.startswith("|")
                rule = lines[number].startswith("|") and set(lines[number]) <= set("|-: ")
                assert not starts or rule, f"{page.name}:{number} is no head of a table"
                cells = [re.sub(r"\\\||`[^`]*`", "", each).count("|") for each in (before, line)]
                assert starts or cells[0] == cells[1], f"{page.name}:{number} has other columns"


def test_every_page_is_linked_from_the_readme():
    for readme in ("README.md", "README.ko.md"):
        text = (ROOT / readme).read_text(encoding="utf-8")
        for page in (ROOT / "docs").glob("*.md"):
            assert f"(docs/{page.name}" in text, f"{readme} does not link {page.name}"


@pytest.mark.parametrize(
    "code",
    [
        "import kseq2seq as ks\nks.no_such_thing",
        "from kseq2seq import data\ndata.fit_row(survey, times=2)",
        "from kseq2seq import data\ndata.fit_row(survey, 2, 3)",
        "from kseq2seq import training\ntraining.Run('runs', on_nan='stop', often=True)",
    ],
)
def test_what_is_not_there_is_found(code):
    assert list(problems(code, {}))
