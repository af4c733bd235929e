"""`chaos allow`: consent is given for a while, until it is taken back, or taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.cli import allow
from chaos.cli.commands.allow import Allowed
from chaos.cluster.address import ClusterAddress
from chaos.engine.consent import OPT_IN_LABEL, UNTIL, consent_of
from chaos.errors import ChaosError, PreflightError, UsageError
from chaos.model.object import Object
from tests.diagnose.clusters import Place as World
from tests.diagnose.clusters import run


def after(*said: Allowed) -> tuple[list[str], Object]:
    """What was told, and the namespace then."""

    async def story(world: World) -> tuple[list[str], Object]:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine", "labels": {"team": "a"}}}
        await world.cluster.create(namespace)
        address = ClusterAddress(url=world.sandbox.url, connector=world.sandbox.connector())
        told = [await allow._write(address, one) for one in said]
        return told, await world.cluster.get("Namespace", "mine") or {}

    return run(story)


def test_for_a_while_by_the_api_servers_clock() -> None:
    (told,), namespace = after(Allowed("mine", for_s=3600))
    consent = consent_of(namespace)
    assert consent.given
    assert f"{consent.until:%Y-%m-%d %H:%M}" == "2026-01-01 01:00"  # the sandbox begins at midnight
    assert "allows experiments until 2026-01-01 01:00" in told


def test_until_it_is_taken_back_and_no_end_of_before_is_left() -> None:
    _, namespace = after(Allowed("mine", for_s=3600), Allowed("mine", until_revoked=True))
    assert consent_of(namespace).until is None
    assert namespace["metadata"]["labels"][OPT_IN_LABEL] == "true"
    assert UNTIL not in (namespace["metadata"].get("annotations") or {})


def test_taken_back_and_nothing_else_of_the_namespace_is_changed() -> None:
    (_, told), namespace = after(Allowed("mine", for_s=3600), Allowed("mine", revoke=True))
    assert not consent_of(namespace).given
    assert namespace["metadata"]["labels"] == {"team": "a", "kubernetes.io/metadata.name": "mine"}
    assert "allows no experiments any more" in told


def test_older_versions_take_consent_for_a_while_for_none() -> None:
    _, namespace = after(Allowed("mine", for_s=60))
    assert namespace["metadata"]["labels"][OPT_IN_LABEL] != "true"


@pytest.mark.parametrize(
    "text", ["tomorrow", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "9999-12-31T23:59:59-05:00", ""]
)
def test_an_end_that_cannot_be_read_allows_nothing(text: str) -> None:
    meta = {"name": "mine", "labels": {OPT_IN_LABEL: "until"}, "annotations": {UNTIL: text}}
    consent = consent_of({"metadata": meta})
    assert (consent.given, bool(consent.wrong)) == (False, True)


@pytest.mark.parametrize("name", ["kube-system", "kube-public", "kube-anything"])
def test_namespaces_of_kubernetes_itself_are_nobodys_to_allow(name: str) -> None:
    with pytest.raises(PreflightError, match="belongs to Kubernetes itself"):
        after(Allowed(name, until_revoked=True))


def test_a_namespace_that_is_not_there() -> None:
    with pytest.raises(ChaosError, match="no namespace nowhere"):
        after(Allowed("nowhere", until_revoked=True))


@pytest.mark.parametrize(
    "given",
    [
        {"namespace": ""},
        {"namespace": "mine"},
        {"namespace": "mine", "for_s": 60.0, "revoke": True},
        {"namespace": "mine", "until_revoked": True, "revoke": True},
        {"namespace": "mine", "for_s": -1.0},
        {"namespace": "mine", "for_s": 1e12},
    ],
)
def test_what_is_impossible_is_refused(given: Object, tmp_path: Path) -> None:
    del tmp_path
    with pytest.raises(UsageError):
        Allowed(**given)
