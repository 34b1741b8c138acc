"""Docstrings and Python functions: of the standard library, and of fetched packages."""

from __future__ import annotations

import gzip
import json
import platform
import sysconfig
import zipfile
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from kseq2seq.corpora.docstrings import Documented, documented, length
from kseq2seq.corpora.duplicates import near_duplicates
from kseq2seq.corpora.fetching import fetched
from kseq2seq.data.cache import folder_of, teller
from kseq2seq.data.pairs import Pair
from kseq2seq.data.split import SPLITS, split_of
from kseq2seq.disk import whole_file
from kseq2seq.disk.files import sha256

# Wheels of Python alone, which are the same file on every machine: name, version, license, SHA-256.
PACKAGES = """
sympy 1.14.0 BSD-3-Clause e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5
django 5.2.19 BSD-3-Clause 5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00
twisted 26.10.0 MIT 3732f42af218925a0fe78d6668db55853f7fb532245a89a2669babe7d3000fa8
nltk 3.10.4 Apache-2.0 769ba5413f265b7d3e87cd163cc28efa01e29eeef8bb6080bc907949d9fcfb51
music21 10.5.1 BSD-3-Clause dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1
mne 1.13.2 BSD-3-Clause 36bbdd9fdc68431309a75e9dc6331b9de085cb6836688ac50b7b89f141a83cc3
networkx 3.6.1 BSD-3-Clause d47fbf302e7d9cbbb9e2555a0d267983d2aa476bac30e90dfbe5669bd57f3762
ipython 9.18.1 BSD-3-Clause 997ce9140d374531a61069c70c0f9ef299d6dd3559ea0f94b8af589726e3c1d5
wagtail 8.0.1 BSD-3-Clause 1e6ad5c7891a54efce1400e168298b5a2cc343b642cee89c31bf5ec30c98b26c
celery 5.7.0 BSD-3-Clause 18310a9c919f9029e4735367484d93e6a25cdfd30afdc474622cc263d9b35f6e
holoviews 1.23.2 BSD-3-Clause 0742d9d1dbc645611f04f8b948558febf556f712872a1e5bc96c37790722e6ca
bokeh 3.9.2 BSD-3-Clause 448e07d5ee78231f5bdece3be020024bb98696c0d6b127e0e2df0b8ba8fa9765
nilearn 0.14.1 BSD-3-Clause 725206484e9fb3f6691f9c2d20204a068759d5072f12055324702ee0cb2bbe8a
zarr 3.1.6 MIT b5a82c5079d1c3d4ee8f06746fa3b9a98a7d804300fa3f4be154362a33e1207e
pymatgen 2026.10.24 MIT bd341f2e0550ec38358de2c95a65cabd9f1efa433df48ed5b615cc2d0115d827
dask 2026.8.0 BSD-3-Clause ccc0c83a189b0398602435189771d28dad7b5773b6089bb8dce14ae732dd782c
distributed 2026.8.0 BSD-3-Clause 3bd8882861a2cf497453f28c6b61135fa8ef2bb1d6885ad3b9f27e887e9c0e01
jupyter-server 2.21.1 BSD-3-Clause 2a6467606af7dbae2e7e31640030025969e15db6a649eae334af90415dc71dca
pytest 9.2.0 MIT 07acdcf88ec174f907dc01af70bf52d49b014bbab03faeeade31c96b18c2e588
sphinx 9.0.4 BSD-2-Clause 5bebc595a5e943ea248b99c13814c1c5e10b3ece718976824ffa7959ff95fffb
pydantic 2.14.4 MIT 653a2ad9f6d8858529c77c72717d0ea991d6c6837fe683246b2f4b2bbfc3fadc
pip 26.3 MIT f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13
scrapy 2.19.0 BSD-3-Clause 44c1ad4b008f1976e946c75b2adce0e448cbfe470c584b1b59469abf270e8013
werkzeug 3.1.9 BSD-3-Clause 6392e50c78460ba618e5b21f08a71f59c99ce99cdc6cf6e3dd7e6ccca8754fab
geopandas 1.2.0 BSD-3-Clause 948fd57df4f713697d5cce149333c0e4714965320c9f5ffa411666c577962eba
djangorestframework 3.18.3 BSD-3-Clause 8544bb674846731b1e3c9b309236ee1dc412905a0aa725be2ec193ca950a7d12
seaborn 0.13.2 BSD-3-Clause 636f8336facf092165e27924f223d3c62ca560b1f2bb5dff7ab7fad265361987
pint 0.25.3 BSD-3-Clause 27eb25143bd5de9fcc4d5a4b484f16faf6b4615aa93ece6b3373a8c1a3c1b97d
traitlets 5.16.1 BSD-3-Clause f775618166caa0396c8e337099240f2bd3e5e917d203b2e6fbe21a58d3cb1f6b
"""  # noqa: E501
PINS = [tuple(line.split()) for line in PACKAGES.strip().splitlines()]
_LEFT_OUT = {"test", "tests", "testing", "idle_test", "lib2to3", "site-packages", "_vendor"}
_SAMPLE = "functions.jsonl.gz"
WORDS, TOKENS = range(3, 31), range(8, 61)  # of a summary, of code


