"""Raw text to tensors and back: tokenizers, sources, targets."""

from __future__ import annotations

from kseq2seq.text.backbone_tokenizer import BackboneTokenizer
from kseq2seq.text.bytes import ByteTokenizer
from kseq2seq.text.character_word_source import CharacterWordSource
from kseq2seq.text.characters import CharacterTokenizer
from kseq2seq.text.fields import FIELD_SYMBOLS, hidden_pairs
from kseq2seq.text.jamo import JamoTokenizer
from kseq2seq.text.label_target import LabelTarget
from kseq2seq.text.languages import language_of, language_symbol, without_language
from kseq2seq.text.line_breaks import line_breaks
from kseq2seq.text.sentencepiece import SentencePieceTokenizer
from kseq2seq.text.sentences import split_sentences
from kseq2seq.text.source import TextSource
from kseq2seq.text.target import TextTarget
from kseq2seq.text.tokenizer import Tokenizer, load_tokenizer, register_tokenizer
from kseq2seq.text.turns import TURN, TurnsSource
from kseq2seq.text.word_source import WordSource
from kseq2seq.text.wordpiece import WordPieceTokenizer
from kseq2seq.text.words import WordTokenizer

__all__ = [
    "FIELD_SYMBOLS",
    "TURN",
    "BackboneTokenizer",
    "ByteTokenizer",
    "CharacterTokenizer",
    "CharacterWordSource",
    "JamoTokenizer",
    "LabelTarget",
    "SentencePieceTokenizer",
    "TextSource",
    "TextTarget",
    "Tokenizer",
    "TurnsSource",
    "WordPieceTokenizer",
    "WordSource",
    "WordTokenizer",
    "hidden_pairs",
    "language_of",
    "language_symbol",
    "line_breaks",
    "load_tokenizer",
    "register_tokenizer",
    "split_sentences",
    "without_language",
]
