"""Pictures: where a model looked, and how its training went."""

from typing import Any

from kseq2seq.plot.alignment import alignment
from kseq2seq.plot.attention import attention
from kseq2seq.plot.curves import curves

__all__ = ["alignment", "attention", "curves"]

_DRAWINGS = ("Block", "Column", "Group", "Link", "Outline", "model", "outline")


def __getattr__(name: str) -> Any:
    if name in _DRAWINGS:
        raise AttributeError(
            f"kseq2seq.plot.{name} was removed: Keras draws models. Use "
            "keras.utils.plot_model(model, 'model.png', show_shapes=True), which needs Graphviz "
            "and pydot (pip install 'kseq2seq[plot]')."
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {__all__}")
