import hashlib
import json

import pytest

from kseq2seq.text import (
    ByteTokenizer,
    CharacterTokenizer,
    SentencePieceTokenizer,
    TextSource,
    WordPieceTokenizer,
    WordTokenizer,
    load_tokenizer,
    register_tokenizer,
)
from kseq2seq.text.tokenizer import TOKENIZERS

TEXTS = ["the quick fox", "", "나는 학교에 갑니다", "the dog"]
MAKE = {
    "bytes": ByteTokenizer,
    "characters": lambda: CharacterTokenizer.train([*TEXTS, '\n\r\u2028\x85\\"']),
    "sentencepiece": lambda: SentencePieceTokenizer.train(TEXTS, 300),
    "wordpiece": lambda: WordPieceTokenizer.train(TEXTS, 100),
    "words": lambda: WordTokenizer.train(TEXTS),
}


@pytest.mark.parametrize("kind", list(MAKE))
def test_save_and_load_give_the_same_ids(kind, tmp_path):
    tokenizer = MAKE[kind]()
    tokenizer.save(tmp_path / "new" / "folder")
    loaded = load_tokenizer(tmp_path / "new" / "folder")
    assert type(loaded) is type(tokenizer)
    assert loaded.vocabulary_size == tokenizer.vocabulary_size
    texts = [*TEXTS, "unseen ☂ 문장", "a\nb\u2028c"]
    assert loaded.tokenize(texts).to_list() == tokenizer.tokenize(texts).to_list()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ('{"format_version": 1, "type": "by', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        ("[]", "format_version"),
        ('{"type": "bytes"}', "format_version"),
        ('{"format_version": "1", "type": "bytes"}', "format_version"),
        ('{"format_version": true, "type": "bytes"}', "format_version"),
        ('{"format_version": 2, "type": "bytes"}', "format_version 2.*newer kseq2seq"),
        ('{"format_version": 3, "type": "bytes", "symbols": []}', "format_version 3.*up to 2"),
        ('{"format_version": 1}', "type None, expected 'bytes' or"),
        ('{"format_version": 1, "type": ["bytes"]}', r"type \['bytes'\], expected 'bytes' or"),
        ('{"format_version": 1, "type": "os.system"}', "'os.system', expected 'bytes' or"),
        ('{"format_version": 2, "type": "bytes", "symbols": "<ko>"}', "`symbols` must be a list"),
        ('{"format_version": 2, "type": "bytes", "symbols": [1]}', "of `symbols` must be a str"),
        ('{"format_version": 2, "type": "bytes", "symbols": ["a", "a"]}', "'a' more than once"),
        ('{"format_version": 1, "type": "words"}', "must have a str as 'sha256'"),
        ('{"format_version": 1, "type": "characters"}', "must have a str as 'characters'"),
        ('{"format_version": 1, "type": "characters", "characters": [1]}', r"it has \[1\]"),
        ('{"format_version": 1, "type": "characters", "characters": "\\ud800"}', "surrogate"),
        ('{"format_version": 1, "type": "sentencepiece"}', "must have a str as 'sha256'"),
        ('{"format_version": 1, "type": "wordpiece", "sha256": 3}', "it has 3"),
    ],
)
def test_a_hostile_record_is_refused(record, message, tmp_path):
    data = record if isinstance(record, bytes) else record.encode()
    (tmp_path / "tokenizer.json").write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        load_tokenizer(tmp_path)
    assert "tokenizer.json" in str(error.value)


def test_files_that_fit_their_hash_and_make_no_sense_are_refused(tmp_path):
    for content in (b"", b"a\n\nb\n", b"a b\n", b"a\na\n", b"\xff\n", b"<end>\n"):
        (tmp_path / "words.txt").write_bytes(content)
        record = {"type": "words", "sha256": hashlib.sha256(content).hexdigest()}
        (tmp_path / "tokenizer.json").write_text(json.dumps({"format_version": 1, **record}))
        with pytest.raises(ValueError, match=r"tokenizer\.json does not describe a WordTokenizer"):
            load_tokenizer(tmp_path)
    SentencePieceTokenizer.train(TEXTS, 300, symbols=["<ko>"]).save(tmp_path)
    record = json.loads((tmp_path / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps({**record, "symbols": ["<ko>", "<fr>"]}))
    with pytest.raises(ValueError, match=r"tokenizer\.json does not.*'<fr>' is none"):
        load_tokenizer(tmp_path)


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json is missing"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("sentencepiece", "spm.model"), ("wordpiece", "vocabulary.txt"), ("words", "words.txt")],
)
def test_damaged_files_are_refused(kind, name, tmp_path):
    MAKE[kind]().save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-1], b"", whole + b"x"):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(ValueError, match="truncated or changed"):
            load_tokenizer(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        load_tokenizer(tmp_path)


def test_a_tokenizer_without_symbols_is_saved_as_ever(tmp_path):
    for kind, make in MAKE.items():
        make().save(tmp_path / kind)
        record = json.loads((tmp_path / kind / "tokenizer.json").read_text())
        assert (record["format_version"], record["type"]) == (1, kind)
        assert not {"python_class", "symbols"} & set(record)


def test_a_subclass_is_refused_before_anything_is_written(tmp_path):
    """It has the kind of its base, as which it would be loaded."""

    class Spaced(ByteTokenizer):
        pass

    for save in (Spaced().save, TextSource(Spaced(), 9).save):
        with pytest.raises(ValueError, match=r"Spaced is not registered.*register_tokenizer\('spa"):
            save(tmp_path / "new")
        assert not list(tmp_path.glob("new/*"))

    class Claiming(ByteTokenizer):
        kind = "bytes"

    with pytest.raises(ValueError, match="Claiming is not registered"):
        Claiming().save(tmp_path / "new")


def test_a_type_that_is_not_registered_says_what_to_import(tmp_path):
    @register_tokenizer("spaced")
    class Spaced(ByteTokenizer):
        pass

    Spaced().save(tmp_path)
    assert type(load_tokenizer(tmp_path)) is Spaced
    classes = TOKENIZERS._classes
    kept = classes.pop("spaced")
    place = f"{__name__}.*Spaced' when saved"
    with pytest.raises(
        ValueError, match=rf"has type 'spaced'.*{place}.*import the module"
    ) as error:
        load_tokenizer(tmp_path)
    assert "nothing is imported from a file" in str(error.value)
    classes["spaced"] = kept
    (tmp_path / "tokenizer.json").write_text(
        json.dumps({"format_version": 1, "type": "z" * 999, "python_class": ["y" * 9999]})
    )
    with pytest.raises(ValueError, match="zzz") as error:
        load_tokenizer(tmp_path)
    assert len(str(error.value)) < 900


def test_a_name_belongs_to_one_class():
    with pytest.raises(ValueError, match=r"'bytes' is kseq2seq\.text\.bytes\.ByteTok.*already"):

        @register_tokenizer("bytes")
        class Mine(ByteTokenizer):
            pass

    assert TOKENIZERS["bytes"] is ByteTokenizer


@pytest.mark.parametrize("more", ['"odd": 1', '"characters": "a", "odd": 1'])
def test_settings_of_another_kind_are_refused(more, tmp_path):
    kind = "characters" if "characters" in more else "bytes"
    (tmp_path / "tokenizer.json").write_text(f'{{"format_version": 1, "type": "{kind}", {more}}}')
    with pytest.raises(ValueError, match=r"does not describe a .*odd.*Save it again"):
        load_tokenizer(tmp_path)
