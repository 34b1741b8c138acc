import pytest

from kseq2seq.text import (
    ByteTokenizer,
    CharacterTokenizer,
    SentencePieceTokenizer,
    WordPieceTokenizer,
    load_tokenizer,
)

TEXTS = ["the quick fox", "", "나는 학교에 갑니다", "the dog"]
MAKE = {
    "bytes": ByteTokenizer,
    "characters": lambda: CharacterTokenizer.train([*TEXTS, '\n\r\u2028\x85\\"']),
    "sentencepiece": lambda: SentencePieceTokenizer.train(TEXTS, 300),
    "wordpiece": lambda: WordPieceTokenizer.train(TEXTS, 100),
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
        ('{"format_version": 1}', "type None; the known ones are"),
        ('{"format_version": 1, "type": ["bytes"]}', "the known ones are"),
        ('{"format_version": 1, "type": "os.system"}', "'os.system'; the known ones are"),
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
    with pytest.raises(ValueError, match=message):
        load_tokenizer(tmp_path)


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json is missing"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("kind", "name"), [("sentencepiece", "spm.model"), ("wordpiece", "vocabulary.txt")]
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