def functions(
    *, cache: Path | None = None, progress: Callable[[str], None] | None = None
) -> Iterator[Pair]:
    """Returns summaries of docstrings and their functions, made once and then kept.

    The standard library of the running Python and 29 packages, fetched by pip, are read as text;
    nothing of them is installed or run. Functions of at most 60 words, numbers and signs whose
    summary has 3 to 30 words; a function that another one repeats, but for its names, is left out.

    Args:
        cache: folder to keep everything in; `cache_folder()` where None.
        progress: called with one line at each step; prints to standard error where None.

    Returns:
        A lazy iterator of pairs whose source is a summary, whose target is a function, and whose
        key is the module that the two are from.

    Raises:
        RuntimeError: if a package can't be fetched.

    Example:
        >>> from kseq2seq.corpora import functions
        >>> pairs = list(functions())  # doctest: +SKIP
    """
    folder = folder_of(cache)
    tell = teller(progress)
    corpus = folder / f"functions-python-{platform.python_version()}.jsonl.gz"
    if not _intact(corpus):
        archives = {
            name: fetched("pip", name, version, digest, cache=folder, progress=tell)
            for name, version, _, digest in PINS
        }
        tell("reading the functions of the standard library and of these packages")
        note = write_functions(corpus, _modules(archives))
        tell(f"{note['pairs']} functions in {corpus}")
    return read_functions(corpus)


def write_functions(corpus: Path, modules: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    """Writes the functions of modules, without repeats, and a note beside them.

    Args:
        corpus: the file to write.
        modules: names and source texts.

    Returns:
        The note: the Python that parsed them, the packages, counts, and the file's SHA-256.
    """
    counts, pairs = {"functions": 0, "repeats": 0}, []
    seen: set[str] = set()
    for name, source in modules:
        for found in documented(source):
            if not _fits(found):
                continue
            counts["functions"] += 1
            if found.body in seen:
                counts["repeats"] += 1
                continue
            seen.add(found.body)
            pairs.append(Pair(found.summary, found.code, name))
    corpus.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(corpus) as path:
        pack_functions(pairs, path)
    splits = {split: [p for p in pairs if split_of(p.key) == split] for split in SPLITS}
    texts = {split: [pair.target for pair in splits[split]] for split in SPLITS}
    note = {
        "python": platform.python_version(),
        "packages": [" ".join(pin[:3]) for pin in PINS],
        **counts,
        "pairs": len(pairs),
        "splits": {split: len(part) for split, part in splits.items()},
        "test functions like one of training": len(near_duplicates(texts["test"], texts["train"])),
        "sha256": sha256(corpus),
    }
    with whole_file(_note(corpus)) as path:
        path.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    return note


def sample_functions() -> Iterator[Pair]:
    r"""Reads the bundled functions, of one line each; nothing is fetched.

    Returns:
        A lazy iterator of pairs as of `functions`; the words of a function's name are in its
        summary.

    Example:
        >>> from kseq2seq.corpora import sample_functions
        >>> bodies = {pair.source: pair.target for pair in sample_functions()}
        >>> bodies["Checks if a permutation is even."]
        'def is_even(self):\n    return not self.is_odd'

    Source: packages under BSD and MIT licenses, listed in `samples/NOTICE.md`.
    """
    with resources.as_file(resources.files("kseq2seq.data") / "samples" / _SAMPLE) as path:
        yield from read_functions(path)


def pack_functions(pairs: Iterable[Pair], path: Path) -> None:
    """Writes pairs as gzipped lines of JSON; the same pairs, the same bytes."""
    lines = (json.dumps(pair._asdict(), ensure_ascii=False) + "\n" for pair in pairs)
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


def read_functions(path: Path) -> Iterator[Pair]:
    """Yields the pairs that `pack_functions` wrote."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield Pair(**json.loads(line))


def _note(corpus: Path) -> Path:
    return corpus.with_name(corpus.name.replace(".jsonl.gz", ".json"))


def _intact(corpus: Path) -> bool:
    """Tells whether the kept corpus is there, is what was written, and is of the same packages."""
    try:
        note = json.loads(_note(corpus).read_text(encoding="utf-8"))
        same = note["packages"] == [" ".join(pin[:3]) for pin in PINS]
        return same and note["sha256"] == sha256(corpus)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _fits(found: Documented) -> bool:
    return len(found.summary.split()) in WORDS and length(found.code) in TOKENS


def _modules(archives: dict[str, Path]) -> Iterator[tuple[str, bytes]]:
    """Yields the modules of the standard library and of wheels, but those of tests."""
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py")):
        name = path.relative_to(library).as_posix()
        if _wanted(name):
            yield f"python/{name}", path.read_bytes()
    for package, archive in archives.items():
        with zipfile.ZipFile(archive) as wheel:
            for name in sorted(wheel.namelist()):
                if name.endswith(".py") and _wanted(name):
                    yield f"{package}/{name}", wheel.read(name)


def _wanted(name: str) -> bool:
    parts = name.split("/")
    return not _LEFT_OUT.intersection(parts) and not parts[-1].startswith("test_")
