"""Tests of what a run does with losses, callbacks and steps share its helpers."""

from tests.runs.conftest import begun, runs, small, trained, whole  # noqa: F401
