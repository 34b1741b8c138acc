"""Requests that TensorFlow Serving runs before it answers anyone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

FILE = Path("assets.extra", "tf_serving_warmup_requests")

# Fields of tensorflow_serving/apis: prediction_log.proto, predict.proto, model.proto.
_LOG_PREDICT, _PREDICT_REQUEST = 6, 1
_REQUEST_MODEL, _REQUEST_INPUTS = 1, 2
_MODEL_SIGNATURE = 3
_KEY, _VALUE = 1, 2  # of an entry of a map


def write_warm_up(directory: Path, requests: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes a request for each signature, as TensorFlow Serving reads them.

    The few messages it takes are written as protocol buffers by hand: their own package would bring
    all of the server's interface along.

    Args:
        directory: of the SavedModel.
        requests: names of signatures, and the inputs of each.

    Source:
        TensorFlow Serving, "SavedModel Warmup".
    """
    path = directory / FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as file:
        for signature, inputs in requests.items():
            request = _field(_REQUEST_MODEL, _field(_MODEL_SIGNATURE, signature.encode()))
            for name, value in inputs.items():
                tensor = tf.make_tensor_proto(value).SerializeToString()
                entry = _field(_KEY, name.encode()) + _field(_VALUE, tensor)
                request += _field(_REQUEST_INPUTS, entry)
            file.write(_field(_LOG_PREDICT, _field(_PREDICT_REQUEST, request)))


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes: its number and kind, its length, itself."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])
