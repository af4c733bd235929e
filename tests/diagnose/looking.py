"""Views of manifests, for tests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

from chaos.diagnose import Diagnosis, Diagnostic, Item, Snapshot, diagnose
from chaos.diagnose.files import parse
from chaos.diagnose.not_read import NotRead

UNIT = Path(__file__).parent / "unit"
MANIFESTS = Path(__file__).parents[2] / "experiments" / "manifests"


def of_text(*texts: str, namespace: str = "default") -> Diagnosis:
    """What is found in manifests."""
    return diagnose(view_of(*texts, namespace=namespace))


def view_of(*texts: str, namespace: str = "default") -> Snapshot:
    """A view of manifests as files."""
    found = [one for text in texts for one in parse(dedent(text), "x.yaml", namespace)]
    items = tuple(one for one in found if isinstance(one, Item))
    return Snapshot(items, "in the given files", not_read=tuple(one for one in found if isinstance(one, NotRead)))


def live(*texts: str, **more: Any) -> Snapshot:
    """The same objects as a cluster's."""
    items = tuple(Item(item.object, item.namespace) for item in view_of(*texts).items)
    return replace(Snapshot(items, "in namespace default", live=True, unmeasured="not asked"), **more)


def keys(found: Diagnosis) -> list[tuple[str, str, str]]:
    """(severity, check, object) of each finding."""
    return sorted((f.severity.value, f.check, f"{f.object.kind}/{f.object.name}") for f in found.findings)


def only(found: Diagnosis, check: str) -> Diagnostic:
    """The one finding of a check."""
    rows = [finding for finding in found.findings if finding.check == check]
    assert len(rows) == 1, [f.what for f in rows] or keys(found)
    return rows[0]


def checks(found: Diagnosis) -> set[str]:
    """Keys of the checks that found something."""
    return {finding.check for finding in found.findings}


def service(name: str = "web", *, headless: bool = True, **spec: Any) -> str:
    """A Service of the pods labelled app=web."""
    whole = {"selector": {"app": "web"}, "ports": [{"port": 80, "name": "web"}], **spec}
    if headless:
        whole["clusterIP"] = "None"
    meta = {"name": name}
    return "---\n" + json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": whole}) + "\n"


def stateful_set(container: str = "", spec: str = "", pod: str = "", image: str = "nginx:alpine") -> str:
    """A StatefulSet web with pods labelled app=web; each argument is more YAML of that part in flow style."""
    own = f", {container}" if container else ""
    whole = f"{{name: c, image: '{image}', ports: [{{containerPort: 80, name: web}}]{own}}}"
    template = f"{{metadata: {{labels: {{app: web}}}}, spec: {{{pod + ',' if pod else ''} containers: [{whole}]}}}}"
    selector = "selector: {matchLabels: {app: web}}"
    return (
        "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\n"
        f"spec: {{serviceName: web, replicas: 3, {selector}, {spec + ',' if spec else ''} template: {template}}}\n"
    )
