"""Writes the files of test/fixtures, by the libraries that the page must agree with.

Use: python test/fixtures.py
"""

from __future__ import annotations

import io
import json
import random
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece

from kseq2seq.disk.files import json_text
from kseq2seq.export.bundle import write_bundle
from kseq2seq.text import ByteTokenizer, CharacterTokenizer, JamoTokenizer, WordTokenizer
from kseq2seq.text.normalization import normalizer
from kseq2seq.text.tokenizer import Tokenizer

FOLDER = Path(__file__).with_name("fixtures")
NO_MODEL = b"\x1c\0\0\0TFL3" + bytes(range(256))  # like a flatbuffer's front
CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the dog sleeps on.",
    "A package provides shared libraries, header files and documentation.",
    "Le paquet fournit la documentation et les bibliothèques partagées.",
    "Où est le café ? L’été, il est près de l’église ; l’hiver, à côté.",
    "이 꾸러미는 문서와 라이브러리를 제공합니다. 빠른 갈색 여우가 개를 뛰어넘습니다.",
    "敏捷的棕色狐狸跳过了懒狗。速い茶色の狐がのろまな犬を飛び越えた。",
    "x = f(1, 2.50) + [3]*4; # see https://example.org/?a=b&c=d",
]


SENTENCEPIECE: dict[str, dict[str, Any]] = {
    "unigram": {
        "model_type": "unigram",
        "byte_fallback": True,
        "normalizer": normalizer("nfkc_clean"),
    },
    "bpe": {
        "model_type": "bpe",
        "byte_fallback": True,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
    },
    "unigram_whole": {
        "model_type": "unigram",
        "normalization_rule_name": "identity",
        "user_defined_symbols": ["[SEP]", "fox", "ﬁ", "  "],
        "treat_whitespace_as_suffix": True,
    },
    "bpe_whole": {
        "model_type": "bpe",
        "normalization_rule_name": "identity",
        "user_defined_symbols": ["[SEP]", "fox", "ﬁ"],
        "unk_surface": "\ufffd",
    },
}
NASTY = [
    *("", " ", "   ", "\t\n", "  both  ends  ", "a  b   c", "tabs\tand\nnew\r\nlines"),
    *("\u3000全角　スペース\u3000", "ｆｕｌｌ　ＷＩＤＴＨ", "①②③ ㎏ ㌔ ﬁ ﬂ ½", "ﷺ"),
    *("¨ ´ ¸", " ¨x", "ab¨cd", "\u200b", "\u200b\u200b x", "x\u200by", "\u2028\u2029"),
    *("\ufeffmark", "mid\ufeffmark", "\u00adsoft", "\u00a0hard\u00a0", "\0nul\0", "\x01\x02\x7f"),
    *("▁", "▁▁a▁b▁", "a ▁ b", "<s> </s> <unk> <pad>", "<0x41><0x0A>", "İıŞş ẛ\u0323"),
    *("e\u0301 é", "a\u0301\u0302\u0323", "\u1100\u1161\u11a8 각", "e\u0301\u0327"),
    *("🐕\u200d🦺 👩\u200d👩\u200d👧\u200d👦 🇫🇷", "𝕳𝖊𝖑𝖑𝖔", "\U0010ffff\ud7ff\ue000"),
    *("العربية", "हिन्दी", "ไทย", "עברית", "[SEP]", "[SEP][SEP]x[SEP", "foxfoxfo", " [SEP] "),
    *("    return  x", "\t if", "می\u200cخواهم", "a\u200eb\u061c", "a\x85b\x80\x9f"),
    *("\0\0 \0a", "\ufffd"),
    *("a" * 200, "é" * 60, "🐕" * 20, "the " * 30),
]  # fmt: skip


def main() -> None:
    """Writes a file for each tokenizer, two odd files, and the expected ids and texts."""
    FOLDER.mkdir(exist_ok=True)
    draw = random.Random(0)
    lines = [*CORPUS, *NASTY]
    lines += [mixed(draw) for _ in range(100)]
    lines += [noise(draw) for _ in range(60)]
    made: dict[str, dict[str, Any]] = {}
    for name, settings in SENTENCEPIECE.items():
        model = trained(**settings)
        write(name, {"tokenizer.json": described("sentencepiece"), "spm.model": model})
        library = sentencepiece.SentencePieceProcessor(model_proto=model)
        made[name] = expected(draw, lines, library.vocab_size(), library.encode, library.decode)
    ours = {
        "bytes": ByteTokenizer(),
        "characters": CharacterTokenizer("".join(CORPUS)),
        "jamo": JamoTokenizer.train(CORPUS),
        "words": WordTokenizer.train(CORPUS),
    }
    for name, tokenizer in ours.items():
        with tempfile.TemporaryDirectory() as scratch:
            tokenizer.save(scratch)
            write(name, {path.name: path.read_bytes() for path in Path(scratch).iterdir()})
        size = tokenizer.vocabulary_size
        made[name] = expected(
            draw, lines, size, partial(ids_of, tokenizer), partial(text_of, tokenizer)
        )
    cases = json.dumps({"lines": lines, "tokenizers": made}, ensure_ascii=False)
    (FOLDER / "cases.json").write_text(cases, encoding="utf-8")
    odd_files()


