"""Heads that users derive from those of the package."""

import keras
import pytest

from kseq2seq import SpecialTokens, build_model
from kseq2seq.heads import HEADS, Ctc, Joint, Labels, register_head
from kseq2seq.text import ByteTokenizer, WordSource


def test_a_head_derived_from_ours_stays_what_it_is_beside_sources_and_targets(tmp_path):
    class Sides:
        special, closes, size = SpecialTokens(), True, 6

    def scaled(base):
        class Scaled(base):
            def __init__(self, scale: float = 2.0, **kwargs):
                super().__init__(**kwargs)
                self.scale = scale

        return register_head(f"test_scaled_{base.kind}")(Scaled)

    kinds = {base: scaled(base) for base in (Labels, Ctc, Joint)}
    try:
        source = WordSource(ByteTokenizer(), 9)
        for base, given in ((Labels, {"crf": True}), (Ctc, {}), (Joint, {"weight": 0.5})):
            sides = (source, 6) if base is Labels else (9, Sides())
            model = build_model("gru", *sides, head=kinds[base](scale=3.0, **given), hidden_dim=4)
            set_by_sides = {"items": True} if base is Labels else {"end": 2}
            assert type(model.head) is kinds[base]
            assert model.head.config() == {"scale": 3.0, **given, **set_by_sides}
            model.save(tmp_path / "model.keras")
            loaded = keras.saving.load_model(tmp_path / "model.keras")
            assert loaded.head.config() == model.head.config()
        with pytest.raises(ValueError, match="has no setting `crv`; it has scale, crf, items"):
            build_model("gru", 9, 6, head={"head": "test_scaled_labels", "crv": True})
    finally:
        for base in kinds:
            HEADS._classes.pop(f"test_scaled_{base.kind}", None)
