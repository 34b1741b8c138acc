"""Corpora of speech, from folders as their packages unpack."""

import gzip
import wave

import pytest

from kseq2seq.corpora import asterisk, languages_of, manifest, speech, tuxpaint
from kseq2seq.corpora.asterisk import _PROMPTS, _SPEAKERS, _VERSION
from kseq2seq.corpora.closed import closed, of_known
from kseq2seq.corpora.speech_sample import speech_sample
from kseq2seq.corpora.tuxpaint import PACKAGE, STAMPS
from kseq2seq.data import Example
from kseq2seq.data.places import place_of
from kseq2seq.data.split import SPLITS, split_of

TEXTS = """\
\ufeff; Sounds
activated: Activated.
digits/1: one
digits/1: two
menu: menu: For help, press 1!
dial: Dial 1234.
beep: [a beep]
lost: It pi? not
gone: There is no recording.
mixed: A transcript that is far too long for so little sound, of others
empty:
"""


def sound(path, seconds=1.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * round(8000 * seconds)))


@pytest.fixture
def cache(tmp_path):
    """What `debian_files` unpacks of packages."""

    def folder(name, version, digest):
        return tmp_path / "packages" / f"apt-{name}-{version.replace(':', '_')}-{digest[:12]}"

    for language in ("en", "it", "fr"):
        prompts = _PROMPTS[language]
        name = f"asterisk-core-sounds-{language}"
        sounds = folder(f"{name}-wav", _VERSION, prompts.recordings)
        sounds = sounds / "usr/share/asterisk/sounds" / prompts.folder
        for prompt in ("activated", "digits/1", "menu", "dial", "beep", "lost", "mixed", "other"):
            sound(sounds / f"{prompt}.wav", 0.5 if prompt == "mixed" else 1.5)
        sound(sounds / "empty.wav", 0)
        texts = folder(name, _VERSION, prompts.texts) / "usr/share/doc" / name
        texts.mkdir(parents=True)
        (texts / f"core-sounds-{language}.txt.gz").write_bytes(gzip.compress(TEXTS.encode()))
    speaker = _SPEAKERS["it-menardi"]
    second = folder(speaker.package, speaker.version, speaker.digest)
    for prompt, seconds in {"activated": 1.8, "digits/1": 1.7, "menu": 4.0}.items():
        sound(second / f"usr/share/asterisk/sounds/{speaker.folder}/{prompt}.wav", seconds)
    speaker = _SPEAKERS["fr-armelle"]
    second = folder(speaker.package, speaker.version, speaker.digest)
    for prompt in ("activated", "menu"):
        path = second / f"usr/share/asterisk/sounds/fr/{prompt}.gsm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(33 * 75))
    stamps = folder(*PACKAGE) / STAMPS / "animals"
    sound(stamps / "cat_desc_fr.wav")
    sound(stamps / "cat_desc.wav")
    sound(stamps / "dog_desc_pt_BR.wav")
    (stamps / "cat.txt").write_text("A cat.\nfr.utf8=Un chat.\nde.utf8=Eine Katze\n")
    (stamps / "dog.txt").write_text("A dog of 3.\n\npt_BR.utf8=Um c\xe3o\n", encoding="utf-8")
    return tmp_path


def test_prompts_have_the_transcripts_that_are_said(cache):
    said = []
    examples = list(asterisk("en", cache=cache, progress=said.append))
    assert [example.target for example in examples] == ["activated", "one", "for help press one"]
    assert all(example.key == example.target for example in examples)
    assert examples[1].source.endswith("en_US_f_Allison/digits/1.wav")
    assert said[0].startswith("asterisk:en: 3 prompts; left out 7: ")
    for why in ("2 with no transcript", "a note", "lost letters", "no recording", "a number"):
        assert why in said[0]


def test_second_speakers_say_what_is_likely_the_same(cache):
    italian = list(asterisk("it-menardi", cache=cache, progress=lambda _: None))
    assert [example.target for example in italian] == ["activated", "one"]  # the menu is too long
    assert all("Menardi" in example.source for example in italian)
    french = list(asterisk("fr-armelle", cache=cache, progress=lambda _: None))
    assert [example.target for example in french] == ["activated"]
    with pytest.raises(ValueError, match="`part` must be one of"):
        asterisk("xx")


def test_captions_of_stamps_have_the_transcripts_of_their_language(cache):
    for language, said in {"fr": "un chat", "en": "a cat", "pt_BR": "um cão"}.items():
        (example,) = tuxpaint(language, cache=cache, progress=lambda _: None)
        assert example.target == said
    with pytest.raises(ValueError, match="must be one of en, fr, pt_BR"):
        tuxpaint("xx", cache=cache)


