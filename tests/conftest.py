"""What holds for all tests."""

from __future__ import annotations

import gc

import pytest

# Thousands of collected tests are there to stay; to look through them for garbage takes a tenth of all time.
_ALLOCATIONS = 50_000


def pytest_configure() -> None:
    gc.set_threshold(_ALLOCATIONS, 20, 100)


def pytest_collection_finish(session: pytest.Session) -> None:
    del session
    gc.collect()
    gc.freeze()
