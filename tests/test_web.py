"""The page for browsers has tests of its own, which node runs."""

import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[1] / "examples" / "web"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_what_node_tests_is_right():
    tests = sorted(str(path) for path in WEB.glob("test/*.test.js"))
    assert len(tests) >= 9
    done = subprocess.run(
        ["node", "--test", *tests], cwd=WEB, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
