"""A kind with generic behaviour is one file in `kubesim/kinds`, and nothing elsewhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubesim import kinds
from kubesim.api import deletion
from kubesim.cluster import Cluster
from kubesim.virtual import run_virtual

FILE = '''"""PodTemplates."""

from kubesim.kinds.kind import Kind, Resource

KIND = Kind(resource=Resource("", "v1", "podtemplates", "PodTemplate"))
'''
PATH = "/api/v1/namespaces/default/podtemplates"
TEMPLATE = {"metadata": {"name": "p"}, "template": {"metadata": {"labels": {"app": "x"}}}}
AS_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The file is in the folder of kinds, as far as Python can tell, when the kinds are looked up."""
    (tmp_path / "podtemplate.py").write_text(FILE)
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    found = {kind.resource.kind: kind for kind in kinds.load()}
    monkeypatch.setitem(kinds.BY_KIND, "PodTemplate", found["PodTemplate"])
    yield
    del sys.modules["kubesim.kinds.podtemplate"], kinds.podtemplate  # type: ignore[attr-defined]


def test_it_is_discovered_created_read_listed_changed_and_deleted(served: Any) -> None:
    async def scenario(lab: Any) -> list[Any]:
        discovered = await lab.call("GET", "/api/v1")
        assert "podtemplates" in [row["name"] for row in discovered.json["resources"]]
        made = await lab.call("POST", PATH, TEMPLATE)
        patch = {"template": {"metadata": {"labels": {"app": None, "b": "c"}}}}
        changed = await lab.call(
            "PATCH", PATH + "/p", patch, **{"Content-Type": "application/strategic-merge-patch+json"}
        )
        got, listed = await lab.call("GET", PATH + "/p"), await lab.call("GET", PATH + "?labelSelector=!x")
        wrong = await lab.call("POST", PATH, {**TEMPLATE, "template": 1})
        gone = await lab.call("DELETE", PATH + "/p")
        return [made, changed, got, listed, wrong, gone, await lab.call("GET", PATH + "/p")]

    made, changed, got, listed, wrong, gone, missing = served(scenario)
    assert (made.status, made.json["kind"], made.json["template"]) == (201, "PodTemplate", TEMPLATE["template"])
    assert changed.json["template"]["metadata"]["labels"] == {"b": "c"}
    assert got.json == changed.json
    assert (listed.json["kind"], len(listed.json["items"])) == ("PodTemplateList", 1)
    assert wrong.status == 400
    assert (gone.status, gone.json["status"], missing.status) == (200, "Success", 404)


def test_it_is_watched(served: Any) -> None:
    async def scenario(lab: Any) -> Any:
        await lab.call("POST", PATH, TEMPLATE)
        await lab.call("DELETE", PATH + "/p")
        return await lab.call("GET", f"{PATH}?watch=1&resourceVersion=1&timeoutSeconds=1")

    assert [event["type"] for event in served(scenario).lines][-2:] == ["ADDED", "DELETED"]


def test_kubectl_prints_its_name_and_when_it_was_made_as_a_real_server_does(served: Any) -> None:
    async def scenario(lab: Any) -> Any:
        await lab.call("POST", PATH, TEMPLATE)
        return (await lab.call("GET", PATH, Accept=AS_TABLE)).json

    found = served(scenario)
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Created At"]
    assert [row["cells"] for row in found["rows"]] == [["p", "2026-01-01T00:00:00Z"]]


def test_it_goes_with_its_namespace_and_with_its_owner() -> None:
    """Controllers ask the server for its kinds."""

    async def scenario() -> None:
        cluster = Cluster()
        await cluster.start()
        create, store = cluster.api.registry.create, cluster.store
        for name in ("demo", "kept"):
            create("Namespace", {"metadata": {"name": name}})
        owner = create("ConfigMap", {"metadata": {"name": "owner", "namespace": "kept"}})["metadata"]
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["uid"]}
        for name, meta in (("demo", {}), ("kept", {"ownerReferences": [reference]})):
            create("PodTemplate", {"metadata": {"name": "p", "namespace": name, **meta}})
        deletion.delete(store, "Namespace", "", "demo")
        deletion.delete(store, "ConfigMap", "kept", "owner")
        await asyncio.sleep(60)
        assert store.list("PodTemplate") == []
        assert store.get("Namespace", "", "demo") is None
        await cluster.stop()

    run_virtual(scenario())
