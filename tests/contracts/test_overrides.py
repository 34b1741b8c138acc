"""What sources and targets have under a name of the contract is what the contract means by it."""

import inspect

import pytest

from kseq2seq.contracts import Source, Target
from kseq2seq.contracts.saved import SOURCES, TARGETS


@pytest.mark.parametrize(("base", "kinds"), [(Source, SOURCES), (Target, TARGETS)])
def test_methods_take_what_those_of_the_contract_take(base, kinds):
    ours = {name: kind for name, kind in kinds.items() if kind.__module__.startswith("kseq2seq.")}
    methods = inspect.getmembers(base, inspect.isfunction)
    methods = {name: method for name, method in methods if not name.startswith("_")}
    assert len(ours) > 1 and len(methods) > 5
    for name, method in methods.items():
        wanted = list(inspect.signature(method).parameters)
        for kind in ours.values():
            found = list(inspect.signature(getattr(kind, name)).parameters)
            assert found[: len(wanted)] == wanted, f"{kind.__name__}.{name}"
