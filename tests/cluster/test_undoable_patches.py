"""Fields that are put back: guarded by what they were read from, and open as long as nobody knows what was done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from chaos.clock import RunClock
from chaos.cluster.changes import Changes, reverse_patch
from chaos.cluster.client import Cluster
from chaos.cluster.journal import Journal
from chaos.cluster.values import has_values
from chaos.errors import ApiError, RollbackError

RUN = {"id": "r1", "context": "c", "fingerprint": "f"}


class OneDeployment:
    """An API server with one object; `errors` are the answers to the next patches, `meddle` what somebody else does."""

    def __init__(self, *errors: ApiError, meddle: bool = False) -> None:
        self.object: dict[str, Any] = {"metadata": {"uid": "u", "resourceVersion": "1"}, "spec": {"replicas": 2}}
        self.errors = list(errors)
        self.meddle = meddle

    async def get(self, *_: str) -> dict[str, Any]:
        return self.object

    async def patch(self, _kind: str, _name: str, _namespace: str, patch: dict[str, Any], *_: Any) -> dict[str, Any]:
        if self.meddle:  # between the reading and the patch
            self.meddle = False
            self.object = {"metadata": {"uid": "u", "resourceVersion": "2"}, "spec": {"replicas": 5}}
        if self.errors:
            raise self.errors.pop(0)
        if patch["metadata"]["resourceVersion"] != self.object["metadata"]["resourceVersion"]:
            raise ApiError("the object has been modified", status=409, reason="Conflict")
        self.object = {**self.object, "spec": patch["spec"]}
        return self.object


def changes_of(cluster: OneDeployment, folder: Path) -> tuple[Changes, Journal]:
    journal = Journal.start(folder, RUN)
    return Changes(cast("Cluster", cluster), journal, RunClock(asyncio.get_running_loop()), "r1"), journal


async def test_what_somebody_changed_in_between_is_what_is_put_back(tmp_path: Path) -> None:
    cluster = OneDeployment(meddle=True)
    changes, journal = changes_of(cluster, tmp_path)
    await changes.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 0}})
    (entry,) = Journal.load(journal.path).open_entries()
    assert entry.restore == {"spec": {"replicas": 5}}


async def test_a_change_that_was_agreed_to_for_another_version_is_not_made(tmp_path: Path) -> None:
    cluster = OneDeployment()
    changes, journal = changes_of(cluster, tmp_path)
    with pytest.raises(ApiError, match="was changed meanwhile"):
        await changes.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 0}}, version="0")
    assert cluster.object["spec"] == {"replicas": 2}
    assert not journal.open_entries()


@pytest.mark.parametrize(("status", "is_open"), [(403, False), (422, False), (408, True), (500, True), (504, True)])
async def test_after_an_error_of_the_server_its_undo_stays_open(tmp_path: Path, status: int, *, is_open: bool) -> None:
    """It may have made the change, as with "etcdserver: request timed out"."""
    changes, journal = changes_of(OneDeployment(ApiError("no", status=status)), tmp_path)
    with pytest.raises(ApiError):
        await changes.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 0}})
    assert bool(Journal.load(journal.path).open_entries()) is is_open


def test_fields_that_others_add_beside_ones_own_stay_when_it_is_taken_back() -> None:
    patch = {"metadata": {"annotations": {"mine": "x"}}}
    assert reverse_patch({"metadata": {}}, patch) == {"metadata": {"annotations": {"mine": None}}}


class OneService(OneDeployment):
    """A server that fills in what an entry of a list leaves out, as Kubernetes does with a port's protocol."""

    def __init__(self, *errors: ApiError) -> None:
        super().__init__(*errors)
        self.object["spec"] = {"ports": [{"port": 80, "protocol": "TCP"}]}

    async def patch(self, _kind: str, _name: str, _namespace: str, patch: dict[str, Any], *_: Any) -> dict[str, Any]:
        ports = [{"protocol": "TCP", **port} for port in patch["spec"]["ports"]]
        version = str(int(self.object["metadata"]["resourceVersion"]) + 1)
        self.object = {"metadata": {"uid": "u", "resourceVersion": version}, "spec": {"ports": ports}}
        if self.errors:
            raise self.errors.pop(0)
        return self.object


async def test_what_the_server_filled_in_is_nobody_elses_change(tmp_path: Path) -> None:
    service = OneService()
    changes, _ = changes_of(service, tmp_path)
    await changes.patch("Service", "web", "ns", {"spec": {"ports": [{"port": 8181}]}})
    assert service.object["spec"]["ports"][0]["port"] == 8181
    await changes.put_back("Service", "web", "ns")
    assert service.object["spec"]["ports"] == [{"port": 80, "protocol": "TCP"}]


async def test_an_interruption_knows_what_the_server_filled_in_as_well(tmp_path: Path) -> None:
    class Slow(OneService):
        async def patch(self, *said: Any) -> dict[str, Any]:
            asyncio.get_running_loop().call_soon(under_way.cancel)
            await asyncio.sleep(0.1)
            return await super().patch(*said)

    service = Slow()
    changes, journal = changes_of(service, tmp_path)
    under_way = asyncio.create_task(changes.patch("Service", "web", "ns", {"spec": {"ports": [{"port": 8181}]}}))
    await asyncio.wait([under_way])
    assert under_way.cancelled()
    (entry,) = Journal.load(journal.path).open_entries()
    assert entry.state == "done"
    assert entry.applied == {"spec": {"ports": [{"port": 8181, "protocol": "TCP"}]}}


async def test_what_somebody_else_writes_into_the_same_list_is_his(tmp_path: Path) -> None:
    service = OneService()
    changes, _ = changes_of(service, tmp_path)
    await changes.patch("Service", "web", "ns", {"spec": {"ports": [{"port": 8181}]}})
    service.object["spec"] = {"ports": [{"port": 8181, "protocol": "TCP", "nodePort": 30000}]}
    with pytest.raises(RollbackError, match="was changed by somebody else"):
        await changes.put_back("Service", "web", "ns")


def test_without_an_answer_more_fields_in_an_entry_may_be_the_servers() -> None:
    sent = {"spec": {"ports": [{"port": 8181}]}}
    assert has_values({"spec": {"ports": [{"port": 8181, "protocol": "TCP"}]}}, sent, filled_in=True)
    for other in ([{"port": 80, "protocol": "TCP"}], [{"port": 8181}, {"port": 1}], "x", None):
        assert not has_values({"spec": {"ports": other}}, sent, filled_in=True)
