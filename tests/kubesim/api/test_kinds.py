"""Kinds with generic behaviour: what the server fills in, refuses and prints (from the source of Kubernetes 1.37.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubesim import kinds
from kubesim.kinds import KINDS
from tests.kubesim.api.generic_kinds import POD, ROLE, SAMPLES, Sample

AS_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("Role", {"rules": [{"apiGroups": [""], "resources": ["pods"]}]}, "rules[0].verbs: Required value"),
    ("Role", {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]}, "namespaced rules cannot apply to"),
    ("RoleBinding", {"roleRef": {"kind": "Rule", "name": "r"}}, 'roleRef.kind: Unsupported value: "Rule"'),
    ("ClusterRoleBinding", {"roleRef": ROLE, "subjects": [{"kind": "ServiceAccount", "name": "a"}]},
     "subjects[0].namespace: Required value"),
    ("StorageClass", {}, "provisioner: Required value"),
    ("PriorityClass", {"value": 2_000_000_000}, "maximum allowed value of a user defined priority is 1000000000"),
    ("CronJob", {"spec": {"schedule": "60 * * * *", "jobTemplate": {"spec": {"template": {"spec": POD}}}}},
     'spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60'),
    ("CronJob", {"spec": {"schedule": "* * *", "jobTemplate": {"spec": {"template": {"spec": POD}}}}},
     "expected exactly 5 fields, found 3: [* * *]"),
    ("HorizontalPodAutoscaler", {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "d"}}},
     "spec.maxReplicas: Required value"),
    ("Ingress", {"spec": {}}, "either `defaultBackend` or `rules` must be specified"),
    ("Ingress", {"spec": {"defaultBackend": {"service": {"name": "s"}}}}, "port name or number is required"),
)  # fmt: skip
FIXED = (
    ("RoleBinding", {"roleRef": {"kind": "Role", "name": "other"}}, "roleRef"),
    ("StorageClass", {"provisioner": "example.com/tape"}, "provisioner"),
    ("PriorityClass", {"value": 8}, "value"),
)


def path_of(kind: str) -> str:
    resource = kinds.BY_KIND[kind].resource
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else "/api/v1"
    return f"{root}{'/namespaces/default' if resource.namespaced else ''}/{resource.plural}"


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.kind for sample in SAMPLES])
def test_a_small_object_gets_the_real_servers_defaults_and_columns(sample: Sample, served: Any) -> None:
    async def scenario(lab: Any) -> tuple[Any, Any]:
        made = await lab.call("POST", path_of(sample.kind), {"metadata": {"name": "one"}, **sample.body})
        return made, (await lab.call("GET", path_of(sample.kind), Accept=AS_TABLE)).json

    made, table = served(scenario)
    assert made.status == 201, made.text
    assert {key: made.json[key] for key in sample.filled} == sample.filled
    assert table["rows"][0]["cells"] == sample.cells
    assert len(table["columnDefinitions"]) == len(sample.cells)


@pytest.mark.parametrize(("kind", "body", "words"), REFUSED)
def test_what_a_real_server_refuses_is_refused_in_its_words(kind: str, body: Any, words: str, served: Any) -> None:
    answer = served(lambda lab: lab.call("POST", path_of(kind), {"metadata": {"name": "one"}, **body}))
    assert answer.status == 422
    assert words in answer.json["message"]


@pytest.mark.parametrize(("kind", "change", "field"), FIXED)
def test_fields_that_never_change_are_refused_by_name(kind: str, change: Any, field: str, served: Any) -> None:
    sample = next(sample for sample in SAMPLES if sample.kind == kind)
    merge = {"Content-Type": "application/merge-patch+json"}

    async def scenario(lab: Any) -> Any:
        await lab.call("POST", path_of(kind), {"metadata": {"name": "one"}, **sample.body})
        return await lab.call("PATCH", path_of(kind) + "/one", change, **merge)

    answer = served(scenario)
    assert answer.status == 422
    assert [cause["field"] for cause in answer.json["details"]["causes"]] == [field]


def test_a_cron_job_allows_concurrent_jobs_and_keeps_four_of_them(served: Any) -> None:
    sample = next(sample for sample in SAMPLES if sample.kind == "CronJob")
    made = served(lambda lab: lab.call("POST", path_of("CronJob"), {"metadata": {"name": "one"}, **sample.body})).json
    spec = {key: value for key, value in made["spec"].items() if key not in ("jobTemplate", "schedule")}
    assert spec == {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }


def test_a_pod_gets_the_number_of_its_priority_class(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> list[Any]:
        await lab.call("POST", path_of("PriorityClass"), {"metadata": {"name": "high"}, "value": 1000})
        pods = "/api/v1/namespaces/default/pods"
        body = {**manifests["pod"], "spec": {**manifests["pod"]["spec"], "priorityClassName": "high"}}
        unknown = {**body, "spec": {**body["spec"], "priorityClassName": "low"}}
        return [await lab.call("POST", pods, body), await lab.call("POST", pods, unknown)]

    made, refused = served(scenario)
    assert made.json["spec"]["priority"] == 1000
    assert (refused.status, refused.json["message"][-40:]) == (403, "no PriorityClass with name low was found")


def test_each_module_of_the_folder_is_one_kind_and_named_after_it() -> None:
    folder = Path(kinds.__file__).parent
    files = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert files - {"__init__", "kind"} == {kind.resource.kind.lower() for kind in KINDS}
