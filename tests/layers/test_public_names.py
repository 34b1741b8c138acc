"""Names that users could import from the layers, under their homes of today."""

from __future__ import annotations

import pytest

from kseq2seq import layers

MOVED = {
    "Adaptable": "kseq2seq.layers.adaptable",
    "DEVIATION": None,
    "POSITIONS": None,
    "Positions": "kseq2seq.layers.position_schemes",
    "ROOT_HALF": None,
    "apply_changes": "kseq2seq.layers.changes",
    "changes_of": "kseq2seq.layers.changes",
    "first_places": "kseq2seq.layers.segments",
    "for_heads": "kseq2seq.layers.attention",
    "grow_cache": "kseq2seq.layers.attention",
    "look_up": "kseq2seq.layers.token_embedding",
    "maxout": "kseq2seq.decoders.recurrent",
    "reverse": "kseq2seq.layers.recurrence",
    "revision": "kseq2seq.layers.adaptable",
    "together": "kseq2seq.layers.segments",
    "watch": "kseq2seq.layers.adaptable",
    "write_cache": "kseq2seq.layers.attention",
}


@pytest.mark.parametrize("name", MOVED)
def test_old_names_are_found_with_a_warning(name):
    with pytest.warns(FutureWarning, match=rf"kseq2seq.layers.{name} is kseq2seq"):
        value = getattr(layers, name)
    assert getattr(value, "__module__", None) == MOVED[name]


def test_what_is_public_is_there():
    assert all(hasattr(layers, name) for name in layers.__all__)
    assert layers.POSITION_SCHEMES == ("sinusoidal", "learned", "rotary", "shaw", "alibi", "t5")
