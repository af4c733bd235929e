"""What would become of an object that a run makes: refused, changed on the way, or taken as it is.

A dry run on the server goes through everything that a creation goes through, webhooks, policies, quotas and limits, and
stores nothing. So what is said here is the server's own word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chaos.cluster.client import Cluster
from chaos.cluster.request import Request
from chaos.errors import ApiError, PreflightError
from chaos.model.object import Object

# What a server's refusal is about, by its words, and what helps.
_EXEMPT = "have its owner exempt the namespace (namespaceSelector, matchConditions), or use another namespace"
_REFUSALS = (
    (
        r"violates PodSecurity",
        "Pod Security refuses it",
        "a namespace with a lower pod-security.kubernetes.io/enforce, or a pod that fits (agents pass restricted)",
    ),
    (r"ValidatingAdmissionPolicy", "an admission policy refuses it", _EXEMPT),
    (
        r"admission webhook .* denied",
        "an admission webhook refuses it",
        f"--agent-image and --image-mirror name images from a registry that it allows; else {_EXEMPT}",
    ),
    (
        r"exceeded quota|failed quota",
        "a ResourceQuota has no room for it",
        "a larger quota, fewer agents (--agents), smaller ones (--agent-cpu, --agent-memory), or another namespace",
    ),
    (
        r"(maximum|minimum) \S+ usage per|limit to request ratio",
        "a LimitRange refuses it",
        "--agent-cpu and --agent-memory within it for agents; for a workload its resources in the manifest",
    ),
)
_NOT_ASKED = (
    (r'cannot create resource "', "creating it may not be tried with these permissions"),
    (r"error looking up service account", "the service account that it names may be made with it"),
    (r"does not support dry run", "a webhook has side effects and takes no dry run"),
)
_WEBHOOK_DOWN = re.compile(r"failed calling webhook")
_CHANGED = ("image", "resources")
_OF_POD = ("dnsPolicy", "dnsConfig", "nodeSelector", "hostNetwork", "runtimeClassName")
_DEFAULTS = {"dnsPolicy": "ClusterFirst"}
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the server says of one object.

    Attributes:
        refused: who refuses it and its words; empty where it is taken.
        advice: what helps.
        unknown: why it is not known.
        changed: what is different in the pod that would be made, each as half a sentence.
    """

    refused: str = ""
    advice: str = ""
    unknown: str = ""
    changed: tuple[str, ...] = ()


async def admitted(cluster: Cluster, obj: Object) -> Admitted:
    """Ask the server about an object; nothing is stored."""
    meta = obj["metadata"]
    request = Request("create", obj["kind"], meta["name"], meta.get("namespace", ""), body=obj)
    try:
        made = await cluster.dry_run(request)
    except ApiError as exc:
        return _why(exc)
    return (
        Admitted(changed=tuple(_changes(obj["spec"], made.get("spec") or {}))) if obj["kind"] == "Pod" else Admitted()
    )


def _why(exc: ApiError) -> Admitted:
    words = exc.message
    for pattern, why in _NOT_ASKED:
        if re.search(pattern, words):
            return Admitted(unknown=f"{why}: {words}")
    if _WEBHOOK_DOWN.search(words):
        return Admitted(f"an admission webhook does not answer: {words}", "whoever runs that webhook")
    for pattern, who, advice in _REFUSALS:
        if re.search(pattern, words):
            return Admitted(f"{who}: {words}", advice)
    # What is in the way may be on its way out; the run's own request will tell.
    if not exc.is_answer or exc.reason == "AlreadyExists":
        return Admitted(unknown=words)
    return Admitted(words, "what it names is to be mended first, or use another namespace")


def _changes(sent: Object, made: Object) -> Iterator[str]:
    """What admission did to a pod, without what every API server fills in."""
    for field, what in (("initContainers", "init container"), ("containers", "container")):
        before = {one["name"]: one for one in sent.get(field) or []}
        for one in made.get(field) or []:
            known = before.get(one["name"])
            if known is None:
                yield f"it gets the {what} {one['name']} ({one.get('image', '')})"
                continue
            for key in _CHANGED:
                if known.get(key, {}) != one.get(key, {}):
                    yield f"{key} of its {what} {one['name']} becomes {one.get(key)}"
    for key in _OF_POD:
        if sent.get(key, _DEFAULTS.get(key)) != made.get(key, _DEFAULTS.get(key)):
            yield f"its {key} becomes {made.get(key)}"


def pod_of(owner: Object) -> Object:
    """A pod as the controller of a Job or a StatefulSet would make it, to be asked about."""
    template, meta = owner["spec"]["template"], owner["metadata"]
    kept = {key: template["metadata"][key] for key in ("labels", "annotations") if template["metadata"].get(key)}
    # A name that no pod has, or the dry run would be refused as AlreadyExists.
    named = {"name": f"{meta['name']}-try", "namespace": meta.get("namespace", ""), **kept}
    spec = template["spec"]
    claims = [one["metadata"]["name"] for one in owner["spec"].get("volumeClaimTemplates") or ()]
    if claims:  # the controller puts a volume for each in place of one of that name
        kept_volumes = [one for one in spec.get("volumes") or () if one["name"] not in claims]
        made = [{"name": one, "persistentVolumeClaim": {"claimName": f"{one}-{named['name']}"}} for one in claims]
        spec = {**spec, "volumes": [*kept_volumes, *made]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": spec}


async def require_admitted(cluster: Cluster, what: str, owner: Object) -> list[str]:
    """Refuse to begin where the namespace takes no such object or none of its pods.

    Args:
        cluster: to be asked.
        what: that is made, for people, such as ``agents``.
        owner: a Job or a StatefulSet in a namespace that exists.

    Returns:
        What is done to the pods on the way, a sentence each.

    Raises:
        PreflightError: says who refuses what, and what helps.
    """
    notes = []
    for obj in (owner, pod_of(owner)):
        found = await admitted(cluster, obj)
        if found.refused:
            where = f"namespace {obj['metadata']['namespace']} takes no {obj['kind']} of {what}"
            raise PreflightError(f"{where}: {found.refused}", hint=found.advice)
        notes += [f"Admission changes pods of {what}: {change}." for change in found.changed]
    return notes
