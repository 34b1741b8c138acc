"""What the core asks of a source and of a target, whatever they are: text, audio, arrays."""

from __future__ import annotations

from kseq2seq.contracts.array_source import ArraySource
from kseq2seq.contracts.saved import SOURCES as SOURCES
from kseq2seq.contracts.saved import TARGETS as TARGETS
from kseq2seq.contracts.saved import register_source, register_target
from kseq2seq.contracts.source import TOO_LONG as TOO_LONG
from kseq2seq.contracts.source import Source
from kseq2seq.contracts.source import Spec as Spec
from kseq2seq.contracts.target import Target, shift_right

__all__ = [
    "ArraySource",
    "Source",
    "Target",
    "register_source",
    "register_target",
    "shift_right",
]
