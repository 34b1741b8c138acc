"""Symbols inside a SentencePiece model: each is a character that no text has."""

from __future__ import annotations

import re
from collections.abc import Iterable

import tensorflow as tf

from kseq2seq.text.normalization import MARK, messages
from kseq2seq.text.symbols import Symbols, cut_at
from kseq2seq.text.tokenizer import REPLACEMENT

FIRST = 0x108000  # of plane 16, for private use
_TAKEN = {"<pad>", "<s>", "</s>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))}


class Placeholders(tf.Module):
    """Replaces each symbol by one character of its own, and puts the symbol back.

    The library may cut a user-defined piece of several characters where other pieces score higher,
    more often when it draws a segmentation, and normalizes away the white space in it. A single
    character can't be cut, and normalization leaves those for private use as they are. A text that
    has one of the placeholders itself loses it to U+FFFD.

    A model file names user-defined pieces by their symbols, which other programs read as well.
    Where it has a piece of that name already, learned from letters that normalization changes, the
    name in the file is the placeholder.

    Args:
        names: the symbols.

    Raises:
        TypeError, ValueError: as for `Symbols`; or one is the name of a piece in each model.

    Example:
        >>> from kseq2seq.text.placeholders import Placeholders
        >>> placeholders = Placeholders(["<ko>", "<en>"])
        >>> placeholders.put("<en>a")
        '\U00108001a'
        >>> placeholders.back(placeholders.hide(tf.constant(["<en>a"]))).numpy()
        array([b'<en>a'], dtype=object)
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.symbols = Symbols(names, taken=_TAKEN)
        own = self.symbols.names
        self.characters = "".join(chr(FIRST + index) for index in range(len(own)))
        strange = [name for name in own if set(name) & set(self.characters)]
        if strange:
            raise ValueError(
                f"Symbol {strange[0]!a} has a character that stands for a symbol inside the model. "
                f"Choose one without the characters from U+{FIRST:X} on."
            )
        self._of = dict(zip(own, self.characters, strict=True))
        self._own = re.compile(f"[{self.characters[0]}-{self.characters[-1]}]")
        self._pattern = rf"([\x{{{FIRST:X}}}-\x{{{FIRST + len(own) - 1:X}}}])"

    @property
    def names(self) -> tuple[str, ...]:
        """The symbols."""
        return self.symbols.names

    def put(self, text: str) -> str:
        """Returns a text with the placeholders of its symbols; not in graph."""
        parts = self.symbols.split(self._own.sub(REPLACEMENT, text))
        parts[1::2] = [self._of[name] for name in parts[1::2]]
        return "".join(parts)

    def name(self, piece: str) -> str:
        """Returns the symbol of a piece that is a placeholder, or else the piece."""
        index = ord(piece) - FIRST if len(piece) == 1 else -1
        return self.names[index] if 0 <= index < len(self.characters) else piece

    def hide(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns texts (N,) with the placeholders of their symbols; in graph."""
        texts = tf.strings.regex_replace(texts, self._pattern, REPLACEMENT)
        parts, which = self.symbols.cut(texts)
        characters = tf.gather(list(self.characters), tf.maximum(which, 0))
        hidden = tf.where(which < 0, parts.flat_values, characters)
        return tf.strings.reduce_join(parts.with_flat_values(hidden), axis=-1)

    def back(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns texts (N,) with the symbols of their placeholders; in graph."""
        parts, matched = cut_at(texts, self._pattern)
        codes = tf.strings.unicode_decode(tf.where(matched, parts.flat_values, ""), "UTF-8")
        names = tf.gather(list(self.names), codes.flat_values - FIRST)
        names = tf.strings.reduce_join(codes.with_flat_values(names), axis=-1)
        shown = tf.where(matched, names, parts.flat_values)
        return tf.strings.reduce_join(parts.with_flat_values(shown), axis=-1)

    def inside(self, model: bytes) -> bytes:
        """Returns a model with the placeholders as its user-defined pieces.

        Raises:
            ValueError: the model lacks a symbol.
        """
        proto = messages().ModelProto.FromString(model)
        own = {piece.piece: piece for piece in proto.pieces if piece.type == piece.USER_DEFINED}
        for name, character in self._of.items():
            known = next((one for one in (character, _in_file(name), name) if one in own), None)
            if known is None:
                raise ValueError(
                    f"`symbols` must be user-defined pieces of the model; {name!r} is none. Train "
                    "the model with it."
                )
            own.pop(known).piece = character
        return proto.SerializeToString()

    def outside(self, model: bytes) -> bytes:
        """Returns a model with its placeholders named as the symbols, where they can be."""
        proto = messages().ModelProto.FromString(model)
        taken = {piece.piece for piece in proto.pieces}
        names = {}
        for name, character in self._of.items():
            kept = _in_file(name) in taken or "\0" in name  # the library reads no such piece
            names[character] = character if kept else _in_file(name)
            taken.add(names[character])
        for piece in proto.pieces:
            piece.piece = names.get(piece.piece, piece.piece)
        proto.trainer_spec.user_defined_symbols[:] = names.values()
        return proto.SerializeToString()


def _in_file(name: str) -> str:
    return name.replace(" ", MARK)
