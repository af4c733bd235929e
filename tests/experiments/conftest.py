"""Each module here is about one experiment, `EXPERIMENT`, run once on the sandbox, with its `OPTIONS` if it has any.

For tools/mutants.py alone, which tests a thousand times what is made of a run: where CHAOS_TEST_HISTORIES names a
folder, runs are kept in it and not made again, whatever has changed since.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from chaos.analysis.reading import Reading
from chaos.experiment import History, Options
from chaos.experiment.judging import judges_of, statements
from tests.histories import copied
from tests.quantities import unexplained
from tests.sandboxed import run_sandboxed


@pytest.fixture(scope="module")
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> History:
    """The history of that run, which left nothing behind; no number is said of it that is no figure."""
    module: Any = request.module
    folder = os.environ.get("CHAOS_TEST_HISTORIES")
    kept = Path(folder, f"{module.__name__.rpartition('.')[2]}.pickle") if folder else None
    if kept is not None and kept.is_file():
        recorded: History = pickle.loads(kept.read_bytes())
        return recorded
    options = Options(**{"max_qps": None, **getattr(module, "OPTIONS", {})})
    result = run_sandboxed(tmp_path_factory.mktemp("reports"), options, experiment=module.EXPERIMENT).result
    assert result.error is None
    assert not result.leftovers
    reading = Reading(result.history)
    document = statements(reading, judges_of(reading, module.EXPERIMENT)).document()
    texts = [v["text"] for v in document["verdicts"]] + [q["text"] for q in document["questions"]]
    assert [one for text in (*texts, document["headline_text"]) for one in unexplained(text)] == []
    if kept is not None:
        kept.write_bytes(pickle.dumps(result.history))
    return result.history


@pytest.fixture
def edited(history: History) -> History:
    """A copy that a test may change."""
    return copied(history)
