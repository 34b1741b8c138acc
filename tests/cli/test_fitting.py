from argparse import Namespace
from types import SimpleNamespace

import pytest

from kseq2seq.cli.fitting import _compiles


@pytest.mark.parametrize(
    ("flags", "dtype", "compiles"),
    [
        ({}, "float32", True),
        ({"graph": True}, "float32", False),
        ({"smoke": True}, "float32", False),
        ({}, "mixed_bfloat16", False),
    ],
)
def test_xla_compiles_where_it_pays_and_is_not_refused(monkeypatch, flags, dtype, compiles):
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: [])
    options = Namespace(**{"graph": False, "smoke": False, **flags})
    model = SimpleNamespace(dtype_policy=SimpleNamespace(name=dtype))
    assert _compiles(options, model) == compiles
