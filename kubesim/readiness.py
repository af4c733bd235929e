"""Waiting until objects are ready, as `kubectl rollout status` and `kubectl wait` do, or until anything else is so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from kubesim.errors import SimulationError
from kubesim.kinds import BY_KIND
from kubesim.lacking import what_it_lacks
from kubesim.store import Change, Store
from kubesim.tasks import Tasks

_WORKLOADS = ("StatefulSet", "Deployment", "ReplicaSet", "Job", "Pod")
_BY_WORD = {word: kind for kind in _WORKLOADS for word in BY_KIND[kind].resource.words}


class NotReadyError(SimulationError, TimeoutError):
    """Something did not become ready in time; says what it lacks."""


async def until(store: Store, tasks: Tasks, holds: Callable[[], object], within_s: float) -> None:
    """Wait until a condition on the store's objects holds; see `Cluster.until`.

    Raises:
        TimeoutError: it does not within that time.
        BaseException: the first error inside the cluster, since nothing changes there any more.
    """
    changed = asyncio.Event()

    def on_change(_change: Change) -> None:
        changed.set()

    unsubscribe, ignore_failure = store.subscribe(on_change), tasks.subscribe(changed.set)
    try:
        async with asyncio.timeout(within_s) as limit:
            while tasks.error is None and not holds():
                changed.clear()
                await changed.wait()
    except TimeoutError as exc:
        if not limit.expired():
            raise
        raise TimeoutError(f"{_named(holds)} did not hold within {within_s:g} s (within_s)") from exc
    finally:
        unsubscribe()
        ignore_failure()
    if tasks.error is not None:
        raise tasks.error


def _named(condition: Callable[[], object]) -> str:
    """By its line, since most are lambdas."""
    code = getattr(condition, "__code__", None)
    return (
        f"the condition {condition!r}" if code is None else f"the condition at {code.co_filename}:{code.co_firstlineno}"
    )


async def until_ready(store: Store, tasks: Tasks, names: tuple[str, ...], namespace: str, within_s: float) -> None:
    """Wait until objects are ready; see `Cluster.until_ready`.

    Raises:
        NotReadyError: they are not within that time.
        SimulationError: a name is of no kind that can be ready.
        BaseException: the first error inside the cluster.
    """
    wanted = [_parsed(name) for name in names]
    try:
        await until(store, tasks, lambda: not any(_lacking(store, wanted, namespace)), within_s)
    except TimeoutError as exc:
        lacking = dict(_lacking(store, wanted, namespace, with_pods=True))
        absent = [name for name, said in lacking.items() if not said]
        said = "; ".join(
            f"{name}: {said or f'there is none in namespace {namespace}'}" for name, said in lacking.items()
        )
        hints = [f"apply {' and '.join(absent)}, or give the namespace that has it"] if absent else []
        if len(absent) < len(lacking):
            hints.append('look at the events, cluster.objects("Event"), or wait for longer (within_s)')
        raise NotReadyError(f"not ready within {within_s:g} s: {said}", hint="; ".join(hints)) from exc


def _parsed(name: str) -> tuple[str, str]:
    word, slash, rest = name.partition("/")
    kind = _BY_WORD.get(word.lower())
    if kind is None or not slash or not rest:
        raise SimulationError(
            f"{name!r} is no name of something that becomes ready",
            hint="such as statefulset/web, deployment/web, pod/web-0",
        )
    return kind, rest


def _lacking(
    store: Store, wanted: list[tuple[str, str]], namespace: str, *, with_pods: bool = False
) -> Iterator[tuple[str, str]]:
    """Each that is not ready, and what it lacks; empty where it is not there at all."""
    # Without names all pods are asked for themselves.
    with_pods = with_pods and bool(wanted)
    if not wanted:
        wanted = [(kind, obj["metadata"]["name"]) for kind in _WORKLOADS for obj in store.list(kind, namespace)]
    for kind, name in wanted:
        obj = store.get(kind, namespace, name)
        said = "" if obj is None else what_it_lacks(store, obj, kind, with_pods=with_pods)
        if obj is None or said:
            yield f"{kind} {name}", said
