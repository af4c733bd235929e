"""Simulated clusters in tests of other projects; pytest finds it by its entry point.

- The fixture `kubesim_run` runs a coroutine function on a cluster of its own, in virtual time: waiting costs no time.
- The fixture `kubesim_cluster`, where pytest-asyncio is installed, is a started cluster on the test's own event loop.
  That loop runs in real time, so traffic goes over loopback sockets: other programs reach the cluster.
- ``@pytest.mark.kubesim(seed=1, realtime=True, ...)`` says what either makes: the arguments of `kubesim.Cluster`.
- A test that leaves a cluster running fails, with the line that started it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

import kubesim
from kubesim.errors import SimulationError, did_you_mean
from kubesim.running import Running, running

try:
    import pytest_asyncio
except ImportError:  # then there is no `kubesim_cluster`
    pytest_asyncio = None  # type: ignore[assignment]

_T = TypeVar("_T")
# Of the loop's time: in virtual time a cluster works for ever, so a test that waits for what never comes would, too.
_WITHIN_S = 3600.0
_STARTED = pytest.StashKey[frozenset[Running]]()

_STORY = "write `async def story(cluster): …` and kubesim_run(story)"

Story = Callable[["kubesim.Cluster"], Awaitable[_T]]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "kubesim(within_s=3600, **arguments): the arguments of kubesim.Cluster for the fixtures kubesim_run and "
        "kubesim_cluster; within_s seconds of the cluster's time kubesim_run lets a test take",
    )


@pytest.fixture
def kubesim_run(request: pytest.FixtureRequest) -> Callable[[Story[Any]], Any]:
    """Runs ``async def story(cluster)`` on a new cluster, and gives what it returns; may be called more than once.

    In virtual time unless the mark `kubesim` says ``realtime=True``.
    """
    arguments = _arguments(request)
    within_s = arguments.pop("within_s", _WITHIN_S)

    async def main(story: Story[Any]) -> Any:
        async with kubesim.Cluster(**arguments) as cluster:
            limit = asyncio.timeout(within_s)
            try:
                async with limit:
                    return await _told(story, cluster)
            except TimeoutError as exc:
                if not limit.expired():
                    raise
                message = f"the test did not end within {within_s:g} s of the cluster's time (within_s of its mark)"
                raise TimeoutError(message) from exc

    def run(story: Story[Any]) -> Any:
        _check(story)
        return asyncio.run(main(story)) if arguments.get("realtime") else kubesim.run_virtual(main(story))

    return run


def _check(story: object) -> None:
    """Refuse what would fail somewhere inside asyncio, or hang.

    Raises:
        SimulationError: it cannot be run here; says what to write.
    """
    if inspect.iscoroutine(story):
        story.close()
        raise SimulationError(
            "kubesim_run was given a coroutine", hint=f"do not call it: kubesim_run({story.__name__})"
        )
    if not callable(story):
        raise SimulationError(f"kubesim_run was given no story: {story!r}", hint=_STORY)
    try:
        inspect.signature(story).bind(None)
    except TypeError as exc:
        raise SimulationError(f"the story {story!r} cannot be given the cluster: {exc}", hint=_STORY) from exc
    except ValueError:  # written in C, of which nothing is known
        pass
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise SimulationError(
        "kubesim_run in an async test: it runs an event loop of its own",
        hint="write `def test_…`, not `async def`, or await things on the fixture kubesim_cluster, in real time",
    )


async def _told(story: Story[Any], cluster: kubesim.Cluster) -> Any:
    result = story(cluster)
    if not inspect.isawaitable(result):
        raise SimulationError(f"the story {story!r} gave {result!r}, and nothing to await", hint=_STORY)
    return await result


if pytest_asyncio is not None:

    @pytest_asyncio.fixture
    async def kubesim_cluster(request: pytest.FixtureRequest) -> AsyncIterator[kubesim.Cluster]:
        """A started cluster in real time; the mark `kubesim` says which."""
        arguments = {"realtime": True, **_arguments(request)}
        arguments.pop("within_s", None)
        async with kubesim.Cluster(**arguments) as cluster:
            yield cluster


def _arguments(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The nearest mark decides about an argument."""
    marks = list(request.node.iter_markers("kubesim"))
    if any(mark.args for mark in marks):
        raise pytest.UsageError("pytest.mark.kubesim takes arguments by name, such as kubesim(seed=1)")
    found = {key: value for mark in reversed(marks) for key, value in mark.kwargs.items()}
    known = {"within_s", *inspect.signature(kubesim.Cluster).parameters}
    for name in found.keys() - known:
        hint = did_you_mean(name, known) or f"it has {', '.join(sorted(known))}"
        raise pytest.UsageError(f"pytest.mark.kubesim has no argument {name!r}; {hint}")
    if not isinstance(found.get("within_s", _WITHIN_S), int | float):
        raise pytest.UsageError(f"within_s of pytest.mark.kubesim is no number of seconds: {found['within_s']!r}")
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    before = running()
    try:
        return (yield)
    finally:
        item.stash[_STARTED] = running() - before


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """What a fixture of a wider scope started is not the test's; what has no loop any more is nobody's."""
    result = yield
    own = item.stash.get(_STARTED, frozenset())
    left = [one for one in running() if not one.told and (one in own or one.loop.is_closed())]
    for one in left:
        one.told = True
        one.end()
    if left:
        pytest.fail("; ".join(str(one) for one in left), pytrace=False)
    return result