def test_corpora_are_named(cache, monkeypatch):
    monkeypatch.setenv("KSEQ2SEQ_CACHE", str(cache))
    pooled = [example.target for example in speech("asterisk:en+it+tuxpaint:fr+en")]
    assert pooled == ["activated", "one", "for help press one"] * 2 + ["un chat", "a cat"]
    assert [example.target for example in speech("tuxpaint+asterisk")][:2] == ["a cat", "activated"]
    with pytest.raises(ValueError, match="neither a file nor a corpus of speech"):
        speech("sample:xx")


def test_transcripts_have_a_language_where_there_are_several(cache, monkeypatch):
    monkeypatch.setenv("KSEQ2SEQ_CACHE", str(cache))
    spoken = languages_of("asterisk:en+it-menardi+tuxpaint:fr")
    assert spoken["for help press one"] == spoken["one"] == "en" and spoken["un chat"] == "fr"
    assert languages_of("asterisk:it+it-menardi") == languages_of("asterisk") == {}


def test_a_folder_of_the_name_of_a_corpus_hides_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample").mkdir()
    assert next(iter(speech("sample"))).target == "a"
    with pytest.raises(ValueError, match="must hold files"):
        speech("./sample")


@pytest.mark.parametrize("columns", [["path"], ["path", "sentence", "client_id", "age"]])
def test_two_or_three_columns_are_named(columns, tmp_path):
    (tmp_path / "a.tsv").write_text("path\tsentence\tclient_id\tage\nb.wav\tone\t1\t2\n")
    with pytest.raises(ValueError, match="`columns` must name the source, the target and"):
        speech(str(tmp_path / "a.tsv"), columns)


def test_tables_of_paths_and_sentences_name_bad_lines(tmp_path):
    sound(tmp_path / "clips/a.wav")
    sound(tmp_path / "b.wav")
    table = tmp_path / "train.tsv"
    rows = ["client_id\tpath\tsentence", "x\ta.wav\tHello, you!", "x\tb.wav\tYes", "y\tc.wav\tNo"]
    table.write_text("\n".join([*rows, "y\tb.wav\t...", "y\tb.wav"]) + "\n")
    with pytest.warns(UserWarning, match="3 of 5 entries left out") as warned:
        examples = list(speech(str(table)))
    assert [(example.target, example.key) for example in examples] == [
        ("hello you", "hello you"),
        ("yes", "yes"),
    ]
    assert examples[0].source == str(tmp_path / "clips/a.wav")
    assert place_of(examples[1]) == f"{table}:3"
    message = str(warned[0].message)
    for line, why in ((4, "there is no recording 'c.wav'"), (5, "nothing is said"), (6, "field")):
        assert f"{table}:{line}: " in message and why in message
    with pytest.warns(UserWarning):
        keyed = list(manifest(table, ["path", "sentence", "client_id"], normalized=False))
    assert [(example.target, example.key) for example in keyed[:2]] == [
        ("Hello, you!", "x"),
        ("Yes", "x"),
    ]


def test_transcripts_beside_recordings(tmp_path):
    for chapter, names in {"1": ["1-a", "1-b"], "2": ["2-a"]}.items():
        for name in names:
            sound(tmp_path / chapter / f"{name}.wav")
        lines = [f"{name} HE SAID {name[-1].upper()}" for name in names]
        text = "\n".join([*lines, "9-z NOBODY", "alone"]) + "\n"
        (tmp_path / chapter / f"{chapter}.trans.txt").write_text(text)
    with pytest.warns(UserWarning, match="2 of 4 entries"):
        one = list(manifest(tmp_path / "1" / "1.trans.txt"))
    assert [example.target for example in one] == ["he said a", "he said b"]
    assert place_of(one[1]).endswith("1.trans.txt:2")
    with pytest.warns(UserWarning, match="4 of 7 entries"):
        assert len(list(manifest(tmp_path))) == 3
    with pytest.raises(ValueError, match=r"must hold files \*\.trans\.txt"):
        manifest(_empty(tmp_path))


def _empty(folder):
    (folder / "none").mkdir()
    return folder / "none"


def test_a_closed_vocabulary_is_of_repeated_wordings_and_tested_on_those_it_was_trained_on():
    said = [
        Example(f"{n}.wav", text, text) for n, text in enumerate(["one", "two", "one", "a b c"])
    ]
    found = closed([*said, Example("4.wav", "a b c", "a b c")])
    assert [example.key for example in found] == ["one 1", "one 2"]
    assert of_known(said, ["two", "three"]) == [said[1]]
    with pytest.raises(ValueError, match="None of 4 test recordings has a wording"):
        of_known(said, ["three"])
    with pytest.raises(ValueError, match="No wording of at most 2 words was recorded twice"):
        closed(said[1:])


def test_the_sample_is_of_short_prompts_in_all_splits():
    examples = list(speech_sample())
    assert len(examples) > 150 and len({example.target for example in examples}) == len(examples)
    assert all(800 <= len(example.source) <= 12_800 for example in examples)
    assert all(abs(example.source).max() > 0.05 for example in examples)
    assert {split_of(example.key) for example in examples} == set(SPLITS)
