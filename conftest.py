"""Every docstring example starts from the same weights."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def same_weights(request):
    """Seed Keras, so that an example tells of the same model every time."""
    if isinstance(request.node, pytest.DoctestItem):
        import keras

        keras.utils.set_random_seed(0)
