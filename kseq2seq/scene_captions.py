"""What captions of scenes say of two things, in English and Korean."""

from __future__ import annotations

from typing import NamedTuple

# Relation -> what stands between the names: after the first in English, after the second in Korean.
RELATIONS = {
    "en": {"left": " left of ", "above": " above ", "inside": " inside "},
    "ko": {"left": " 왼쪽에 ", "above": " 위에 ", "inside": " 안에 "},
}


class Scene(NamedTuple):
    """What a caption of a scene says.

    Attributes:
        first: the name of the emoji that lies left of, above or inside the other.
        relation: one of "left", "above" and "inside"; None if the caption names none.
        second: the name of the other; "" without a relation.
    """

    first: str
    relation: str | None
    second: str

    def caption(self, language: str) -> str:
        """Returns it as a sentence of a language.

        Example:
            >>> from kseq2seq.scene_captions import Scene
            >>> Scene("사과", "left", "나무").caption("ko")
            '나무 왼쪽에 사과'
        """
        assert self.relation is not None
        between = RELATIONS[language][self.relation]
        names = (self.first, self.second)
        return between.join(names if language == "en" else reversed(names))


def read_caption(caption: str) -> Scene:
    """Returns what a caption of either language says; one without a relation is a single name.

    Example:
        >>> from kseq2seq.scene_captions import read_caption
        >>> read_caption("red apple left of tree")
        Scene(first='red apple', relation='left', second='tree')
    """
    for language, relations in RELATIONS.items():
        for relation, between in relations.items():
            names = caption.split(between)
            if len(names) == 2:
                first, second = names if language == "en" else reversed(names)
                return Scene(first, relation, second)
    return Scene(caption, None, "")
