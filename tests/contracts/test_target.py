"""What a decoder is given."""

import tensorflow as tf

from kseq2seq.contracts import shift_right
from kseq2seq.special_tokens import SpecialTokens


def test_a_row_that_is_ragged_or_padded_shifts_alike():
    special = SpecialTokens(padding=5, start=6, end=3, unknown=0)
    rows = tf.ragged.constant([[7, 8, 3], [3], [9, 3]], dtype=tf.int32)
    ragged = shift_right(rows, special)
    assert ragged.to_list() == [[6, 7, 8], [6], [6, 9]]
    dense = shift_right(rows.to_tensor(5), special)
    assert dense.numpy().tolist() == ragged.to_tensor(5).numpy().tolist()
