"""Sources and targets on disk."""

import json
import subprocess
import sys
from typing import ClassVar

import pytest

from kseq2seq.contracts import Source, register_source
from kseq2seq.text import FIELD_SYMBOLS, ByteTokenizer, LabelTarget, TextSource


def test_the_packages_own_are_known_without_an_import(tmp_path):
    TextSource(ByteTokenizer(), 5).save(tmp_path)
    LabelTarget(["a"]).save(tmp_path)
    loads = (
        "import sys; from kseq2seq.contracts import Source, Target; "
        "print(type(Source.load(sys.argv[1])).__name__, type(Target.load(sys.argv[1])).__name__)"
    )
    made = subprocess.run(
        [sys.executable, "-c", loads, tmp_path], capture_output=True, text=True, check=True
    )
    assert made.stdout.split() == ["TextSource", "LabelTarget"]


def test_each_class_says_which_of_its_fields_came_later(tmp_path):
    @register_source("later-test")
    class Deep(TextSource):
        later: ClassVar = {"depth": 3}

        def record(self):
            return {"format_version": 3, **super().record(), "depth": 1}

        def __init__(self, tokenizer, max_length, depth=1):
            super().__init__(tokenizer, max_length)

    Deep(ByteTokenizer(), 5).save(tmp_path)
    assert type(Source.load(tmp_path)) is Deep
    path = tmp_path / "source.json"
    record = json.loads(path.read_text())
    for other in ("text", "nothing", ["text"]):  # of which no version 3 is known
        path.write_text(json.dumps({**record, "type": other, "fields": True}))
        with pytest.raises(ValueError, match="newer kseq2seq"):
            Source.load(tmp_path)
    assert "later" not in vars(Source)


def test_sources_that_keep_fields_are_of_the_second_format(tmp_path):
    source = TextSource(ByteTokenizer(FIELD_SYMBOLS), 5, fields=True)
    source.save(tmp_path)
    assert json.loads((tmp_path / "source.json").read_text())["format_version"] == 2
    assert Source.load(tmp_path).fields and source.fills
    assert not TextSource(ByteTokenizer(), 5).fills
