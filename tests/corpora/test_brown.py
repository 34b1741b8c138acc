"""The Brown corpus, from an archive in its form."""

import io
import tarfile

import pytest

from kseq2seq.corpora.brown import UNSEEN, brown, tagged

TEXTS = {
    "package/README": "The/at README/nn",
    "package/ca01": "\n\n\tThe/at County/nn-tl 's/$ 1/2/cd ,/,\n\n\tNo/at-hl-tl\n",
    "package/cd01": "\tAmen/uh ./.\n",
    "../cb02": "\tevil/jj\n",
    "package/cs01": "\tother/jj\n",
}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "brown.tgz"
    with tarfile.open(path, "w:gz") as file:
        folder = tarfile.TarInfo("package/ca02")
        folder.type = tarfile.DIRTYPE
        file.addfile(folder)
        for name, text in TEXTS.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            file.addfile(entry, io.BytesIO(text.encode()))
    return path


def test_sentences_of_a_text_share_a_key_and_genres_are_apart(archive):
    assert list(brown(archive=archive)) == [
        ("The County 's 1/2 ,", "at nn $ cd ,", "brown:ca01"),
        ("No", "at", "brown:ca01"),
    ]
    (other,) = brown("unseen", archive=archive)
    assert other == ("Amen .", "uh .", "brown:cd01") and other.key[7] in UNSEEN
    with pytest.raises(ValueError, match="must be '' or 'unseen'"):
        brown("fr")


def test_only_marks_of_titles_headlines_and_citations_are_cut_from_tags():
    line = "Il/FW-PPS-TL cannot/MD* Smith's/NP$-HL gonna/VBG+TO --/--"
    assert tagged(line, "x")[1] == "fw-pps md* np$ vbg+to --"
    with pytest.raises(ValueError, match="ca01:3: 'untagged' must be a word, a slash and a tag"):
        tagged("a/at untagged", "ca01:3")
