"""Each module here is about one experiment, `EXPERIMENT`, run once on the sandbox, with its `OPTIONS` if it has any."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chaos.experiment import History, Options
from tests.sandboxed import run_sandboxed


@pytest.fixture(scope="module")
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> History:
    """The history of that run, which left nothing behind."""
    module: Any = request.module
    options = Options(**{"max_qps": None, **getattr(module, "OPTIONS", {})})
    result = run_sandboxed(tmp_path_factory.mktemp("reports"), options, experiment=module.EXPERIMENT).result
    assert result.error is None
    assert not result.leftovers
    return result.history


@pytest.fixture
def edited(history: History) -> History:
    """A copy that a test may change."""
    return copy.deepcopy(history)
