from __future__ import annotations

import itertools
import sys

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from drawing.layout import layout
from drawing.outline import outline
from drawing.pen import draw
from kseq2seq import build_model
from kseq2seq.models import ARCHITECTURES

BAHDANAU = {"architecture": "bahdanau", "hidden_dim": 64, "num_layers": 2}

# Every architecture, with what fills its drawing most.
DRAWN = {
    "rnn": ("rnn", {}),
    "lstm": ("lstm", {"num_layers": 4, "reverse_source": True}),
    "lstm-residual": ("lstm", {"num_layers": 4, "bidirectional": True, "residual": True}),
    "gru": ("gru", {"num_layers": 2}),
    "bahdanau": ("bahdanau", {"num_layers": 3, "residual": True}),
    "luong": ("luong", {"num_layers": 3, "bidirectional": True, "residual": True}),
    "convolutional": ("convolutional", {"num_layers": 2}),
    "transformer": ("transformer", {"num_layers": 2, "positions": "t5", "activation": "swiglu"}),
    "transformer-post": ("transformer", {"num_layers": 1, "decoder_layers": 2, "norm": "post"}),
    "conformer": ("conformer", {"num_layers": 2}),
    "decoder_only": ("decoder_only", {"num_layers": 2, "positions": "learned"}),
    "masked_lm": ("masked_lm", {"num_layers": 2, "positions": "learned"}),
    "hybrid": ("hybrid", {"encoder": "convolutional", "decoder": BAHDANAU}),
    "crnn": ("crnn", {"head": "ctc"}),
    "image": ("image", {"head": "label"}),
}
SOURCES = {  # of those that read no ids
    "image": {"source": ((96, 96, 3), "float32")},
    "crnn": {"source": ((None, 32), "float32"), "source_mask": ((None,), "int32")},
}


@pytest.fixture(scope="module")
def small():
    return build_model("luong", source=20, target=30, hidden_dim=8)


@pytest.fixture(scope="module", params=DRAWN)
def page(request):
    architecture, sizes = DRAWN[request.param]
    target = None if architecture == "masked_lm" else 8000
    dim = {} if architecture == "hybrid" else {"hidden_dim": 64}
    source = SOURCES.get(architecture, 8000)
    made = build_model(architecture, source=source, target=target, **dim, **sizes)
    return layout(outline(made))


def extents(figure):
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = figure.axes[0].texts
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts]


def test_every_architecture_is_drawn_here():
    assert {architecture for architecture, _ in DRAWN.values()} == set(ARCHITECTURES)


def test_texts_and_links_keep_clear_of_each_other(page):
    figure = draw(page)
    dots = figure.dpi
    texts = extents(figure)
    for (one, box), (other, also) in itertools.combinations(texts, 2):
        assert not box.overlaps(also), f"{one!r} lies over {other!r}"
    for text, box in texts:
        assert box.x0 > 0 and box.x1 < page.width * dots, f"{text!r} leaves the page"
        assert box.y0 > 0 and box.y1 < page.height * dots, f"{text!r} leaves the page"
    parts = [*page.stacks, page]
    notes = {words.text for part in parts for words in part.words}
    for wire in [wire for part in parts for wire in part.wires]:
        for start, end in itertools.pairwise(wire.points):
            low, high = sorted((start[0] * dots, end[0] * dots))
            bottom, top = sorted((start[1] * dots, end[1] * dots))
            for text, box in texts:
                apart = low > box.x1 or high < box.x0 or bottom > box.y1 or top < box.y0
                assert text not in notes or apart, f"a link runs over {text!r}"


def test_boxes_keep_clear_of_each_other(page):
    boxes = [box for laid in page.stacks for box in laid.boxes.values()] + page.boxes
    for one, other in itertools.combinations(boxes, 2):
        beside = abs(one.x - other.x) >= (one.width + other.width) / 2
        assert beside or one.top < other.bottom or other.top < one.bottom
    assert {box.block.name for box in boxes} == {
        block.name
        for laid in page.stacks
        for group in (*laid.column.groups, *laid.column.aside)
        for block in group.blocks
    }


def test_links_turn_at_right_angles(page):
    for part in (*page.stacks, page):
        for wire in part.wires:
            for (x0, y0), (x1, y1) in itertools.pairwise(wire.points):
                assert abs(x0 - x1) < 1e-9 or abs(y0 - y1) < 1e-9


def test_what_is_written(small):
    texts = [text.get_text() for text in draw(layout(outline(small))).axes[0].texts]
    assert texts.count("Embedding") == 2
    assert {
        "Luong",
        f"{small.count_params():,} parameters",
        "Encoder",
        "Decoder",
        "Source tokens",
        "(B, S)",
        "Target tokens, shifted right",
        "(B, T)",
        "(B, S, 8)",
        "Logits",
        "(B, T, 30)",
        "General attention",
        "20 × 8 · 160",
        "tanh · 16 → 8 · 128",
        "initial state",
        "to the next step",
    } <= set(texts)


def test_a_source_without_tokens_is_drawn_with_its_shape():
    image = build_model("image", SOURCES["image"], 20, head="label", channels=8)
    line = build_model("crnn", SOURCES["crnn"], 20, head="ctc", hidden_dim=8)
    for model, shape in ((image, "(B, 96, 96, 3)"), (line, "(B, S, 32)")):
        texts = {text.get_text() for text in draw(layout(outline(model))).axes[0].texts}
        assert {"Source", shape} <= texts and "Source tokens" not in texts


def test_only_links_that_are_there_are_explained():
    sizes = {"hidden_dim": 8, "num_heads": 2, "num_layers": 2, "decoder_layers": 1}
    model = build_model("transformer", source=20, target=20, **sizes)
    texts = [text.get_text() for text in draw(layout(outline(model))).axes[0].texts]
    assert "× 2" in texts
    assert "initial state" not in texts
    assert "8 → 20 · tied" in texts
    assert not any("shared" in text for text in texts)  # tied to its own embedding


def test_the_outline_needs_no_matplotlib(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert outline(small).title == "Luong"


def test_no_window_toolkit_is_loaded(small):
    loaded = "matplotlib.pyplot" in sys.modules
    draw(layout(outline(small)))
    assert ("matplotlib.pyplot" in sys.modules) == loaded
