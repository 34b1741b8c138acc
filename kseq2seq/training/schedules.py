"""How the learning rate runs."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kseq2seq")
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    r"""Rises in a straight line, then falls as the inverse square root of the step.

    .. math:: \mathrm{peak} \cdot \min(s / w, \sqrt{w / s}), \quad s = \mathrm{step} + 1

    Args:
        peak: the largest rate.
        warmup_steps: w, when it is reached; at least 1.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq.training import InverseSquareRoot
        >>> rate = InverseSquareRoot(peak=1.0, warmup_steps=4)
        >>> [float(rate(step)) for step in (0, 3, 15)]
        [0.25, 1.0, 0.5]

    Source:
        Vaswani et al. 2017, equation 3, with the peak in place of its scale.
    """

    def __init__(self, peak: float, warmup_steps: int):
        if peak <= 0 or warmup_steps < 1:
            raise ValueError(
                f"`peak` must be positive and `warmup_steps` at least 1; "
                f"got {peak!r} and {warmup_steps!r}."
            )
        self.peak = peak
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        """Returns the rate at `step`, counted from 0."""
        step = ops.cast(step, "float32") + 1.0
        return self.peak * ops.minimum(step / self.warmup_steps, ops.sqrt(self.warmup_steps / step))

    def get_config(self):
        """See `keras.optimizers.schedules.LearningRateSchedule`."""
        return {"peak": self.peak, "warmup_steps": self.warmup_steps}
