"""How long a deleted pod takes depends on its image's shell."""

from __future__ import annotations

import asyncio

import pytest

from tests.kubesim.unit_web import UnitWeb, in_unit_web


@pytest.mark.parametrize(("image", "least_s", "most_s"), [("nginx:alpine", 0.0, 3.0), ("nginx:1.29", 30.0, 32.0)])
def test_the_units_pod_is_gone_at_once_on_alpine_and_after_the_grace_period_on_debian(
    image: str, least_s: float, most_s: float
) -> None:
    async def test(lab: UnitWeb) -> None:
        lab.deploy(image=image)
        await asyncio.sleep(15)
        t0 = lab.now_s()
        lab.sandbox.delete("Pod", "web-1")
        await asyncio.sleep(60)
        assert least_s < lab.pod_step("web-1", "gone", t0) - t0 < most_s

    in_unit_web(test)
