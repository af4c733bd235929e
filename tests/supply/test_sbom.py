"""The SBOM names what is installed, and what it is for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.installed import ROOT, installed, locked
from tools.licences import settings
from tools.sbom import bom_of, text_of

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    text = text_of(bom_of(installed(), settings()["known"]))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: Document = json.loads(text)
    return found


def test_it_holds_all_that_the_lock_names_by_version(document: Document) -> None:
    held = {(one["name"], one["version"]) for one in document["components"]}
    assert locked(ROOT / "requirements.lock", here=True) - held == set()


def test_it_holds_what_is_installed_beside_the_lock_too(document: Document) -> None:
    held = {one["name"] for one in document["components"]} | {document["metadata"]["component"]["name"]}
    assert held == set(installed())


def test_it_says_what_is_for_running_what_for_an_extra_and_what_for_developers(document: Document) -> None:
    scopes = {one["name"]: one["scope"] for one in document["components"]}
    assert scopes["aiohttp"] == scopes["yarl"] == "required"
    assert scopes["prometheus-client"] == scopes["protobuf"] == "optional"
    assert scopes["pytest"] == scopes["hatchling"] == "excluded"
    run = {name for name, _ in locked(ROOT / "locks" / "run.lock", here=True)}
    assert {name for name, scope in scopes.items() if scope != "excluded"} == run


def test_it_says_what_needs_what(document: Document) -> None:
    needs = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    ours = document["metadata"]["component"]["bom-ref"]
    assert any(ref.startswith("pkg:pypi/aiohttp@") for ref in needs[ours])
    assert any(ref.startswith("pkg:pypi/opentelemetry-sdk@") for ref in needs[ours])
    (aiohttp,) = [ref for ref in needs if ref.startswith("pkg:pypi/aiohttp@")]
    assert any(ref.startswith("pkg:pypi/yarl@") for ref in needs[aiohttp])


def test_what_the_tool_needs_has_a_licence_in_it(document: Document) -> None:
    assert [one["name"] for one in document["components"] if one["scope"] != "excluded" and "licenses" not in one] == []
