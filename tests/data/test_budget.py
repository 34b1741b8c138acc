import pytest

from kseq2seq.data.budget import Budget


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        ({}, 256),
        ({"tokens_per_batch": 25}, 2),
        ({"tokens_per_batch": 1}, 1),
        ({"batch_size": 7}, 7),
    ],
)
def test_rows_of_a_batch(given, rows):
    assert Budget(**given).rows((5, 12)) == rows


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tokens_per_batch": 3072, "batch_size": 8}, "not both; got 3072 and 8"),
        ({"batch_size": 0}, "`batch_size` must be at least 1; got 0"),
        ({"tokens_per_batch": 2.5}, "`tokens_per_batch` must be a whole number.*2.5"),
        ({"batch_size": True}, "`batch_size` must be a whole number.*True"),
    ],
)
def test_budgets_that_make_no_sense(given, told):
    with pytest.raises(ValueError, match=told):
        Budget(**given)
