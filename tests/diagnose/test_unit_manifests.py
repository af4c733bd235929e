"""The unit's manifests as it has them, and ours: exactly what is wrong with each is found."""

from __future__ import annotations

import pytest

from chaos.diagnose import Snapshot, diagnose, read_files
from tests.diagnose.looking import MANIFESTS, UNIT, keys, only

Row = tuple[str, str, str]

EXPECTED: dict[str, list[Row]] = {
    "web-headless": [],
    "web": [],
    "mysql-cluster": [
        ("error", "program-missing", "ConfigMap/mysql-cluster-config"),
        ("note", "hook-output", "StatefulSet/mysql-cluster"),
        ("note", "not-ready-addresses", "Service/mysql-cluster"),
        ("warning", "members-not-joined", "StatefulSet/mysql-cluster"),
    ],
    "mysql-services": [("warning", "replicas-reach-primary", "Service/mysql-replicas")],
    "web-app": [("note", "ignores-sigterm", "Deployment/web-app")],
    "load-balance-test": [("error", "program-missing", "ConfigMap/load-balance-test")],
    "redis-cluster": [
        ("error", "manifest-refused", "StatefulSet/redis-cluster"),
        ("error", "unexpanded", "StatefulSet/redis-cluster"),
        ("note", "volume-claims", "StatefulSet/redis-cluster"),
        ("warning", "members-not-joined", "StatefulSet/redis-cluster"),
    ],
    "broken-network": [
        ("error", "governing-service", "StatefulSet/broken-network"),
        ("warning", "ignores-sigterm", "StatefulSet/broken-network"),
    ],
}
# What our own manifests keep on purpose; everything else must be free of errors and warnings.
KEPT: dict[str, list[str]] = {
    "grace": ["ignores-sigterm"],  # the experiment is about it
    "web-slow-to-end": ["ignores-sigterm"],  # so that the old container goes on after a forced deletion
    "broken-network": ["governing-service"],  # likewise
    "mysql-services": ["replicas-reach-primary"],  # role-routing shows it
    "redis-cluster": ["members-not-joined"],  # the experiment joins them, after they are Ready
}


def view(*names: str) -> Snapshot:
    return read_files([str(UNIT / f"{name}.yaml") for name in names], "default")


@pytest.mark.parametrize("name", EXPECTED)
def test_each_manifest_of_the_unit_has_exactly_its_faults(name: str) -> None:
    assert keys(diagnose(view(name))) == EXPECTED[name]


def test_all_manifests_of_the_unit_are_expected_here() -> None:
    assert {path.stem for path in UNIT.glob("*.yaml")} == set(EXPECTED)


def test_together_the_mysql_manifests_show_the_names_that_do_not_exist() -> None:
    found = diagnose(view("mysql-cluster", "mysql-services", "load-balance-test"))
    name = only(found, "pod-name")
    assert name.severity == "error"
    assert name.object.describe().endswith("load-balance-test.yaml:29)")
    assert "mysql-cluster-$i.mysql-internal.default.svc" in name.evidence
    assert name.fix == "write mysql-cluster-$i.mysql-cluster.default.svc"
    assert name.concerns == ("mysql-cluster",)
    assert only(found, "several-headless").object.name == "mysql-internal"


def test_alone_the_job_leaves_open_whether_its_names_exist() -> None:
    rows = [row.why for row in diagnose(view("load-balance-test")).not_checked if row.check == "pod-name"]
    assert len(rows) == 1
    assert "there is no StatefulSet mysql-cluster in the given files" in rows[0]


def test_the_boolean_in_the_redis_command_is_refused_in_the_api_servers_words() -> None:
    found = only(diagnose(view("redis-cluster")), "manifest-refused")
    assert found.object.line == 67
    assert "400 BadRequest" in found.evidence[0]
    assert "cannot unmarshal bool into Go struct field" in found.evidence[0]
    assert "command[3] is a boolean in YAML: True" in found.evidence[1]


def test_the_broken_network_says_which_service_is_missing_and_what_it_would_look_like() -> None:
    found = only(diagnose(view("broken-network")), "governing-service")
    assert found.object.line == 7
    assert "clusterIP: None, selector: {app: broken-network}" in found.fix


@pytest.mark.parametrize("path", sorted(MANIFESTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_our_own_manifests_have_no_error_and_no_warning(path: object) -> None:
    found = diagnose(read_files([str(path)], "default"))
    wrong = [f.check for f in found.findings if f.severity != "note"]
    assert wrong == KEPT.get(str(getattr(path, "stem", "")), [])
