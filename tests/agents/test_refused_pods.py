"""Agents whose pods a namespace refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.agents.fleet import Fleet
from chaos.cluster.changes import Changes
from chaos.cluster.journal import Journal
from chaos.errors import PreflightError
from chaos.options.agents import AgentOptions, PodOptions
from tests.diagnose.clusters import Place, run
from tests.engine.test_managed_clusters import WEBHOOK, refusing
from tests.fakes import recorder


def test_agents_whose_pods_are_refused_are_given_up_in_moments_with_the_words_of_who_refused(
    tmp_path: Path,
) -> None:
    """Who may not try a pod learns it from the Job's events, and does not wait for the two minutes of a slow start."""

    async def story(place: Place) -> tuple[float, PreflightError]:
        place.sandbox.api.registry.webhooks.append(refusing(WEBHOOK))
        clock, found = recorder(tmp_path)
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": "f"})
        changes = Changes(place.cluster, journal, clock, "r1")
        fleet = Fleet(place.cluster, changes, clock, found, "default", AgentOptions(), PodOptions(), 600, print)
        await fleet.deploy({})
        began_s = clock.now_s()
        with pytest.raises(PreflightError) as caught:
            await fleet.connect((), 1.0)
        journal.close()
        found.close()
        return clock.now_s() - began_s, caught.value

    waited_s, error = run(story)
    assert waited_s < 11
    assert WEBHOOK in error.message
