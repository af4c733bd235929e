"""Workflows may do as little as they can do with. `make workflows` compares them with their schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.installed import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
Job = dict[str, Any]


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request: pytest.FixtureRequest) -> dict[Any, Any]:
    return read(request.param)


def test_none_may_write_unless_a_job_says_what(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] in ({}, {"contents": "read"})


def test_no_credentials_are_left_in_a_checkout_and_no_secret_is_named(workflow: dict[Any, Any]) -> None:
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert "secrets." not in str(workflow)


def test_nothing_from_outside_is_put_into_a_script(workflow: dict[Any, Any]) -> None:
    """What a branch or a tag is called reaches a shell as a variable."""
    assert [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")] == []


def test_each_job_ends_and_each_workflow_makes_way_for_its_next_run(workflow: dict[Any, Any]) -> None:
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
    assert "group" in workflow["concurrency"]


def test_what_may_sign_or_publish_runs_nothing_of_the_repository() -> None:
    release = read(ROOT / ".github/workflows/release.yaml")
    writing = {name: job for name, job in release["jobs"].items() if "write" in job["permissions"].values()}
    assert set(writing) == {"attest", "publish", "notes"}
    for job in writing.values():
        assert not any(step.get("uses", "").startswith("actions/checkout@") for step in job["steps"])
        assert job["needs"]
    assert release["jobs"]["publish"]["environment"] == "release"
    assert release["jobs"]["publish"]["permissions"] == {"id-token": "write"}


def test_tests_run_on_each_python_that_the_project_promises() -> None:
    tests = read(ROOT / ".github/workflows/tests.yaml")
    triggers = tests[True]  # what YAML 1.1 makes of `on`
    assert {"push", "pull_request"} <= set(triggers)
    assert tests["jobs"]["tests"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]


def test_renovate_pins_digests_and_waits_before_it_updates() -> None:
    settings = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
    assert {"helpers:pinGitHubActionDigests", "docker:pinDigests"} <= set(settings["extends"])
    (python,) = [rule for rule in settings["packageRules"] if "pep621" in rule.get("matchManagers", ())]
    assert python["groupName"]
    assert python["minimumReleaseAge"] == "14 days"
