"""Back-off: within budgets, as the server asks, never the load that keeps a server down."""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from itertools import pairwise

import pytest

from chaos.cluster.failures import retry_after_s
from chaos.cluster.retrying import Retrying
from chaos.errors import ApiError
from kubesim import run_virtual

UNWELL = ApiError("it is unwell", status=503)


async def attempts(retrying: Retrying, failed: ApiError, budget_s: float = 40.0) -> list[float]:
    """When a read that always fails is tried."""
    loop, found = asyncio.get_running_loop(), []

    async def once() -> None:
        found.append(loop.time())
        raise failed

    with pytest.raises(ApiError):
        await retrying.read(once, budget_s)
    return found


def test_tries_come_ever_more_seldom_and_end_with_the_budget() -> None:
    async def main() -> None:
        found = await attempts(Retrying(1), UNWELL, 60.0)
        gaps = [b - a for a, b in pairwise(found)]
        assert all(gap <= min(5.0, 0.1 * 2**n) for n, gap in enumerate(gaps))
        assert sum(gaps[:4]) < sum(gaps[-4:])
        assert 50.0 < found[-1] <= 60.0

    run_virtual(main())


def test_two_who_wait_do_not_come_back_together() -> None:
    async def main() -> None:
        assert await attempts(Retrying(), UNWELL) != await attempts(Retrying(), UNWELL)

    run_virtual(main())


def test_the_server_says_how_long_to_wait() -> None:
    async def main() -> None:
        found = await attempts(Retrying(1), ApiError("busy", status=429, retry_after_s=7.0), 20.0)
        assert [b - a >= 7.0 for a, b in pairwise(found)] == [True, True]

    run_virtual(main())


def test_no_more_than_five_tries_a_second_are_made_for_long() -> None:
    """However many things are read at once."""

    async def main() -> None:
        retrying = Retrying(1)
        found = await asyncio.gather(*(attempts(retrying, UNWELL, 10.0) for _ in range(50)))
        again = sorted(at for one in found for at in one[1:])
        assert max(sum(at <= s for s in again if s < at + 1) for at in range(2, 10)) <= 20 + 5
        assert len(again) <= 20 + 5 * 10

    run_virtual(main())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 501])
def test_what_another_try_does_not_change_is_not_tried_again(status: int) -> None:
    async def main() -> None:
        assert len(await attempts(Retrying(1), ApiError("no", status=status))) == 1

    run_virtual(main())


def test_a_budget_for_disruptions_is_no_overload() -> None:
    assert not ApiError("refused", status=429, causes=["DisruptionBudget"]).may_pass


def test_a_server_says_when_as_seconds_a_date_or_in_its_status() -> None:
    assert retry_after_s({"Retry-After": "12"}, {}) == 12.0
    assert retry_after_s({}, {"details": {"retryAfterSeconds": 3}}) == 3.0
    assert retry_after_s({"Retry-After": formatdate(0)}, {}) == 0.0
    assert retry_after_s({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, {}) > 1e9  # capped by who waits
    assert retry_after_s({"Retry-After": "soon"}, {}) == 0.0
    assert retry_after_s(None, {}) == 0.0
