"""Changes whose outcome nobody told: what the object tells of them that is read back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from chaos.cluster.retrying import Tried, Tries
from chaos.cluster.values import has_values
from chaos.errors import ApiError
from chaos.model.object import Object

_CONFLICT = 409
_REQUEST_S, _SHORTEST_S = 30.0, 5.0
# The server writes some anew: 1000m is 1.
_QUANTITY = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?")


class Settled(Enum):
    """What became of it."""

    MADE = "made"
    NOT_MADE = "not made"
    # An object of somebody else has the name, or the object was changed to something else meanwhile.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Write:
    """One change of one object.

    Attributes:
        verb: ``create``, ``delete``, ``patch`` or ``evict``.
        uid: that it is asked for; empty: whatever has the name.
        body: what is created, or the patch.
    """

    verb: str
    kind: str
    name: str
    namespace: str
    uid: str = ""
    body: Object | None = None

    @property
    def version(self) -> str:
        """The resourceVersion that a patch is made for; empty: whichever is the newest."""
        if self.verb != "patch":
            return ""
        return str(((self.body or {}).get("metadata") or {}).get("resourceVersion") or "")

    def may_pass(self, refusal: ApiError) -> bool:
        """Whether a refusal may be only about this moment."""
        return refusal.status == _CONFLICT and refusal.reason != "AlreadyExists" and not self.version

    def settle(self, found: Object | None) -> Settled:
        """What became of it, by the object of now; None where there is none."""
        if self.verb == "create":
            return self._created(found)
        if self.verb == "patch":
            return self._patched(found)
        if found is None or (self.uid and found["metadata"]["uid"] != self.uid):
            return Settled.MADE  # a UID never comes back
        return Settled.MADE if found["metadata"].get("deletionTimestamp") else Settled.NOT_MADE

    def _created(self, found: Object | None) -> Settled:
        """Everything that a run makes carries its id as a label."""
        if found is None:
            return Settled.NOT_MADE
        labels = _labels(self.body or {})
        return Settled.MADE if labels and labels.items() <= _labels(found).items() else Settled.OTHER

    def _patched(self, found: Object | None) -> Settled:
        if found is None:
            return Settled.OTHER
        patch = _without_version(self.body or {})
        if self.version and found["metadata"]["resourceVersion"] == self.version:
            return Settled.NOT_MADE
        if has_values(found, patch, filled_in=True, by_type=True):
            return Settled.MADE
        return Settled.OTHER if self.version else Settled.NOT_MADE

    def is_void(self, found: Object | None) -> bool:
        """Whether none of a patch's values is in the object, which has another version by now.

        Values that the server may have changed (lists that it completes, quantities that it rewrites) prove nothing.
        """
        return (
            bool(self.version)
            and found is not None
            and not any(_may_be(leaf, value) for leaf, value in _leaves(found, self.body or {}))
        )


class Settling:
    """Makes one change, again where that is safe; where nobody knows whether a request made it, looks first.

    Args:
        write: the change.
        tries: how often.
        once: makes the request, which may take so many seconds.
        look: reads the object, within so many seconds.
    """

    def __init__(
        self,
        write: Write,
        tries: Tries,
        once: Callable[[float], Awaitable[Object]],
        look: Callable[[float], Awaitable[Object | None]],
    ) -> None:
        self._write = write
        self._tries = tries
        self._once = once
        self._look = look
        self._doubt: ApiError | None = None  # of the first request that may have made it

    async def made(self, tried: Tried) -> Object:
        """Make it; `tried` is filled in.

        Returns:
            The answer, or what was read back.

        Raises:
            ApiError: it was refused; or nobody knows, then its `is_undone` is false.
        """
        loop = asyncio.get_running_loop()
        while True:
            if self._doubt is None:
                tried.sent_s = loop.time()
            try:
                return await self._once(min(_REQUEST_S, max(_SHORTEST_S, self._tries.left_s)))
            except ApiError as exc:
                failed = exc
            if not failed.is_undone:
                self._doubt = self._doubt or failed
            looked_s = loop.time()
            if self._doubt is not None or self._is_about_now(failed):
                found = await self._read_back(failed)
                if found is not None:
                    tried.settled = True
                    return found
                tried.sent_s = looked_s
            await self._wait(failed)

    def _is_about_now(self, failed: ApiError) -> bool:
        """Whether to read the object after a conflict that may pass; a patch without a version is just sent again."""
        return self._write.may_pass(failed) and self._write.verb != "patch"

    async def _read_back(self, failed: ApiError) -> Object | None:
        """What shows that it is made; None where it is not, and may be tried again.

        Raises:
            ApiError: it cannot be made any more, or nobody knows.
        """
        try:
            found = await self._look(self._tries.left_s)
        except ApiError:
            raise self._doubt or failed from None
        state = self._write.settle(found)
        if state is Settled.MADE and self._doubt is not None:
            return found or {"metadata": {"name": self._write.name, "uid": self._write.uid}}
        if state is Settled.OTHER and self._write.is_void(found):
            raise _void(self._write, failed) from failed
        if state is not Settled.NOT_MADE:
            raise self._doubt or failed
        return None

    async def _wait(self, failed: ApiError) -> None:
        """Until it is time for another try.

        Raises:
            ApiError: there is none; that it may have been made counts more than what was refused last.
        """
        again = failed.may_pass or self._write.may_pass(failed)
        if self._write.verb == "evict" and failed.is_refusal and not again:
            # A PodDisruptionBudget may refuse for a while. The caller asks again, and knows that by the error as it is.
            raise failed
        if not again:
            raise self._doubt or failed
        try:
            await self._tries.wait(failed)
        except ApiError:
            raise self._doubt or failed from None


def _void(write: Write, failed: ApiError) -> ApiError:
    what = f"{write.kind} {write.name}" + (f" in namespace {write.namespace}" if write.namespace else "")
    return ApiError(
        f"{what} was changed meanwhile, and shows nothing of this patch ({failed.message})",
        status=_CONFLICT,
        reason="Conflict",
    )


def _leaves(found: Object, patch: Object) -> Iterator[tuple[Any, Any]]:
    """(what is there, what was to be there)."""
    for key, value in patch.items():
        if key == "resourceVersion":
            continue
        inside = found.get(key)
        if isinstance(value, dict):
            yield from _leaves(inside if isinstance(inside, dict) else {}, value)
        else:
            yield inside, value


def _may_be(leaf: Any, value: Any) -> bool:
    """Whether the server may have made this of a value that was sent."""
    if leaf == value or value is None or (isinstance(value, list) and isinstance(leaf, list)):
        return True
    return bool(_QUANTITY.fullmatch(str(value)) and isinstance(leaf, str) and _QUANTITY.fullmatch(leaf))


def _without_version(patch: Object) -> Object:
    meta = {key: value for key, value in (patch.get("metadata") or {}).items() if key != "resourceVersion"}
    return {**patch, **({"metadata": meta} if "metadata" in patch else {})}


def _labels(obj: Object) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("labels") or {}
