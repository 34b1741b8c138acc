"""How SentencePiece models normalize a text before they cut it: rules by name, and their tables."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

MARK = "▁"  # U+2581, which stands for a space inside a model
LIBRARY = ("nmt_nfkc", "nmt_nfkc_cf", "nfkc", "nfkc_cf", "identity")
CLEAN = {"nfkc_clean": "nmt_nfkc", "nfkc_clean_cf": "nmt_nfkc_cf"}
RULES = (*CLEAN, *LIBRARY)

# Format characters that belong to words (the joiners of Persian and of Indian scripts), that say
# where a word ends (Thai, Khmer) or which way text runs, and the sign of a lost character.
_KEPT = "\u061c\u200b\u200c\u200e\u200f\ufffd"
_DROPPED = "\0\ufeff" + "".join(map(chr, range(0x80, 0xA0)))
_SPACES = "\x85"


def normalizer(rule: str) -> Any:
    r"""Returns the normalizer of a rule, for `SentencePieceTrainer.train(normalizer=...)`.

    Args:
        rule: one of `RULES`.

    Example:
        >>> from kseq2seq.text.normalization import normalizer
        >>> normalizer("nfkc_clean").Normalize("a\tﬁ\x00 ")
        '▁a▁fi'
    """
    import sentencepiece

    model = messages().ModelProto(normalizer_spec=specification(rule))
    return sentencepiece.SentencePieceNormalizer(
        model_proto=model.SerializeToString(),
        add_dummy_prefix=True,
        escape_whitespaces=True,
        remove_extra_whitespaces=rule != "identity",
    )


@cache
def specification(rule: str) -> Any:
    """Returns the `NormalizerSpec` of a rule, as a model file holds it."""
    spec = messages().NormalizerSpec()
    spec.CopyFrom(library_rule(CLEAN.get(rule, rule)))
    spec.name = rule
    spec.remove_extra_whitespaces = rule != "identity"
    if rule in CLEAN:
        charsmap = Charsmap(spec.precompiled_charsmap)
        changes = {
            **{character: character for character in _KEPT},
            **dict.fromkeys(_DROPPED, ""),
            **dict.fromkeys(_SPACES, " "),
        }
        for character, replacement in changes.items():
            charsmap[character] = replacement
        spec.precompiled_charsmap = charsmap.content()
    return spec


def library_rule(name: str) -> Any:
    """Returns the `NormalizerSpec` of a rule of the sentencepiece library."""
    import sentencepiece

    content = sentencepiece.SentencePieceNormalizer(rule_name=name).serialized_model_proto()
    return messages().ModelProto.FromString(content).normalizer_spec


def messages() -> Any:
    """Returns the module of the messages that a model file consists of."""
    from sentencepiece import sentencepiece_model_pb2

    return sentencepiece_model_pb2


_BLOCK = 256  # cells, one for each byte
_VALUE = 1 << 31  # the cell holds the offset of a replacement, and is no node
_LABEL = _VALUE | 0xFF
_LISTED = 1 << 8  # the node is the end of a key


class Charsmap:
    """The replacement of each sequence of bytes; of several that match, the longest counts.

    A file holds, one after the other:

    1. the size of a double-array trie in bytes, 4 bytes, little end first;
    2. the trie: an array of cells, 4 bytes each;
    3. all replacements, each closed by a zero byte.

    Nodes of the trie are cells, and a node has a base, an index into the array. Its child by the
    byte b is the cell `base XOR b`, if that is labeled b; where the node is the end of a key, the
    cell `base` holds the offset of the replacement. Nodes with the same continuations share a base.
    So a change first gives each node along its key a base and a block of cells of its own, and no
    other key is touched. A zero byte can be a key as well: the library reads such a table, though
    it can't make one.

    Args:
        content: `NormalizerSpec.precompiled_charsmap`.

    Example:
        >>> from kseq2seq.text.normalization import Charsmap
        >>> from kseq2seq.text.normalization import library_rule
        >>> charsmap = Charsmap(library_rule("nmt_nfkc").precompiled_charsmap)
        >>> charsmap["ﬁ"], charsmap[chr(0x200C)], charsmap["x"]
        ('fi', ' ', None)
        >>> charsmap["x"] = "y"
        >>> Charsmap(charsmap.content())["x"]
        'y'

    Source:
        Yata et al., "A Compact Static Double-Array Keeping Character Codes", 2007; cells are those
        of the Darts-clone library.
    """

    def __init__(self, content: bytes) -> None:
        size = int.from_bytes(content[:4], "little")
        self._cells: list[int] = np.frombuffer(content[4 : 4 + size], "<u4").tolist()
        self._replacements = bytearray(content[4 + size :])
        self._owned: set[int] = set()  # bases of nodes that have a block to themselves
        self._spares: list[int] = []  # bases for nodes without a child

    def __getitem__(self, key: str) -> str | None:
        """Returns what replaces a key; None if the key is not listed."""
        node = 0
        for byte in key.encode():
            child = self._child(node, byte)
            if child is None:
                return None
            node = child
        if not self._cells[node] & _LISTED:
            return None
        start = self._cells[self._base(node)] & ~_VALUE
        return self._replacements[start : self._replacements.index(0, start)].decode()

    def __setitem__(self, key: str, replacement: str) -> None:
        """Lists a key, or changes its replacement; a zero byte may be its first and no other."""
        if "\0" in key[1:] or not key or "\0" in replacement:
            raise ValueError(f"A key may begin with a zero byte and hold no other; got {key!r}.")
        # 1. Walk along the key; give each node children of its own, and make those that lack.
        node = 0
        for byte in key.encode():
            self._own(node)
            node = self._base(node) ^ byte
            if self._cells[node] & _LABEL != byte:  # free, in a block of its parent's own
                self._cells[node] = byte
                self._rebase(node, self._spare())

        # 2. Give the last node a base of its own, in whose cell the replacement's offset goes.
        if any(self._child(node, byte) is not None for byte in range(_BLOCK)):
            self._own(node)
        else:
            self._rebase(node, self._spare())
        self._cells[node] |= _LISTED
        self._cells[self._base(node)] = _VALUE | len(self._replacements)
        self._replacements += replacement.encode() + b"\0"

    def content(self) -> bytes:
        """Returns the table as a file has it."""
        trie = np.array(self._cells, "<u4").tobytes()
        return len(trie).to_bytes(4, "little") + trie + bytes(self._replacements)

    def _base(self, node: int) -> int:
        cell = self._cells[node]
        return node ^ ((cell >> 10) << ((cell & 0x200) >> 6))

    def _rebase(self, node: int, base: int) -> None:
        self._cells[node] = self._cells[node] & (_LABEL | _LISTED) | (node ^ base) << 10

    def _child(self, node: int, byte: int) -> int | None:
        child = self._base(node) ^ byte
        exists = child < len(self._cells) and self._cells[child] & _LABEL == byte
        return child if exists else None

    def _own(self, node: int) -> None:
        """Gives a node a base of its own, in a block of cells for its children alone."""
        if self._base(node) in self._owned:
            return
        children = [(byte, self._child(node, byte)) for byte in range(_BLOCK)]
        old, new = self._base(node), self._block().start
        self._owned.add(new)
        self._cells[new] = self._cells[old] if self._cells[node] & _LISTED else _VALUE
        self._rebase(node, new)
        for byte, child in children:
            if child is not None:
                self._cells[new ^ byte] = self._cells[child]
                self._rebase(new ^ byte, self._base(child))

    def _spare(self) -> int:
        """Returns a base that no other node has, for one without a child."""
        if not self._spares:
            self._spares = list(self._block())
        return self._spares.pop()

    def _block(self) -> range:
        """Appends cells that no search goes through, as no byte is their label."""
        first = -(-len(self._cells) // _BLOCK) * _BLOCK
        self._cells += [_VALUE] * (first + _BLOCK - len(self._cells))
        return range(first, first + _BLOCK)
