"""What recover and status say of what is odd: an emptied mirror, an owner without the label, a full disk."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from chaos.cli.console import SteadfastConsole
from chaos.cli.recover_left import left_in_cluster
from chaos.cli.status import tell
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import RUN_LABEL, Journal
from chaos.cluster.mirror import MIRROR_LABEL, MIRROR_NAME
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.engine.standing import look
from tests.cluster.test_foreign_journals import make
from tests.diagnose.clusters import Place, run
from tests.engine.test_mirrors import CORDON, another, begun

ADDRESS = ClusterAddress(context="c")


def test_a_folder_whose_runs_mirror_was_emptied_is_not_said_to_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(place: Place) -> None:
        async def connected(_address: ClusterAddress, _namespace: str = "") -> Cluster:
            api = place.sandbox.api
            return await connect(ClusterAddress(url=api.url, connector=api.connector()))

        monkeypatch.setattr("chaos.cli.recover_left.connect", connected)
        about = {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "default", "context": "c"}
        Journal.start(tmp_path, about).close()
        console = SteadfastConsole(stderr=True)
        assert await left_in_cluster(tmp_path, None, None, console) == []
        await make(place, "ConfigMap", MIRROR_NAME, "default", labels={MIRROR_LABEL: "r1"}, data={})
        (left,) = await left_in_cluster(tmp_path, None, None, console)
        assert "where nobody can read it" in left.message
        assert left.hint.endswith(f"kubectl delete configmap {MIRROR_NAME} -n default")

    run(story)


def test_status_names_what_owns_a_runs_objects_without_its_label(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Place) -> None:
        container = {"name": "c", "image": "busybox", "command": ["sleep", "3600"]}
        pods = {"metadata": {"labels": {"app": "x", RUN_LABEL: "r1"}}, "spec": {"containers": [container]}}
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": pods}
        await make(place, "Deployment", "theirs", "default", spec=spec)
        await place.ready(1)
        async with another(place) as later:
            code = tell(later.cluster, ADDRESS, await look(later.cluster, ADDRESS, tmp_path, ""), as_json=True)
        (told,) = json.loads(capsys.readouterr().out)["runs"]
        assert told["owners"] == ["Deployment theirs in namespace default"]
        assert told["objects"] == []
        assert code == 5

    run(story)


def test_what_was_undone_and_could_not_be_written_down_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Told(Silence):
        def warning(self, message: str) -> None:
            told.append(message)

    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "default")
        journal.intend(change="run the after hook", undo="hook", kind="Hook", name="after-hook", command=":")
        await changes.patch("Node", "node-1", "", CORDON)
        journal.close()
        read = Journal.load(journal.path)
        with monkeypatch.context() as disk:
            disk.setattr("chaos.cluster.journal.open_file", full)
            monkeypatch.setattr("chaos.cluster.undo.run_hook", ran)
            clock = RunClock(asyncio.get_running_loop())
            assert await recover(read, place.cluster, clock, Told(), run_commands=True) == []
        assert [entry.name for entry in Journal.load(journal.path).open_entries()] == ["node-1", "after-hook"]

    run(story)
    node, hook = told
    assert node.startswith("Node node-1 is as before, and its journal still says otherwise: recover it again")
    assert hook.startswith("the after hook ran, and its journal still says otherwise, so it would be run again")


async def ran(*_: object) -> None:
    """A hook that goes well."""


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")
