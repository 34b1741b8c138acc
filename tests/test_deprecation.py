"""Old names work, and warn."""

import pytest

from kseq2seq import build_model
from kseq2seq.deprecation import moved, renamed


@renamed(width="beam_width", count="n_best")
def search(beam_width=4, n_best=1):
    return beam_width, n_best


def test_an_old_keyword_works_and_warns_at_the_caller():
    with pytest.warns(
        FutureWarning, match=r"`width` of search\(\) was renamed to `beam_width`"
    ) as seen:
        assert search(width=2) == (2, 1)
    assert seen[0].filename == __file__


def test_an_old_size_of_a_model_warns_at_the_caller_of_build_model():
    sizes = {"hidden_dim": 4, "num_layers": 1, "num_heads": 1}
    with pytest.warns(FutureWarning, match=r"renamed to `position_scheme`") as seen:
        build_model("transformer", 9, 9, positions="rotary", **sizes)
    assert [one.filename for one in seen] == [__file__]


def test_new_keywords_and_positions_do_not_warn(recwarn):
    assert search(3, n_best=2) == (3, 2)
    assert not recwarn.list


def test_both_names_are_refused():
    with pytest.raises(TypeError, match="Pass `beam_width`"):
        search(width=2, beam_width=3)


def test_a_class_takes_old_keywords():
    @renamed(width="beam_width")
    class Beam:
        def __init__(self, beam_width):
            self.beam_width = beam_width

    with pytest.warns(FutureWarning, match=r"Beam\(\)"):
        assert Beam(width=5).beam_width == 5


def test_a_moved_name_is_found_and_warns():
    look_up = moved("kseq2seq.old", {"Best": "kseq2seq.decoding.Beam"})
    with pytest.warns(FutureWarning, match=r"kseq2seq\.old\.Best is kseq2seq\.decoding\.Beam"):
        assert look_up("Best").__name__ == "Beam"
    with pytest.raises(AttributeError, match="no attribute 'Worst'"):
        look_up("Worst")
