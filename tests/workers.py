"""How the processes of a session of tests share their work, and what keeps each of them fast."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # there is a core for each, and threads would wait in turn
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

gc.set_threshold(10_000, 20, 10)  # tracing makes millions of objects, most of which stay


def leave_alone():
    """Has the garbage collector look no more at what there is now.

    Keras collects all garbage whenever a layer loses an attribute (`quantize` does it dozens of
    times), which takes a second where there are millions of objects.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_finish():
    leave_alone()  # modules, which live as long as the session


@pytest.hookimpl(trylast=True)  # after pytest has put those together that share fixtures
def pytest_collection_modifyitems(items):
    """Has two workers begin with a recipe each: the longest tests of all, and few at the end.

    `--dist worksteal` deals out the tests in halves, as they stand.
    """

    def is_long(item):
        return item.name.startswith("test_smoke_trains_beats")

    long = [item for item in items if is_long(item)]
    others = [item for item in items if not is_long(item)]
    first, second = long[::2], long[1::2]
    middle = max(0, len(items) // 2 - len(first))
    items[:] = [*first, *others[:middle], *second, *others[middle:]]


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Makes a directory by `make(path)`, once for all processes of this session of pytest.

    What one of them makes, the others wait for: name, make -> the directory.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of all workers

    def made(name, make):
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                folder.mkdir()
                try:
                    make(folder)
                except BaseException:
                    shutil.rmtree(folder)
                    raise
        return folder

    return made
