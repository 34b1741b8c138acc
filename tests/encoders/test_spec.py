from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from kseq2seq.encoders import SourceSpec
from kseq2seq.text import ByteTokenizer, TextSource

FRAMES = {"source": ((None, 5), "float32"), "source_mask": ((None,), "int32")}


@pytest.mark.parametrize(
    "source", [50, np.int64(50), SimpleNamespace(vocabulary_size=50), SourceSpec.of(50)]
)
def test_ids_are_their_number(source):
    spec = SourceSpec.of(source)
    assert spec.is_ids and spec.is_sequence
    assert type(spec.config()) is int and spec.config() == spec.size == 50


def test_a_source_says_what_it_is():
    tokenizer = ByteTokenizer()
    assert SourceSpec.of(TextSource(tokenizer, 9)) == SourceSpec.of(tokenizer)
    frames = SourceSpec.of(SimpleNamespace(spec=FRAMES))
    assert frames.size == 5 and not frames.is_ids and frames.is_sequence


@pytest.mark.parametrize(
    "inputs",
    [
        FRAMES,
        {"source": [[None, 4, 3], "uint8"], "source_mask": [[None], "bool"]},
        {"source": ((32, 100, 3), "float32")},
        {**FRAMES, "speaker": ((16,), "float32")},
    ],
)
def test_goes_through_json(inputs):
    spec = SourceSpec.of(inputs)
    again = SourceSpec.of(json.loads(json.dumps(spec.config())))
    assert again == spec
    assert list(again.symbolic()) == list(inputs)


@pytest.mark.parametrize(
    "inputs",
    [
        {"frames": ((None, 5), "float32")},
        {"source": ((None, 5), "float32"), "target": ((None,), "int32")},
        {"source": (None, "float32")},
        {"source": ((None, 0), "float32")},
        {"source": ((None, 2**30), "float32")},
        {"source": ((None, 5), "float31")},
        {"source": ((None, 5),)},
        {"source": 5},
        {},
    ],
)
def test_refuses(inputs):
    with pytest.raises(ValueError, match="must be a dict of names"):
        SourceSpec.of(inputs)
