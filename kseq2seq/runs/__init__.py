"""Training runs that survive, are recorded, and are compared in a table.

    python -m kseq2seq.runs saved_models --sort val_bleu

`Run` and `Record` are loaded on first use: the table needs neither TensorFlow nor Keras.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kseq2seq.runs.records import KeptRun, add_scores, read_runs
from kseq2seq.runs.table import less_is_better, main, runs_table

if TYPE_CHECKING:
    from kseq2seq.runs.record import Record
    from kseq2seq.runs.run import Run

__all__ = [
    "KeptRun",
    "Record",
    "Run",
    "add_scores",
    "less_is_better",
    "main",
    "read_runs",
    "runs_table",
]
_LATE = {"Record": "kseq2seq.runs.record", "Run": "kseq2seq.runs.run"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'kseq2seq.runs' has no attribute {name!r}")
    return getattr(importlib.import_module(_LATE[name]), name)
