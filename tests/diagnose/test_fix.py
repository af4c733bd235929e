"""`--fix`: what it offers, that it asks, and that what it did can be undone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaos.cli.fix import offer
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.journal import FIX_PREFIX, JOURNAL, RUN_LABEL, Journal
from chaos.diagnose import Diagnosis
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from tests.diagnose.clusters import Place, run
from tests.diagnose.looking import MANIFESTS, UNIT, checks

BROKEN = (UNIT / "broken-network.yaml").read_text()
WRONG_SELECTOR = (
    (MANIFESTS / "web-quick.yaml").read_text().replace("  selector:\n    app: web-", "  selector:\n    app: wbe-", 1)
)


async def fixed(place: Place, reports: Path, *, agreed: bool = True) -> tuple[int, Diagnosis]:
    """Offer what can be mended; returns how much was, and what is found then."""
    _, found = await place.look()
    made = await offer(place.cluster, ClusterAddress(url="x"), found.findings, reports, agreed=agreed, shared=False)
    await asyncio.sleep(5)
    return made, (await place.look())[1]


async def undo(place: Place, reports: Path) -> None:
    path = next(reports.rglob(JOURNAL))  # noqa: ASYNC240 - one small folder
    assert await recover(Journal.load(path), place.cluster, RunClock(asyncio.get_running_loop()), Silence()) == []


def test_the_missing_service_is_made_and_the_names_are_there_after_a_restart(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await place.apply(BROKEN)
        await place.ready(2)
        made, found = await fixed(place, tmp_path)
        assert made == 1
        assert "governing-service" not in checks(found)
        service = await place.cluster.get("Service", "nonexistent-service", "default")
        assert service is not None
        assert service["metadata"]["labels"][RUN_LABEL].startswith(FIX_PREFIX)
        await undo(place, tmp_path)
        assert await place.cluster.get("Service", "nonexistent-service", "default") is None

    run(story)


def test_a_wrong_selector_is_corrected_and_can_be_put_back(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await place.apply(WRONG_SELECTOR)
        await place.ready(3)
        made, found = await fixed(place, tmp_path)
        assert made == 1
        assert "service-selector" not in checks(found)
        await undo(place, tmp_path)
        service = await place.cluster.get("Service", "web", "default")
        assert service is not None
        assert service["spec"]["selector"] == {"app": "wbe-stateful"}

    run(story)


def test_where_nobody_can_be_asked_nothing_is_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    async def story(place: Place) -> None:
        await place.apply(BROKEN)
        await place.ready(2)
        made, found = await fixed(place, tmp_path, agreed=False)
        assert made == 0
        assert "governing-service" in checks(found)

    run(story)
    assert "nothing was changed: nobody can be asked here" in capsys.readouterr().err
    assert list(tmp_path.rglob(JOURNAL)) == []


@pytest.mark.parametrize("answer", [True, False])
def test_it_asks_about_each_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_args, **_more: answer)

    async def story(place: Place) -> int:
        await place.apply(BROKEN)
        await place.ready(2)
        return (await fixed(place, tmp_path, agreed=False))[0]

    assert run(story) == (1 if answer else 0)


def test_a_selector_that_serves_other_pods_is_left_alone(tmp_path: Path) -> None:
    """Somebody may depend on it; the finding says what to write."""

    async def story(place: Place) -> int:
        await place.apply((MANIFESTS / "web-demo-deployment.yaml").read_text())
        await place.apply(WRONG_SELECTOR.replace("app: wbe-stateful", "app: web-demo"))
        await place.ready(6)
        return (await fixed(place, tmp_path))[0]

    assert run(story) == 0
