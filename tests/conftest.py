"""What holds for all tests."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

# Thousands of collected tests are there to stay; to look through them for garbage takes a tenth of all time.
_ALLOCATIONS = 50_000


def pytest_configure() -> None:
    gc.set_threshold(_ALLOCATIONS, 20, 100)
    # No test speaks TLS with a public host, and each client of an API reads all certificates of the machine: 30 ms.
    os.environ["SSL_CERT_FILE"] = os.devnull
    # No test makes or reads the key of whoever runs it, nor remembers a cluster that is another one next time.
    state = tempfile.mkdtemp(prefix="chaos-identity-tests-")
    atexit.register(shutil.rmtree, state, ignore_errors=True)
    os.environ["XDG_STATE_HOME"] = state


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """What is logged in a test, warnings and worse."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    setattr(handler, "emit", records.append)  # noqa: B010 - a class for it would be longer
    logging.getLogger().addHandler(handler)
    yield records
    logging.getLogger().removeHandler(handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    del session
    gc.collect()
    gc.freeze()
