"""When a request is made again, and how long after."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from chaos.errors import ApiError

T = TypeVar("T")
# Longer than a request may take, so that there is a second try after one that got no answer.
BUDGET_S = 40.0
# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
_FIRST_S, _MOST_S = 0.1, 5.0
# The longest Retry-After that is followed; nobody waits for a run that pauses longer.
_MOST_RETRY_AFTER_S = 30.0
# Of all requests of a run together, so that retries never become the load that keeps a server down.
_AT_ONCE, _PER_S = 20.0, 5.0
# Statuses with which a healthy server does not answer a read: they come of its own troubles, and may pass.
_READ_AGAIN = frozenset({409, 410})


@dataclass(slots=True)
class Tried:
    """How a change was made in the end.

    Attributes:
        sent_s: after this it was made, by the loop's clock: when the request left that was answered; where an earlier
            one may have made it, when that left, or what last showed that it had not been made was asked for.
        settled: whether no answer said so, but reading back did.
    """

    sent_s: float = 0.0
    settled: bool = False


class Retrying:
    """Back-off with jitter, within a budget of seconds for each request and one of tries for all together.

    Args:
        seed: of the jitter; None: another one each time, so that many who wait do not come back together.
    """

    def __init__(self, seed: object = None) -> None:
        self.again = 0  # tries after the first
        self._rng = random.Random(None if seed is None else f"retrying/{seed}")
        self._tokens = _AT_ONCE
        self._counted_s: float | None = None

    def tries(self, budget_s: float = BUDGET_S) -> Tries:
        """Those of one request, beginning now."""
        return Tries(self, asyncio.get_running_loop().time() + budget_s)

    async def read(self, once: Callable[[], Awaitable[T]], budget_s: float = BUDGET_S) -> T:
        """Do what changes nothing, again where that may help.

        Raises:
            ApiError: of the last try.
        """
        tries = self.tries(budget_s)
        while True:
            try:
                return await once()
            except ApiError as exc:
                if not worth_another(exc):
                    raise
                await tries.wait(exc)

    def delay_s(self, tried: int, retry_after_s: float) -> float:
        """Seconds to the next try after so many; takes it out of what all requests may try together."""
        delay_s = min(retry_after_s, _MOST_RETRY_AFTER_S)
        delay_s += self._rng.uniform(0, min(_MOST_S, _FIRST_S * 2 ** min(tried, 10)))
        now_s = asyncio.get_running_loop().time()
        if self._counted_s is not None:
            self._tokens = min(_AT_ONCE, self._tokens + (now_s - self._counted_s) * _PER_S)
        self._counted_s = now_s
        self._tokens -= 1
        self.again += 1
        return max(delay_s, -self._tokens / _PER_S)


def worth_another(exc: ApiError) -> bool:
    """Whether a read that failed so may succeed a moment later."""
    return exc.may_pass or exc.status in _READ_AGAIN


class Tries:
    """The tries of one request.

    Attributes:
        until_s: by the loop's clock; none begins later.
    """

    def __init__(self, retrying: Retrying, until_s: float) -> None:
        self.until_s = until_s
        self._retrying = retrying
        self._tried = 0

    @property
    def left_s(self) -> float:
        """Seconds that are left of the budget."""
        return max(0.0, self.until_s - asyncio.get_running_loop().time())

    async def wait(self, exc: ApiError) -> None:
        """Wait until it is time for another try.

        Args:
            exc: what came of the last one.

        Raises:
            ApiError: that error, where there will be no other try.
        """
        delay_s = self._retrying.delay_s(self._tried, exc.retry_after_s)
        self._tried += 1
        if delay_s > self.left_s:
            raise exc
        await asyncio.sleep(delay_s)
