import threading

import pytest

from kseq2seq import Greedy, Pipeline
from kseq2seq.pipeline.workers import in_parallel


def test_items_run_at_once_and_keep_their_order():
    both = threading.Barrier(2, timeout=20)  # passed only by two threads at the same time

    def double(number):
        both.wait()
        return 2 * number

    assert list(in_parallel(double, range(4), workers=2)) == [0, 2, 4, 6]


def test_one_worker_is_the_callers_thread():
    names = list(in_parallel(lambda _: threading.current_thread(), range(2), workers=1))
    assert names == [threading.current_thread()] * 2


def test_after_a_failure_nothing_more_is_begun():
    begun = []

    def fail(number):
        begun.append(number)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(in_parallel(fail, range(50), workers=2))
    assert len(begun) < 50


def test_workers_find_the_same(translator):
    own = translator()
    fresh = Pipeline(own.model, own.source, own.target, Greedy())
    texts = translator.sources[:7]
    fresh.model.__dict__.pop("_compiled", None)  # so that threads trace, and at once
    made = fresh(texts, batch_size=2, workers=3)
    assert [(one.text, one.score) for one in made] == [
        (one.text, pytest.approx(one.score, abs=1e-5)) for one in fresh(texts, batch_size=2)
    ]


@pytest.mark.parametrize("workers", [0, True, 1.5])
def test_refuses_no_workers(translator, workers):
    with pytest.raises(ValueError, match="`workers` must be a whole number of at least 1"):
        translator()(["a"], workers=workers)
