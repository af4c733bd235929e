"""A real cluster as kubectl shows it: all that is in it, whether it is as before, and somebody who works there."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from chaos.cluster.journal import Journal
from chaos.engine.consent import OPT_IN_LABEL
from tests.unchanged import Everything, differences, everything_listed, named_by

_MANIFEST = Path(__file__).parent.parent / "experiments" / "manifests" / "web-quick.yaml"
# Views of others (Endpoints are of EndpointSlices), or what comes and goes by itself.
_NOT_LISTED = ("endpoints", "events", "componentstatuses", "certificatesigningrequests")
_SETTLES_WITHIN_S = 90.0  # namespaces go, pods come back


class RealCluster:
    """A cluster by its context."""

    def __init__(self, context: str) -> None:
        self.context = context
        kinds = self.kubectl("api-resources", "--verbs=list", "-o", "name").split()
        self._kinds = ",".join(kind for kind in kinds if kind.partition(".")[0] not in _NOT_LISTED)

    def kubectl(self, *words: str, given: str = "") -> str:
        """What it says; it must succeed."""
        command = ["kubectl", "--context", self.context, *words]
        return subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True, timeout=120).stdout

    def everything(self) -> Everything:
        """All that it lists now."""
        return everything_listed(json.loads(self.kubectl("get", self._kinds, "-A", "-o", "json"))["items"])

    def settled(self, before: Everything, journal: Path | None) -> list[str]:
        """What is not as before once controllers have done what they do."""
        entries = Journal.load(journal).entries.values() if journal is not None else ()
        until = time.monotonic() + _SETTLES_WITHIN_S
        while (found := differences(before, self.everything(), named_by(entries))) and time.monotonic() < until:
            time.sleep(2.0)
        return found

    @contextmanager
    def somebody(self) -> Iterator[str]:
        """A namespace of somebody's, with his workload in it, where experiments are allowed."""
        name = f"crash-real-{secrets.token_hex(3)}"
        service, workload = yaml.safe_load_all(_MANIFEST.read_text())
        selector = {"app": "theirs"}
        for obj in (service, workload):
            obj["metadata"] = {"name": "theirs", "labels": selector, "annotations": {"example.org/who": "somebody"}}
        service["spec"]["selector"] = selector
        workload["spec"] |= {"serviceName": "theirs", "replicas": 1, "selector": {"matchLabels": selector}}
        workload["spec"]["template"]["metadata"]["labels"] = selector
        kept: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kept"},
            "data": {"a": "b"},
        }
        kept["metadata"]["finalizers"] = ["example.org/keep"]
        self.kubectl("create", "namespace", name)
        try:
            self.kubectl("label", "namespace", name, f"{OPT_IN_LABEL}=true")
            self.kubectl("-n", name, "apply", "-f", "-", given=yaml.safe_dump_all([service, workload, kept]))
            self.kubectl("-n", name, "rollout", "status", "statefulset/theirs", "--timeout=90s")
            time.sleep(5.0)
            yield name
        finally:
            free = '{"metadata":{"finalizers":null}}'
            self.kubectl("-n", name, "patch", "configmap", "kept", "--type=merge", "-p", free)
            self.kubectl("delete", "namespace", name)
