"""Training runs: they resume, are recorded, and are compared in a table.

    python -m kseq2seq.runs saved_models --sort val_bleu

`Run` and `Record` are loaded on first use: the table needs neither TensorFlow nor Keras.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kseq2seq.deprecation import moved
from kseq2seq.runs.records import RecordedRun, add_scores, read_runs
from kseq2seq.runs.table import less_is_better, main, runs_table

if TYPE_CHECKING:
    from kseq2seq.runs.record import Record
    from kseq2seq.runs.run import Run

__all__ = [
    "Record",
    "RecordedRun",
    "Run",
    "add_scores",
    "less_is_better",
    "main",
    "read_runs",
    "runs_table",
]
_LATE = {"Record": "kseq2seq.runs.record", "Run": "kseq2seq.runs.run"}
_renamed = moved(__name__, {"KeptRun": "kseq2seq.runs.RecordedRun"})


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        return _renamed(name)
    return getattr(importlib.import_module(_LATE[name]), name)
