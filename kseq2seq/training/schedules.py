"""Schedules of the learning rate."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kseq2seq")
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    r"""Rises linearly, then falls with the inverse square root of the step.

    .. math:: \mathrm{peak} \cdot \min(s / w, \sqrt{w / s}), \quad s = \mathrm{step} + 1

    Args:
        peak: the highest rate.
        warmup_steps: w, steps until it is reached; at least 1.

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


@keras.saving.register_keras_serializable(package="kseq2seq")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    r"""Rises linearly to the first rate of another schedule, then follows it.

    .. math:: \mathrm{schedule}(\max(s - w, 0)) \cdot \min(s / w, 1), \quad s = \mathrm{step} + 1

    Args:
        schedule: any schedule of Keras, for example `CosineDecay`, or `PolynomialDecay` for a
            linear decay.
        steps: w, steps until its first rate is reached; at least 1.

    Raises:
        TypeError: if `schedule` is not a schedule.
        ValueError: if `steps` is less than 1.

    Example:
        >>> import keras
        >>> from kseq2seq.training import WarmUp
        >>> linear = keras.optimizers.schedules.PolynomialDecay(1.0, 4, end_learning_rate=0.0)
        >>> rate = WarmUp(linear, steps=2)
        >>> [float(rate(step)) for step in range(6)]
        [0.5, 1.0, 0.75, 0.5, 0.25, 0.0]

    Source:
        Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 2.2, gradual warm-up.
    """

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, steps: int):
        if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            raise TypeError(
                f"`schedule` must be a schedule, for example "
                f"keras.optimizers.schedules.CosineDecay(1e-3, 10_000); got {schedule!r}."
            )
        if steps < 1:
            raise ValueError(f"`steps` must be at least 1; got {steps!r}.")
        self.schedule = schedule
        self.steps = steps

    def __call__(self, step):
        """Returns the rate at `step`, counted from 0."""
        step = ops.cast(step, "float32") + 1.0
        rate = self.schedule(ops.maximum(step - self.steps, 0.0))
        return rate * ops.minimum(step / self.steps, 1.0)

    def get_config(self):
        """See `keras.optimizers.schedules.LearningRateSchedule`."""
        schedule = keras.optimizers.schedules.serialize(self.schedule)
        return {"schedule": schedule, "steps": self.steps}

    @classmethod
    def from_config(cls, config):
        """Creates the schedule from `get_config`."""
        schedule = keras.optimizers.schedules.deserialize(config["schedule"])
        return cls(schedule, config["steps"])
