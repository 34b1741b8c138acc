"""Draws every architecture for docs/architectures.md, from the models themselves.

Run from a checkout: `python tools/draw_architectures.py`; it writes docs/images/NAME.png.
"""

from pathlib import Path

from drawing.layout import layout
from drawing.outline import outline
from drawing.pen import draw
from kseq2seq import build_model
from kseq2seq.models import ARCHITECTURES, Luong, Transformer

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZES = {
    "lstm": {"num_layers": 2, "reverse_source": True},
    "convolutional": {"num_layers": 8},
    "transformer": {"hidden_dim": 512, "num_layers": 6, "norm": "post"},
    "conformer": {"num_layers": 12},
    "decoder_only": {"num_layers": 6},
    "hybrid": {"encoder": Transformer(num_layers=6), "decoder": Luong()},
    "masked_lm": {"num_layers": 6},
    "crnn": {"head": "ctc"},
    "image": {"head": "label"},
}
SOURCES = {  # of those that read no ids
    "image": {"source": ((96, 96, 3), "float32")},
    "crnn": {"source": ((None, 32), "float32"), "source_mask": ((None,), "int32")},
}


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, kind in ARCHITECTURES.items():
        target = 8000 if kind.needs_target else None
        model = build_model(name, SOURCES.get(name, 8000), target, **SIZES.get(name, {}))
        draw(layout(outline(model))).savefig(IMAGES / f"{name}.png", facecolor="white")
        print(f"docs/images/{name}.png: {model.count_params():,} parameters")


if __name__ == "__main__":
    main()
