"""What holds for all tests."""

from __future__ import annotations

import gc
import os

import pytest

# Thousands of collected tests are there to stay; to look through them for garbage takes a tenth of all time.
_ALLOCATIONS = 50_000


def pytest_configure() -> None:
    gc.set_threshold(_ALLOCATIONS, 20, 100)
    # No test speaks TLS with a public host, and each client of an API reads all certificates of the machine: 30 ms.
    os.environ["SSL_CERT_FILE"] = os.devnull


def pytest_collection_finish(session: pytest.Session) -> None:
    del session
    gc.collect()
    gc.freeze()
