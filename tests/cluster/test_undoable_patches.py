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
from chaos.errors import ApiError

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
