"""The loop that all controllers share: a queue of names, each reconciled after a modelled delay."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar

from kubesim.controllers.plane import Plane
from kubesim.store import Change, Object, StoreError

Name = tuple[str, str]  # namespace, name

# client-go's DefaultTypedControllerRateLimiter: 5 ms, doubled at each failure, at most 1000 s.
_RETRY_FIRST_S, _RETRY_MOST_S = 0.005, 1000.0


class Controller(ABC):
    """Reconciles objects by name. `reconcile` is synchronous, so there is never more than one at a time.

    A name that waits already is not queued twice. What fails is tried again with exponential back-off, as the real
    controllers do, and nothing else waits for it. A refused write (StoreError) is part of life; any other exception is
    handed to `plane.fail`.

    Attributes:
        delay: the parameter of the model that is drawn before each reconcile.
    """

    delay: ClassVar[str]

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.store = plane.store
        self.index = plane.index
        self._waiting: dict[Name, asyncio.TimerHandle] = {}
        self._later: dict[Name, asyncio.TimerHandle] = {}
        self._failures: dict[Name, int] = {}
        self._unsubscribe = plane.store.subscribe(self._on_commit)

    def stop(self) -> None:
        """Forget everything that waits."""
        self._unsubscribe()
        for handle in (*self._waiting.values(), *self._later.values()):
            handle.cancel()
        self._waiting.clear()
        self._later.clear()

    @abstractmethod
    def on_change(self, change: Change) -> None:
        """Queue what a commit concerns. Must not write."""

    @abstractmethod
    def reconcile(self, name: Name) -> None:
        """Bring one object closer to what it should be.

        Raises:
            StoreError: a write was refused; tried again later.
        """

    def enqueue(self, namespace: str, name: str) -> None:
        """Reconcile soon."""
        key = (namespace, name)
        if key not in self._waiting:
            delay_s = self.plane.model.draw(self.delay)
            self._waiting[key] = self.plane.call_later(delay_s, self._run, key)

    def enqueue_object(self, obj: Object) -> None:
        """Reconcile an object soon."""
        self.enqueue(obj["metadata"].get("namespace", ""), obj["metadata"]["name"])

    def enqueue_after(self, namespace: str, name: str, delay_s: float) -> None:
        """Reconcile (again) after `delay_s` seconds; an earlier appointment is replaced."""
        key = (namespace, name)
        if key in self._later:
            self._later[key].cancel()
        self._later[key] = self.plane.call_later(delay_s, self._appointment, key)

    def _appointment(self, key: Name) -> None:
        del self._later[key]
        self.enqueue(*key)

    def _on_commit(self, change: Change) -> None:
        try:
            self.on_change(change)
        except Exception as exc:  # noqa: BLE001  # whoever wrote must not pay for it; reported, not lost
            exc.add_note(f"{type(self).__name__} was told of {' '.join(change.key)}")
            self.plane.fail(exc)

    def _run(self, key: Name) -> None:
        del self._waiting[key]
        try:
            self.reconcile(key)
        except StoreError:
            self._retry_later(key)
        except Exception as exc:  # noqa: BLE001  # one strange object must not stop the others; reported, not lost
            self._retry_later(key)
            exc.add_note(f"{type(self).__name__} was at {'/'.join(key)}")
            self.plane.fail(exc)
        else:
            self._failures.pop(key, None)

    def _retry_later(self, key: Name) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self.enqueue_after(*key, min(_RETRY_FIRST_S * 2 ** (failures - 1), _RETRY_MOST_S))
