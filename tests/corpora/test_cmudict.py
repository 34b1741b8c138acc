"""The pronouncing dictionary: what is read of the package, which is never run, and its families."""

import io
import tarfile

import pytest

from kseq2seq.corpora import cmudict, cmudict_sample
from kseq2seq.corpora.cmudict import license_text, stem
from kseq2seq.data import Example

SCRIPT = """/** @type {{ [word: string]: string }} */
export const dictionary = {
  "'bout": "B AW1 T",
  "a": "AH0",
  "a(2)": "EY1",
  "aalborg": "AO1 L B AO0 R G # place, danish",
  "address": "AE1 D R EH2 S",
  "address(2)": "AH0 D R EH1 S",
  "address(3)": "AE2 D R EH1 S",
  "addresses": "AE1 D R EH2 S IH0 Z",
  "x.": "EH1 K S"
}
process.exit(1)
"""


@pytest.fixture
def archive(tmp_path):
    def make(files):
        path = tmp_path / "package.tgz"
        with tarfile.open(path, "w:gz") as package:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(text.encode())
                package.addfile(entry, io.BytesIO(text.encode()))
        return path

    return make


def test_reads_words_with_all_their_pronunciations_without_stress(archive):
    examples = list(cmudict(archive=archive({"package/index.js": SCRIPT})))
    assert examples == [
        Example("'bout", "B AW T", "'bout"),
        Example("a", "AH", "a", ("EY",)),
        Example("aalborg", "AO L B AO R G", "aalborg"),
        Example("address", "AE D R EH S", "address", ("AH D R EH S",)),  # the third but for stress
        Example("addresses", "AE D R EH S IH Z", "addresses"),
        Example("x.", "EH K S", "x."),
    ]


def test_keys_by_stems_keep_relatives_together(archive):
    path = archive({"package/index.js": SCRIPT})
    keys = {example.source: example.key for example in cmudict("stems", archive=path)}
    assert keys["address"] == keys["addresses"]
    assert len(set(keys.values())) == 5


def test_refuses_other_keys_and_archives(archive):
    with pytest.raises(ValueError, match=r"`keys` must be one of.*'words'"):
        list(cmudict("letters", archive=archive({"package/index.js": SCRIPT})))
    with pytest.raises(
        ValueError, match=r"package\.tgz holds no package/index\.js. Remove the file"
    ):
        list(cmudict(archive=archive({"package/readme.md": "nothing"})))
    with pytest.raises(ValueError, match="holds no pronunciations"):
        list(cmudict(archive=archive({"package/index.js": "export const dictionary = {}"})))


@pytest.mark.parametrize(
    "relatives",
    [
        ("walk", "walks", "walked", "walking", "walker", "walk's"),
        ("stop", "stopped", "stopping", "stops"),
        ("carry", "carries", "carried"),
        ("pronounce", "pronouncing", "pronounces"),
        ("sea", "seas"),
    ],
)
def test_a_stem_is_what_relatives_share(relatives):
    assert len({stem(word) for word in relatives}) == 1


def test_stems_of_short_words_and_of_those_without_letters():
    assert [stem(word) for word in ("a", "as", "its", "is", "...")] == [
        "a",
        "as",
        "its",
        "is",
        "...",
    ]
    assert stem("sing") != stem("king")


def test_the_sample_is_of_short_words_with_one_pronunciation_each():
    pairs = list(cmudict_sample())
    assert len(pairs) == len({pair.source for pair in pairs}) == 8000
    assert all(pair.source.isalpha() and 3 <= len(pair.source) <= 8 for pair in pairs)
    assert len({phone for pair in pairs for phone in pair.target.split()}) == 37
    assert "Zeke Sikelianos" in license_text()