def ids_of(tokenizer: Tokenizer, line: str) -> list[int]:
    """Returns the ids of one line."""
    return tokenizer.tokenize([line]).to_list()[0]


def text_of(tokenizer: Tokenizer, ids: list[int]) -> str:
    """Returns the text of one row of ids."""
    return tokenizer.detokenize(np.array([ids], "int32").reshape(1, -1)).numpy()[0].decode()


def trained(**settings: Any) -> bytes:
    """Returns a small SentencePiece model with the special ids of kseq2seq."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=model,
        vocab_size=500,
        hard_vocab_limit=False,
        character_coverage=0.98,
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        num_threads=1,
        minloglevel=2,
        **settings,
    )
    return model.getvalue()


def expected(
    draw: random.Random,
    lines: list[str],
    size: int,
    encode: Callable[[str], list[int]],
    decode: Callable[[list[int]], str],
) -> dict[str, Any]:
    """Returns the ids of all lines, and the texts of these ids and of ids drawn at random."""
    ids = [encode(line) for line in lines]
    text_ids = [4 + draw.randrange(min(size, 260) - 4) for _ in range(240)]
    drawn = [text_ids[at : at + draw.randint(1, 9)] for at in range(0, 240, 4)]
    drawn += [[3 + draw.randrange(size - 3) for _ in range(6)] for _ in range(60)]
    return {
        "ids": ids,
        "texts": [decode(row) for row in ids],
        "drawn": [[row, decode(row)] for row in drawn],
    }


def mixed(draw: random.Random) -> str:
    """Returns words of the corpus among nasty ones."""
    words = [word for line in CORPUS for word in line.split()] + NASTY[:40]
    return draw.choice([" ", " ", ""]).join(draw.choice(words) for _ in range(draw.randint(1, 8)))


def noise(draw: random.Random) -> str:
    """Returns characters from all over Unicode, surrogates left out."""
    ranges = [(1, 0x250), (0x300, 0x370), (0x1100, 0x1200), (0x2000, 0x2200), (0x3040, 0x3100),
              (0xAC00, 0xAC80), (0xF900, 0xFB10), (0xFF00, 0xFF60), (0x1F400, 0x1F450)]  # fmt: skip
    return "".join(chr(draw.randrange(*draw.choice(ranges))) for _ in range(draw.randint(1, 20)))


def described(kind: str) -> bytes:
    """Returns a JSON file that names a type."""
    return json_text({"type": kind}).encode()


def write(name: str, files: dict[str, bytes]) -> None:
    """Writes an exported file without a model, with one tokenizer on both sides."""
    archived = {
        f"{side}_tokenizer/{file}": data
        for side in ("source", "target")
        for file, data in files.items()
    }
    archived |= {f"{side}.json": described("text") for side in ("source", "target")}
    record = {"special": {"padding": 0, "start": 1, "end": 2, "unknown": 3}}
    write_bundle(FOLDER / f"{name}.tflite", NO_MODEL, archived, record)


def odd_files() -> None:
    """Writes a file of a newer format, and one as another zip tool would write it."""
    bundle = FOLDER / "bytes.tflite"
    for name, version, method in (
        ("newer", 2, zipfile.ZIP_DEFLATED),
        ("rezipped", 1, zipfile.ZIP_STORED),
    ):
        packed = io.BytesIO()  # offsets count from the archive's own beginning
        with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(packed, "w", method) as new:
            for entry in old.namelist():
                data = old.read(entry)
                if entry == "kseq2seq.json":
                    data = json.dumps({**json.loads(data), "format_version": version}).encode()
                new.writestr(zipfile.ZipInfo(entry), data, compress_type=method)
            new.comment = b"with a comment, PK\x05\x06 in it"
        (FOLDER / f"{name}.tflite").write_bytes(NO_MODEL + packed.getvalue())


if __name__ == "__main__":
    main()
