"""What tells one set of weights from another."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np


def fingerprint(model: Any) -> str:
    """Returns a SHA-256 over a model's variables, in their order.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding.fingerprint import fingerprint
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> fingerprint(model) == fingerprint(model)
        True
    """
    digest = hashlib.sha256()
    for variable in model.variables:
        digest.update(np.ascontiguousarray(variable).tobytes())
    return digest.hexdigest()
