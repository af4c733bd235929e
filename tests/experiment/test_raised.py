"""What a method of one's own raises while it runs: each message names the file, the line, and what was expected."""

# ruff: noqa: E501 - one row a mistake

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import InconclusiveError, UsageError
from tests.experiment.own_file import raised

INJECT = "await run.steady_state(within_s=60)\n    async with run.inject(Mend()):\n        pass"


@pytest.mark.parametrize(
    ("line", "message", "expected"),
    [
        ("run.steady_stat(60)", "mine.py, line 9) raised AttributeError", "did you mean steady_state?\n  mend the experiment"),
        ("with run.inject(None): pass", "mine.py, line 9) raised TypeError", "expected: async with run.inject(…):"),
        ("await run.inject(None)", "mine.py, line 9) raised TypeError", "expected: async with run.inject(…):"),
        ("for pod in await run.turns(): pass", "mine.py, line 9) raised TypeError", "a generator is not awaited"),
        ("async for pod in run.turns(): pass", "mine.py, line 9) raised TypeError", "by `for … in`, without async"),
        ("run.options.of('keys')", "mine.py, line 9) raised AttributeError", "run.options.of takes the Option, not its name"),
        ("run.options.idle_for", "mine.py, line 9) raised AttributeError", "an option of your own: run.options.of(OPTION)"),
        ("run.watch_clients('htp', 'web', 80)", "raised ValueError: kind is 'htp', and must be one of tcp, http, stream", ""),
        ("run.watch_name('web', probe='http')", "raised ValueError: probe is 'http', and must be one of dns, cached", ""),
        ("run.note(run)", "mine.py, line 9) raised TypeError: run.note was given <", ""),
        ("run.mark('mine', pod=run.target.pods)", "raised TypeError: the mark mine: pod holds a PodIdentity", ""),
        ("await run.objects.get('Servce', 'web')", "mine.py, line 9) raised KeyError: 'Servce'", "did you mean Service? kinds of objects: ConfigMap, "),
        ("await run.objects.patch('Service', 'web', {'spec': {'ports': 5}})", "mine.py, line 9: ", "mend the experiment"),
    ],
)  # fmt: skip
def test_a_mistake_of_the_method_is_named_with_what_was_expected(
    tmp_path: Path, line: str, message: str, expected: str
) -> None:
    error = raised(tmp_path, line)
    assert isinstance(error, UsageError)
    assert message in error.message
    assert expected in error.hint


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_what_was_not_awaited_is_said_where_it_is_used(tmp_path: Path) -> None:
    error = raised(tmp_path, "run.objects.get('Service', 'web')['spec']")
    assert "mine.py, line 9) raised TypeError: 'coroutine' object is not subscriptable" in error.message
    assert "is an `await` missing before the call?" in error.hint


def test_what_is_not_there_is_no_fault_of_the_cluster(tmp_path: Path) -> None:
    """Exit code 3 means that the cluster cannot be reached or used; a name that is not there leaves it undecided."""
    error = raised(tmp_path, "await run.objects.delete('Service', 'wbe')")
    assert isinstance(error, InconclusiveError)
    assert "mine.py, line 9: deleting Service wbe" in error.message
    assert "is its name right" in error.hint


def test_of_several_tasks_the_error_that_counts_is_named(tmp_path: Path) -> None:
    group = "import asyncio\n    async with asyncio.TaskGroup() as g:\n        g.create_task(run.objects.delete('Pod', 'gone'))"
    error = raised(tmp_path, group)
    assert isinstance(error, InconclusiveError)
    assert "deleting Pod gone" in error.message


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("return await changes.patch('Service', 'wbe', namespace, {'spec': {}})", "mend.py, line 8: there is no Service wbe"),
        ("return await changes.put_back('Service', 'web', namespace)", "mend.py, line 8: this run has nothing to put back"),
        ("return 5", "mine.py, line 10: inject of Mend returned 5, and must return what `changes` acknowledged (mend.py, line 7)"),
    ],
)  # fmt: skip
def test_a_mistake_of_a_fault_is_named_with_its_own_file_and_line(tmp_path: Path, fault: str, message: str) -> None:
    assert message in raised(tmp_path, INJECT, fault=fault).message.replace(f"{tmp_path}/", "")


def test_a_misspelt_value_of_a_fault_of_ones_own_is_suggested(tmp_path: Path) -> None:
    error = raised(tmp_path, "Mend(servce='web')", fault="return None")
    assert "mine.py, line 9) raised TypeError" in error.message
    assert "did you mean service? Mend has: service\n  mend the experiment" in error.hint


def test_where_a_method_waited_is_said_when_its_time_is_over(tmp_path: Path) -> None:
    error = raised(tmp_path, "import asyncio\n\n    await asyncio.Event().wait()")
    assert "mine.py, line 26: the method of mine was not over after 10 s" in error.message
    assert "; it waited at " in error.message
    assert error.message.endswith("mine.py, line 11")
