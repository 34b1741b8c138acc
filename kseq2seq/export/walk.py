"""A target walked along an exported file's single steps."""

from __future__ import annotations

import numpy as np

from kseq2seq.export.interpreter import Signatures


def walk(
    signatures: Signatures, source: dict[str, np.ndarray], target: np.ndarray, start: int
) -> np.ndarray:
    """Returns how likely `encode` and `decode_step` hold each token of a target.

    Args:
        signatures: the file's.
        source: as `encode` takes it.
        target: int (T,), its end included.
        start: the id before the first token.

    Returns:
        float64 (T,), log-probabilities in nats.
    """
    carried = signatures("encode", **source)
    log_probs = []
    before = start
    for position, token in enumerate(target.tolist()):
        inputs = {"token": np.array([before], "int32"), "position": np.array([position], "int32")}
        step = signatures("decode_step", **inputs, **carried)
        logits = step.pop("logits")[0].astype("float64")
        step.pop("alignment", None)
        carried = {**carried, **step}
        log_probs.append(logits[token] - np.logaddexp.reduce(logits))
        before = token
    return np.array(log_probs)
