import math

import keras
import pytest
from keras.optimizers.schedules import CosineDecay, PolynomialDecay

from kseq2seq.training import InverseSquareRoot, WarmUp


def test_rises_then_falls():
    rate = InverseSquareRoot(peak=2e-3, warmup_steps=100)
    assert float(rate(0)) == pytest.approx(2e-5)
    assert float(rate(49)) == pytest.approx(1e-3)
    assert float(rate(99)) == pytest.approx(2e-3)
    assert float(rate(399)) == pytest.approx(1e-3)


def test_equals_the_paper():
    rate = InverseSquareRoot(peak=512**-0.5 * 4000**-0.5, warmup_steps=4000)
    for step in (1, 1000, 4000, 100_000):
        paper = 512**-0.5 * min(step**-0.5, step * 4000**-1.5)
        assert float(rate(step - 1)) == pytest.approx(paper, rel=1e-5)


def test_serializes():
    rate = keras.optimizers.schedules.deserialize(
        keras.optimizers.schedules.serialize(InverseSquareRoot(1e-3, 7))
    )
    assert float(rate(6)) == pytest.approx(1e-3)


@pytest.mark.parametrize(("peak", "steps"), [(0, 10), (1e-3, 0)])
def test_refuses(peak, steps):
    with pytest.raises(ValueError, match="peak"):
        InverseSquareRoot(peak, steps)


def cosine(step):
    """0.1 of the peak is left at step 8."""
    return 3 * (0.9 * (1 + math.cos(math.pi * min(step, 8) / 8)) / 2 + 0.1)


def straight(step):
    return 3 - 2.5 * min(step, 8) / 8


@pytest.mark.parametrize("warm_up", [1, 2, 5])
@pytest.mark.parametrize(
    ("schedule", "formula"),
    [(CosineDecay(3.0, 8, alpha=0.1), cosine), (PolynomialDecay(3.0, 8, 0.5), straight)],
)
def test_warm_up_at_every_step(schedule, formula, warm_up):
    rate = WarmUp(schedule, warm_up)
    for step in range(20):
        past = step + 1 - warm_up
        expected = formula(past) if past > 0 else 3 * (step + 1) / warm_up
        assert float(rate(step)) == pytest.approx(expected, rel=1e-5), step
    assert float(rate(warm_up - 1)) == pytest.approx(3)


def test_warm_up_serializes_with_what_it_warms_up():
    before = WarmUp(CosineDecay(1.0, 8), 3)
    after = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(before))
    assert type(after.schedule) is CosineDecay
    assert [float(after(step)) for step in range(9)] == [float(before(step)) for step in range(9)]
    optimizer = keras.optimizers.Adam(before)
    again = keras.optimizers.Adam.from_config(optimizer.get_config())
    assert float(again.learning_rate) == pytest.approx(1 / 3)


def test_warm_up_refuses():
    with pytest.raises(TypeError, match=r"must be a schedule, for example.*got 0.001"):
        WarmUp(1e-3, 10)
    with pytest.raises(ValueError, match="`steps` must be at least 1; got 0"):
        WarmUp(CosineDecay(1.0, 8), 0)
