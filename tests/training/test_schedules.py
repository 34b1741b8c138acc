import keras
import pytest

from kseq2seq.training import InverseSquareRoot


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
