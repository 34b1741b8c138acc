"""What the core asks of a source and of a target, whatever the sense."""

from __future__ import annotations

from kseq2seq.contracts.array_source import ArraySource
from kseq2seq.contracts.saved import (
    SOURCES,
    TARGETS,
    register_source,
    register_target,
)
from kseq2seq.contracts.source import TOO_LONG, Source, Spec
from kseq2seq.contracts.target import Target, shift_right

__all__ = [
    "SOURCES",
    "TARGETS",
    "TOO_LONG",
    "ArraySource",
    "Source",
    "Spec",
    "Target",
    "register_source",
    "register_target",
    "shift_right",
]
