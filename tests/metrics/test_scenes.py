import pytest

from kseq2seq.metrics import exact_match, scene_parts, scene_relation

REFERENCES = ["cat left of dog", "나무 위에 개", "cat inside cat"]


def test_parts_count_wherever_they_are_named():
    assert scene_parts(["dog above cat", "나무 왼쪽에 고양이", "cat"], REFERENCES) == pytest.approx(
        100 * (1 + 0.5 + 0.5) / 3
    )
    assert scene_parts(REFERENCES, REFERENCES) == 100
    assert scene_parts(["", "", ""], REFERENCES) == 0


def test_relations_count_whatever_the_parts():
    captions = ["dog left of cow", "개 왼쪽에 나무", ""]
    assert scene_relation(captions, REFERENCES) == pytest.approx(100 / 3)
    assert scene_relation(REFERENCES, REFERENCES) == exact_match(REFERENCES, REFERENCES) == 100


def test_the_best_of_several_references_counts():
    assert scene_parts(["cat above dog"], [["a left of b", "dog above cat"]]) == 100
    assert scene_relation(["cat above dog"], [["a left of b", "dog above cat"]]) == 100


def test_numbers_must_agree():
    for captions, references in ((["a"], ["a", "b"]), ([], [])):
        with pytest.raises(ValueError, match="one reference"):
            scene_parts(captions, references)
